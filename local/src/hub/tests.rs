//! The hub as its users meet it: WebSocket clients and signed HTTP calls over real loopback connections.

#![allow(clippy::unwrap_used, reason = "a test may fail right where it stands")]

mod asking;
mod caching;
mod client;
mod client_events;
mod connecting;
mod counting;
mod crowd;
mod presence;
mod publishing;
mod signing_in;
mod slow_reader;
mod subscribing;
mod watching;
mod webhooks;

use std::{net::SocketAddr, time::SystemTime};

use axum::serve::ListenerExt;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::realtime::{
    publisher::{Deadlines, Publisher},
    relay::{Endpoint, Relay},
    sign::{ChannelName, SocketId, request},
};
use tokio::net::TcpListener;

use self::client::Client;
use super::{App, Hub, Settings, router};
use shared::secret::Secret;

/// Every test client is subscribed to it; see [`TestHub::assert_silent`].
const MARKER: &str = "marker";

/// A hub on a port of its own.
struct TestHub {
    hub: Hub,
    address: SocketAddr,
    http: reqwest::Client,
}

impl TestHub {
    async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    async fn start_with(settings: Settings) -> Self {
        // Both ends of each socket are open files of this process, and tests run beside each other.
        rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap();
        let app = App { id: "app".into(), key: "key".into(), secret: Secret::new("secret") };
        let hub = Hub::new(app, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let serving = router(hub.clone());
        tokio::spawn(async move { axum::serve(listener, serving).await });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { hub, address, http }
    }

    /// A connected client that is subscribed to these public channels.
    async fn client(&self, channels: &[&str]) -> Client {
        let mut client = Client::connect(self.address).await;
        for channel in [MARKER].iter().chain(channels) {
            client.subscribe(channel, None).await;
        }
        client
    }

    /// A connected client that is subscribed to a private channel.
    async fn private_client(&self, channel: &str) -> Client {
        let mut client = self.client(&[]).await;
        let auth = self.auth(&client.id, channel);
        client.subscribe(channel, Some(&auth)).await;
        client
    }

    /// A connected client that is subscribed to a presence channel as this user, and has read who is there.
    async fn member(&self, channel: &str, user: &str) -> Client {
        let mut client = self.client(&[]).await;
        let answer = self.enter(&mut client, channel, &json!({ "user_id": user })).await;
        assert_eq!(answer["event"], "pusher_internal:subscription_succeeded", "{answer}");
        client
    }

    /// Asks for a presence channel, with the app's signature, and gives the answer.
    async fn enter(&self, client: &mut Client, channel: &str, member: &Value) -> Value {
        let data = member.to_string();
        let name = ChannelName::parse(channel).unwrap();
        let auth = self.hub.signer().channel_auth(&client.id, name, Some(&data));
        client
            .say(json!({
                "event": "pusher:subscribe",
                "data": { "channel": channel, "auth": auth, "channel_data": data },
            }))
            .await;
        client.hear().await
    }

    /// A connected client that is signed in, and has read that it is.
    async fn user(&self, user: &Value) -> Client {
        let mut client = self.client(&[]).await;
        let answer = self.sign_in(&mut client, user).await;
        assert_eq!(answer["event"], "pusher:signin_success", "{answer}");
        client
    }

    /// Asks to be signed in, with the app's signature, and gives the answer.
    async fn sign_in(&self, client: &mut Client, user: &Value) -> Value {
        let data = user.to_string();
        let auth = self.hub.signer().user_auth(&client.id, &data);
        let data = json!({ "auth": auth, "user_data": data });
        client.say(json!({ "event": "pusher:signin", "data": data })).await;
        client.hear().await
    }

    fn auth(&self, id: &SocketId, channel: &str) -> String {
        self.hub.signer().channel_auth(id, ChannelName::parse(channel).unwrap(), None)
    }

    /// The publisher that the functions use, configured for this hub.
    fn publisher(&self) -> Publisher {
        let endpoint = Endpoint { host: "127.0.0.1".into(), port: self.address.port(), tls: false };
        let App { id, key, secret } = self.hub.app().clone();
        let relay = Relay {
            app_id: id,
            key,
            secret,
            api: endpoint.clone(),
            socket: Some(endpoint),
            cluster: None,
            encryption: None,
            previous: None,
        };
        Publisher::new(relay, Deadlines::default()).unwrap()
    }

    /// Makes a signed call.
    async fn post(&self, path: &str, body: &Value) -> StatusCode {
        let body = body.to_string();
        let query = self.sign(path, body.as_bytes(), now());
        self.send(path, &query, body).await
    }

    /// Makes a signed call that asks something; the status and the answer, if that is JSON.
    async fn get(&self, path: &str, query: &str) -> (StatusCode, Value) {
        let call = request::Request { method: "GET", path, query, body: b"" };
        let query = self.hub.signer().sign_request(&call, now());
        let url = format!("http://{}{path}?{query}", self.address);
        let answer = self.http.get(url).send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    /// Makes a signed call and gives its answer.
    async fn answer(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let query = self.sign(path, body.as_bytes(), now());
        let url = format!("http://{}{path}?{query}", self.address);
        let answer = self.http.post(url).body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn trigger(&self, channel: &str, name: &str) {
        let body = json!({ "name": name, "channel": channel, "data": "{}" });
        assert_eq!(self.post("/apps/app/events", &body).await, StatusCode::OK);
    }

    fn sign(&self, path: &str, body: &[u8], timestamp: u64) -> String {
        self.hub
            .signer()
            .sign_request(&request::Request { method: "POST", path, query: "", body }, timestamp)
    }

    async fn send(&self, path: &str, query: &str, body: String) -> StatusCode {
        let url = format!("http://{}{path}?{query}", self.address);
        self.http.post(url).body(body).send().await.unwrap().status()
    }

    /// Checks that nothing waits for a client. No pause could show that; but a socket's frames keep their order, so an
    /// event that is published now must be the next one.
    async fn assert_silent(&self, client: &mut Client) {
        self.trigger(MARKER, "marker").await;
        let heard = client.hear().await;
        assert_eq!(heard["event"], "marker", "{heard}");
    }
}

/// The data of a frame, which is JSON inside a string.
fn data_of(frame: &Value) -> Value {
    serde_json::from_str(frame["data"].as_str().unwrap()).unwrap()
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
