//! Clients that listen.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use shared::{
    realtime::sign::{ChannelName, Signer, SocketId},
    secret::Secret,
};
use tests::{RELAY_KEY, RELAY_SECRET};
use tokio::{net::TcpSocket, sync::Notify, task::JoinSet, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{Failure, PATIENCE, program::Program};

type Socket = WebSocketStream<tokio::net::TcpStream>;

/// What marks an event of the bench among all frames.
const EVENT: &str = r#"{"event":"event""#;

/// Sockets that count what they hear, each in a task of its own. Dropping them closes them.
pub(super) struct Audience {
    heard: Arc<Heard>,
    sockets: JoinSet<()>,
    expected: usize,
}

#[derive(Default)]
struct Heard {
    events: AtomicUsize,
    wanted: AtomicUsize,
    reached: Notify,
}

/// A socket that is never read.
pub(super) struct Deaf(Socket);

impl Audience {
    /// On a public channel.
    pub(super) async fn on_public(
        program: &Program,
        channel: &str,
        count: usize,
    ) -> Result<Self, Failure> {
        let mut audience = Self::empty();
        for _ in 0..count {
            let (socket, _) = connected(program).await?;
            audience.add(subscribed(socket, json!({ "channel": channel })).await?);
        }
        Ok(audience)
    }

    /// On a presence channel: so many users with so many sockets each.
    pub(super) async fn on_presence(
        program: &Program,
        channel: &str,
        users: usize,
        sockets: usize,
    ) -> Result<Self, Failure> {
        let secret = Secret::new(RELAY_SECRET);
        let name = ChannelName::parse(channel)?;
        let mut audience = Self::empty();
        for number in 0..users * sockets {
            let (socket, id) = connected(program).await?;
            let data = json!({ "user_id": format!("user-{}", number % users) }).to_string();
            let auth = Signer::new(RELAY_KEY, &secret).channel_auth(&id, name, Some(&data));
            let ask = json!({ "channel": channel, "auth": auth, "channel_data": data });
            audience.add(subscribed(socket, ask).await?);
        }
        Ok(audience)
    }

    /// One that will not read.
    pub(super) async fn deaf(program: &Program, channel: &str) -> Result<Deaf, Failure> {
        let (socket, _) = connected(program).await?;
        Ok(Deaf(subscribed(socket, json!({ "channel": channel })).await?))
    }

    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Waits until all have heard so many more events.
    ///
    /// # Errors
    /// When they do not.
    pub(super) async fn all_heard(&mut self, more: usize) -> Result<(), Failure> {
        self.expected += more * self.len();
        self.heard.wanted.store(self.expected, Ordering::SeqCst);
        while self.heard.events.load(Ordering::SeqCst) < self.expected {
            let reached = timeout(PATIENCE, self.heard.reached.notified()).await;
            reached.map_err(|_| "an event did not come")?;
        }
        Ok(())
    }

    fn empty() -> Self {
        Self { heard: Arc::default(), sockets: JoinSet::new(), expected: 0 }
    }

    fn add(&mut self, mut socket: Socket) {
        let heard = Arc::clone(&self.heard);
        self.sockets.spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if message.to_text().is_ok_and(|text| text.starts_with(EVENT)) {
                    let events = heard.events.fetch_add(1, Ordering::SeqCst) + 1;
                    if events >= heard.wanted.load(Ordering::SeqCst) {
                        heard.reached.notify_one();
                    }
                }
            }
        });
    }
}

impl Deaf {
    /// Reads at last: the code with which it was closed.
    ///
    /// # Errors
    /// When it was not.
    pub(super) async fn cut_off(mut self) -> Result<u16, Failure> {
        while let Some(message) = self.0.next().await {
            if let Message::Close(Some(close)) = message? {
                return Ok(close.code.into());
            }
        }
        Err("the hub hung up without a word".into())
    }
}

async fn connected(program: &Program) -> Result<(Socket, SocketId), Failure> {
    let socket = TcpSocket::new_v4()?;
    // Small, so that it is soon seen that somebody does not read.
    socket.set_recv_buffer_size(32 * 1024)?;
    socket.set_nodelay(true)?;
    let stream = socket.connect(([127, 0, 0, 1], program.port).into()).await?;
    let url = format!("ws://localhost/app/{RELAY_KEY}?protocol=7&client=parlour-bench");
    let (mut socket, _) = client_async(url, stream).await?;
    let greeting = heard(&mut socket).await?;
    let data: Value = serde_json::from_str(greeting["data"].as_str().unwrap_or_default())?;
    Ok((socket, data["socket_id"].as_str().unwrap_or_default().parse()?))
}

async fn subscribed(mut socket: Socket, ask: Value) -> Result<Socket, Failure> {
    let ask = json!({ "event": "pusher:subscribe", "data": ask });
    socket.send(Message::text(ask.to_string())).await?;
    let answer = heard(&mut socket).await?;
    match answer["event"].as_str() {
        Some("pusher_internal:subscription_succeeded") => Ok(socket),
        _ => Err(format!("not subscribed: {answer}").into()),
    }
}

async fn heard(socket: &mut Socket) -> Result<Value, Failure> {
    let frame = timeout(PATIENCE, socket.next()).await.map_err(|_| "the hub says nothing")?;
    Ok(serde_json::from_str(frame.ok_or("the hub hung up")??.to_text()?)?)
}
