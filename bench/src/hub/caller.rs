//! A server that publishes, over one connection that it keeps. It does as little as it can, since it takes its time
//! from the same processors as the hub.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::{
    realtime::sign::{Signer, request::Request},
    secret::Secret,
};
use tests::{RELAY_APP, RELAY_KEY, RELAY_SECRET};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{Failure, PATIENCE};

/// The connection.
pub(super) struct Caller {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Caller {
    /// Connects to the hub on this port.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(super) async fn connect(port: u16) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 4096] })
    }

    /// Publishes an event with so much data, and waits for the answer.
    ///
    /// # Errors
    /// When it is not accepted.
    pub(super) async fn publishes(&mut self, channel: &str, bytes: usize) -> Result<(), Failure> {
        let data = "x".repeat(bytes);
        let body = format!(r#"{{"name":"event","channels":["{channel}"],"data":"{data}"}}"#);
        let path = format!("/apps/{RELAY_APP}/events");
        let call = Request { method: "POST", path: &path, query: "", body: body.as_bytes() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let query = Signer::new(RELAY_KEY, &Secret::new(RELAY_SECRET)).sign_request(&call, now);
        let request = format!(
            "POST {path}?{query} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        // An answer is small, so it comes at once.
        let read = timeout(PATIENCE, self.stream.read(&mut self.answer)).await??;
        let answer = &self.answer[..read];
        if answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"{}") {
            Ok(())
        } else {
            Err(format!("not published: {}", String::from_utf8_lossy(answer)).into())
        }
    }
}
