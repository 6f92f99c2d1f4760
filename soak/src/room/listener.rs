//! Somebody who listens as docs/realtime.md says that a client must: events are hints, and whatever they tell of that
//! is not held is fetched.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite};

use super::{
    Room,
    cast::{Member, number, text},
    held::Held,
};
use crate::{Failure, tally::count};

/// The key of the relay's app.
pub(crate) const RELAY_KEY: &str = "parlour-key";
/// How long the relay may take to greet.
const GREETING: Duration = Duration::from_secs(10);

/// When a listener has heard enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Not yet.
    Ever,
    /// Once it holds everything up to here.
    Holds { head: u64, rev: u64 },
    /// Now.
    Now,
}

type Socket = WebSocketStream<TcpStream>;

/// Why a connection is left.
enum Left {
    Cut,
    Enough,
}

/// A listener at work.
pub(super) struct Listener<'a> {
    pub(super) room: &'a Room,
    pub(super) me: &'a Member,
    until: watch::Receiver<Until>,
    pub(super) held: Held,
    /// The room's channel, as it was last called.
    channel: String,
    socket_id: String,
}

/// Listens until it is told that it is enough, over as many connections as it takes.
///
/// # Errors
/// When what is answered cannot be.
pub(crate) async fn listen(
    room: &Room,
    me: &Member,
    until: watch::Receiver<Until>,
) -> Result<Held, Failure> {
    let (channel, socket_id) = (String::new(), String::new());
    let mut listener = Listener { room, me, until, held: Held::default(), channel, socket_id };
    loop {
        if let Ok(socket) = listener.connect().await
            && matches!(listener.follow(socket).await?, Left::Enough)
        {
            return Ok(listener.held);
        }
        if listener.has_enough() {
            return Ok(listener.held);
        }
        count(&room.world.tally.reconnects);
        sleep(Duration::from_millis(fastrand::u64(10..200))).await;
    }
}

impl Listener<'_> {
    fn has_enough(&self) -> bool {
        match *self.until.borrow() {
            Until::Ever => false,
            Until::Holds { head, rev } => self.head() >= head && self.held.rev >= rev,
            Until::Now => true,
        }
    }

    pub(super) fn head(&self) -> u64 {
        self.held.digests.len() as u64
    }

    pub(super) fn is_behind(&self) -> bool {
        !self.held.out && (self.held.told.0 > self.head() || self.held.told.1 > self.held.rev)
    }

    async fn connect(&mut self) -> Result<Socket, Failure> {
        let stream = TcpStream::connect(self.room.world.sockets).await?;
        stream.set_nodelay(true)?;
        let url = format!(
            "ws://{}/app/{RELAY_KEY}?protocol=7&client=parlour-soak",
            self.room.world.sockets
        );
        let (mut socket, _) = timeout(GREETING, client_async(url, stream)).await??;
        let greeting = timeout(GREETING, socket.next()).await?.ok_or("no greeting")??;
        let greeting: Value = serde_json::from_str(greeting.to_text()?)?;
        let data: Value = serde_json::from_str(text(&greeting, "data")?)?;
        self.socket_id = text(&data, "socket_id")?.to_owned();
        Ok(socket)
    }

    /// One connection, from its greeting to its end.
    async fn follow(&mut self, mut socket: Socket) -> Result<Left, Failure> {
        self.channel.clear();
        if self.room.kind == super::Kind::Group {
            let own = self.me.caller.gets("/v1/me").await?;
            self.subscribe(&mut socket, text(&own, "channel")?).await?;
        }
        self.finds_channel(&mut socket).await?;
        let mut pause = Duration::from_millis(100);
        loop {
            if self.has_enough() {
                return Ok(Left::Enough);
            }
            tokio::select! {
                frame = socket.next() => {
                    let Some(Ok(frame)) = frame else { return Ok(Left::Cut) };
                    let tungstenite::Message::Text(frame) = frame else { continue };
                    self.me.caller.may_see(frame.as_bytes())?;
                    self.hears(&mut socket, &serde_json::from_str(&frame)?).await?;
                    pause = Duration::from_millis(100);
                }
                () = sleep(pause), if self.is_behind() => {
                    self.catches_up().await?;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                _ = self.until.changed() => {}
            }
        }
    }

    /// Asks how the room's channel is called, and subscribes.
    async fn finds_channel(&mut self, socket: &mut Socket) -> Result<(), Failure> {
        loop {
            let call = (Method::GET, self.room.path.as_str());
            let asked = self.me.caller.insists(call.0, call.1, &Value::Null, &[200, 404]).await?;
            if asked.0 == 404 {
                return self.is_out();
            }
            let channel = text(&asked.1, "channel")?.to_owned();
            if channel == self.channel || self.subscribe(socket, &channel).await? {
                self.channel = channel;
                return Ok(());
            }
        }
    }

    /// Subscribes; whether that is allowed.
    async fn subscribe(&mut self, socket: &mut Socket, channel: &str) -> Result<bool, Failure> {
        let ask = json!({ "socket_id": self.socket_id, "channel_name": channel });
        let path = "/v1/realtime/auth";
        let (status, grant) = self.me.caller.insists(Method::POST, path, &ask, &[200, 403]).await?;
        if status == 403 {
            return Ok(false);
        }
        let data = json!({ "channel": channel, "auth": grant["auth"] });
        let frame = json!({ "event": "pusher:subscribe", "data": data });
        // A socket that is cut says so when it is read.
        let _ = socket.send(tungstenite::Message::text(frame.to_string())).await;
        Ok(true)
    }

    pub(super) fn is_out(&mut self) -> Result<(), Failure> {
        if !self.room.may_be_gone(self.me) {
            return Err(format!("{} is told to be no member", self.me.caller.id).into());
        }
        self.held.out = true;
        Ok(())
    }

    async fn hears(&mut self, socket: &mut Socket, frame: &Value) -> Result<(), Failure> {
        let (name, channel) =
            (text(frame, "event")?, frame["channel"].as_str().unwrap_or_default());
        match name {
            "pusher:ping" => {
                let pong = json!({ "event": "pusher:pong", "data": {} }).to_string();
                let _ = socket.send(tungstenite::Message::text(pong)).await;
                return Ok(());
            }
            "pusher_internal:subscription_succeeded" if channel == self.channel => {
                // Rule 5.
                return self.looks().await;
            }
            _ if name.starts_with("pusher") => return Ok(()),
            _ => {}
        }
        let data: Value = serde_json::from_str(text(frame, "data")?)?;
        if data["room_id"].as_str().is_none_or(|id| !self.room.path.ends_with(id)) {
            return Ok(());
        }
        count(&self.room.world.tally.events);
        let rev = number(&data, "rev")?;
        let head =
            data["seq"].as_u64().or(data["head"].as_u64()).ok_or("an event without a place")?;
        if channel == self.channel {
            self.held.heard = (self.held.heard.0.max(head), self.held.heard.1.max(rev));
        }
        if data["removed"] == true {
            return self.is_out();
        }
        if self.held.out {
            return Ok(());
        }
        if data["channel"].as_str().is_some_and(|channel| channel != self.channel) {
            self.finds_channel(socket).await?;
        }
        self.goes_by(name, &data, head, rev).await
    }
}
