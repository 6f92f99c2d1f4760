//! Calls of the API, each with the three ends that a call can have: answered, refused for now, unknown.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Client, Method};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{Failure, message::ONCE};

/// How long a call may take before its client takes the connection for dead.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long something is asked that must be answered in the end.
const LONG: Duration = Duration::from_secs(120);

/// Somebody who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    base: String,
    http: Client,
    /// The id in the token.
    pub(crate) id: String,
    token: String,
    /// What nobody may show to this caller.
    hidden: Option<String>,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It was answered, with another status than 503.
    Answered(u16, Value),
    /// Nobody knows whether it was done.
    Unknown,
}

/// The API through a way.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    base: String,
    http: Client,
}

impl Api {
    /// The API at an address.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub(crate) fn at(address: SocketAddr) -> Result<Self, Failure> {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { base: format!("http://{address}"), http })
    }

    /// Somebody with these claims, from whom something may be hidden.
    ///
    /// # Errors
    /// When there is no token for long.
    pub(crate) async fn caller(
        &self,
        claims: Value,
        hidden: Option<String>,
    ) -> Result<Caller, Failure> {
        let id = claims["sub"].as_str().unwrap_or_default().to_owned();
        let (base, http) = (self.base.clone(), self.http.clone());
        let nobody = Caller { base, http, id, token: String::new(), hidden };
        let (_, answer) = nobody.insists(Method::POST, "/dev/tokens", &claims, &[200]).await?;
        let token = answer["token"].as_str().ok_or("no token")?.to_owned();
        Ok(Caller { token, ..nobody })
    }
}

impl Caller {
    /// The same one, on another way.
    pub(crate) fn over(&self, api: &Api) -> Self {
        Self { base: api.base.clone(), http: api.http.clone(), ..self.clone() }
    }

    /// Calls once.
    ///
    /// # Errors
    /// When the answer holds what is hidden from this caller.
    pub(crate) async fn calls(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Outcome, Failure> {
        self.sends(method, path, body, false).await
    }

    /// Calls once, by a request that does not arrive twice.
    ///
    /// # Errors
    /// As [`Caller::calls`].
    pub(crate) async fn calls_once(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Outcome, Failure> {
        self.sends(method, path, body, true).await
    }

    async fn sends(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        once: bool,
    ) -> Result<Outcome, Failure> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.bearer_auth(&self.token);
        if once {
            request = request.header(ONCE, "1");
        }
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let Ok(answer) = request.send().await else { return Ok(Outcome::Unknown) };
        let status = answer.status().as_u16();
        let Ok(text) = answer.bytes().await else { return Ok(Outcome::Unknown) };
        self.may_see(&text)?;
        if status == 503 {
            return Ok(Outcome::Unknown);
        }
        Ok(Outcome::Answered(status, serde_json::from_slice(&text).unwrap_or_default()))
    }

    /// Nothing of what is hidden from this caller is in it.
    ///
    /// # Errors
    /// When it is.
    pub(crate) fn may_see(&self, text: &[u8]) -> Result<(), Failure> {
        let Some(hidden) = self.hidden.as_deref() else { return Ok(()) };
        if !text.windows(hidden.len()).any(|part| part == hidden.as_bytes()) {
            return Ok(());
        }
        Err(format!("{} was shown {hidden}: {}", self.id, String::from_utf8_lossy(text)).into())
    }

    /// Calls until it is answered, which may be done any number of times.
    ///
    /// # Errors
    /// When it is answered with another status, or for very long not at all.
    pub(crate) async fn insists(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        statuses: &[u16],
    ) -> Result<(u16, Value), Failure> {
        let began = Instant::now();
        loop {
            match self.calls(method.clone(), path, body).await? {
                Outcome::Answered(status, json) if statuses.contains(&status) => {
                    return Ok((status, json));
                }
                Outcome::Answered(status, json) => {
                    return Err(format!("{method} {path} by {}: {status} {json}", self.id).into());
                }
                Outcome::Unknown if began.elapsed() > LONG => {
                    return Err(format!("{method} {path} by {}: never answered", self.id).into());
                }
                Outcome::Unknown => sleep(Duration::from_millis(fastrand::u64(20..200))).await,
            }
        }
    }

    /// `GET`, until it is answered.
    ///
    /// # Errors
    /// As [`Caller::insists`].
    pub(crate) async fn gets(&self, path: &str) -> Result<Value, Failure> {
        Ok(self.insists(Method::GET, path, &Value::Null, &[200]).await?.1)
    }
}
