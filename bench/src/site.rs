//! The API, as a client calls it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Failure, PATIENCE};

/// Where Parlour is served.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    base: String,
    http: Client,
}

/// Somebody who calls.
#[derive(Clone, Debug)]
pub(crate) struct User {
    site: Site,
    token: String,
}

/// A room, as far as it matters here.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    /// Its id.
    pub(crate) id: String,
    /// Its channel at the relay.
    pub(crate) channel: String,
}

impl Site {
    /// The site at an address.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub(crate) fn at(address: SocketAddr) -> Result<Self, Failure> {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { base: format!("http://{address}"), http })
    }

    /// Asks `/healthz`.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub(crate) async fn is_ready(&self) -> Result<(), Failure> {
        answer(self.http.get(format!("{}/healthz", self.base)), 200).await.map(drop)
    }

    /// The user of this id.
    ///
    /// # Errors
    /// When there is no token for it.
    pub(crate) async fn user(&self, id: &str) -> Result<User, Failure> {
        self.user_with(&json!({ "sub": id, "name": id })).await
    }

    /// The user whose token has these claims.
    ///
    /// # Errors
    /// When there is no token for it.
    pub(crate) async fn user_with(&self, claims: &Value) -> Result<User, Failure> {
        let request = self.http.post(format!("{}/dev/tokens", self.base));
        let token = answer(with_json(request, claims), 200).await?;
        Ok(User { site: self.clone(), token: text(&token, "token")?.to_owned() })
    }
}

impl User {
    /// `GET`, which must be answered with 200.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = self.site.http.get(format!("{}{path}", self.site.base));
        answer(request.bearer_auth(&self.token), 200).await
    }

    /// How long it takes until all of the answer to a `GET` is there.
    ///
    /// # Errors
    /// When it is not answered with 200.
    pub(crate) async fn times(&self, path: &str) -> Result<Duration, Failure> {
        let request = self.site.http.get(format!("{}{path}", self.site.base));
        let began = Instant::now();
        let answer = request.bearer_auth(&self.token).send().await?;
        let status = answer.status();
        answer.bytes().await?;
        let took = began.elapsed();
        if status == StatusCode::OK { Ok(took) } else { Err(format!("{path}: {status}").into()) }
    }

    /// `PUT`, which must be answered with 200.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.site.http.put(format!("{}{path}", self.site.base));
        answer(with_json(request.bearer_auth(&self.token), body), 200).await
    }

    /// `POST`, which must be answered with `status`.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        status: u16,
    ) -> Result<Value, Failure> {
        let request = self.site.http.post(format!("{}{path}", self.site.base));
        answer(with_json(request.bearer_auth(&self.token), body), status).await
    }

    /// Opens a room with somebody who shares none with this user yet.
    ///
    /// # Errors
    /// When it is not new.
    pub(crate) async fn opens_direct(&self, with: &str) -> Result<Room, Failure> {
        self.opens(&json!({ "kind": "direct", "with": with })).await
    }

    /// Opens a room that is not open yet.
    ///
    /// # Errors
    /// When it is not new.
    pub(crate) async fn opens(&self, wanted: &Value) -> Result<Room, Failure> {
        let room = self.post("/v1/rooms", wanted, 201).await?;
        let part = |name| text(&room, name).map(ToOwned::to_owned);
        Ok(Room { id: part("id")?, channel: part("channel")? })
    }

    /// Posts a message under this client id; says whether the relay took it in time.
    ///
    /// # Errors
    /// When it is not stored.
    pub(crate) async fn posts(&self, room: &str, client_id: Uuid) -> Result<bool, Failure> {
        let path = format!("/v1/rooms/{room}/messages");
        let body = json!({ "body": "Hello, how are you today?", "client_id": client_id });
        let message = self.post(&path, &body, 201).await?;
        message["delivered"].as_bool().ok_or_else(|| format!("no message: {message}").into())
    }
}

/// A text of a JSON object.
///
/// # Errors
/// When it is not there.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, Failure> {
    object[name].as_str().ok_or_else(|| format!("no {name} in {object}").into())
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

async fn answer(request: RequestBuilder, expected: u16) -> Result<Value, Failure> {
    let answer = request.send().await?;
    let (status, url) = (answer.status().as_u16(), answer.url().clone());
    let body = answer.bytes().await?;
    if status != expected {
        let body = String::from_utf8_lossy(&body);
        return Err(format!("{url} answered {status}, not {expected}: {body}").into());
    }
    Ok(serde_json::from_slice(&body).unwrap_or_default())
}
