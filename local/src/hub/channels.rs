//! The kinds of channels, told by their prefix, and who is subscribed to which channel.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{PoisonError, RwLock},
};

use axum::extract::ws::Utf8Bytes;
use shared::realtime::sign::{ChannelName, SocketId};

use super::mailbox::Mailbox;

/// What a channel's name says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anyone may subscribe; clients cannot send.
    Public,
    /// `private-`: a server authorises each subscription; subscribers may send client events to each other.
    Private,
    /// A kind of the protocol that this hub does not speak.
    Unsupported,
}

/// Longest prefix first, since they contain each other.
const PREFIXES: [(&str, Kind); 5] = [
    ("private-encrypted-", Kind::Unsupported),
    ("private-cache-", Kind::Unsupported),
    ("private-", Kind::Private),
    ("presence-", Kind::Unsupported),
    ("cache-", Kind::Unsupported),
];

impl Kind {
    /// The kind of a channel. A name without a prefix is a public channel's.
    pub(super) fn of(channel: ChannelName<'_>) -> Self {
        let prefix = PREFIXES.iter().find(|(prefix, _)| channel.as_str().starts_with(prefix));
        prefix.map_or(Self::Public, |(_, kind)| *kind)
    }
}

type Subscribers = HashMap<SocketId, Mailbox>;

/// All channels with at least one subscriber. No method waits for a client.
#[derive(Default)]
pub(super) struct Channels(RwLock<HashMap<String, Subscribers>>);

impl Channels {
    /// Subscribes a socket.
    pub(super) fn join(&self, channel: &str, id: &SocketId, mailbox: &Mailbox) {
        let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
        channels.entry(channel.to_owned()).or_default().insert(id.clone(), mailbox.clone());
    }

    /// Unsubscribes a socket; the last one takes the channel with it.
    pub(super) fn leave(&self, channel: &str, id: &SocketId) {
        let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut subscribers) = channels.entry(channel.to_owned()) {
            subscribers.get_mut().remove(id);
            if subscribers.get().is_empty() {
                subscribers.remove();
            }
        }
    }

    /// Queues a frame for each subscriber but `except`. The frame is made once, and only if somebody gets it.
    pub(super) fn deliver(
        &self,
        channel: &str,
        except: Option<&SocketId>,
        frame: impl FnOnce() -> Utf8Bytes,
    ) {
        let channels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(subscribers) = channels.get(channel) else { return };
        let frame = frame();
        for (id, mailbox) in subscribers {
            if Some(id) != except {
                mailbox.put(frame.clone());
            }
        }
    }
}
