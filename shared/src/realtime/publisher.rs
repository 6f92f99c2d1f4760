//! Sends events to the relay, through the Pusher HTTP trigger API.
//!
//! Publishing comes after storing, so it may fail without losing anything: the caller learns of it and the event
//! is sent again later. What it may not do is keep a caller waiting, so one deadline covers all tries.
//!
//! A relay has no idempotency key. When an answer gets lost, a retry doubles the event; receivers drop the second
//! by the ids inside.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::join_all;
use reqwest::{Client, Method, Response, StatusCode, Url, redirect};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::relay::Relay;
use super::sign::{ChannelName, Signer, request::Request};

mod error;
#[cfg(test)]
mod tests;

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
const MAX_ANSWER: usize = 16 * 1024;

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

/// Publishes to one relay over pooled connections. Clones share the pool.
#[derive(Clone, Debug)]
pub struct Publisher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    relay: Relay,
    http: Client,
    deadlines: Deadlines,
    base: Url,
}

/// A call that sends events: its path, and its body as JSON.
struct Call {
    path: &'static str,
    body: Vec<u8>,
}

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
    let batches = single
        .chunks(MAX_BATCH)
        .map(|batch| Call { path: "batch_events", body: json(&Batch { batch }) });
    let many = many.into_iter().flat_map(|event| {
        event.channels.chunks(MAX_CHANNELS).map(|channels| {
            let body = ManyChannels { channels, name: &event.name, data: &event.data };
            Call { path: "events", body: json(&body) }
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
        Ok(Self(Arc::new(Inner { relay, http, deadlines, base })))
    }

    /// Opens a connection and leaves it in the pool, so that the first event does not wait for a handshake. Asks for
    /// a channel that nobody uses; neither the answer nor a failure matters.
    pub async fn connect(&self) {
        let warm_up = async {
            if let Ok(answer) = self.call(Method::GET, "channels/warm-up", Vec::new()).await {
                drain(answer).await;
            }
        };
        let _ = timeout(self.0.deadlines.connect, warm_up).await;
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
        let deadline = Instant::now() + self.0.deadlines.publish;
        let calls = calls(events);
        let calls = calls.iter().map(|call| self.send(call, deadline));
        join_all(calls).await.into_iter().collect()
    }

    /// One call, tried until it is accepted, refused for good, or out of time.
    async fn send(&self, call: &Call, deadline: Instant) -> Result<(), PublishError> {
        let mut retries = Retries::default();
        loop {
            // The first try leaves half of the time: a relay that hangs may answer on another connection.
            let now = Instant::now();
            let until = if retries.paused == 0 { now + (deadline - now) / 2 } else { deadline };
            let Err(error) = self.attempt(call, until).await else { return Ok(()) };
            let Some(pause) = retries.pause_after(&error) else { return Err(error) };
            if Instant::now() + pause >= deadline {
                return Err(error);
            }
            sleep(pause).await;
        }
    }

    async fn attempt(&self, call: &Call, until: Instant) -> Result<(), PublishError> {
        let call = self.call(Method::POST, call.path, call.body.clone());
        let answer = timeout_at(until, call).await.map_err(|_| PublishError::TimedOut)??;
        match answer.status() {
            StatusCode::OK | StatusCode::ACCEPTED => {
                // Accepted is accepted, however the rest of the answer fares.
                let _ = timeout_at(until, drain(answer)).await;
                Ok(())
            }
            status if status.is_server_error() => {
                Err(PublishError::Unavailable { status: status.as_u16() })
            }
            status => Err(PublishError::Refused { status: status.as_u16() }),
        }
    }

    /// One signed call. The timestamp is the system's time whatever time the rest of the program lives in, since the
    /// relay compares it with its own clock.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response, PublishError> {
        let Inner { relay, http, base, .. } = &*self.0;
        let mut url = base.clone();
        url.set_path(&format!("{}{path}", base.path()));
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let request = Request { method: method.as_str(), path: url.path(), query: "", body: &body };
        let query = Signer::new(&relay.key, &relay.secret).sign_request(&request, now);
        url.set_query(Some(&query));
        let request =
            http.request(method, url).header("content-type", "application/json").body(body);
        request.send().await.map_err(PublishError::from_transport)
    }
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("a struct of strings is always JSON")
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

/// Reads an answer to its end, or up to the bound, so that the connection goes back to the pool.
async fn drain(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > MAX_ANSWER {
            return;
        }
    }
}
