//! A relay that records, refuses or hangs.

use std::{
    future::pending,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
};
use shared::realtime::{
    relay::Endpoint,
    sign::{Signer, request::Request},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    Heard, RELAY_KEY, RELAY_SECRET,
    tap::{Faults, events},
};
use shared::secret::Secret;

/// How a fake relay takes what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It answers with this status; 200 and 202 mean that it took the events.
    Answers(u16),
    /// It takes the events and never answers.
    Hangs,
    /// It takes events, and refuses calls (413) that hold this text.
    Refuses(&'static str),
}

/// Some Pusher-compatible server, known by its address alone. Like every such server it refuses
/// calls that are not signed with the app's secret; and a test fails that made Parlour publish what
/// docs/asyncapi.json does not describe.
pub struct FakeRelay {
    port: u16,
    records: Arc<Mutex<Records>>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Records {
    mood: Mood,
    calls: usize,
    refused: Vec<String>,
    triggers: Vec<Heard>,
    faults: Faults,
}

impl FakeRelay {
    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let records = Arc::new(Mutex::new(Records {
            mood: Mood::Answers(200),
            calls: 0,
            refused: Vec::new(),
            triggers: Vec::new(),
            faults: Faults::default(),
        }));
        let router = Router::new().fallback(called).with_state(Arc::clone(&records));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server until it is dropped");
        });
        Self { port, records, server }
    }

    /// An address where nobody listens.
    pub async fn nowhere() -> Endpoint {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        endpoint(listener.local_addr().expect("a bound socket").port())
    }

    /// Where it listens.
    pub fn endpoint(&self) -> Endpoint {
        endpoint(self.port)
    }

    /// From now on it takes things differently.
    pub fn becomes(&self, mood: Mood) {
        lock(&self.records).mood = mood;
    }

    /// How many calls that publish events it got.
    pub fn calls(&self) -> usize {
        lock(&self.records).calls
    }

    /// The events of all calls so far, one for each channel.
    pub fn triggers(&self) -> Vec<Heard> {
        lock(&self.records).triggers.clone()
    }

    /// The events of all calls since `seen` of them had come.
    pub fn triggers_since(&self, seen: usize) -> Vec<Heard> {
        self.triggers().split_off(seen)
    }

    /// Why calls were refused that were not signed as they must be.
    pub fn refused(&self) -> Vec<String> {
        lock(&self.records).refused.clone()
    }
}

impl Drop for FakeRelay {
    fn drop(&mut self) {
        self.server.abort();
        lock(&self.records).faults.tell();
    }
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: Ipv4Addr::LOCALHOST.to_string(), port, tls: false }
}

fn lock(records: &Mutex<Records>) -> MutexGuard<'_, Records> {
    records.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn called(
    State(records): State<Arc<Mutex<Records>>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    let call = Request { method: method.as_str(), path, query, body: &body };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let verified = Signer::new(RELAY_KEY, &Secret::new(RELAY_SECRET)).verify_request(&call, now);
    let mood = {
        let mut records = lock(&records);
        if let Err(reason) = verified {
            records.refused.push(reason.to_string());
            return (StatusCode::UNAUTHORIZED, "not signed");
        }
        if let Mood::Refuses(text) = records.mood
            && String::from_utf8_lossy(&body).contains(text)
        {
            return (StatusCode::PAYLOAD_TOO_LARGE, "{}");
        }
        if method == Method::POST {
            records.calls += 1;
            let events = events(path, &body);
            events.iter().for_each(|event| records.faults.judge(event));
            records.triggers.extend(events);
        }
        records.mood
    };
    match mood {
        Mood::Hangs => pending().await,
        Mood::Refuses(_) => (StatusCode::OK, "{}"),
        Mood::Answers(status) => {
            (StatusCode::from_u16(status).expect("a status of the test's own"), "{}")
        }
    }
}
