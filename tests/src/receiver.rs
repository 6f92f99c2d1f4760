//! The application's own server: it takes webhooks, refuses them, or hangs.

use std::{
    collections::BTreeMap,
    future::pending,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use shared::{
    domain::webhook::HookKind,
    webhook::{ReceiverUrl, SigningSecret, SigningSecrets, WebhookSettings},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// How far a webhook's time may be from the machine's, in seconds (Standard Webhooks).
const TOLERANCE: u64 = 300;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// With this status; 2xx means that it took the webhook.
    Status(u16),
    /// With this status, and the wish to be left alone for so many seconds.
    Busy(u16, u64),
    /// It takes the webhook, and never answers.
    Hangs,
}

/// A webhook as it arrived. Its signature held.
#[derive(Clone, Debug)]
pub struct Hook {
    /// `webhook-id`.
    pub id: String,
    /// `type` of the body.
    pub kind: String,
    /// The whole body.
    pub body: Value,
}

/// The application's own server. A test fails whose Parlour sends it a webhook that does not verify.
pub struct Receiver {
    port: u16,
    records: Arc<Mutex<Records>>,
    server: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Records {
    reply: Reply,
    hooks: Vec<Hook>,
    faults: Vec<String>,
}

impl Receiver {
    /// What it shares with Parlour.
    pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// Where it listens.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let records = Records { reply: Reply::Status(204), hooks: Vec::new(), faults: Vec::new() };
        let mut receiver = Self { port, records: Arc::new(Mutex::new(records)), server: None };
        receiver.serve(listener);
        receiver
    }

    fn serve(&mut self, listener: TcpListener) {
        let router = Router::new().fallback(called).with_state(Arc::clone(&self.records));
        self.server = Some(tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server until it is dropped");
        }));
    }

    /// Parlour's settings to tell it everything.
    pub fn settings(&self) -> WebhookSettings {
        WebhookSettings {
            url: ReceiverUrl::parse(&format!("http://127.0.0.1:{}/hooks", self.port), true)
                .expect("a URL of this machine"),
            secrets: SigningSecrets {
                current: SigningSecret::parse(Self::SECRET).expect("a secret"),
                previous: None,
            },
            events: HookKind::ALL.into(),
        }
    }

    /// The same, to tell it of these things alone.
    pub fn wanting(&self, kinds: impl IntoIterator<Item = HookKind>) -> WebhookSettings {
        WebhookSettings { events: kinds.into_iter().collect(), ..self.settings() }
    }

    /// From now on it answers so.
    pub fn replies(&self, reply: Reply) {
        self.lock().reply = reply;
    }

    /// From now on nobody listens there.
    pub async fn goes_down(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            // Its socket is closed once it has ended.
            let _ = server.await;
        }
    }

    /// It listens there again.
    pub async fn comes_back(&mut self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await;
        self.serve(listener.expect("the port that it had"));
    }

    /// Everything that has come since the last look, whatever it answered.
    pub fn take(&self) -> Vec<Hook> {
        std::mem::take(&mut self.lock().hooks)
    }

    /// The same of one kind alone; the others are forgotten.
    pub fn take_kind(&self, kind: HookKind) -> Vec<Hook> {
        self.take().into_iter().filter(|hook| hook.kind == kind.as_str()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
        let faults = std::mem::take(&mut self.lock().faults);
        assert!(faults.is_empty() || std::thread::panicking(), "{faults:?}");
    }
}

fn lock(records: &Mutex<Records>) -> MutexGuard<'_, Records> {
    records.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn called(
    State(records): State<Arc<Mutex<Records>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(HeaderName, String); 1], &'static str) {
    let reply = {
        let mut records = lock(&records);
        match verified(&headers, &body) {
            Ok(hook) => records.hooks.push(hook),
            Err(fault) => records.faults.push(fault),
        }
        records.reply
    };
    let (status, seconds) = match reply {
        Reply::Hangs => pending().await,
        Reply::Status(status) => (status, 0),
        Reply::Busy(status, seconds) => (status, seconds),
    };
    let status = StatusCode::from_u16(status).expect("a status of the test's own");
    (status, [(axum::http::header::RETRY_AFTER, seconds.to_string())], "a secret of the receiver's")
}

/// A webhook that is as Standard Webhooks says, reckoned here anew.
fn verified(headers: &HeaderMap, body: &[u8]) -> Result<Hook, String> {
    let headers: BTreeMap<&str, &str> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let header = |name: &str| headers.get(name).copied().ok_or(format!("no {name}"));
    let (id, at) = (header("webhook-id")?, header("webhook-timestamp")?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let age = at.parse::<u64>().map_err(|_| format!("no time: {at}"))?.abs_diff(now);
    if age > TOLERANCE || header("content-type")? != "application/json" {
        return Err(format!("another time or type: {headers:?}"));
    }
    let key = STANDARD.decode(Receiver::SECRET.trim_start_matches("whsec_")).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    if !header("webhook-signature")?.split(' ').any(|one| one == signature) {
        return Err(format!("not signed: {headers:?}"));
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let kind = body["type"].as_str().ok_or("no type")?.to_owned();
    Ok(Hook { id: id.to_owned(), kind, body })
}
