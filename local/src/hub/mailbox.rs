//! The bounded queue between those who publish and the task of one socket.
//!
//! Putting a frame in never waits: a publisher must not be delayed by a client that does not read. A full queue
//! therefore ends the connection, and the client catches up after it has reconnected. An empty one holds no memory,
//! since most sockets are idle most of the time.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::Notify;

use super::protocol::Close;

/// The end that publishers hold.
#[derive(Clone)]
pub(super) struct Mailbox(Arc<Shared>);

/// The end that the socket's task holds: the frames to write.
pub(super) struct Inbox(Arc<Shared>);

/// Waits for the order to end the connection.
pub(super) struct Order(Arc<Shared>);

struct Shared {
    capacity: usize,
    /// The text of a frame is shared by all sockets that get it.
    queue: Mutex<Vec<Utf8Bytes>>,
    /// Told when the queue is no longer empty.
    filled: Notify,
    order: OnceLock<Close>,
    /// Told when the order is given.
    ordered: Notify,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Vec<Utf8Bytes>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A queue for at most this many frames.
pub(super) fn mailbox(capacity: usize) -> (Mailbox, Inbox, Order) {
    let shared = Arc::new(Shared {
        capacity,
        queue: Mutex::default(),
        filled: Notify::new(),
        order: OnceLock::new(),
        ordered: Notify::new(),
    });
    (Mailbox(Arc::clone(&shared)), Inbox(Arc::clone(&shared)), Order(shared))
}

impl Mailbox {
    /// Queues a frame; when there is no room, the socket is cut off as too slow.
    pub(super) fn put(&self, frame: Utf8Bytes) {
        if self.0.order.get().is_some() {
            return;
        }
        let mut queue = self.0.queue();
        if queue.len() >= self.0.capacity {
            // Nothing of it will be written any more.
            drop(mem::take(&mut *queue));
            drop(queue);
            return self.hang_up(Close::TOO_SLOW);
        }
        queue.push(frame);
        let was_empty = queue.len() == 1;
        drop(queue);
        if was_empty {
            self.0.filled.notify_one();
        }
    }

    /// Ends the connection, even while its task waits for the client to read. The first order counts.
    pub(super) fn hang_up(&self, close: Close) {
        if self.0.order.set(close).is_ok() {
            self.0.ordered.notify_one();
        }
    }
}

impl Inbox {
    /// All frames that wait, as soon as there are some. Dropping the future loses nothing.
    pub(super) async fn frames(&mut self) -> Vec<Utf8Bytes> {
        loop {
            let waiting = mem::take(&mut *self.0.queue());
            if !waiting.is_empty() {
                return waiting;
            }
            self.0.filled.notified().await;
        }
    }
}

impl Order {
    /// The order, once it is given. Dropping the future loses nothing.
    pub(super) async fn given(&mut self) -> Close {
        loop {
            if let Some(close) = self.0.order.get() {
                return *close;
            }
            self.0.ordered.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Utf8Bytes {
        Utf8Bytes::from_static(text)
    }

    #[tokio::test]
    async fn frames_come_out_as_they_were_put_in() {
        let (mailbox, mut inbox, _order) = mailbox(8);
        mailbox.put(frame("one"));
        mailbox.put(frame("two"));
        assert_eq!(inbox.frames().await, ["one", "two"].map(frame));
        mailbox.put(frame("three"));
        assert_eq!(inbox.frames().await, [frame("three")]);
    }

    #[tokio::test]
    async fn a_full_mailbox_ends_the_connection_and_keeps_nothing() {
        let (mailbox, inbox, mut order) = mailbox(2);
        for _ in 0..100 {
            mailbox.put(frame("more"));
        }
        assert_eq!(order.given().await, Close::TOO_SLOW);
        assert!(inbox.0.queue().is_empty());
    }

    #[tokio::test]
    async fn the_first_order_counts() {
        let (mailbox, _inbox, mut order) = mailbox(1);
        mailbox.hang_up(Close::TERMINATED);
        mailbox.hang_up(Close::RECONNECT);
        assert_eq!(order.given().await, Close::TERMINATED);
    }
}
