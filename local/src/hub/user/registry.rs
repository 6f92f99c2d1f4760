//! Who is signed in, on which sockets, and who watches whom.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use shared::realtime::sign::SocketId;

use super::{SignedIn, UserId};
use crate::hub::{
    mailbox::Mailbox,
    protocol::{Close, frame},
};

type Sockets = HashMap<SocketId, Mailbox>;

/// All users who are signed in.
#[derive(Default)]
pub(crate) struct Users(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The sockets of each user who is online.
    online: HashMap<UserId, Sockets>,
    /// The sockets that watch a user, online or not.
    watchers: HashMap<UserId, Sockets>,
}

impl Users {
    /// Signs a socket in, queues the answer and who of the watched is there and who is not, and tells those who watch
    /// this user.
    pub(crate) fn sign_in(
        &self,
        id: &SocketId,
        mailbox: &Mailbox,
        signed_in: &SignedIn,
        user_data: &str,
    ) {
        let SignedIn { user, watchlist, .. } = signed_in;
        let mut known = self.known();
        mailbox.put(frame::signin_success(user_data));
        let sockets = known.online.entry(user.clone()).or_default();
        let is_first = sockets.is_empty();
        sockets.insert(id.clone(), mailbox.clone());
        if is_first {
            known.tell_watchers(user, "online");
        }
        for watched in watchlist {
            known.watchers.entry(watched.clone()).or_default().insert(id.clone(), mailbox.clone());
        }
        let (online, offline): (Vec<_>, Vec<_>) =
            watchlist.iter().partition(|watched| known.online.contains_key(*watched));
        let events: Vec<(&str, &[&UserId])> =
            [("online", online.as_slice()), ("offline", offline.as_slice())]
                .into_iter()
                .filter(|(_, users)| !users.is_empty())
                .collect();
        if !events.is_empty() {
            mailbox.put(frame::watchlist_events(&events));
        }
    }

    /// A socket that was signed in is gone; with a user's last one those who watch him are told.
    pub(crate) fn sign_out(&self, id: &SocketId, signed_in: &SignedIn) {
        let mut known = self.known();
        for watched in &signed_in.watchlist {
            remove(&mut known.watchers, watched, id);
        }
        if remove(&mut known.online, &signed_in.user, id) {
            known.tell_watchers(&signed_in.user, "offline");
        }
    }

    /// Closes all sockets of a user with 4009, so that his clients stay away.
    pub(crate) fn terminate(&self, user: &UserId) {
        for mailbox in self.known().online.get(user).into_iter().flat_map(Sockets::values) {
            mailbox.hang_up(Close::TERMINATED);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn tell_watchers(&self, user: &UserId, what: &str) {
        let Some(watchers) = self.watchers.get(user) else { return };
        let frame = frame::watchlist_events(&[(what, &[user])]);
        for mailbox in watchers.values() {
            mailbox.put(frame.clone());
        }
    }
}

/// Removes a socket of a user; whether it was the last one.
fn remove(map: &mut HashMap<UserId, Sockets>, user: &UserId, id: &SocketId) -> bool {
    let Some(sockets) = map.get_mut(user) else { return false };
    sockets.remove(id);
    let is_last = sockets.is_empty();
    if is_last {
        map.remove(user);
    }
    is_last
}
