//! How clients call a stack.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Peer, Place};
use crate::Failure;

/// Where it is called. Clones share connections.
#[derive(Clone)]
pub(in crate::peers) struct Door {
    pub(in crate::peers) peer: Peer,
    pub(super) base: String,
    pub(super) http: Client,
}

/// What a post was answered.
pub(in crate::peers) struct Answered {
    pub(in crate::peers) status: u16,
    pub(in crate::peers) body: Value,
}

impl Answered {
    /// Whether the message is stored, as far as the one who posted can know.
    pub(in crate::peers) fn is_stored(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the relay did not take the event in time, so that it is told later.
    pub(in crate::peers) fn is_told_late(&self) -> bool {
        self.body["delivered"] == false
    }
}

impl Door {
    /// One of the two posts.
    ///
    /// # Errors
    /// When there is no answer.
    pub(in crate::peers) async fn post(
        &self,
        place: &Place,
        who: usize,
        client_id: Uuid,
    ) -> Result<Answered, Failure> {
        let words = "Hello, how are you today?";
        let (method, path, body) = match self.peer {
            Peer::Synapse => (
                Method::PUT,
                format!("/_matrix/client/v3/rooms/{}/send/m.room.message/{client_id}", place.room),
                json!({ "msgtype": "m.text", "body": words, "client_id": client_id }),
            ),
            _ => (
                Method::POST,
                format!("/v1/rooms/{}/messages", place.room),
                json!({ "body": words, "client_id": client_id }),
            ),
        };
        let request = self.request(method, &path, &place.tokens[who], Some(&body));
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let body = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        Ok(Answered { status, body })
    }

    /// `GET` by the second of a room, which must be answered with 200.
    ///
    /// # Errors
    /// When it is not.
    pub(in crate::peers) async fn get(&self, path: &str, token: &str) -> Result<Value, Failure> {
        self.calls(Method::GET, path, token, None).await
    }

    /// How long it takes until all of the answer to a `GET` is there.
    ///
    /// # Errors
    /// When it is not answered with success.
    pub(in crate::peers) async fn times(
        &self,
        path: &str,
        token: &str,
    ) -> Result<Duration, Failure> {
        let began = Instant::now();
        let answer = self.request(Method::GET, path, token, None).send().await?;
        let answer = answer.error_for_status()?;
        answer.bytes().await?;
        Ok(began.elapsed())
    }

    /// A call that prepares something.
    ///
    /// # Errors
    /// When it is refused.
    pub(in crate::peers) async fn prepare(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        self.calls(Method::POST, path, "", Some(body)).await
    }

    /// A call that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub(super) async fn calls(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let answer = self.request(method, path, token, body).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request
    }
}
