//! The only reader of the environment: once, at start. What is missing or wrong is named.

mod told;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

pub use self::told::{LogSettings, TelemetrySettings};
use crate::{
    auth::{GUESTS, IssuerKeys, KeySetUrl, Secrets, TokenSettings},
    domain::{
        rate::{BadRate, Rate},
        retention::Retention,
        webhook::HookKind,
    },
    mail::{Delays, Language, MailSettings, Mailbox},
    realtime::{
        encrypt::MasterKey,
        relay::{AppKey, Endpoint, Relay},
    },
    secret::Secret,
    webhook::{ReceiverUrl, SigningSecret, SigningSecrets, WebhookSettings},
};

/// The shortest secret that may verify tokens: 256 bits, as RFC 7518 (section 3.2) asks for HS256.
const MIN_SECRET_BYTES: usize = 32;

/// What a deployment sets of a function that answers requests.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where rooms and messages are.
    pub store: StoreSettings,
    /// What actions work by.
    pub services: ServiceSettings,
    /// Whose tokens are good.
    pub tokens: TokenSettings,
    /// Which web pages may call.
    pub origins: Origins,
    /// The address under which clients reach the API, without a slash at the end. Where it is not
    /// set, each request tells.
    pub public_url: Option<String>,
    /// What is told of requests.
    pub telemetry: TelemetrySettings,
}

/// What a deployment sets of the function that a schedule calls: it knows no token's key.
#[derive(Clone, Debug)]
pub struct DispatchConfig {
    /// Where rooms and messages are.
    pub store: StoreSettings,
    /// What actions work by.
    pub services: ServiceSettings,
    /// The mail server, with whatever it takes to be let in (`smtps://user:password@host`), if mail is sent.
    pub smtp: Option<Secret>,
}

/// Where rooms and messages are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Where DynamoDB is.
    pub dynamodb: DynamoDb,
    /// The name of the table.
    pub table: String,
}

/// What actions work by.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Where events go.
    pub relay: Relay,
    /// What can be switched off.
    pub features: Features,
    /// How often things may be done.
    pub limits: Limits,
    /// How long messages are kept.
    pub retention: Retention,
    /// How what is not read is mailed, if it is.
    pub mail: Option<MailSettings>,
    /// The application's own server, if it is to be told what happens.
    pub webhooks: Option<WebhookSettings>,
}

/// What can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Whether people may look for each other by name; admins and the application's server always may.
    pub user_search: bool,
    /// Whether anyone may have a guest's token.
    pub guests: bool,
    /// Whether people may see who is online, and when somebody was last.
    pub presence: bool,
}

impl Features {
    /// What the environment says, and `unless_set` where it says nothing.
    ///
    /// # Errors
    /// Names the first setting that is wrong.
    pub fn from_env(unless_set: Self) -> Result<Self, ConfigError> {
        Settings { get: &environment }.features(unless_set)
    }
}

/// How often things may be done; what has no rate is not limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Posts of one sender in one room. A desk's agents are one sender.
    pub posts: Option<Rate>,
    /// Rooms that one caller opens.
    pub openings: Option<Rate>,
    /// Searches for people by one caller.
    pub searches: Option<Rate>,
    /// Guests who come from one address.
    pub guests: Option<Rate>,
}

impl Limits {
    /// What a laptop has.
    pub const NONE: Self = Self { posts: None, openings: None, searches: None, guests: None };

    /// What a deployment has: more than people need, less than a program that went wild can pay for.
    const DEPLOYED: Self = Self {
        posts: Some(Rate::new(5, 30)),
        openings: Some(Rate::new(1, 60)),
        searches: Some(Rate::new(5, 50)),
        guests: Some(Rate::new(1, 60)),
    };

    /// What the environment says, and `unless_set` where it says nothing.
    ///
    /// # Errors
    /// Names the first setting that is wrong.
    pub fn from_env(unless_set: Self) -> Result<Self, ConfigError> {
        Settings { get: &environment }.limits(unless_set)
    }
}

