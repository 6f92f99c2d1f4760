//! What Parlour publishes, held against docs/asyncapi.json on its way to the relay; and what the relay
//! tells Parlour.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use reqwest::Client;
use serde_json::Value;
use shared::realtime::relay::Endpoint;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{Heard, RELAY_APP, event_fault};

/// Stands before a relay, or before Parlour, and passes every call on. A test that made Parlour publish something which
/// the document does not describe fails when this is dropped.
pub(crate) struct Tap {
    port: u16,
    pipe: Arc<Pipe>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Pipe {
    relay: OnceLock<String>,
    faults: Faults,
    http: Client,
}

impl Tap {
    /// One whose relay is still to be named.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let http = Client::builder().no_proxy().build().expect("a client without options");
        let pipe = Arc::new(Pipe { http, ..Pipe::default() });
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&pipe));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server until it is dropped");
        });
        Self { port, pipe, server }
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { host: Ipv4Addr::LOCALHOST.to_string(), port: self.port, tls: false }
    }

    /// From now on calls go there.
    pub(crate) fn leads_to(&self, relay: &Endpoint) {
        let url = format!("http://{}:{}", relay.host, relay.port);
        self.pipe.relay.set(url).expect("a tap leads to one relay");
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.server.abort();
        self.pipe.faults.tell();
    }
}

async fn pass_on(
    State(pipe): State<Arc<Pipe>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Bytes) {
    if method == Method::POST && uri.path().starts_with("/apps/") {
        for event in events(uri.path(), &body) {
            pipe.faults.judge(&event);
        }
    }
    let Some(relay) = pipe.relay.get() else { return (StatusCode::BAD_GATEWAY, Bytes::new()) };
    // Which are those of the next connection.
    headers.remove("host");
    headers.remove("content-length");
    let request = pipe.http.request(method, format!("{relay}{uri}")).headers(headers).body(body);
    let answered = async {
        let answer = request.send().await?;
        Ok::<_, reqwest::Error>((answer.status(), answer.bytes().await?))
    };
    answered.await.unwrap_or((StatusCode::BAD_GATEWAY, Bytes::new()))
}

/// What was published and is not described.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<String>>);

impl Faults {
    /// Notes what is wrong with an event, if anything is.
    pub(crate) fn judge(&self, event: &Heard) {
        let fault = event_fault(&event.channel, &event.name, &event.data);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(fault);
    }

    /// Fails the test that made them.
    pub(crate) fn tell(&self) {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::thread::panicking() {
            assert!(faults.is_empty(), "docs/asyncapi.json is wrong: {faults:#?}");
        }
    }
}

/// The events in the body of a call that publishes.
pub(crate) fn events(path: &str, body: &[u8]) -> Vec<Heard> {
    let body: Value = serde_json::from_slice(body).expect("a JSON body");
    let below = path.strip_prefix(&format!("/apps/{RELAY_APP}/")).expect("this app's path");
    let event = |event: &Value, channel: &Value| Heard {
        name: event["name"].as_str().expect("a name").to_owned(),
        channel: channel.as_str().expect("a channel").to_owned(),
        data: serde_json::from_str(event["data"].as_str().expect("data as text")).expect("JSON"),
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match below {
        "batch_events" => list(&body["batch"]).iter().map(|e| event(e, &e["channel"])).collect(),
        "events" if body["channel"].is_string() => vec![event(&body, &body["channel"])],
        "events" => list(&body["channels"]).iter().map(|channel| event(&body, channel)).collect(),
        // Closes connections, and tells nobody anything.
        user if user.ends_with("/terminate_connections") => Vec::new(),
        other => panic!("{other} is no path that publishes"),
    }
}
