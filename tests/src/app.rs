//! Parlour running inside the test.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::Deref,
    path::Path,
    sync::Arc,
    time::Duration,
};

use local::{
    ALL_FEATURES, Local, LocalOptions, demo_hub_app, demo_tokens,
    embedded::{Engine, Wire},
    hub,
};
use shared::{
    auth::TokenSettings,
    config::{Features, Limits},
    domain::{retention::Retention, time::Clock},
    mail::{Language, MailSettings},
    realtime::{encrypt::MasterKey, relay::Endpoint},
    webhook::WebhookSettings,
};

use crate::{FakeRelay, Site, tap::Tap};

/// With which rooms are encrypted, where they are.
const ENCRYPTION_KEY: &str = "zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhPU=";

/// All of Parlour on a port of its own. What its clients can do, it can do as a [`Site`].
pub struct TestApp {
    local: Local,
    site: Site,
    /// Between it and its own hub.
    tap: Option<Tap>,
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
        let tap = Tap::start().await;
        tap.leads_to(&other.relay());
        let beside = Self::started(store, Some(tap.endpoint()), ALL_FEATURES).await;
        Self { tap: Some(tap), ..beside }
    }

    /// With a relay that cannot be reached.
    pub async fn without_relay() -> Self {
        let relay = FakeRelay::nowhere().await;
        Self::started(Engine::memory().expect("an empty store"), Some(relay), ALL_FEATURES).await
    }

    /// With an empty store, and rooms whose events the relay cannot read.
    pub async fn encrypting() -> Self {
        let store = Engine::memory().expect("an empty store");
        let relay_encryption = MasterKey::parse(ENCRYPTION_KEY);
        Self::running(LocalOptions { relay_encryption, ..options(store) }).await
    }

    /// With an empty store, rooms whose events the relay cannot read, and another relay.
    pub async fn encrypting_to(relay: &FakeRelay) -> Self {
        let store = Engine::memory().expect("an empty store");
        let relay_encryption = MasterKey::parse(ENCRYPTION_KEY);
        let hub_api = Some(relay.endpoint());
        Self::running(LocalOptions { relay_encryption, hub_api, ..options(store) }).await
    }

    /// With an empty store, and its hub's webhooks coming back to it at once.
    pub async fn hearing_its_hub() -> Self {
        let tap = Tap::start().await;
        let Endpoint { host, port, .. } = tap.endpoint();
        let url = format!("http://{host}:{port}/v1/realtime/webhook").parse().expect("a URL");
        let grace = Duration::from_millis(20);
        let webhooks = hub::WebhookSettings { grace, ..hub::WebhookSettings::to(url) };
        let hub = hub::Settings { webhooks: Some(webhooks), ..hub::Settings::default() };
        let store = Engine::memory().expect("an empty store");
        let (hub_api, mail) = (Some(tap.endpoint()), Some(mail("support=5")));
        let app = Self::running(LocalOptions { hub, hub_api, mail, ..options(store) }).await;
        tap.leads_to(&app.relay());
        Self { tap: Some(tap), ..app }
    }

    /// With an empty store, and some things switched off.
    pub async fn offering(features: Features) -> Self {
        Self::started(Engine::memory().expect("an empty store"), None, features).await
    }

    /// With a store that counts or misbehaves, and some things switched off.
    pub async fn offering_on(store: impl Wire, features: Features) -> Self {
        Self::started(store, None, features).await
    }

    /// With an application's server that is told what happens.
    pub async fn telling(store: impl Wire, app_webhooks: WebhookSettings) -> Self {
        Self::running(LocalOptions { app_webhooks: Some(app_webhooks), ..options(store) }).await
    }

    /// The same, with some things switched off.
    pub async fn telling_and_offering(
        store: impl Wire,
        app_webhooks: WebhookSettings,
        features: Features,
    ) -> Self {
        let options = options(store);
        let app_webhooks = Some(app_webhooks);
        Self::running(LocalOptions { app_webhooks, features, ..options }).await
    }

    /// With everything that happens later: mails about support chats, webhooks, and a relay of the test's own.
    pub async fn caring(
        store: impl Wire,
        relay: &FakeRelay,
        app_webhooks: WebhookSettings,
    ) -> Self {
        let hub_api = Some(relay.endpoint());
        let (mail, app_webhooks) = (Some(mail("support=5")), Some(app_webhooks));
        Self::running(LocalOptions { hub_api, mail, app_webhooks, ..options(store) }).await
    }

    /// With the pages of a folder.
    pub async fn showing(pages: &Path) -> Self {
        let store = Engine::memory().expect("an empty store");
        Self::running(LocalOptions { pages: Some(pages.to_owned()), ..options(store) }).await
    }

    /// With limits on how often things may be done.
    pub async fn limiting(store: impl Wire, limits: Limits) -> Self {
        Self::running(LocalOptions { limits, ..options(store) }).await
    }

    /// With messages that are kept only so long.
    pub async fn keeping(store: impl Wire, retention: &str) -> Self {
        let retention = retention.parse().expect("kinds and days");
        Self::running(LocalOptions { retention, ..options(store) }).await
    }

    /// With mails about what is not read in these kinds of room for so many minutes: `direct=15`.
    pub async fn mailing(store: impl Wire, after: &str) -> Self {
        let mail = mail(after);
        Self::running(LocalOptions { mail: Some(mail), ..options(store) }).await
    }

    /// With an empty store, and keys of the test's own. `clock` tells when a key set is due.
    pub async fn trusting(tokens: TokenSettings, clock: Clock) -> Self {
        let store = Engine::memory().expect("an empty store");
        let options = LocalOptions { tokens, token_clock: clock, ..options(store) };
        Self::running(options).await
    }

    async fn started(store: impl Wire, hub_api: Option<Endpoint>, features: Features) -> Self {
        let options = LocalOptions { hub_api, features, ..options(store) };
        Self::running(options).await
    }

    async fn running(options: LocalOptions) -> Self {
        let tap = if options.hub_api.is_none() { Some(Tap::start().await) } else { None };
        let hub_api = options.hub_api.or(tap.as_ref().map(Tap::endpoint));
        let local = Local::start(LocalOptions { hub_api, ..options }).await;
        let local = local.expect("Parlour should start");
        let site = Site::at(format!("http://{}", local.address()));
        let app = Self { local, site, tap };
        if let Some(tap) = &app.tap {
            tap.leads_to(&app.relay());
        }
        app
    }

    /// Its own hub.
    fn relay(&self) -> Endpoint {
        let address = self.local.address();
        Endpoint { host: address.ip().to_string(), port: address.port(), tls: false }
    }

    /// Drops every listener's connection, as a relay does that restarts.
    pub fn disconnect_listeners(&self) {
        self.local.hub().expect("a hub of its own").disconnect_all();
    }

    /// Stops it as a shutdown does.
    pub async fn stop(self) {
        self.local.stop().await;
    }
}

/// As a laptop has it, on a port of its own.
/// A shop's mails about what is not read in these kinds of room for so many minutes.
fn mail(after: &str) -> MailSettings {
    MailSettings {
        from: "Shop <support@shop.example>".parse().expect("a name and an address"),
        after: after.parse().expect("kinds and minutes"),
        room_url: "https://shop.example/inbox/{room}".into(),
        public_url: "https://api.shop.example".into(),
        language: Language::default(),
    }
}

fn options(store: impl Wire) -> LocalOptions {
    LocalOptions {
        wire: Arc::new(store),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        relay: None,
        hub_app: demo_hub_app(),
        hub_api: None,
        relay_encryption: None,
        hub: hub::Settings::default(),
        features: ALL_FEATURES,
        limits: Limits::NONE,
        retention: Retention::default(),
        mail: None,
        smtp: None,
        outbox: None,
        pages: None,
        app_webhooks: None,
        tokens: demo_tokens(),
        token_clock: Clock::system(),
    }
}

impl Deref for TestApp {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}