impl TokenSettings {
    /// What the environment says, and `unless_set` where it says nothing.
    ///
    /// # Errors
    /// Names the first setting that is wrong.
    pub fn from_env(unless_set: Self) -> Result<Self, ConfigError> {
        Settings { get: &environment }.tokens_or(unless_set)
    }
}

/// How long messages are kept, as the environment says it (`PARLOUR_RETENTION`); for ever where it says
/// nothing.
///
/// # Errors
/// Says what is wrong.
pub fn retention_from_env() -> Result<Retention, ConfigError> {
    Settings { get: &environment }.retention()
}

/// How what is not read is mailed, as the environment says it, and as in `unless_set` where it says nothing.
///
/// # Errors
/// Names the first setting that is wrong.
pub fn mail_from_env(unless_set: MailSettings) -> Result<Option<MailSettings>, ConfigError> {
    Settings { get: &environment }.mail(Some(unless_set))
}

/// The mail server, as the environment says it.
pub fn smtp_from_env() -> Option<Secret> {
    Settings { get: &environment }.smtp()
}

/// The application's own server of a laptop, as the environment says it: it may listen on this machine,
/// or on a private network.
///
/// # Errors
/// Names the first setting that is missing or wrong.
pub fn app_webhooks_from_env() -> Result<Option<WebhookSettings>, ConfigError> {
    Settings { get: &environment }.webhooks(true)
}

/// Where DynamoDB is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamoDb {
    /// The AWS region.
    pub region: String,
    /// Another address than the region's own, for a store that only speaks DynamoDB's protocol.
    pub endpoint: Option<String>,
}

/// What a deployment offers unless it says otherwise: guests cost something, and anyone can be one; not
/// everyone wants to be seen.
const FEATURES: Features = Features { user_search: true, guests: false, presence: false };

/// Which web pages may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All: there are no cookies to abuse.
    All,
    /// These alone, each as a browser writes it: `https://shop.example`.
    Only(Vec<String>),
}

/// A setting that is missing or wrong. The message names it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: String,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// Names the first setting that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&Settings { get: &environment })
    }

    fn read(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        let services = settings.services()?;
        Ok(Self {
            store: settings.store()?,
            tokens: settings.tokens(services.features)?,
            origins: settings.origins("PARLOUR_CORS_ORIGINS")?,
            public_url: settings.public_url(),
            telemetry: settings.telemetry()?,
            services,
        })
    }
}

impl DispatchConfig {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// Names the first setting that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        let settings = &Settings { get: &environment };
        let services = settings.services()?;
        let smtp = settings.smtp();
        if let Some(mail) = &services.mail {
            let missing = |name| Err(wrong(name, "is not set, but PARLOUR_MAIL_FROM is"));
            if smtp.is_none() {
                return missing("PARLOUR_SMTP_URL");
            }
            if mail.public_url.is_empty() {
                return missing("PARLOUR_PUBLIC_URL");
            }
        }
        Ok(Self { store: settings.store()?, services, smtp })
    }
}

/// With which a laptop's rooms are encrypted, if they are.
///
/// # Errors
/// When it is no key.
pub fn relay_encryption_from_env() -> Result<Option<MasterKey>, ConfigError> {
    Settings { get: &environment }.relay_encryption()
}

/// The relay of a program that has one of its own.
#[derive(Clone, Debug)]
pub enum ProgramRelay {
    /// Its own, for the app that is set as far as it is.
    Own {
        /// The app's id.
        app_id: Option<String>,
        /// Its key.
        key: Option<String>,
        /// Its secret.
        secret: Option<Secret>,
    },
    /// Another one, in the place of its own.
    Other(Box<Relay>),
}

/// The relay of a program that listens here, as the environment says it: another one where a host or a
/// cluster is named, unless that host is the program itself.
///
/// # Errors
/// Names the first setting that is missing or wrong.
pub fn relay_from_env(listens: SocketAddr) -> Result<ProgramRelay, ConfigError> {
    Settings { get: &environment }.program_relay(listens)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Settings by name.
struct Settings<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
}

