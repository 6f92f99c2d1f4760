//! Parlour running inside the test.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::Arc,
};

use local::{
    ALL_FEATURES, Local, LocalOptions,
    embedded::{Engine, Wire},
};
use shared::{config::Features, realtime::relay::Endpoint};

use crate::{FakeRelay, Site};

/// All of Parlour on a port of its own. What its clients can do, it can do as a [`Site`].
pub struct TestApp {
    local: Local,
    site: Site,
}

impl TestApp {
    /// With an empty store and its own hub.
    pub async fn start() -> Self {
        Self::on(Engine::memory().expect("an empty store")).await
    }

    /// With a store that counts or misbehaves.
    pub async fn on(store: impl Wire) -> Self {
        Self::started(store, None, ALL_FEATURES).await
    }

    /// With an empty store, and events sent to another relay.
    pub async fn publishing_to(relay: &FakeRelay) -> Self {
        Self::started(
            Engine::memory().expect("an empty store"),
            Some(relay.endpoint()),
            ALL_FEATURES,
        )
        .await
    }

    /// With a store and a relay of the test's own.
    pub async fn between(store: impl Wire, relay: &FakeRelay) -> Self {
        Self::started(store, Some(relay.endpoint()), ALL_FEATURES).await
    }

    /// One more function beside another, over the same store and with the same listeners. It
    /// remembers nothing of what the other one has seen.
    pub async fn beside(other: &Self, store: impl Wire) -> Self {
        let address = other.local.address();
        let relay = Endpoint { host: address.ip().to_string(), port: address.port(), tls: false };
        Self::started(store, Some(relay), ALL_FEATURES).await
    }

    /// With a relay that cannot be reached.
    pub async fn without_relay() -> Self {
        let relay = FakeRelay::nowhere().await;
        Self::started(Engine::memory().expect("an empty store"), Some(relay), ALL_FEATURES).await
    }

    /// With an empty store, and some things switched off.
    pub async fn offering(features: Features) -> Self {
        Self::started(Engine::memory().expect("an empty store"), None, features).await
    }

    async fn started(store: impl Wire, relay: Option<Endpoint>, features: Features) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = LocalOptions { wire: Arc::new(store), listen, relay, features };
        let local = Local::start(options).await.expect("Parlour should start");
        let site = Site::at(format!("http://{}", local.address()));
        Self { local, site }
    }

    /// Drops every listener's connection, as a relay does that restarts.
    pub fn disconnect_listeners(&self) {
        self.local.hub().disconnect_all();
    }

    /// Stops it as a shutdown does.
    pub async fn stop(self) {
        self.local.stop().await;
    }
}

impl Deref for TestApp {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}
