//! What clients hear: one socket for each room, as a second client of the room has it.

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use shared::{
    realtime::sign::{ChannelName, Signer, SocketId},
    secret::Secret,
};
use tests::{RELAY_KEY, RELAY_SECRET};
use tokio::{
    net::TcpStream,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{Failure, PATIENCE, site::text};

type Socket = WebSocketStream<TcpStream>;

/// How a room is listened to.
#[derive(Clone, Debug)]
pub(super) enum Ear {
    /// With Pusher's protocol.
    Pusher { port: u16, channel: String },
    /// With socket.io's.
    SocketIo { port: u16, room: String, token: String },
    /// By asking Matrix for what is new.
    Matrix { base: String, room: String, token: String },
}

/// What a listener notices.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// In which of the rooms.
    pub(super) room: usize,
    pub(super) at: Instant,
    pub(super) what: What,
}

/// What it was.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// It listens, or does so again: a client then fetches what it may have missed.
    Connected,
    /// A message.
    Message { client_id: String, seq: Option<u64> },
}

/// Listeners to rooms. Dropping them ends them.
pub(super) struct Feed {
    pub(super) heard: UnboundedReceiver<Heard>,
    _tasks: JoinSet<()>,
}

impl Feed {
    /// Listens to these rooms, once all are connected; connects again whenever a connection breaks.
    ///
    /// # Errors
    /// When one cannot be listened to.
    pub(super) async fn to(ears: Vec<Ear>) -> Result<Self, Failure> {
        let (sender, mut heard) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for (room, ear) in ears.into_iter().enumerate() {
            tasks.spawn(listen(room, ear, sender.clone()));
            let first = timeout(PATIENCE, heard.recv()).await;
            first.map_err(|_| "a listener does not connect")?.ok_or("a listener has ended")?;
        }
        Ok(Self { heard, _tasks: tasks })
    }
}

async fn listen(room: usize, ear: Ear, sender: UnboundedSender<Heard>) {
    let tell = |what| sender.send(Heard { room, at: Instant::now(), what }).is_ok();
    while !sender.is_closed() {
        let _ = match &ear {
            Ear::Pusher { port, channel } => pusher(*port, channel, &tell).await,
            Ear::SocketIo { port, room, token } => socket_io(*port, room, token, &tell).await,
            Ear::Matrix { base, room, token } => {
                super::matrix::listen(base, room, token, &tell).await
            }
        };
        sleep(Duration::from_millis(20)).await;
    }
}

async fn pusher(port: u16, channel: &str, tell: &impl Fn(What) -> bool) -> Result<(), Failure> {
    let path = format!("/app/{RELAY_KEY}?protocol=7&client=bench");
    let mut socket = connect(port, &path).await?;
    let secret = Secret::new(RELAY_SECRET);
    while let Some(frame) = next(&mut socket).await? {
        let frame: Value = serde_json::from_str(&frame)?;
        match text(&frame, "event")? {
            "pusher:connection_established" => {
                let data: Value = serde_json::from_str(text(&frame, "data")?)?;
                let id = SocketId::parse(text(&data, "socket_id")?)?;
                let signer = Signer::new(RELAY_KEY, &secret);
                let auth = signer.channel_auth(&id, ChannelName::parse(channel)?, None);
                let data = json!({ "channel": channel, "auth": auth });
                let ask = json!({ "event": "pusher:subscribe", "data": data });
                socket.send(Message::text(ask.to_string())).await?;
            }
            "pusher_internal:subscription_succeeded" => drop(tell(What::Connected)),
            "pusher:ping" => {
                let pong = json!({ "event": "pusher:pong", "data": {} });
                socket.send(Message::text(pong.to_string())).await?;
            }
            "new_message" => {
                let data: Value = serde_json::from_str(text(&frame, "data")?)?;
                tell(message(&data));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Engine.IO's protocol 4 in its WebSocket: `0` opens, `2` is answered by `3`, `4…` carries socket.io's.
async fn socket_io(
    port: u16,
    room: &str,
    token: &str,
    tell: &impl Fn(What) -> bool,
) -> Result<(), Failure> {
    let mut socket = connect(port, "/socket.io/?EIO=4&transport=websocket").await?;
    while let Some(frame) = next(&mut socket).await? {
        if frame.starts_with('0') {
            socket.send(Message::text(format!("40{}", json!({ "token": token })))).await?;
        } else if frame == "2" {
            socket.send(Message::text("3")).await?;
        } else if frame.starts_with("40") {
            socket.send(Message::text(format!("420{}", json!(["join", room])))).await?;
        } else if frame.starts_with("43") {
            tell(What::Connected);
        } else if let Some(event) = frame.strip_prefix("42") {
            let event: Value = serde_json::from_str(event)?;
            tell(message(&event[1]));
        }
    }
    Ok(())
}

fn message(data: &Value) -> What {
    let client_id = data["client_id"].as_str().unwrap_or_default().to_owned();
    What::Message { client_id, seq: data["seq"].as_u64() }
}

async fn connect(port: u16, path: &str) -> Result<Socket, Failure> {
    let address = format!("127.0.0.1:{port}");
    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let connected = timeout(PATIENCE, client_async(format!("ws://{address}{path}"), stream)).await;
    Ok(connected??.0)
}

/// The next text; none once the other side has closed.
async fn next(socket: &mut Socket) -> Result<Option<String>, Failure> {
    while let Some(frame) = socket.next().await {
        if let Message::Text(text) = frame? {
            return Ok(Some(text.to_string()));
        }
    }
    Ok(None)
}
