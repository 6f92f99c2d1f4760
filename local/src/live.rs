//! What the program does while it does it, for a developer to watch: each request with what it asks of the store,
//! and each event that passes. `GET /dev/live` streams both; while nobody watches, only calls are counted, which
//! each answer that grants something tells in `Server-Timing` (W3C Server Timing).

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request as HttpRequest, State},
    http::{HeaderValue, Method, header::HeaderName},
    middleware::Next,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{sync::broadcast, task_local};

use crate::embedded::{Answer, Lost, Request, Wire};

/// How far a watcher may fall behind before it misses something.
const BEHIND: usize = 1_024;

/// The largest body that the trigger API takes.
const MAX_TRIGGER: usize = 1 << 20;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

task_local! {
    /// What the request that is being answered costs.
    static COST: Arc<Cost>;
}

/// What a request has asked of the store so far. Units are counted in halves, and only while somebody watches.
#[derive(Debug, Default)]
struct Cost {
    calls: AtomicU64,
    half_reads: AtomicU64,
    half_writes: AtomicU64,
    micros: AtomicU64,
}

/// Tells those who watch.
#[derive(Clone, Debug)]
pub(crate) struct Live(broadcast::Sender<Arc<str>>);

impl Live {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }

    fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }

    fn tell(&self, what: &Value) {
        // Nobody watches: nobody misses it.
        let _ = self.0.send(what.to_string().into());
    }
}

/// A store whose calls are counted for the request that makes them.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) wire: Arc<dyn Wire>,
    pub(crate) live: Live,
}

impl Wire for Counted {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let Ok(cost) = COST.try_with(Arc::clone) else { return self.wire.call(request) };
        let units = self.live.is_watched();
        let reads = is_read(&request.operation);
        let answer = self.wire.call(if units { asking_for_units(request) } else { request });
        let began = Instant::now();
        Box::pin(async move {
            let answer = answer.await?;
            let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            cost.micros.fetch_add(micros, Ordering::Relaxed);
            cost.calls.fetch_add(1, Ordering::Relaxed);
            if units {
                let counter = if reads { &cost.half_reads } else { &cost.half_writes };
                counter.fetch_add(half_units(answer.body.as_bytes()), Ordering::Relaxed);
            }
            Ok(answer)
        })
    }
}

fn is_read(operation: &str) -> bool {
    matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "TransactGetItems")
}

/// A request is an object; its answer then says what it took.
fn asking_for_units(mut request: Request) -> Request {
    if request.body.starts_with(b"{\"") {
        let asks = br#""ReturnConsumedCapacity":"TOTAL","#;
        request.body.splice(1..1, asks.iter().copied());
    }
    request
}

fn half_units(answer: &[u8]) -> u64 {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "ConsumedCapacity")]
        consumed: Option<OneOrMany>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(Consumed),
        Many(Vec<Consumed>),
    }
    #[derive(Deserialize)]
    struct Consumed {
        #[serde(rename = "CapacityUnits")]
        units: f64,
    }
    let consumed = serde_json::from_slice::<Answer>(answer).ok().and_then(|answer| answer.consumed);
    let units = match consumed {
        None => 0.0,
        Some(OneOrMany::One(one)) => one.units,
        Some(OneOrMany::Many(many)) => many.iter().map(|one| one.units).sum(),
    };
    (units * 2.0).round() as u64
}

/// Counts what a request asks of the store, and tells it: in its answer, and to those who watch.
pub(crate) async fn count(State(live): State<Live>, request: HttpRequest, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let request = match live.is_watched() && method == Method::POST && path.starts_with("/apps/") {
        true => match told(&live, request).await {
            Ok(request) => request,
            Err(refused) => return refused,
        },
        false => request,
    };
    let (cost, began) = (Arc::new(Cost::default()), Instant::now());
    let mut response = COST.scope(Arc::clone(&cost), next.run(request)).await;
    let took = began.elapsed();
    let spent = Spent::of(&cost);
    // What is refused must not tell by its cost whether it is there.
    if response.status().is_success()
        && let Ok(value) = HeaderValue::from_str(&spent.timing(took))
    {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    if path.starts_with("/v1/") {
        let status = response.status().as_u16();
        live.tell(&json!({
            "kind": "request", "method": method.as_str(), "path": path, "status": status,
            "ms": millis(took), "store": spent,
        }));
    }
    response
}

/// Tells of the events that a call of the trigger API publishes.
async fn told(live: &Live, request: HttpRequest) -> Result<HttpRequest, Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_TRIGGER).await;
    let body = body.map_err(|_| axum::http::StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let events = match &call["batch"] {
        Value::Array(batch) => batch.clone(),
        _ => vec![call],
    };
    for event in events.iter().filter(|event| event["name"].is_string()) {
        let channels = match &event["channels"] {
            Value::Array(channels) => channels.clone(),
            _ => vec![event["channel"].clone()],
        };
        let bytes = event["data"].as_str().map_or(0, str::len);
        live.tell(&json!({
            "kind": "event", "name": event["name"], "channels": channels, "bytes": bytes,
        }));
    }
    Ok(HttpRequest::from_parts(parts, Body::from(body)))
}

/// What a request has asked of the store.
#[derive(Serialize)]
struct Spent {
    calls: u64,
    rru: f64,
    wru: f64,
    ms: f64,
}

impl Spent {
    fn of(cost: &Cost) -> Self {
        let halves = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64 / 2.0;
        Self {
            calls: cost.calls.load(Ordering::Relaxed),
            rru: halves(&cost.half_reads),
            wru: halves(&cost.half_writes),
            ms: millis(Duration::from_micros(cost.micros.load(Ordering::Relaxed))),
        }
    }

    /// Calls that run beside each other add up to more than the whole.
    fn timing(&self, took: Duration) -> String {
        let Self { calls, rru, wru, ms } = self;
        let units = if rru + wru > 0.0 { format!(", {rru} RRU, {wru} WRU") } else { String::new() };
        format!("store;desc=\"{calls} calls{units}\";dur={ms}, total;dur={}", millis(took))
    }
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

/// Everything from now on, as it happens (server-sent events, HTML standard, section 9.2).
pub(crate) async fn watch(
    State(live): State<Live>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let watched = stream::unfold(live.0.subscribe(), async |mut told| {
        loop {
            match told.recv().await {
                Ok(what) => return Some((Ok(Event::default().data(&*what)), told)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(watched).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_from_one_and_from_many() {
        assert_eq!(half_units(br#"{"ConsumedCapacity":{"CapacityUnits":1.5}}"#), 3);
        let many = br#"{"ConsumedCapacity":[{"CapacityUnits":2.0},{"CapacityUnits":0.5}]}"#;
        assert_eq!(half_units(many), 5);
        assert_eq!(half_units(br#"{"Item":{"b":{"S":"\"ConsumedCapacity\":9"}}}"#), 0);
    }
}
