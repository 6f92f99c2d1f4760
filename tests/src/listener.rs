//! Somebody who listens, as a stock Pusher client does (protocol 7).

use std::{
    collections::{HashMap, VecDeque},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use crypto_secretbox::{KeyInit as _, Nonce, XSalsa20Poly1305, aead::Aead as _};
use futures_util::{SinkExt as _, StreamExt as _};
use local::{demo_hub_app, hub};
use reqwest::Method;
use serde_json::{Value, json};
use shared::realtime::sign::{Signer, request::Request};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};
use uuid::Uuid;

use crate::{Answer, PATIENCE, User, event_fault};

/// An event as a listener gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The event's name.
    pub name: String,
    /// The channel it came on.
    pub channel: String,
    /// The data, read.
    pub data: Value,
}

/// A socket to the relay.
pub struct Listener {
    /// The id that the relay gave the socket.
    pub socket_id: String,
    user: User,
    /// What marks are signed with.
    app: hub::App,
    /// Where the relay is.
    relay: String,
    socket: WebSocketStream<TcpStream>,
    /// Events that came while something else was waited for.
    waiting: VecDeque<Heard>,
    /// A public channel of this listener's own, for marks.
    marks: String,
    /// Every frame that came, as it came.
    frames: Vec<String>,
    /// What opens the events of encrypted channels, by channel.
    shared_secrets: HashMap<String, Vec<u8>>,
}

impl Listener {
    /// Connects to where the API says that the relay is.
    pub(crate) async fn connect(user: &User) -> Self {
        let relay = user.get("/v1/realtime").await.expect(200);
        let part = |key: &str| relay[key].to_string().trim_matches('"').to_owned();
        let address = format!("{}:{}", part("host"), part("port"));
        let stream = TcpStream::connect(&address).await.expect("the relay should listen");
        stream.set_nodelay(true).expect("a TCP socket");
        let path = format!("/app/{}?protocol=7&client=parlour-tests&version=1", part("key"));
        let opened = client_async(format!("ws://{address}{path}"), stream).await;
        let (socket, _) = opened.expect("the relay should open a WebSocket");
        let mut listener = Self {
            socket_id: String::new(),
            user: user.clone(),
            app: demo_hub_app(),
            relay: address,
            socket,
            waiting: VecDeque::new(),
            marks: format!("marks-{}", Uuid::new_v4()),
            frames: Vec::new(),
            shared_secrets: HashMap::new(),
        };
        let greeting = listener.frame().await;
        assert_eq!(greeting["event"], "pusher:connection_established", "{greeting}");
        let id = data_of(&greeting)["socket_id"].as_str().expect("a socket id").to_owned();
        listener.socket_id = id;
        let marks = listener.marks.clone();
        listener.ask(json!({ "channel": marks })).await;
        listener
    }

    /// The same at a relay with another app than the local one's.
    #[must_use]
    pub fn of_app(self, app: hub::App) -> Self {
        Self { app, ..self }
    }

    /// Subscribes to a private channel, with the right that the API gives.
    pub async fn subscribe(&mut self, channel: &str) {
        let grant = self.user.asks_to_hear(&self.socket_id, channel).await.expect(200);
        self.presents(channel, &grant).await;
    }

    /// Subscribes to a private channel with a right that was given before.
    pub async fn presents(&mut self, channel: &str, grant: &Value) {
        if let Some(secret) = grant["shared_secret"].as_str() {
            let secret = BASE64_STANDARD.decode(secret).expect("base64");
            self.shared_secrets.insert(channel.to_owned(), secret);
        }
        self.ask(json!({ "channel": channel, "auth": grant["auth"] })).await;
    }

    /// Says whose the socket is.
    pub async fn signs_in(&mut self) {
        let grant = self.user.signs_in(&self.socket_id).await.expect(200);
        let data = json!({ "auth": grant["auth"], "user_data": grant["user_data"] });
        let frame = json!({ "event": "pusher:signin", "data": data });
        self.socket.send(Message::text(frame.to_string())).await.expect("an open socket");
        let answer = self.frame().await;
        assert_eq!(answer["event"], "pusher:signin_success", "{answer}");
    }

    /// The code with which the relay hangs up.
    pub async fn is_sent_away(mut self) -> u16 {
        loop {
            let frame = timeout(PATIENCE, self.socket.next()).await.expect("an end");
            if let Ok(Message::Close(why)) = frame.expect("a close frame") {
                return why.expect("a code").code.into();
            }
        }
    }

    async fn ask(&mut self, subscription: Value) {
        let ask = json!({ "event": "pusher:subscribe", "data": subscription });
        self.socket.send(Message::text(ask.to_string())).await.expect("an open socket");
        loop {
            let frame = self.frame().await;
            match frame["event"].as_str() {
                Some("pusher_internal:subscription_succeeded") => return,
                Some(name) if name.starts_with("pusher") => panic!("not subscribed: {frame}"),
                _ => {
                    let event = self.heard(&frame);
                    self.waiting.push_back(event);
                }
            }
        }
    }

