//! A relay that treats each call as the next step of its script says, and remembers what came.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::realtime::{
    relay::{Endpoint, Relay},
    sign::{Signer, request::Request},
};
use crate::secret::Secret;

/// What the relay does with one call, once it has read it.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// Answers with this status, and keeps the connection open.
    Answer(u16),
    /// Answers with status 200 and this body, and keeps the connection open.
    Says(&'static str),
    /// Closes the connection.
    Close,
    /// Neither answers nor closes.
    Hang,
}

/// A call that came in.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) target: String,
    /// What was asked, without what signs it.
    pub(super) query: String,
    pub(super) is_signed: bool,
    pub(super) body: Vec<u8>,
}

/// The relay; calls beyond the script are answered with 200.
pub(super) struct ScriptedRelay {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    script: VecDeque<Step>,
    calls: Vec<Call>,
    connections: usize,
}

impl ScriptedRelay {
    pub(super) async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = script.into_iter().collect();
        let state = Arc::new(Mutex::new(State { script, calls: Vec::new(), connections: 0 }));
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { port, state }
    }

    pub(super) fn config(&self) -> Relay {
        config(self.port)
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// A port where nobody listens.
    pub(super) async fn free_port(&self) -> u16 {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
    }
}

/// The app of a relay on this port of the loopback.
pub(super) fn config(port: u16) -> Relay {
    let endpoint = Endpoint { host: "127.0.0.1".into(), port, tls: false };
    Relay {
        app_id: "app".into(),
        key: "key".into(),
        secret: Secret::new("the relay's secret"),
        api: endpoint.clone(),
        socket: Some(endpoint),
        cluster: None,
        encryption: None,
        previous: None,
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        state.lock().unwrap().connections += 1;
        tokio::spawn(serve(stream, Arc::clone(&state)));
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(call) = read_call(&mut stream).await? {
        let step = {
            let mut state = state.lock().unwrap();
            state.calls.push(call);
            state.script.pop_front().unwrap_or(Step::Answer(200))
        };
        let (status, says) = match step {
            Step::Answer(status) => (status, "{}"),
            Step::Says(body) => (200, body),
            Step::Close => return Ok(()),
            Step::Hang => std::future::pending().await,
        };
        let length = says.len();
        let answer = format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\nlocation: /\r\n\r\n{says}"
        );
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

async fn read_call(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Call>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap()
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap();
    let relay = config(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let request = Request { method, path, query, body: &body };
    let is_signed = Signer::new(&relay.key, &relay.secret).verify_request(&request, now).is_ok();
    let query: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("auth_") && !pair.starts_with("body_md5"))
        .collect();
    Ok(Some(Call { target: format!("{method} {path}"), query: query.join("&"), is_signed, body }))
}
