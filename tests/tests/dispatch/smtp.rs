//! A mail server that takes everything, step by step (RFC 5321).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::steps::Steps;

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Its `Message-ID`.
    pub(crate) id: String,
    /// To whom it goes, as the envelope says.
    pub(crate) to: String,
}

/// The mails that were taken so far.
pub(crate) type Taken = Arc<Mutex<Vec<Mail>>>;

/// A server on a port of its own.
pub(crate) async fn server(steps: Steps, taken: Taken) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(conversation(stream, steps.clone(), Arc::clone(&taken)));
        }
    });
    port
}

async fn conversation(stream: TcpStream, steps: Steps, taken: Taken) -> std::io::Result<()> {
    // Small answers must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example ESMTP\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut id = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    if let Some(value) = line.strip_prefix("Message-ID: ") {
                        value.clone_into(&mut id);
                    }
                }
                let mail = Mail { id, to: to.clone() };
                let take = async {
                    taken.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                };
                steps.take(take).await;
                "250 taken"
            }
            "RCPT" => {
                line.clone_into(&mut to);
                "250 ok"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}
