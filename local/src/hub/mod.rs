//! A small Pusher-compatible server for development, tests and single-machine use. Production points its
//! configuration at Pusher or another server instead; nothing else knows which one it is.
//!
//! It is stricter than those servers wherever they are lenient, or it would hide a bug until production.
//!
//! | file | part of the protocol |
//! |---|---|
//! | `protocol` | the frames, in and out, and the close codes |
//! | `socket` | one connection: handshake, liveness, writing |
//! | `peer` | what a client may ask for: subscriptions and client events |
//! | `channels` | the kinds of channels and who is subscribed |
//! | `mailbox` | the bounded queue between publishers and one socket |
//! | `http_api` | the trigger API that servers call |

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, post},
};
use shared::realtime::sign::{Signer, SocketId};
use shared::secret::Secret;

use self::{channels::Channels, mailbox::Mailbox, protocol::Close};

mod channels;
mod http_api;
mod mailbox;
mod peer;
mod protocol;
mod socket;
#[cfg(test)]
mod tests;

/// The one app that a hub serves.
#[derive(Clone, Debug)]
pub struct App {
    /// The id, in the paths of the HTTP API.
    pub id: String,
    /// The public key; clients connect with it.
    pub key: String,
    /// What calls and subscriptions must be signed with.
    pub secret: Secret,
}

/// What a hub allows and how long it waits. The defaults are the protocol's.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A client that was silent for this long is asked for a sign of life. Clients are told, in whole seconds.
    pub activity_timeout: Duration,
    /// How long it may take to give one.
    pub pong_timeout: Duration,
    /// How many frames may wait for one socket before it counts as too slow.
    pub queue: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            activity_timeout: Duration::from_secs(120),
            pong_timeout: Duration::from_secs(30),
            queue: 1024,
        }
    }
}

/// The hub's state; clones share it.
#[derive(Clone)]
pub struct Hub(Arc<State>);

struct State {
    app: App,
    settings: Settings,
    sockets: RwLock<HashMap<SocketId, Mailbox>>,
    channels: Channels,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("connected", &self.connected()).finish()
    }
}

impl Hub {
    /// A hub without connections.
    pub fn new(app: App, settings: Settings) -> Self {
        let (sockets, channels) = (RwLock::default(), Channels::default());
        Self(Arc::new(State { app, settings, sockets, channels }))
    }

    /// How many sockets are connected.
    pub fn connected(&self) -> usize {
        self.0.sockets.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Closes every socket with 4200, "reconnect at once": for a shutdown, and to test that clients come back.
    pub fn disconnect_all(&self) {
        for mailbox in self.0.sockets.read().unwrap_or_else(PoisonError::into_inner).values() {
            mailbox.hang_up(Close::RECONNECT);
        }
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn channels(&self) -> &Channels {
        &self.0.channels
    }

    fn signer(&self) -> Signer<'_> {
        Signer::new(&self.0.app.key, &self.0.app.secret)
    }

    /// Gives a new socket its id: two random numbers, unique among the connected.
    fn admit(&self, mailbox: &Mailbox) -> SocketId {
        let mut sockets = self.0.sockets.write().unwrap_or_else(PoisonError::into_inner);
        loop {
            let id = SocketId::from_parts(fastrand::u32(..).into(), fastrand::u32(..).into());
            if !sockets.contains_key(&id) {
                sockets.insert(id.clone(), mailbox.clone());
                return id;
            }
        }
    }

    fn dismiss(&self, id: &SocketId) {
        self.0.sockets.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// The hub's routes: `/app/…` for clients' sockets, `/apps/…` for servers' calls. To be merged, not nested:
/// the whole path of a call is part of what is signed. Whoever serves it should set `TCP_NODELAY` on each accepted
/// connection, or the system holds small frames back for up to 40 ms.
pub fn router(hub: Hub) -> Router {
    let http_api = Router::new()
        .route("/apps/{app}/events", post(http_api::trigger))
        .route("/apps/{app}/batch_events", post(http_api::trigger_batch))
        .layer(DefaultBodyLimit::max(http_api::MAX_BODY));
    Router::new()
        .route("/app/{key}", any(socket::connect))
        .route("/app", any(socket::no_such_path))
        .route("/app/{key}/{*rest}", any(socket::no_such_path))
        .merge(http_api)
        .with_state(hub)
}
