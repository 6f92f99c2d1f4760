//! One WebSocket's life: the handshake at `/app/{key}?protocol=7&client=…`, pings, frames in and out, the farewell.

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
    time::{Instant, sleep, timeout},
};

use super::{
    Hub, Settings,
    mailbox::{Inbox, Order, mailbox},
    peer::Peer,
    protocol::{self, Close},
};

/// The longest message a client may send: a client event with room for its envelope and escapes.
const MAX_MESSAGE: usize = 64 * 1024;
/// How many queued frames are written before the socket listens again.
const BURST: usize = 64;
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
    let refusal = if key == hub.app().key {
        check_version(handshake.protocol.as_deref().unwrap_or_default()).err()
    } else {
        Some(Close::UNKNOWN_APP)
    };
    upgrade.max_message_size(MAX_MESSAGE).on_upgrade(async move |ws| match refusal {
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
        Ok(protocol::VERSION) => Ok(()),
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
    let settings = *hub.settings();
    let (mailbox, Inbox { frames, order }) = mailbox(settings.queue);
    let peer = Peer::open(hub, mailbox);
    let mut socket =
        Socket { wire: Wire { ws, order, limit: settings.pong_timeout }, frames, peer, settings };
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
    frames: tokio::sync::mpsc::Receiver<Utf8Bytes>,
    peer: Peer,
    settings: Settings,
}

impl Socket {
    /// Listens and writes until one side ends it. A client that was silent for the activity timeout is pinged, and
    /// anything it then says counts as the pong.
    async fn talk(&mut self) -> Result<Infallible, End> {
        self.wire.write([self.peer.greeting()]).await?;
        let Settings { activity_timeout, pong_timeout, .. } = self.settings;
        let mut burst = Vec::with_capacity(BURST);
        let mut heard = Instant::now();
        let mut is_pinged = false;
        let mut alarm = pin!(sleep(activity_timeout));
        loop {
            select! {
                close = self.wire.order.given() => return Err(End::Close(close)),
                message = self.wire.ws.recv() => {
                    heard = Instant::now();
                    if std::mem::take(&mut is_pinged) {
                        alarm.as_mut().reset(heard + activity_timeout);
                    }
                    self.hear(message).await?;
                }
                _ = self.frames.recv_many(&mut burst, BURST) => self.wire.write(burst.drain(..)).await?,
                () = &mut alarm => {
                    // The alarm is not moved with each message but looks back when it rings: most never ring.
                    let due = heard + activity_timeout;
                    if is_pinged {
                        return Err(End::Close(Close::NO_PONG));
                    } else if due > Instant::now() {
                        alarm.as_mut().reset(due);
                    } else {
                        self.wire.write([protocol::ping()]).await?;
                        is_pinged = true;
                        alarm.as_mut().reset(Instant::now() + pong_timeout);
                    }
                }
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let answer = match message {
            Some(Ok(Message::Text(text))) => self.peer.react(&text),
            Some(Ok(Message::Binary(_))) => Some(protocol::error(None, "Messages are text frames")),
            // The WebSocket's own control frames: the library has answered them.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => None,
            Some(Err(_)) | None => return Err(End::Gone),
        };
        match answer {
            Some(frame) => self.wire.write([frame]).await,
            None => Ok(()),
        }
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
        ws.feed(Message::Text(protocol::error(Some(code), reason))).await?;
        ws.send(Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })))
            .await?;
        while let Some(Ok(_)) = ws.recv().await {}
        Ok::<(), axum::Error>(())
    };
    // A client that does not even read this is left to itself.
    let _ = timeout(FAREWELL, farewell).await;
}
