//! Triggering an event, as a Pusher library does: one signed call, however long it takes.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Client;
use serde_json::{Value, json};
use shared::{
    realtime::sign::{Signer, request::Request},
    secret::Secret,
};
use tests::{RELAY_APP, RELAY_KEY, RELAY_SECRET};

use crate::Failure;

/// The hub.
pub(super) struct Relay {
    http: Client,
    base: String,
    secret: Secret,
}

impl Relay {
    /// The hub on this port.
    pub(super) fn at(port: u16) -> Result<Self, Failure> {
        let http = Client::builder().no_proxy().tcp_nodelay(true).build()?;
        let base = format!("http://127.0.0.1:{port}");
        Ok(Self { http, base, secret: Secret::new(RELAY_SECRET) })
    }

    /// Tells the room's channel.
    pub(super) async fn triggers(&self, room: &str, message: &Value) -> Result<(), Failure> {
        let path = format!("/apps/{RELAY_APP}/events");
        let body = json!({
            "name": "new_message", "channels": [format!("private-room-{room}")],
            "data": message.to_string(),
        });
        let body = body.to_string();
        let call = Request { method: "POST", path: &path, query: "", body: body.as_bytes() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let query = Signer::new(RELAY_KEY, &self.secret).sign_request(&call, now);
        let request = self.http.post(format!("{}{path}?{query}", self.base));
        let request = request.header("content-type", "application/json").body(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}
