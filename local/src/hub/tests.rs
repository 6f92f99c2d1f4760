//! The hub as its users meet it: WebSocket clients and signed HTTP calls over real loopback connections.

#![allow(clippy::unwrap_used, reason = "a test may fail right where it stands")]

mod client;
mod client_events;
mod connecting;
mod publishing;
mod slow_reader;
mod subscribing;

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
            socket: endpoint,
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

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
