//! Sends webhooks, one attempt at a time. When to try again is for whoever sends.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::RETRY_AFTER,
    redirect,
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::time::{Instant, timeout_at};

use super::{address::is_public, breaker::Breaker, settings::WebhookSettings};
use crate::{
    domain::{ids::WebhookId, time::Timestamp, webhook::HookKind},
    telemetry::{self, Remote},
};

/// An answer is read to its end and forgotten, so that its connection can be used again, unless it is
/// longer than this, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// The client that sends webhooks cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client of webhooks cannot be made")]
pub struct SetupError(#[source] reqwest::Error);

/// Why a webhook did not arrive. No error shows the address or a body.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The receiver answered something other than 2xx. That includes redirects, which could lead
    /// anywhere.
    #[error("the receiver answered {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// When the receiver wants to be asked again (RFC 9110, section 10.2.3), in seconds.
        retry_after: Option<u64>,
    },
    /// No connection, or it broke off; also where the receiver's name leads to a private address.
    #[error("the receiver cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// No answer in time.
    #[error("the receiver did not answer in time")]
    TimedOut,
}

impl SendError {
    fn from_transport(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Unreachable(error.without_url()) }
    }

    /// The receiver's HTTP status, if it answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Unreachable(_) | Self::TimedOut => None,
        }
    }

    /// When the receiver wants to be asked again, if it said so along with 429 or 503; in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Refused { status: 429 | 503, retry_after } => *retry_after,
            _ => None,
        }
    }

    /// Whether the receiver wants no more of it (410, by Standard Webhooks).
    pub fn is_final(&self) -> bool {
        self.status() == Some(410)
    }
}

/// Sends webhooks to the application's server over pooled connections.
#[derive(Debug)]
pub struct Sender {
    settings: WebhookSettings,
    http: Client,
    breaker: Breaker,
}

impl Sender {
    /// A sender of webhooks. Nothing is sent yet.
    ///
    /// # Errors
    /// When the HTTP client, TLS mostly, cannot be set up.
    pub fn new(settings: WebhookSettings) -> Result<Self, SetupError> {
        // A proxy from the environment could reach what must not be reached.
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        let http = match settings.url.private {
            true => http,
            false => http.dns_resolver(std::sync::Arc::new(PublicAlone)),
        };
        let http = http.build().map_err(|error| SetupError(error.without_url()))?;
        Ok(Self { settings, http, breaker: Breaker::default() })
    }

    /// Whether the receiver wants to know of this.
    pub fn wants(&self, kind: HookKind) -> bool {
        self.settings.events.contains(&kind)
    }

    /// Whether the receiver has just been found to hang or not to be there, so that nobody should wait
    /// for it.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.breaker.is_open(now)
    }

    /// One attempt. The receiver tells what came twice by the id.
    ///
    /// # Errors
    /// Says why it was not taken.
    pub async fn send(
        &self,
        id: WebhookId,
        body: Vec<u8>,
        within: Duration,
        now: Timestamp,
    ) -> Result<(), SendError> {
        let deadline = Instant::now() + within;
        let attempt = || {
            let attempt = self.attempt(id, &body, deadline);
            telemetry::call(Remote::Webhook, "webhook", attempt)
        };
        let mut sent = attempt().await;
        // A pooled connection that the receiver closed, or that died while this function was frozen: the
        // receiver itself is most likely fine.
        if matches!(&sent, Err(SendError::Unreachable(error)) if !error.is_connect()) {
            sent = attempt().await;
        }
        match &sent {
            Err(SendError::TimedOut | SendError::Unreachable(_)) => self.breaker.open(now),
            Ok(()) | Err(SendError::Refused { .. }) => self.breaker.close(),
        }
        sent
    }

    async fn attempt(
        &self,
        id: WebhookId,
        body: &[u8],
        deadline: Instant,
    ) -> Result<(), SendError> {
        // The machine's time, whatever time the rest of the program lives in: the receiver compares it
        // with its own clock.
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (id, at) = (id.to_string(), at.as_secs());
        let request = self
            .http
            .post(self.settings.url.url.clone())
            .header("content-type", "application/json")
            .header("user-agent", concat!("Parlour/", env!("CARGO_PKG_VERSION")))
            .header("webhook-signature", self.settings.secrets.sign(&id, at, body))
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .body(body.to_vec());
        let answer = timeout_at(deadline, request.send()).await;
        let answer = answer.map_err(|_| SendError::TimedOut)?.map_err(SendError::from_transport)?;
        let status = answer.status();
        let retry_after = retry_after(&answer);
        // What it says beside its status is nobody's business.
        let _ = timeout_at(deadline, read_to_end(answer)).await;
        match status.is_success() {
            true => Ok(()),
            false => Err(SendError::Refused { status: status.as_u16(), retry_after }),
        }
    }
}

async fn read_to_end(mut answer: Response) {
    let mut left = MAX_ANSWER;
    while let Ok(Some(chunk)) = answer.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(answer: &Response) -> Option<u64> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    let left = at.unix_timestamp().saturating_sub(OffsetDateTime::now_utc().unix_timestamp());
    Some(u64::try_from(left).unwrap_or_default())
}

/// Looks names up, and knows no private address: also not of a name that was public a moment ago.
struct PublicAlone;

impl Resolve for PublicAlone {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
