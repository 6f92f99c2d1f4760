//! What the program does while it does it, for a developer to watch: each request with what it asks of the store,
//! and each event that passes. `GET /dev/live` streams both. Units are counted only while somebody watches.

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc, time::Instant};

use axum::{
    body::{Body, to_bytes},
    extract::{Request as HttpRequest, State},
    http::Method,
    middleware::Next,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::telemetry::{self, Journal, Remote, Units, millis};
use tokio::sync::broadcast;

use crate::embedded::{Answer, Lost, Request, Wire};

/// How far a watcher may fall behind before it misses something.
const BEHIND: usize = 1_024;

/// The largest body that the trigger API takes.
const MAX_TRIGGER: usize = 1 << 20;

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
        let counted = self.live.is_watched();
        let (operation, reads) = (request.operation.clone(), is_read(&request.operation));
        let answer = self.wire.call(if counted { asking_for_units(request) } else { request });
        Box::pin(async move {
            let answer = telemetry::call(Remote::Store, &operation, answer).await?;
            if counted {
                let units = units(answer.body.as_bytes());
                telemetry::note_units(match reads {
                    true => Units { reads: units, writes: 0.0 },
                    false => Units { reads: 0.0, writes: units },
                });
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

fn units(answer: &[u8]) -> f64 {
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
    match consumed {
        None => 0.0,
        Some(OneOrMany::One(one)) => one.units,
        Some(OneOrMany::Many(many)) => many.iter().map(|one| one.units).sum(),
    }
}

/// Tells those who watch of a request, once it is answered.
pub(crate) async fn tell(State(live): State<Live>, request: HttpRequest, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let request = match live.is_watched() && method == Method::POST && path.starts_with("/apps/") {
        true => match told(&live, request).await {
            Ok(request) => request,
            Err(refused) => return refused,
        },
        false => request,
    };
    let began = Instant::now();
    let response = next.run(request).await;
    if path.starts_with("/v1/")
        && let Some(journal) = response.extensions().get::<Arc<Journal>>()
    {
        let (status, took) = (response.status().as_u16(), millis(began.elapsed()));
        live.tell(&json!({
            "kind": "request", "method": method.as_str(), "path": path, "status": status,
            "ms": took, "store": Spent::of(journal),
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
    fn of(journal: &Journal) -> Self {
        let (total, units) = (journal.total(Remote::Store), journal.units());
        Self { calls: total.calls, rru: units.reads, wru: units.writes, ms: millis(total.took) }
    }
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
        assert_eq!(units(br#"{"ConsumedCapacity":{"CapacityUnits":1.5}}"#), 1.5);
        let many = br#"{"ConsumedCapacity":[{"CapacityUnits":2.0},{"CapacityUnits":0.5}]}"#;
        assert_eq!(units(many), 2.5);
        assert_eq!(units(br#"{"Item":{"b":{"S":"\"ConsumedCapacity\":9"}}}"#), 0.0);
    }
}
