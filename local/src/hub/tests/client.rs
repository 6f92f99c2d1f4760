//! A WebSocket client that speaks the protocol without knowing the hub's types.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use shared::realtime::sign::SocketId;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// Longer than anything takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Client {
    ws: WebSocketStream<TcpStream>,
    pub(super) id: SocketId,
}

impl Client {
    /// Connects as a client of protocol 7 and reads the greeting.
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let mut client = Self::knock(address, "/app/key?protocol=7&client=test&version=1").await;
        let greeting = client.hear().await;
        let data: Value = serde_json::from_str(greeting["data"].as_str().unwrap()).unwrap();
        client.id = data["socket_id"].as_str().unwrap().parse().unwrap();
        client
    }

    /// Opens a WebSocket at a path, and expects nothing.
    pub(super) async fn knock(address: SocketAddr, path: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a client that does not read is noticed after a few megabytes.
        socket.set_recv_buffer_size(32 * 1024).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let (ws, _) = client_async(format!("ws://{address}{path}"), stream).await.unwrap();
        Self { ws, id: SocketId::from_parts(0, 0) }
    }

    pub(super) async fn say(&mut self, frame: Value) {
        self.say_text(frame.to_string()).await;
    }

    pub(super) async fn unsubscribe(&mut self, channel: &str) {
        self.say(json!({ "event": "pusher:unsubscribe", "data": { "channel": channel } })).await;
    }

    pub(super) async fn say_text(&mut self, text: impl Into<String>) {
        self.ws.send(Message::text(text.into())).await.unwrap();
    }

    /// The next frame; how many are subscribed is for those who [count](Self::hear_all).
    pub(super) async fn hear(&mut self) -> Value {
        loop {
            let frame = self.hear_all().await;
            if frame["event"] != "pusher_internal:subscription_count" {
                return frame;
            }
        }
    }

    /// The next frame, whatever it is.
    pub(super) async fn hear_all(&mut self) -> Value {
        serde_json::from_str(&self.hear_text().await).unwrap()
    }

    pub(super) async fn hear_text(&mut self) -> String {
        let message =
            timeout(PATIENCE, self.ws.next()).await.expect("a frame should come").unwrap().unwrap();
        message.into_text().unwrap().to_string()
    }

    /// Says something that need not arrive: the hub may have ended the connection already.
    pub(super) async fn says_in_vain(&mut self, message: Message) {
        let _ = self.ws.send(message).await;
    }

    /// Writes bytes past the WebSocket, as no client should.
    pub(super) async fn writes(&mut self, bytes: &[u8]) {
        self.ws.get_mut().write_all(bytes).await.unwrap();
    }

    /// Reads to the end, whether or not it says why.
    pub(super) async fn hear_it_end(&mut self) {
        while let Some(Ok(_)) =
            timeout(PATIENCE, self.ws.next()).await.expect("the end should come")
        {}
    }

    /// Reads to the end: the last frame before it, and the close code.
    pub(super) async fn hear_the_end(&mut self) -> (Value, u16) {
        let mut last = Value::Null;
        loop {
            match timeout(PATIENCE, self.ws.next())
                .await
                .expect("the end should come")
                .unwrap()
                .unwrap()
            {
                Message::Text(text) => last = serde_json::from_str(&text).unwrap(),
                Message::Close(close) => return (last, close.unwrap().code.into()),
                _ => {}
            }
        }
    }

    /// Closes and waits until the hub has closed too.
    pub(super) async fn leave(mut self) {
        self.ws.close(None).await.unwrap();
        while let Some(Ok(_)) =
            timeout(PATIENCE, self.ws.next()).await.expect("the end should come")
        {}
    }

    /// Asks for a subscription and gives the answer.
    pub(super) async fn ask(&mut self, channel: &str, auth: Option<&str>) -> Value {
        let data = match auth {
            Some(auth) => json!({ "channel": channel, "auth": auth }),
            None => json!({ "channel": channel }),
        };
        self.say(json!({ "event": "pusher:subscribe", "data": data })).await;
        self.hear().await
    }

    /// Subscribes, which must succeed.
    pub(super) async fn subscribe(&mut self, channel: &str, auth: Option<&str>) {
        let succeeded = json!({ "event": "pusher_internal:subscription_succeeded", "channel": channel, "data": "{}" });
        assert_eq!(self.ask(channel, auth).await, succeeded);
    }
}
