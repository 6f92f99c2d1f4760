//! What the app's server is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use shared::{
    domain::time::{Clock, Timestamp},
    realtime::sign::Signer,
};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use super::{MARKER, Secret, Settings, TestHub};
use crate::hub::WebhookSettings;

const PATIENCE: Duration = Duration::from_secs(20);

/// The app's server. It takes only what is signed, and answers as it was told to: first with these statuses, one
/// each, then with 200.
struct Server {
    hub: TestHub,
    events: mpsc::UnboundedReceiver<Value>,
}

struct Receiving {
    statuses: Mutex<Vec<StatusCode>>,
    events: mpsc::UnboundedSender<Value>,
}

impl Server {
    async fn start() -> Self {
        Self::refusing(&[]).await
    }

    async fn refusing(statuses: &[u16]) -> Self {
        let statuses = statuses.iter().rev().map(|it| StatusCode::from_u16(*it).unwrap()).collect();
        let (sender, events) = mpsc::unbounded_channel();
        let receiving = Receiving { statuses: Mutex::new(statuses), events: sender };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(Arc::new(receiving));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let webhooks = WebhookSettings {
            grace: Duration::ZERO,
            first_pause: Duration::from_millis(1),
            ..WebhookSettings::to(url.parse().unwrap())
        };
        let settings = Settings {
            webhooks: Some(webhooks),
            subscription_counts: true,
            clock: Clock::from_fn(|| Timestamp::from_millis(super::now() as i64 * 1000)),
            ..Settings::default()
        };
        Self { hub: TestHub::start_with(settings).await, events }
    }

    /// The next event that is not about how the tests' clients all begin.
    async fn next(&mut self) -> Value {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("a webhook should come");
            let event = event.unwrap();
            if event["channel"] != MARKER && event["name"] != "subscription_count" {
                return event;
            }
        }
    }

    async fn hears(&mut self, expected: Value) {
        assert_eq!(self.next().await, expected);
    }
}

async fn receive(
    State(server): State<Arc<Receiving>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    assert_eq!(headers["x-pusher-key"], "key");
    assert_eq!(headers["content-type"], "application/json");
    let signature = headers["x-pusher-signature"].to_str().unwrap();
    assert!(Signer::new("key", &Secret::new("secret")).verify_webhook(signature, &body));
    if let Some(status) = server.statuses.lock().unwrap().pop() {
        return status;
    }
    let hook: Value = serde_json::from_slice(&body).unwrap();
    assert!(hook["time_ms"].as_i64().unwrap() > 0, "{hook}");
    for event in hook["events"].as_array().unwrap() {
        server.events.send(event.clone()).unwrap();
    }
    StatusCode::OK
}

#[tokio::test]
async fn it_is_told_that_a_channel_is_occupied_once_and_vacated_once() {
    let mut server = Server::start().await;
    let first = server.hub.client(&["news"]).await;
    server.hears(json!({ "name": "channel_occupied", "channel": "news" })).await;
    let second = server.hub.client(&["news"]).await;
    first.leave().await;
    second.leave().await;
    server.hears(json!({ "name": "channel_vacated", "channel": "news" })).await;
}

#[tokio::test]
async fn it_is_told_of_members_once_however_many_sockets_they_have() {
    let mut server = Server::start().await;
    let phone = server.hub.member("presence-room", "alice").await;
    server.hears(json!({ "name": "channel_occupied", "channel": "presence-room" })).await;
    let added =
        |user: &str| json!({ "name": "member_added", "channel": "presence-room", "user_id": user });
    server.hears(added("alice")).await;
    let laptop = server.hub.member("presence-room", "alice").await;
    let _bob = server.hub.member("presence-room", "bob").await;
    server.hears(added("bob")).await;
    phone.leave().await;
    laptop.leave().await;
    server
        .hears(json!({ "name": "member_removed", "channel": "presence-room", "user_id": "alice" }))
        .await;
}

#[tokio::test]
async fn it_is_told_what_clients_send_to_each_other() {
    let mut server = Server::start().await;
    let mut alice = server.hub.member("presence-room", "alice").await;
    server.next().await;
    server.next().await;
    let event =
        json!({ "event": "client-typing", "channel": "presence-room", "data": { "on": true } });
    alice.say(event).await;
    let told = json!({
        "name": "client_event", "channel": "presence-room", "event": "client-typing",
        "data": r#"{"on":true}"#, "socket_id": alice.id.as_str(), "user_id": "alice",
    });
    server.hears(told).await;
    let mut bob = server.hub.private_client("private-room").await;
    server.next().await;
    bob.say(json!({ "event": "client-typing", "channel": "private-room", "data": "now" })).await;
    let told = json!({
        "name": "client_event", "channel": "private-room", "event": "client-typing",
        "data": "now", "socket_id": bob.id.as_str(),
    });
    server.hears(told).await;
}

#[tokio::test]
async fn it_is_told_of_a_cache_channel_of_which_nothing_is_kept() {
    let mut server = Server::start().await;
    let _client = server.hub.client(&["cache-news"]).await;
    server.hears(json!({ "name": "channel_occupied", "channel": "cache-news" })).await;
    server.hears(json!({ "name": "cache_miss", "channel": "cache-news" })).await;
}

#[tokio::test]
async fn it_is_told_how_many_are_subscribed() {
    let mut server = Server::start().await;
    let _client = server.hub.client(&["news"]).await;
    let told = json!({ "name": "subscription_count", "channel": "news", "subscription_count": 1 });
    while server.events.recv().await.unwrap() != told {}
}

#[tokio::test]
async fn it_is_not_told_of_users_own_channels() {
    let mut server = Server::start().await;
    let mut alice = server.hub.user(&json!({ "id": "alice" })).await;
    alice.ask("#server-to-user-alice", None).await;
    alice.leave().await;
    let _other = server.hub.client(&["news"]).await;
    server.hears(json!({ "name": "channel_occupied", "channel": "news" })).await;
}

#[tokio::test]
async fn what_it_does_not_take_is_sent_again() {
    let mut server = Server::refusing(&[500, 302, 404]).await;
    let _client = server.hub.client(&["news"]).await;
    server.hears(json!({ "name": "channel_occupied", "channel": "news" })).await;
}
