//! The local program: the functions' routers, the hub and the development routes on one port.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use axum::{Router, middleware, serve::ListenerExt as _};
use dispatch::mail::{BadServer, Smtp};
use shared::{
    actions::{Services, SetupError},
    auth::{self, IssuerKeys, Secrets, TokenRules, TokenSettings},
    config::{Features, Limits, Origins, ServiceSettings},
    domain::{retention::Retention, time::Clock},
    http::App,
    mail::{Delays, Language, MailSettings, Mailbox},
    realtime::{
        encrypt::MasterKey,
        relay::{Endpoint, Relay},
    },
    store::{Store, StoreError, table},
    telemetry::Telemetry,
    webhook::WebhookSettings,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::MissedTickBehavior};

use crate::{
    dev::{self, DevClock},
    due::Due,
    embedded::{Wire, client},
    hub::{self, Hub},
    in_process::InProcess,
    kept,
    live::{self, Counted, Live},
    outbox::{LocalMail, Outbox},
    pages,
};
use shared::secret::Secret;

/// The store's table. `infra/local.env` names it too, for functions under cargo-lambda.
pub const TABLE: &str = "parlour";

/// What signs tokens on a laptop; `infra/local.env` holds the same.
const DEMO_TOKEN_SECRET: &str = "parlour-local-secret-not-for-production";
/// What signs for a laptop's hub; `infra/local.env` holds the same.
const DEMO_RELAY_SECRET: &str = "parlour-secret";

/// How long open requests may take when the program is told to stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the local program is made of.
#[derive(Debug)]
pub struct LocalOptions {
    /// Where the store's requests go.
    pub wire: Arc<dyn Wire>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Another relay than the program's own hub, which then is not there.
    pub relay: Option<Relay>,
    /// The app of the program's own hub.
    pub hub_app: hub::App,
    /// Where the hub is published to, if not at the program's own address.
    pub hub_api: Option<Endpoint>,
    /// With which rooms' events are encrypted on their way through the hub, if they are.
    pub relay_encryption: Option<MasterKey>,
    /// What the program's own hub allows.
    pub hub: hub::Settings,
    /// What can be switched off.
    pub features: Features,
    /// How often things may be done.
    pub limits: Limits,
    /// How long messages are kept.
    pub retention: Retention,
    /// How what is not read is mailed, if it is. Where an address is empty, mails lead to the program.
    pub mail: Option<MailSettings>,
    /// The mail server, unless mails are only kept.
    pub smtp: Option<Secret>,
    /// The folder of the pages, if they are served.
    pub pages: Option<PathBuf>,
    /// The folder into which mails are written that are only kept, if any.
    pub outbox: Option<PathBuf>,
    /// The application's own server, if it is to be told what happens.
    pub app_webhooks: Option<WebhookSettings>,
    /// Whose tokens are good.
    pub tokens: TokenSettings,
    /// When a key set is due: the machine's time, but for tests.
    pub token_clock: Clock,
}

/// What a laptop offers unless it says otherwise: all there is.
pub const ALL_FEATURES: Features = Features { user_search: true, guests: true, presence: true };