    /// Tells the others on a channel something, past Parlour, as a client may.
    pub async fn tells_others(&mut self, name: &str, channel: &str, data: Value) {
        let event = json!({ "event": name, "channel": channel, "data": data });
        self.socket.send(Message::text(event.to_string())).await.expect("an open socket");
    }

    /// Every frame that has come, as it came, also those that no test has looked at.
    pub fn frames(&self) -> &[String] {
        &self.frames
    }

    /// The next event.
    pub async fn next(&mut self) -> Heard {
        match self.waiting.pop_front() {
            Some(event) => event,
            None => {
                let frame = self.frame().await;
                self.heard(&frame)
            }
        }
    }

    /// Everything that reached the relay before this call and was for this listener.
    ///
    /// A mark is sent through the relay after it, and a socket's events keep their order: what was
    /// not heard before the mark was not sent.
    pub async fn hears_so_far(&mut self) -> Vec<Heard> {
        let mark = Uuid::new_v4().to_string();
        self.trigger_mark(&mark).await;
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            if event.channel != self.marks {
                events.push(event);
            } else if event.data == json!(mark) {
                return events;
            }
        }
    }

    /// Everything so far, which must be events of these names in this order.
    pub async fn hears_only(&mut self, names: &[&str]) -> Vec<Heard> {
        let events = self.hears_so_far().await;
        let heard: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(heard, names, "{events:#?}");
        events
    }

    /// Nothing has come.
    pub async fn saw_nothing(&mut self) {
        self.hears_only(&[]).await;
    }

    /// No event of this name has come; the others.
    pub async fn saw_nothing_of(&mut self, name: &str) -> Vec<Heard> {
        let events = self.hears_so_far().await;
        assert!(events.iter().all(|event| event.name != name), "heard {name}: {events:#?}");
        events
    }

    /// The event of a frame, opened if it is sealed.
    fn heard(&self, frame: &Value) -> Heard {
        let text = |key: &str| frame[key].as_str().unwrap_or_else(|| panic!("no {key}: {frame}"));
        let (name, channel, data) = (text("event"), text("channel"), data_of(frame));
        let data = match self.shared_secrets.get(channel) {
            Some(secret) => opened(secret, &data),
            None => data,
        };
        // Also what other clients say, which Parlour does not see.
        if channel.starts_with("private-") {
            assert_eq!(event_fault(channel, name, &data), None);
        }
        Heard { name: name.to_owned(), channel: channel.to_owned(), data }
    }

    /// Sends a mark to this listener's own channel, the way the application's server sends events.
    async fn trigger_mark(&self, mark: &str) {
        let data = json!(mark).to_string();
        let body = json!({ "name": "mark", "channel": self.marks, "data": data }).to_string();
        let path = format!("/apps/{}/events", self.app.id);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let call = Request { method: "POST", path: &path, query: "", body: body.as_bytes() };
        let query = Signer::new(&self.app.key, &self.app.secret).sign_request(&call, now);
        let site = self.user.site();
        let url = format!("http://{}{path}?{query}", self.relay);
        let request = site.http().request(Method::POST, url);
        let request = request.header("content-type", "application/json").body(body);
        Answer::to(request).await.expect("the relay's answer").expect(200);
    }

    /// The next frame that is not the protocol's asking whether somebody is there.
    async fn frame(&mut self) -> Value {
        loop {
            let frame = timeout(PATIENCE, self.socket.next()).await;
            match frame.expect("an event should have come").expect("an open socket") {
                Ok(Message::Text(text)) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    self.frames.push(text.to_string());
                    if frame["event"] != "pusher:ping" {
                        return frame;
                    }
                }
                Ok(Message::Close(why)) => panic!("the relay hung up: {why:?}"),
                Ok(_) => {}
                Err(error) => panic!("the relay broke off: {error}"),
            }
        }
    }
}

/// The data of a frame, which is JSON inside a string; another client's comes as it was said.
fn data_of(frame: &Value) -> Value {
    match frame["data"].as_str() {
        Some(data) => {
            serde_json::from_str(data).unwrap_or_else(|_| panic!("data that is no JSON: {frame}"))
        }
        None => frame["data"].clone(),
    }
}

/// What was sealed with a channel's key.
fn opened(secret: &[u8], sealed: &Value) -> Value {
    let part = |key: &str| {
        let text = sealed[key].as_str().unwrap_or_else(|| panic!("not sealed: {sealed}"));
        BASE64_STANDARD.decode(text).expect("base64")
    };
    let cipher = XSalsa20Poly1305::new_from_slice(secret).expect("32 bytes");
    let opened = cipher.decrypt(Nonce::from_slice(&part("nonce")), part("ciphertext").as_slice());
    serde_json::from_slice(&opened.expect("the channel's own key")).expect("JSON")
}
