//! The relay's HTTP API, which is Pusher's: events for channels and users, and questions about channels.
//!
//! Publishing comes after storing, so it may fail without losing anything: the caller learns of it and notes what is
//! to be told later, and clients find in the log what it told. What it may not do is keep a caller waiting, so
//! one deadline covers all tries.
//!
//! A relay has no idempotency key. When an answer gets lost, a retry doubles the event; receivers drop the second
//! by the ids inside.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::join_all;
use reqwest::{Client, Method, Request, Response, StatusCode, Url, header, redirect};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::relay::Relay;
use super::sign::{ChannelName, Signer, request};
use crate::{
    domain::ids::SideKey,
    telemetry::{self, Remote},
};

mod carrier;
mod error;
#[cfg(test)]
mod tests;

pub use carrier::{Carried, Carrier};
pub use error::{BrokenLimit, PublishError, SetupError};

/// The most that the `data` of an event may hold, in bytes of UTF-8, encrypted if it is to be.
pub const MAX_EVENT_DATA: usize = 10_240;
/// The longest event name, in characters.
pub const MAX_EVENT_NAME: usize = 200;
/// The most events in one call.
pub const MAX_BATCH: usize = 10;
/// The most channels that one event of one call goes to.
pub const MAX_CHANNELS: usize = 100;

/// How many tries may follow the first one after a pause, beside the immediate one that a stale connection gets.
const MAX_RETRIES: u32 = 2;
/// The middle of the pause before the first retry; it doubles with each.
const PAUSE: Duration = Duration::from_millis(30);
/// An answer is read to its end, so that its connection can be used again, unless it is longer than this.
const MAX_ANSWER: usize = 1024 * 1024;

/// One event for one or more channels.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The channels it goes to.
    pub channels: Vec<String>,
    /// The event's name, which clients bind to.
    pub name: Cow<'static, str>,
    /// What clients receive: a JSON text already, at most [`MAX_EVENT_DATA`] bytes.
    pub data: String,
}

impl Trigger {
    fn check(&self) -> Result<(), BrokenLimit> {
        self.channels.iter().try_for_each(|channel| ChannelName::parse(channel).map(|_| ()))?;
        if self.name.is_empty() || self.name.chars().count() > MAX_EVENT_NAME {
            return Err(BrokenLimit::Name);
        }
        if self.data.len() > MAX_EVENT_DATA {
            return Err(BrokenLimit::Data { bytes: self.data.len() });
        }
        Ok(())
    }
}

/// How long the relay may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For one [`Publisher::publish`], all tries together.
    pub publish: Duration,
    /// For [`Publisher::connect`], which includes a TLS handshake on a small machine.
    pub connect: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { publish: Duration::from_millis(800), connect: Duration::from_secs(2) }
    }
}

/// Publishes to one relay, over pooled connections unless something else [carries](Self::carried_by) the calls.
/// Clones share the pool.
#[derive(Clone, Debug)]
pub struct Publisher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    relay: Relay,
    carrier: Arc<dyn Carrier>,
    deadlines: Deadlines,
    base: Url,
}

/// A call of the HTTP API.
struct Call {
    method: Method,
    /// Below the app's own path.
    path: String,
    /// URL-escaped.
    query: String,
    /// JSON; empty of a `GET`.
    body: Vec<u8>,
}

impl Call {
    fn get(path: impl Into<String>, query: String) -> Self {
        Self { method: Method::GET, path: path.into(), query, body: Vec::new() }
    }

    fn post(path: impl Into<String>, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("a struct of strings is always JSON");
        Self { method: Method::POST, path: path.into(), query: String::new(), body }
    }

    /// The whole URL, signed.
    fn signed_url(&self, base: &Url, signer: Signer<'_>, timestamp: u64) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path(), self.path));
        let (method, path) = (self.method.as_str(), url.path());
        let request = request::Request { method, path, query: &self.query, body: &self.body };
        let query = signer.sign_request(&request, timestamp);
        url.set_query(Some(&query));
        url
    }
}

/// What the relay knows of a channel. What was not asked for, or the relay does not count, is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelState {
    /// Whether anybody listens.
    pub occupied: bool,
    /// How many connections listen.
    pub subscription_count: Option<u64>,
    /// Of a presence channel: how many users listen.
    pub user_count: Option<u64>,
}

/// The answer about all channels.
#[derive(Deserialize)]
struct OccupiedChannels {
    channels: BTreeMap<String, serde::de::IgnoredAny>,
}

/// The answer about a presence channel's users.
#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

/// The body of a call that needs none.
#[derive(Serialize)]
struct Nothing {}

/// The body of a batch call: events of one channel each.
#[derive(Serialize)]
struct Batch<'a> {
    batch: &'a [BatchEvent<'a>],
}

#[derive(Serialize)]
struct BatchEvent<'a> {
    channel: &'a str,
    name: &'a str,
    data: &'a str,
}

