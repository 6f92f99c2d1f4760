//! Watchlists: who wants to know of whom that he comes online or goes offline.

use std::collections::HashMap;

use axum::extract::ws::Utf8Bytes;
use shared::realtime::sign::SocketId;

use super::{UserId, registry::Sockets};
use crate::hub::{mailbox::Mailbox, protocol::frame};

/// What a watcher is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Online,
    Offline,
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }
}

/// The sockets that watch each user, whether he is there or not.
#[derive(Default)]
pub(super) struct Watchers(HashMap<UserId, Sockets>);

impl Watchers {
    /// A socket watches these users from now on.
    pub(super) fn watch(&mut self, watchlist: &[UserId], id: &SocketId, mailbox: &Mailbox) {
        for watched in watchlist {
            self.0.entry(watched.clone()).or_default().insert(id.clone(), mailbox.clone());
        }
    }

    /// A socket watches these users no more.
    pub(super) fn forget(&mut self, watchlist: &[UserId], id: &SocketId) {
        for watched in watchlist {
            if let Some(sockets) = self.0.get_mut(watched) {
                sockets.remove(id);
                if sockets.is_empty() {
                    self.0.remove(watched);
                }
            }
        }
    }

    /// Tells those who watch this user.
    pub(super) fn tell(&self, user: &UserId, change: Change) {
        let Some(watchers) = self.0.get(user) else { return };
        let frame = frame::watchlist_events(&[(change.name(), &[user])]);
        for mailbox in watchers.values() {
            mailbox.put(frame.clone());
        }
    }
}

/// What somebody is told who begins to watch: who is there, and who is not. Nothing, if he watches nobody.
pub(super) fn first_look(
    watchlist: &[UserId],
    is_online: impl Fn(&UserId) -> bool,
) -> Option<Utf8Bytes> {
    let (online, offline): (Vec<&UserId>, Vec<&UserId>) =
        watchlist.iter().partition(|watched| is_online(watched));
    let events: Vec<(&str, &[&UserId])> = [(Change::Online, &online), (Change::Offline, &offline)]
        .into_iter()
        .filter(|(_, users)| !users.is_empty())
        .map(|(change, users)| (change.name(), users.as_slice()))
        .collect();
    (!events.is_empty()).then(|| frame::watchlist_events(&events))
}
