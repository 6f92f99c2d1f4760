//! One WebSocket's life: the handshake at `/app/{key}?protocol=7&client=…`, signs of life, frames in and out, the
//! farewell.

use std::{convert::Infallible, pin::pin, time::Duration};

use axum::{
    extract::{
        Path, Query, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
    },
    response::Response,
};
use futures_util::SinkExt;
use serde::Deserialize;
use tokio::{
    select,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    Hub, limits,
    liveness::{Due, Liveness},
    mailbox::{Inbox, Order, mailbox},
    peer::{Peer, Said},
    protocol::{self, Close, Complaint, frame},
};

/// What is set aside for reading, per socket: more than most clients ever send at once.
const READ_BUFFER: usize = 2 * 1024;
/// How much is put together before it is written.
const WRITE_BUFFER: usize = 16 * 1024;
/// How long a client may take to read why it is disconnected.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a client says about itself when it connects; only the version of the protocol matters.
#[derive(Deserialize)]
pub(super) struct Handshake {
    protocol: Option<String>,
}

/// Opens a client's socket. A refusal is told over the opened socket, since a browser shows no other answer.
pub(super) async fn connect(
    State(hub): State<Hub>,
    Path(key): Path<String>,
    Query(handshake): Query<Handshake>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let refusal = if key != hub.app().key {
        Some(Close::UNKNOWN_APP)
    } else if !hub.is_enabled() {
        Some(Close::APP_DISABLED)
    } else {
        check_version(handshake.protocol.as_deref().unwrap_or_default()).err()
    };
    upgrade
        .max_message_size(limits::MESSAGE)
        .max_frame_size(limits::MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .on_upgrade(async move |ws| match refusal {
            Some(close) => say_goodbye(ws, close).await,
            None => serve(hub, ws).await,
        })
}

/// Refuses a socket at any other path below `/app`.
pub(super) async fn no_such_path(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|ws| say_goodbye(ws, Close::NO_SUCH_PATH))
}

fn check_version(version: &str) -> Result<(), Close> {
    match version.parse::<u32>() {
        Ok(version) if protocol::VERSIONS.contains(&version) => Ok(()),
        Ok(_) => Err(Close::UNSUPPORTED_VERSION),
        Err(_) if version.is_empty() => Err(Close::NO_VERSION),
        Err(_) => Err(Close::BAD_VERSION),
    }
}

/// How a conversation ended.
enum End {
    /// The client is gone.
    Gone,
    /// The hub wants it to be.
    Close(Close),
}

async fn serve(hub: Hub, ws: WebSocket) {
    let settings = hub.settings();
    let (mailbox, inbox, order) = mailbox(settings.queue);
    let liveness = Liveness::new(settings, Instant::now());
    let limit = settings.pong_timeout;
    let peer = match Peer::open(hub, mailbox) {
        Ok(peer) => peer,
        Err(close) => return say_goodbye(ws, close).await,
    };
    let mut socket = Socket { wire: Wire { ws, order, limit }, inbox, peer, liveness };
    let Err(end) = socket.talk().await;
    // First out of all channels, so that nothing is queued any more for one who is leaving.
    let Socket { wire, peer, .. } = socket;
    drop(peer);
    if let End::Close(close) = end {
        say_goodbye(wire.ws, close).await;
    }
}

struct Socket {
    wire: Wire,
    inbox: Inbox,
    peer: Peer,
    liveness: Liveness,
}

impl Socket {
    /// Listens and writes until one side ends it.
    async fn talk(&mut self) -> Result<Infallible, End> {
        let mut alarm = pin!(sleep_until(Instant::now()));
        loop {
            select! {
                close = self.wire.order.given() => return Err(End::Close(close)),
                message = self.wire.ws.recv() => self.hear(message)?,
                frames = self.inbox.frames() => {
                    self.liveness.busy(Instant::now());
                    self.wire.write(frames).await?;
                }
                () = &mut alarm => match self.liveness.look(Instant::now()) {
                    Due::Nothing(next) => alarm.as_mut().reset(next),
                    Due::Ping(next) => {
                        alarm.as_mut().reset(next);
                        self.wire.write([frame::ping()]).await?;
                    }
                    Due::Close(close) => return Err(End::Close(close)),
                }
            }
        }
    }

    fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let now = Instant::now();
        self.liveness.heard(now);
        match message {
            Some(Ok(Message::Text(text))) => {
                if self.peer.react(&text).map_err(End::Close)? == Said::More {
                    self.liveness.busy(now);
                }
                if self.peer.is_authorized() {
                    self.liveness.authorized();
                }
            }
            Some(Ok(Message::Binary(_))) => self.peer.complain("Messages are text frames"),
            // The WebSocket's own control frames: the library has answered them.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => {}
            Some(Err(_)) | None => return Err(End::Gone),
        }
        Ok(())
    }
}

/// The socket itself and the order to close it, which also interrupts a write to a client that does not read.
struct Wire {
    ws: WebSocket,
    order: Order,
    /// How long a client that nobody else presses may block a write.
    limit: Duration,
}

impl Wire {
    /// Writes frames together. A frame that is interrupted is either not sent at all or finished by the farewell.
    async fn write(&mut self, frames: impl IntoIterator<Item = Utf8Bytes>) -> Result<(), End> {
        let ws = &mut self.ws;
        let writing = async {
            for frame in frames {
                ws.feed(Message::Text(frame)).await?;
            }
            ws.flush().await
        };
        select! {
            biased;
            written = writing => written.map_err(|_| End::Gone),
            close = self.order.given() => Err(End::Close(close)),
            () = sleep(self.limit) => Err(End::Close(Close::TOO_SLOW)),
        }
    }
}

/// Says why, closes, and waits for the client to close too: dropping the connection at once could take the reason
/// with it.
async fn say_goodbye(mut ws: WebSocket, close: Close) {
    let Close { code, reason } = close;
    let farewell = async {
        let why = Complaint { code: Some(code), message: reason };
        ws.feed(Message::Text(frame::error(why))).await?;
        ws.send(Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })))
            .await?;
        while let Some(Ok(_)) = ws.recv().await {}
        Ok::<(), axum::Error>(())
    };
    // A client that does not even read this is left to itself.
    let _ = timeout(FAREWELL, farewell).await;
}
