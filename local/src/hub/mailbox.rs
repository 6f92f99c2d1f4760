//! The bounded queue between those who publish and the task of one socket.
//!
//! Putting a frame in never waits: a publisher must not be delayed by a client that does not read. A full queue
//! therefore ends the connection, and the client catches up after it has reconnected.

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{mpsc, watch};

use super::protocol::Close;

/// The end that publishers hold.
#[derive(Clone)]
pub(super) struct Mailbox {
    frames: mpsc::Sender<Utf8Bytes>,
    hang_up: watch::Sender<Option<Close>>,
}

/// The end that the socket's task holds.
pub(super) struct Inbox {
    /// Frames to write. The text is shared by all sockets that get the same frame.
    pub(super) frames: mpsc::Receiver<Utf8Bytes>,
    /// Whether to end the connection.
    pub(super) order: Order,
}

/// Waits for the order to end the connection.
pub(super) struct Order(watch::Receiver<Option<Close>>);

/// A queue for at most this many frames.
pub(super) fn mailbox(capacity: usize) -> (Mailbox, Inbox) {
    let (frames, received) = mpsc::channel(capacity);
    let (hang_up, order) = watch::channel(None);
    (Mailbox { frames, hang_up }, Inbox { frames: received, order: Order(order) })
}

impl Mailbox {
    /// Queues a frame; when there is no room, the socket is cut off as too slow.
    pub(super) fn put(&self, frame: Utf8Bytes) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(frame) {
            self.hang_up(Close::TOO_SLOW);
        }
    }

    /// Ends the connection, even while its task waits for the client to read. The first order counts.
    pub(super) fn hang_up(&self, close: Close) {
        self.hang_up.send_if_modified(|order| {
            let is_first = order.is_none();
            order.get_or_insert(close);
            is_first
        });
    }
}

impl Order {
    /// The order, once it is given. Dropping the future loses nothing.
    pub(super) async fn given(&mut self) -> Close {
        let given = self.0.wait_for(Option::is_some).await;
        // Without any publisher's end left there is nobody to write for.
        given.ok().and_then(|order| *order).unwrap_or(Close::RECONNECT)
    }
}