/// The body of a call for one event on many channels.
#[derive(Serialize)]
struct ManyChannels<'a> {
    channels: &'a [String],
    name: &'a str,
    data: &'a str,
}

/// As few calls as there can be: events of a single channel go together, in their order; an event of
/// many channels goes by itself, to a hundred at a time.
fn calls(events: &[Trigger]) -> Vec<Call> {
    let (single, many): (Vec<&Trigger>, Vec<&Trigger>) =
        events.iter().partition(|event| event.channels.len() <= 1);
    let single: Vec<BatchEvent<'_>> = single
        .into_iter()
        .flat_map(|event| {
            event.channels.iter().map(|channel| BatchEvent {
                channel,
                name: &event.name,
                data: &event.data,
            })
        })
        .collect();
    let batches =
        single.chunks(MAX_BATCH).map(|batch| Call::post("batch_events", &Batch { batch }));
    let many = many.into_iter().flat_map(|event| {
        event.channels.chunks(MAX_CHANNELS).map(|channels| {
            Call::post("events", &ManyChannels { channels, name: &event.name, data: &event.data })
        })
    });
    batches.chain(many).collect()
}

impl Publisher {
    /// A publisher for the relay's app. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] when the relay's host or app id does not make a URL, or TLS cannot be set up.
    pub fn new(relay: Relay, deadlines: Deadlines) -> Result<Self, SetupError> {
        let scheme = if relay.api.tls { "https" } else { "http" };
        let base =
            format!("{scheme}://{}:{}/apps/{}/", relay.api.host, relay.api.port, relay.app_id);
        let base = Url::parse(&base).map_err(|_| SetupError::Address)?;
        // A signed call is for this relay alone: it follows no redirect and takes no proxy from the environment.
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        let http = http.map_err(|error| SetupError::Client(error.without_url()))?;
        Ok(Self(Arc::new(Inner { relay, carrier: Arc::new(http), deadlines, base })))
    }

    /// The same publisher, whose calls go another way.
    #[must_use]
    pub fn carried_by(&self, carrier: Arc<dyn Carrier>) -> Self {
        let Inner { relay, deadlines, base, .. } = &*self.0;
        let (relay, base) = (relay.clone(), base.clone());
        Self(Arc::new(Inner { relay, carrier, deadlines: *deadlines, base }))
    }

    /// Opens a connection and leaves it in the pool, so that the first event does not wait for a handshake. Asks for
    /// a channel that nobody uses; neither the answer nor a failure matters.
    pub async fn connect(&self) {
        let warm_up = async {
            if let Ok(answer) = self.call(&Call::get("channels/warm-up", String::new())).await {
                read(answer).await;
            }
        };
        let _ = timeout(self.0.deadlines.connect, warm_up).await;
    }

    /// Says that events are about to be written and published.
    pub fn prepare(&self) {
        self.0.carrier.prepare();
    }

    /// Publishes events, in as few calls as there can be, which run in parallel. Up to ten events of a single
    /// channel each go in one call, and keep their order.
    ///
    /// # Errors
    /// [`PublishError::Limit`] before anything is sent. Any other error says that some of the events, perhaps all,
    /// were not accepted within the deadline; sending all of them again is safe.
    pub async fn publish(&self, events: Vec<Trigger>) -> Result<(), PublishError> {
        let outcome = self.publish_all(&events).await;
        if let Err(error) = &outcome {
            tracing::warn!(status = error.status(), events = events.len(), %error, "events were not published");
        }
        outcome
    }

    async fn publish_all(&self, events: &[Trigger]) -> Result<(), PublishError> {
        events.iter().try_for_each(Trigger::check)?;
        let deadline = self.deadline();
        let calls = calls(events);
        let calls = calls.iter().map(|call| self.send(call, deadline));
        join_all(calls).await.into_iter().try_for_each(|sent| sent.map(|_| ()))
    }

    /// Sends an event to all connections on which a user has signed in, past any channel.
    ///
    /// # Errors
    /// As of [`Self::publish`].
    pub async fn send_to_user(
        &self,
        user: &SideKey,
        name: &'static str,
        data: String,
    ) -> Result<(), PublishError> {
        // The channel's name is the protocol's own, which no channel of ours could have.
        let event = Trigger { channels: Vec::new(), name: name.into(), data };
        event.check()?;
        let channels = &[format!("#server-to-user-{}", user.as_str())];
        let body = ManyChannels { channels, name, data: &event.data };
        self.ask(&Call::post("events", &body)).await.map(|_| ())
    }

    /// Closes all connections on which a user has signed in.
    ///
    /// # Errors
    /// When the relay did not do so within the deadline. Doing it again is safe.
    pub async fn terminate_connections(&self, user: &SideKey) -> Result<(), PublishError> {
        let path = format!("users/{}/terminate_connections", user.as_str());
        self.ask(&Call::post(path, &Nothing {})).await.map(|_| ())
    }

