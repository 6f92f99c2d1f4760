//! A Pusher-compatible server for development, tests and single-machine use. Production points its configuration at
//! Pusher or another server instead; nothing else knows which one it is.
//!
//! It is stricter than those servers wherever they are lenient, or it would hide a bug until production.
//!
//! | file | part of the protocol |
//! |---|---|
//! | `protocol` | the frames, in and out, and the close codes |
//! | `limits`, `settings` | what is allowed at most, and how long is waited |
//! | `socket` | one connection: handshake, writing, farewell |
//! | `liveness` | pings, and what is closed for its silence |
//! | `mailbox` | the bounded queue between publishers and one socket |
//! | `peer` | what a client may ask for |
//! | `subscribing` | who may subscribe to what |
//! | `client_events` | events from client to client |
//! | `channel` | the kinds of channels, who is subscribed and present, the last event of cache channels |
//! | `user` | ids and members, signing in, watchlists |
//! | `http_api` | the API that servers call |
//! | `webhook` | what happens, told to the app's server |

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, routing::any};
use shared::realtime::sign::{Signer, SocketId};
use shared::secret::Secret;

use self::{
    channel::{Cache, Channels},
    mailbox::Mailbox,
    protocol::Close,
    user::Users,
    webhook::Outbox,
};

mod channel;
mod client_events;
mod http_api;
mod limits;
mod liveness;
mod mailbox;
mod peer;
mod protocol;
mod settings;
mod socket;
mod subscribing;
#[cfg(test)]
mod tests;
mod user;
mod webhook;

pub use self::{
    settings::{Settings, WebhookSettings},
    webhook::{BadUrl, WebhookUrl},
};

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

/// The hub's state; clones share it.
#[derive(Clone)]
pub struct Hub(Arc<State>);

struct State {
    app: Arc<App>,
    settings: Settings,
    is_enabled: AtomicBool,
    sockets: RwLock<HashMap<SocketId, Mailbox>>,
    channels: Arc<Channels>,
    users: Users,
    outbox: Outbox,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("connected", &self.connected()).finish()
    }
}

impl Hub {
    /// A hub without connections. With webhooks among its settings, it must be made within a runtime, where they are
    /// posted from.
    pub fn new(app: App, settings: Settings) -> Self {
        let app = Arc::new(app);
        let outbox = settings.webhooks.clone().map_or_else(Outbox::nowhere, |webhooks| {
            webhook::start(Arc::clone(&app), webhooks, settings.clock.clone())
        });
        let cache = Cache::new(settings.cache_for);
        let channels = Channels::new(cache, outbox.clone(), settings.subscription_counts);
        Self(Arc::new(State {
            app,
            settings,
            is_enabled: AtomicBool::new(true),
            sockets: RwLock::default(),
            channels,
            users: Users::default(),
            outbox,
        }))
    }

    /// How many sockets are connected.
    pub fn connected(&self) -> usize {
        self.0.sockets.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Closes every socket with 4200, "reconnect at once": for a shutdown, and to test that clients come back.
    pub fn disconnect_all(&self) {
        self.hang_up_all(Close::RECONNECT);
    }

    /// Disables the app or enables it again. While it is disabled, sockets are closed with 4003, "stay away", and calls
    /// are answered with 403: as with an app that was switched off, or has used up its quota.
    pub fn set_enabled(&self, is_enabled: bool) {
        self.0.is_enabled.store(is_enabled, Ordering::Release);
        if !is_enabled {
            self.hang_up_all(Close::APP_DISABLED);
        }
    }

    fn hang_up_all(&self, close: Close) {
        for mailbox in self.0.sockets.read().unwrap_or_else(PoisonError::into_inner).values() {
            mailbox.hang_up(close);
        }
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn is_enabled(&self) -> bool {
        self.0.is_enabled.load(Ordering::Acquire)
    }

    fn channels(&self) -> &Channels {
        &self.0.channels
    }

    fn users(&self) -> &Users {
        &self.0.users
    }

    fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    fn signer(&self) -> Signer<'_> {
        Signer::new(&self.0.app.key, &self.0.app.secret)
    }

    /// Gives a new socket its id: two random numbers, unique among the connected.
    ///
    /// # Errors
    /// When there are too many already.
    fn admit(&self, mailbox: &Mailbox) -> Result<SocketId, Close> {
        let mut sockets = self.0.sockets.write().unwrap_or_else(PoisonError::into_inner);
        if sockets.len() >= self.0.settings.max_connections {
            return Err(Close::TOO_MANY);
        }
        loop {
            let id = SocketId::from_parts(fastrand::u32(..).into(), fastrand::u32(..).into());
            if !sockets.contains_key(&id) {
                sockets.insert(id.clone(), mailbox.clone());
                return Ok(id);
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
    Router::new()
        .route("/app/{key}", any(socket::connect))
        .route("/app", any(socket::no_such_path))
        .route("/app/{key}/{*rest}", any(socket::no_such_path))
        .merge(http_api::router())
        .with_state(hub)
}