impl Settings<'_> {
    /// A setting; an empty one counts as absent.
    fn optional(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.optional(name).ok_or_else(|| wrong(name, "is not set"))
    }

    fn parsed<T: FromStr>(&self, name: &'static str, what: &str) -> Result<Option<T>, ConfigError> {
        self.optional(name)
            .map(|value| value.parse().map_err(|_| wrong(name, &format!("is not {what}"))))
            .transpose()
    }

    fn store(&self) -> Result<StoreSettings, ConfigError> {
        Ok(StoreSettings {
            dynamodb: DynamoDb {
                region: self.required("AWS_REGION")?,
                endpoint: self.optional("AWS_ENDPOINT_URL_DYNAMODB"),
            },
            table: self.required("PARLOUR_TABLE")?,
        })
    }

    fn services(&self) -> Result<ServiceSettings, ConfigError> {
        Ok(ServiceSettings {
            relay: self.relay()?,
            features: self.features(FEATURES)?,
            limits: self.limits(Limits::DEPLOYED)?,
            retention: self.retention()?,
            mail: self.mail(None)?,
            webhooks: self.webhooks(false)?,
        })
    }

    /// How what is not read is mailed. What is not set is as in `unless_set`; without both, no mail is sent.
    fn mail(&self, unless_set: Option<MailSettings>) -> Result<Option<MailSettings>, ConfigError> {
        let from = self.read::<Mailbox>("PARLOUR_MAIL_FROM")?;
        let room_url = self.optional("PARLOUR_MAIL_ROOM_URL");
        let (after, language) = (
            self.read::<Delays>("PARLOUR_MAIL_AFTER")?,
            self.read::<Language>("PARLOUR_MAIL_LANGUAGE")?,
        );
        let public_url = self.public_url();
        let Some(unless_set) = unless_set else {
            let Some(from) = from else { return Ok(None) };
            let missing = |name| wrong(name, "is not set, but PARLOUR_MAIL_FROM is");
            return Ok(Some(MailSettings {
                from,
                after: after.unwrap_or_default(),
                room_url: room_url.ok_or_else(|| missing("PARLOUR_MAIL_ROOM_URL"))?,
                // Only whoever writes mails needs it, and insists.
                public_url: public_url.unwrap_or_default(),
                language: language.unwrap_or_default(),
            }));
        };
        Ok(Some(MailSettings {
            from: from.unwrap_or(unless_set.from),
            after: after.unwrap_or(unless_set.after),
            room_url: room_url.unwrap_or(unless_set.room_url),
            public_url: public_url.unwrap_or(unless_set.public_url),
            language: language.unwrap_or(unless_set.language),
        }))
    }

    fn smtp(&self) -> Option<Secret> {
        self.optional("PARLOUR_SMTP_URL").map(Secret::new)
    }

    /// A setting whose type says what is wrong with it.
    fn read<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let read = |text: String| text.parse().map_err(|bad: T::Err| wrong(name, &bad.to_string()));
        self.optional(name).map(read).transpose()
    }

    fn public_url(&self) -> Option<String> {
        self.optional("PARLOUR_PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned())
    }

    /// Whose tokens are good.
    fn tokens(&self, features: Features) -> Result<TokenSettings, ConfigError> {
        let keys = self.issuer_keys()?;
        let keys =
            keys.ok_or_else(|| wrong("PARLOUR_JWT_SECRET", "is not set, nor PARLOUR_JWKS_URL"))?;
        let guests = self.guest_secrets(&keys)?;
        if features.guests && guests.is_none() {
            let problem = "is not set, and guests need one where PARLOUR_JWKS_URL is set";
            return Err(wrong("PARLOUR_GUEST_SECRET", problem));
        }
        let issuer = self.issuer()?;
        Ok(TokenSettings {
            keys,
            issuer: issuer.ok_or_else(|| wrong("PARLOUR_JWT_ISSUER", "is not set"))?,
            audience: self.required("PARLOUR_JWT_AUDIENCE")?,
            guests,
        })
    }

    fn tokens_or(&self, unless_set: TokenSettings) -> Result<TokenSettings, ConfigError> {
        let keys = self.issuer_keys()?.unwrap_or(unless_set.keys);
        Ok(TokenSettings {
            guests: self.guest_secrets(&keys)?.or(unless_set.guests),
            keys,
            issuer: self.issuer()?.unwrap_or(unless_set.issuer),
            audience: self.optional("PARLOUR_JWT_AUDIENCE").unwrap_or(unless_set.audience),
        })
    }

    /// A secret or the address of a key set: one of them, so that nobody has to guess which counts.
    fn issuer_keys(&self) -> Result<Option<IssuerKeys>, ConfigError> {
        let current = self.token_secret("PARLOUR_JWT_SECRET")?;
        let previous = self.token_secret("PARLOUR_JWT_SECRET_PREVIOUS")?;
        match (current, previous, self.optional("PARLOUR_JWKS_URL")) {
            (Some(current), previous, None) => {
                Ok(Some(IssuerKeys::Secrets(Secrets { current, previous })))
            }
            (None, None, Some(url)) => match KeySetUrl::parse(&url) {
                Ok(url) => Ok(Some(IssuerKeys::KeySet(url))),
                Err(problem) => Err(wrong("PARLOUR_JWKS_URL", problem)),
            },
            (None, None, None) => Ok(None),
            (Some(_), _, Some(_)) => {
                Err(wrong("PARLOUR_JWKS_URL", "is set, and so is PARLOUR_JWT_SECRET; unset one"))
            }
            (None, Some(_), _) => {
                Err(wrong("PARLOUR_JWT_SECRET_PREVIOUS", "is set, but not PARLOUR_JWT_SECRET"))
            }
        }
    }

    /// What signs guests' tokens: a secret of its own, or the application's.
    fn guest_secrets(&self, keys: &IssuerKeys) -> Result<Option<Secrets>, ConfigError> {
        let own = self.token_secret("PARLOUR_GUEST_SECRET")?.map(Secrets::only);
        Ok(own.or_else(|| match keys {
            IssuerKeys::Secrets(secrets) => Some(secrets.clone()),
            IssuerKeys::KeySet(_) => None,
        }))
    }

    fn issuer(&self) -> Result<Option<String>, ConfigError> {
        let issuer = self.optional("PARLOUR_JWT_ISSUER");
        if issuer.as_deref() == Some(GUESTS) {
            let problem = format!("is {GUESTS}, which is the issuer of guests' tokens alone");
            return Err(wrong("PARLOUR_JWT_ISSUER", &problem));
        }
        Ok(issuer)
    }

    fn token_secret(&self, name: &'static str) -> Result<Option<Secret>, ConfigError> {
        let secret = self.optional(name);
        if secret.as_ref().is_some_and(|secret| secret.len() < MIN_SECRET_BYTES) {
            return Err(wrong(name, &format!("is shorter than {MIN_SECRET_BYTES} bytes")));
        }
        Ok(secret.map(Secret::new))
    }

    fn program_relay(&self, listens: SocketAddr) -> Result<ProgramRelay, ConfigError> {
        let is_own = match (self.optional("PARLOUR_RELAY_CLUSTER"), self.relay_api()?) {
            (None, Some(api)) => leads_to(&api, listens),
            (None, None) => true,
            (Some(_), _) => false,
        };
        if !is_own {
            return Ok(ProgramRelay::Other(Box::new(self.relay()?)));
        }
        Ok(ProgramRelay::Own {
            app_id: self.optional("PARLOUR_RELAY_APP_ID"),
            key: self.optional("PARLOUR_RELAY_KEY"),
            secret: self.optional("PARLOUR_RELAY_SECRET").map(Secret::new),
        })
    }

    /// The relay's own host at Pusher, where it is that: `api` or `ws`.
    fn hosted(&self, part: &str) -> Option<String> {
        let cluster = self.optional("PARLOUR_RELAY_CLUSTER")?;
        Some(format!("{part}-{cluster}.pusher.com"))
    }

    /// Where the relay's HTTP API is, if any relay is named.
    fn relay_api(&self) -> Result<Option<Endpoint>, ConfigError> {
        let tls = self.parsed("PARLOUR_RELAY_TLS", "true or false")?.unwrap_or(true);
        let port = self.parsed("PARLOUR_RELAY_PORT", "a port")?;
        let port = port.unwrap_or(Endpoint::usual_port(tls));
        let host = self.optional("PARLOUR_RELAY_HOST").or_else(|| self.hosted("api"));
        Ok(host.map(|host| Endpoint::new(&host, port, tls)))
    }

    /// Where clients open their sockets: at the HTTP API's place but for what is set.
    fn relay_socket(&self, api: &Endpoint) -> Result<Endpoint, ConfigError> {
        let tls = self.parsed("PARLOUR_RELAY_SOCKET_TLS", "true or false")?.unwrap_or(api.tls);
        let host = self.optional("PARLOUR_RELAY_SOCKET_HOST").or_else(|| self.hosted("ws"));
        // One port does not speak both.
        let unless_set = if tls == api.tls { api.port } else { Endpoint::usual_port(tls) };
        let port = self.parsed("PARLOUR_RELAY_SOCKET_PORT", "a port")?.unwrap_or(unless_set);
        Ok(Endpoint::new(host.as_ref().unwrap_or(&api.host), port, tls))
    }

    fn relay(&self) -> Result<Relay, ConfigError> {
        let api = self
            .relay_api()?
            .ok_or_else(|| wrong("PARLOUR_RELAY_HOST", "is not set, nor PARLOUR_RELAY_CLUSTER"))?;
        Ok(Relay {
            app_id: self.required("PARLOUR_RELAY_APP_ID")?,
            key: self.required("PARLOUR_RELAY_KEY")?,
            secret: Secret::new(self.required("PARLOUR_RELAY_SECRET")?),
            socket: Some(self.relay_socket(&api)?),
            api,
            cluster: self.optional("PARLOUR_RELAY_CLUSTER"),
            encryption: self.relay_encryption()?,
            previous: self.previous_relay_key()?,
        })
    }

    fn relay_encryption(&self) -> Result<Option<MasterKey>, ConfigError> {
        let name = "PARLOUR_RELAY_ENCRYPTION_KEY";
        let parse = |text: String| MasterKey::parse(&text);
        let wrong = || wrong(name, "is not 32 bytes in base64");
        self.optional(name).map(|text| parse(text).ok_or_else(wrong)).transpose()
    }

    fn previous_relay_key(&self) -> Result<Option<AppKey>, ConfigError> {
        let secret = self.optional("PARLOUR_RELAY_SECRET_PREVIOUS").map(Secret::new);
        // A relay may replace the secret alone.
        let key = self.optional("PARLOUR_RELAY_KEY_PREVIOUS");
        match (key, secret) {
            (None, None) => Ok(None),
            (Some(_), None) => {
                let problem = "is not set, but PARLOUR_RELAY_KEY_PREVIOUS is";
                Err(wrong("PARLOUR_RELAY_SECRET_PREVIOUS", problem))
            }
            (key, Some(secret)) => {
                let key = key.map_or_else(|| self.required("PARLOUR_RELAY_KEY"), Ok)?;
                Ok(Some(AppKey { key, secret }))
            }
        }
    }

    fn features(&self, unless_set: Features) -> Result<Features, ConfigError> {
        Ok(Features {
            user_search: self.switch("PARLOUR_USER_SEARCH")?.unwrap_or(unless_set.user_search),
            guests: self.switch("PARLOUR_GUESTS")?.unwrap_or(unless_set.guests),
            presence: self.switch("PARLOUR_PRESENCE")?.unwrap_or(unless_set.presence),
        })
    }

    fn limits(&self, unless_set: Limits) -> Result<Limits, ConfigError> {
        Ok(Limits {
            posts: self.rate("PARLOUR_POST_RATE", unless_set.posts)?,
            openings: self.rate("PARLOUR_OPEN_RATE", unless_set.openings)?,
            searches: self.rate("PARLOUR_SEARCH_RATE", unless_set.searches)?,
            guests: self.rate("PARLOUR_GUEST_RATE", unless_set.guests)?,
        })
    }

    fn retention(&self) -> Result<Retention, ConfigError> {
        Ok(self.read("PARLOUR_RETENTION")?.unwrap_or_default())
    }

    /// The application's own server. `private` says whether it may be on a private network or this machine
    /// where nothing else does.
    fn webhooks(&self, private: bool) -> Result<Option<WebhookSettings>, ConfigError> {
        let private = self.switch("PARLOUR_APP_WEBHOOK_PRIVATE")?.unwrap_or(private);
        let current = self.webhook_secret("PARLOUR_APP_WEBHOOK_SECRET")?;
        let previous = self.webhook_secret("PARLOUR_APP_WEBHOOK_SECRET_PREVIOUS")?;
        let events = self.webhook_events("PARLOUR_APP_WEBHOOK_EVENTS")?;
        let name = "PARLOUR_APP_WEBHOOK_URL";
        let Some(url) = self.optional(name) else { return Ok(None) };
        let url = ReceiverUrl::parse(&url, private).map_err(|problem| wrong(name, problem))?;
        let missing = || wrong("PARLOUR_APP_WEBHOOK_SECRET", &format!("is not set, but {name} is"));
        let secrets = SigningSecrets { current: current.ok_or_else(missing)?, previous };
        Ok(Some(WebhookSettings { url, secrets, events }))
    }

    fn webhook_secret(&self, name: &'static str) -> Result<Option<SigningSecret>, ConfigError> {
        let parse = |text: String| SigningSecret::parse(&text);
        let wrong = || wrong(name, "is not whsec_ and 24 to 64 bytes in base64");
        self.optional(name).map(|text| parse(text).ok_or_else(wrong)).transpose()
    }

    /// What the application's server wants to know: all there is, where nothing is named.
    fn webhook_events(&self, name: &'static str) -> Result<BTreeSet<HookKind>, ConfigError> {
        let Some(list) = self.optional(name) else {
            return Ok(HookKind::ALL.into_iter().collect());
        };
        let known = HookKind::ALL.map(HookKind::as_str).join(", ");
        let parse = |text: &str| {
            let problem = || format!("holds {text:?}, which is none of {known}");
            HookKind::parse(text).ok_or_else(|| wrong(name, &problem()))
        };
        list.split(',').map(str::trim).filter(|one| !one.is_empty()).map(parse).collect()
    }

    fn rate(
        &self,
        name: &'static str,
        unless_set: Option<Rate>,
    ) -> Result<Option<Rate>, ConfigError> {
        match self.optional(name).as_deref() {
            None => Ok(unless_set),
            Some("off") => Ok(None),
            Some(text) => {
                let rate: Result<Rate, BadRate> = text.parse();
                rate.map(Some).map_err(|bad| wrong(name, &format!("{bad}, nor off")))
            }
        }
    }

    fn switch(&self, name: &'static str) -> Result<Option<bool>, ConfigError> {
        match self.optional(name).as_deref() {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "is not on or off")),
        }
    }

    fn origins(&self, name: &'static str) -> Result<Origins, ConfigError> {
        let list = self.optional(name).unwrap_or_default();
        if list == "*" {
            return Ok(Origins::All);
        }
        let origins: Vec<String> = list
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect();
        match origins.iter().find(|origin| !is_origin(origin)) {
            Some(bad) => Err(wrong(
                name,
                &format!("holds {bad:?}, which is no origin like https://shop.example"),
            )),
            None => Ok(Origins::Only(origins)),
        }
    }
}

/// Whether an endpoint is where a program of this machine listens.
fn leads_to(endpoint: &Endpoint, listens: SocketAddr) -> bool {
    if endpoint.tls || endpoint.port != listens.port() {
        return false;
    }
    let everywhere = listens.ip().is_unspecified();
    let on_loopback = everywhere || listens.ip().is_loopback();
    match endpoint.host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => ip == listens.ip() || (everywhere && ip.is_loopback()),
        Err(_) => on_loopback && endpoint.host.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether the text is what a browser sends as an origin: scheme and host, no path.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '*', ' '])
    })
}

fn wrong(name: &'static str, problem: &str) -> ConfigError {
    ConfigError { name, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests;