    /// The names of the channels that somebody listens to, those that begin so.
    ///
    /// # Errors
    /// When the relay did not tell within the deadline.
    pub async fn channels(&self, prefix: &str) -> Result<Vec<String>, PublishError> {
        let query = query(&[("filter_by_prefix", prefix)]);
        let answer: OccupiedChannels = self.question(&Call::get("channels", query)).await?;
        Ok(answer.channels.into_keys().collect())
    }

    /// What the relay knows of a channel; `info` names the counts that are wanted, with commas between
    /// them. Not every relay counts.
    ///
    /// # Errors
    /// When the relay did not tell within the deadline.
    pub async fn channel(
        &self,
        name: ChannelName<'_>,
        info: &str,
    ) -> Result<ChannelState, PublishError> {
        let query = if info.is_empty() { String::new() } else { query(&[("info", info)]) };
        self.question(&Call::get(format!("channels/{}", name.as_str()), query)).await
    }

    /// The ids of the users who listen to a presence channel.
    ///
    /// # Errors
    /// When the relay did not tell within the deadline.
    pub async fn users(&self, channel: ChannelName<'_>) -> Result<Vec<String>, PublishError> {
        let path = format!("channels/{}/users", channel.as_str());
        let answer: Users = self.question(&Call::get(path, String::new())).await?;
        Ok(answer.users.into_iter().map(|user| user.id).collect())
    }

    async fn question<T: DeserializeOwned>(&self, call: &Call) -> Result<T, PublishError> {
        let answer = self.ask(call).await?;
        serde_json::from_slice(&answer).map_err(|_| PublishError::Unreadable)
    }

    /// One call by itself, within the deadline; a failure is logged, once.
    async fn ask(&self, call: &Call) -> Result<Vec<u8>, PublishError> {
        let answered = self.send(call, self.deadline()).await;
        if let Err(error) = &answered {
            tracing::warn!(status = error.status(), %error, "a call to the relay failed");
        }
        answered
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.0.deadlines.publish
    }

    /// One call, tried until it is accepted, refused for good, or out of time. The answer's body.
    async fn send(&self, call: &Call, deadline: Instant) -> Result<Vec<u8>, PublishError> {
        let mut retries = Retries::default();
        loop {
            // The first try leaves half of the time: a relay that hangs may answer on another connection.
            let now = Instant::now();
            let until = if retries.paused == 0 { now + (deadline - now) / 2 } else { deadline };
            let attempt = self.attempt(call, until);
            let error = match telemetry::call(Remote::Relay, &call.path, attempt).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(pause) = retries.pause_after(&error) else { return Err(error) };
            if Instant::now() + pause >= deadline {
                return Err(error);
            }
            sleep(pause).await;
        }
    }

    async fn attempt(&self, call: &Call, until: Instant) -> Result<Vec<u8>, PublishError> {
        let answer = timeout_at(until, self.call(call)).await;
        let answer = answer.map_err(|_| PublishError::TimedOut)??;
        match answer.status() {
            StatusCode::OK | StatusCode::ACCEPTED => match timeout_at(until, read(answer)).await {
                Ok(Some(body)) => Ok(body),
                // Accepted is accepted, however the rest of the answer fares.
                _ if call.method == Method::POST => Ok(Vec::new()),
                _ => Err(PublishError::Unreadable),
            },
            status if status.is_server_error() => {
                Err(PublishError::Unavailable { status: status.as_u16() })
            }
            status => Err(PublishError::Refused { status: status.as_u16() }),
        }
    }

    /// One signed call. The timestamp is the system's time whatever time the rest of the program lives in, since the
    /// relay compares it with its own clock.
    async fn call(&self, call: &Call) -> Result<Response, PublishError> {
        let Inner { relay, carrier, base, .. } = &*self.0;
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let url = call.signed_url(base, relay.signer(), now);
        let mut request = Request::new(call.method.clone(), url);
        let json = header::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        *request.body_mut() = Some(call.body.clone().into());
        carrier.carry(request).await
    }
}

fn query(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).expect("pairs of strings are always a query")
}

/// What was tried again already.
#[derive(Default)]
struct Retries {
    paused: u32,
    reconnected: bool,
}

impl Retries {
    /// How long to wait before the next try; `None` when there shall be none.
    fn pause_after(&mut self, error: &PublishError) -> Option<Duration> {
        if !error.is_temporary() {
            return None;
        }
        // A pooled connection that the relay closed, or that died while this function was frozen: the relay itself
        // is most likely fine.
        if matches!(error, PublishError::Closed(_)) && !self.reconnected {
            self.reconnected = true;
            return Some(Duration::ZERO);
        }
        if self.paused == MAX_RETRIES {
            return None;
        }
        // From half to one and a half of the middle, so that callers who failed together do not return together.
        let middle = PAUSE * (1 << self.paused);
        self.paused += 1;
        Some(middle / 2 + middle.mul_f64(fastrand::f64()))
    }
}

/// Reads an answer to its end, so that the connection goes back to the pool. Nothing when it broke off or went
/// beyond the bound.
async fn read(mut answer: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}
