//! Who is signed in, and on which sockets.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use shared::realtime::sign::SocketId;

use super::{
    SignedIn, UserId,
    watchlist::{Change, Watchers, first_look},
};
use crate::hub::{
    mailbox::Mailbox,
    protocol::{Close, frame},
};

pub(super) type Sockets = HashMap<SocketId, Mailbox>;

/// All users who are signed in.
#[derive(Default)]
pub(crate) struct Users(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The sockets of each user who is online.
    online: HashMap<UserId, Sockets>,
    watchers: Watchers,
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
        let Known { online, watchers } = &mut *self.known();
        mailbox.put(frame::signin_success(user_data));
        let sockets = online.entry(user.clone()).or_default();
        let is_first = sockets.is_empty();
        sockets.insert(id.clone(), mailbox.clone());
        if is_first {
            watchers.tell(user, Change::Online);
        }
        watchers.watch(watchlist, id, mailbox);
        if let Some(frame) = first_look(watchlist, |watched| online.contains_key(watched)) {
            mailbox.put(frame);
        }
    }

    /// A socket that was signed in is gone; with a user's last one those who watch him are told.
    pub(crate) fn sign_out(&self, id: &SocketId, signed_in: &SignedIn) {
        let SignedIn { user, watchlist, .. } = signed_in;
        let Known { online, watchers } = &mut *self.known();
        watchers.forget(watchlist, id);
        let Some(sockets) = online.get_mut(user) else { return };
        sockets.remove(id);
        if sockets.is_empty() {
            online.remove(user);
            watchers.tell(user, Change::Offline);
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