/// The program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// The table cannot be made.
    #[error("cannot use the store: {0}")]
    Store(#[from] StoreError),
    /// The client that fetches a key set cannot be made.
    #[error(transparent)]
    Keys(#[from] auth::SetupError),
    /// A client of what actions work with cannot be made.
    #[error(transparent)]
    Services(#[from] SetupError),
    /// The mail server's URL leads to none.
    #[error(transparent)]
    Mail(#[from] BadServer),
}

/// The running program.
#[derive(Debug)]
pub struct Local {
    address: SocketAddr,
    hub: Option<Hub>,
    due: Arc<Due>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Local {
    /// Starts it; it answers once this returns.
    ///
    /// # Errors
    /// When the address or the store cannot be had.
    pub async fn start(options: LocalOptions) -> Result<Self, StartError> {
        let refused = |cause| StartError::Listen { address: options.listen, cause };
        let listener = TcpListener::bind(options.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let live = Live::new();
        // What is said by answers and at the hub alone can wait for the disk there; what goes elsewhere cannot.
        let ahead = match (&options.relay, &options.app_webhooks) {
            (None, None) => options.wire.ahead(),
            _ => None,
        };
        let store = |wire: Arc<dyn Wire>| {
            let wire = Counted { wire, live: live.clone() };
            client(Arc::new(wire), RetryConfig::standard().with_max_attempts(3))
        };
        let dynamodb = store(Arc::clone(&options.wire));
        table::create(&dynamodb, TABLE).await?;
        let settings = ServiceSettings {
            relay: options.relay.clone().unwrap_or_else(|| own_relay(address, &options)),
            features: options.features,
            limits: options.limits,
            retention: options.retention.clone(),
            mail: options.mail.clone().map(|mail| leading_here(mail, address)),
            webhooks: options.app_webhooks.clone(),
        };
        let clock = DevClock::default();
        let mail = match &options.smtp {
            Some(server) => LocalMail::Smtp(Smtp::at(server)?),
            None => LocalMail::Outbox(Outbox::new(options.outbox.clone(), clock.clock())),
        };
        let hub = match options.relay {
            Some(_) => None,
            None => Some(Hub::new(options.hub_app, options.hub)),
        };
        let watched =
            |routes: Router| routes.layer(middleware::from_fn_with_state(live.clone(), live::tell));
        let events = hub.clone().map(hub::router).unwrap_or_default();
        let events = watched(kept::requests(events, ahead.clone()));
        let own_hub = match (&hub, options.hub_api) {
            (Some(_), None) => Some(InProcess::to(events.clone(), ahead.clone())),
            _ => None,
        };
        let services = |dynamodb| {
            let store = Store::new(dynamodb, TABLE);
            let mut services = Services::new(store, settings.clone(), clock.clock())?;
            if let Some(hub) = &own_hub {
                services.publisher = services.publisher.carried_by(Arc::clone(hub));
            }
            Ok::<_, SetupError>(services)
        };
        let (services, kept) = match &ahead {
            Some(ahead) => (services(store(Arc::new(ahead.clone())))?, Some(services(dynamodb)?)),
            None => (services(dynamodb)?, None),
        };
        let tokens = TokenRules::new(options.tokens, options.token_clock)?;
        let telemetry = Telemetry::default();
        let app =
            Arc::new(App { services, tokens, origins: Origins::All, public_url: None, telemetry });
        let due = Arc::new(Due { app: Arc::clone(&app), kept, mail });
        let dev = dev::router(clock, Arc::clone(&due), live.clone());
        let routes = chat::routes().merge(realtime::routes()).merge(dialects::routes());
        let routes = shared::http::serve(routes, Arc::clone(&app));
        let router = watched(kept::answers(routes, ahead))
            .merge(events)
            .merge(dev)
            .merge(pages::router(options.pages.as_deref()));
        // Small frames must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            let told = async move {
                let _ = stopped.await;
            };
            axum::serve(listener, service).with_graceful_shutdown(told).await
        });
        app.connect().await;
        Ok(Self { address, hub, due, stop, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its hub, unless its events go through another relay.
    pub fn hub(&self) -> Option<&Hub> {
        self.hub.as_ref()
    }

    /// Does what is due later, again and again.
    pub fn dispatching(&self, every: Duration) -> impl Future<Output = ()> + Send + 'static {
        let due = Arc::clone(&self.due);
        async move {
            let mut tick = tokio::time::interval(every);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                if let Err(error) = due.run().await {
                    tracing::warn!(%error, "what is due could not be found");
                }
            }
        }
    }

    /// Lets open requests end, closes the sockets, and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Some(hub) = &self.hub {
            hub.disconnect_all();
        }
        let _ = tokio::time::timeout(PATIENCE, self.server).await;
    }
}

/// By which address this machine reaches a program of its own that listens there.
pub(crate) fn from_here(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

/// Whose tokens a laptop takes unless the environment says otherwise: those of `POST /dev/tokens`.
pub fn demo_tokens() -> TokenSettings {
    let secrets = Secrets::only(Secret::new(DEMO_TOKEN_SECRET));
    TokenSettings {
        keys: IssuerKeys::Secrets(secrets.clone()),
        issuer: "parlour-local".into(),
        audience: "parlour".into(),
        guests: Some(secrets),
    }
}

/// How a laptop mails unless the environment says otherwise.
pub(crate) fn demo_mail() -> MailSettings {
    MailSettings {
        from: Mailbox { name: Some("Parlour".into()), address: "support@parlour.example".into() },
        after: Delays::default(),
        room_url: String::new(),
        public_url: String::new(),
        language: Language::default(),
    }
}

/// The same, with the addresses that it leaves open: where this program is.
fn leading_here(mail: MailSettings, listens: SocketAddr) -> MailSettings {
    let here = format!("http://{}", from_here(listens));
    let or = |url: String, path: &str| if url.is_empty() { format!("{here}{path}") } else { url };
    MailSettings {
        room_url: or(mail.room_url, "/inbox/{room}"),
        public_url: or(mail.public_url, ""),
        ..mail
    }
}

/// The app of a laptop's hub unless the environment says otherwise.
pub fn demo_hub_app() -> hub::App {
    hub::App {
        id: "parlour".into(),
        key: "parlour-key".into(),
        secret: Secret::new(DEMO_RELAY_SECRET),
    }
}

/// The program's own hub. Clients find it where they found the API: at one of many addresses perhaps.
fn own_relay(address: SocketAddr, options: &LocalOptions) -> Relay {
    let hub::App { id, key, secret } = options.hub_app.clone();
    let own = || Endpoint::plain(from_here(address));
    Relay {
        app_id: id,
        key,
        secret,
        api: options.hub_api.clone().unwrap_or_else(own),
        socket: None,
        cluster: None,
        encryption: options.relay_encryption.clone(),
        previous: None,
    }
}

impl LocalOptions {
    /// The settings that still have their demo values, which everybody knows.
    pub(crate) fn known_to_all(&self) -> Vec<&'static str> {
        let of_tokens = |secrets: &Secrets| {
            let previous = secrets.previous.as_ref();
            [Some(&secrets.current), previous]
                .into_iter()
                .flatten()
                .any(|secret| secret.expose() == DEMO_TOKEN_SECRET)
        };
        let tokens = match &self.tokens.keys {
            IssuerKeys::Secrets(secrets) => of_tokens(secrets),
            IssuerKeys::KeySet(_) => false,
        };
        let guests = !tokens && self.tokens.guests.as_ref().is_some_and(of_tokens);
        let relay = self.relay.as_ref().map_or(&self.hub_app.secret, |relay| &relay.secret);
        let relay = relay.expose() == DEMO_RELAY_SECRET;
        [
            (tokens, "PARLOUR_JWT_SECRET"),
            (guests, "PARLOUR_GUEST_SECRET"),
            (relay, "PARLOUR_RELAY_SECRET"),
        ]
        .into_iter()
        .filter_map(|(is_known, name)| is_known.then_some(name))
        .collect()
    }
}
