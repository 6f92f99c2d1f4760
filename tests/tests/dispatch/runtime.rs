//! Lambda's runtime API, as far as one invocation needs it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

#[derive(Clone)]
struct Invocation {
    /// How long it may take.
    time: Duration,
    begun: Arc<AtomicBool>,
    answer: Arc<Mutex<Option<oneshot::Sender<Value>>>>,
}

/// An API that invokes whoever asks once, for so long; its address, and what will be answered.
pub(crate) async fn invoking(time: Duration) -> (String, oneshot::Receiver<Value>) {
    let (answer, answered) = oneshot::channel();
    let invocation =
        Invocation { time, begun: Arc::default(), answer: Arc::new(Mutex::new(Some(answer))) };
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .with_state(invocation);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, answered)
}

async fn next(State(invocation): State<Invocation>) -> Response {
    if invocation.begun.swap(true, Ordering::SeqCst) {
        return pending().await;
    }
    let end = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + invocation.time;
    let headers = [
        ("lambda-runtime-aws-request-id", "1".to_owned()),
        ("lambda-runtime-deadline-ms", end.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:local:1:function:dispatch".into()),
    ];
    (headers, Json(json!({ "detail-type": "Scheduled Event" }))).into_response()
}

async fn response(State(invocation): State<Invocation>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).expect("JSON");
    let told = invocation.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(told) = told {
        let _ = told.send(answer);
    }
    StatusCode::ACCEPTED
}
