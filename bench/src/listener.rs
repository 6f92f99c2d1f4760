//! Somebody who listens to a room, as a Pusher client does (protocol 7).

use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};
use uuid::Uuid;

use crate::{
    Failure, PATIENCE,
    site::{Room, User, text},
};

type Socket = WebSocketStream<TcpStream>;

/// A subscribed socket, read by a task of its own. Dropping it closes it.
pub(crate) struct Listener {
    heard: UnboundedReceiver<Heard>,
    task: JoinHandle<()>,
}

/// A message that came.
struct Heard {
    client_id: String,
    at: Instant,
}

impl Listener {
    /// Connects to where the API says that the relay is, and subscribes to the room.
    ///
    /// # Errors
    /// When the relay does not do its part.
    pub(crate) async fn to(user: &User, room: &Room) -> Result<Self, Failure> {
        let relay = user.get("/v1/realtime").await?;
        let address = format!("{}:{}", text(&relay, "host")?, relay["port"]);
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        let path = format!("/app/{}?protocol=7&client=parlour-bench", text(&relay, "key")?);
        let (mut socket, _) = client_async(format!("ws://{address}{path}"), stream).await?;

        let greeting = awaited(&mut socket, "pusher:connection_established").await?;
        let greeting: Value = serde_json::from_str(text(&greeting, "data")?)?;
        let ask = json!({ "socket_id": greeting["socket_id"], "channel_name": room.channel });
        let grant = user.post("/v1/realtime/auth", &ask, 200).await?;
        let data = json!({ "channel": room.channel, "auth": grant["auth"] });
        let subscribe = json!({ "event": "pusher:subscribe", "data": data });
        socket.send(Message::text(subscribe.to_string())).await?;
        awaited(&mut socket, "pusher_internal:subscription_succeeded").await?;

        let (sender, heard) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((at, frame)) = next_frame(&mut socket).await {
                if frame["event"] == "new_message"
                    && let Ok(message) = message_of(&frame)
                    && let Ok(client_id) = text(&message, "client_id")
                {
                    let _ = sender.send(Heard { client_id: client_id.to_owned(), at });
                }
            }
        });
        Ok(Self { heard, task })
    }

    /// When the message with this client id came; waits for it.
    ///
    /// # Errors
    /// When it does not come.
    pub(crate) async fn heard(&mut self, client_id: Uuid) -> Result<Instant, Failure> {
        let client_id = client_id.to_string();
        loop {
            let heard = timeout(PATIENCE, self.heard.recv()).await;
            let heard = heard.map_err(|_| "an event did not come")?;
            let heard = heard.ok_or("the relay hung up")?;
            if heard.client_id == client_id {
                return Ok(heard.at);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The next event of this name, which must be the next event.
async fn awaited(socket: &mut Socket, name: &str) -> Result<Value, Failure> {
    let frame = timeout(PATIENCE, next_frame(socket)).await;
    let (_, frame) = frame.map_err(|_| format!("no {name}"))??;
    if frame["event"] == name { Ok(frame) } else { Err(format!("not {name}: {frame}").into()) }
}

/// The next event and when it came; answers the relay's asking whether somebody is there.
async fn next_frame(socket: &mut Socket) -> Result<(Instant, Value), Failure> {
    loop {
        let message = socket.next().await.ok_or("the relay hung up")??;
        let at = Instant::now();
        let Message::Text(message) = message else { continue };
        let frame: Value = serde_json::from_str(&message)?;
        if frame["event"] != "pusher:ping" {
            return Ok((at, frame));
        }
        let pong = json!({ "event": "pusher:pong", "data": {} });
        socket.send(Message::text(pong.to_string())).await?;
    }
}

/// The data of an event, which is JSON inside a text.
fn message_of(frame: &Value) -> Result<Value, Failure> {
    Ok(serde_json::from_str(text(frame, "data")?)?)
}
