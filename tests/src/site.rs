//! An address where Parlour is served.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{Answer, PATIENCE, User};

/// Where Parlour is served, and a client to reach it.
#[derive(Clone, Debug)]
pub struct Site {
    base: String,
    http: Client,
}

impl Site {
    /// The site at a base URL without a slash at its end.
    pub fn at(base: impl Into<String>) -> Self {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build();
        Self { base: base.into(), http: http.expect("a client without options") }
    }

    /// The whole URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn http(&self) -> &Client {
        &self.http
    }

    /// Somebody with this id, whose name is the id.
    pub async fn user(&self, id: &str) -> User {
        self.user_with(json!({ "sub": id, "name": id })).await
    }

    /// Somebody whose token has these claims.
    pub async fn user_with(&self, claims: Value) -> User {
        let id = claims["sub"].as_str().unwrap_or_default().to_owned();
        let token = self.token(claims).await;
        User::new(self.clone(), id, Some(token))
    }

    /// A support agent.
    pub async fn admin(&self, id: &str) -> User {
        self.user_with(json!({ "sub": id, "name": id, "roles": ["admin"] })).await
    }

    /// The application's own server.
    pub async fn service(&self) -> User {
        self.user_with(json!({ "sub": "server", "roles": ["service"] })).await
    }

    /// Somebody who presents this token.
    pub fn holder_of(&self, token: impl Into<String>) -> User {
        User::new(self.clone(), String::new(), Some(token.into()))
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> User {
        User::new(self.clone(), String::new(), None)
    }

    /// A merchant with this id, whose name is the id.
    pub async fn merchant(&self, id: &str) -> User {
        self.user_with(json!({ "sub": id, "type": "merchant", "name": id })).await
    }

    /// A token with these claims, signed.
    pub async fn token(&self, claims: Value) -> String {
        let answer = self.anonymous().post("/dev/tokens", claims).await.expect(200);
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Moves the clock of rooms and messages forward.
    pub async fn advance_clock(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).expect("not for ages");
        self.put_clock(json!({ "advance_ms": by })).await;
    }

    /// Sets the clock of rooms and messages.
    pub async fn set_clock(&self, now: &str) {
        self.put_clock(json!({ "now": now })).await;
    }

    /// Sets the clock to a time that is minutes away from any at which an inbox moves.
    pub async fn fix_clock(&self) {
        self.set_clock("2031-05-05T12:00:30.000Z").await;
    }

    async fn put_clock(&self, clock: Value) {
        let answer = self.anonymous().put("/dev/clock", clock).await;
        assert!((200..300).contains(&answer.status), "{answer}");
    }

    /// Runs the scheduled function once; what it has done.
    pub async fn dispatches(&self) -> Value {
        self.anonymous().post("/dev/dispatch", json!({})).await.expect(200)
    }

    /// Runs the scheduled function once over a store that may fail, and so may the run.
    pub async fn dispatches_if_it_can(&self) {
        let answer = self.anonymous().post("/dev/dispatch", json!({})).await;
        assert!(matches!(answer.status, 200 | 503), "{answer}");
    }

    /// What would have been mailed so far.
    pub async fn mails(&self) -> Vec<Value> {
        let answer = self.anonymous().get("/dev/mail").await.expect(200);
        answer.as_array().expect("mails").clone()
    }

    /// A browser's question before a request from a page of another site.
    pub async fn preflight(&self, method: &Method, path: &str) -> Answer {
        let request = self
            .http
            .request(Method::OPTIONS, self.url(path))
            .header("origin", "https://shop.example")
            .header("access-control-request-method", method.as_str())
            .header("access-control-request-headers", "authorization,content-type");
        Answer::to(request).await.expect("an answer")
    }
}
