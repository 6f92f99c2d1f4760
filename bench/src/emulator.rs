//! Lambda's runtime API, as far as one function needs it: it asks for the next event, and answers it.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{
        Mutex,
        mpsc::{self, UnboundedReceiver, UnboundedSender},
    },
    task::JoinHandle,
    time::timeout,
};

use crate::{Failure, PATIENCE};

/// Where the function is told to be; it only passes it on.
const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:bench";

/// A runtime API for one process. Dropping it closes it.
pub(crate) struct Emulator {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    events: UnboundedSender<String>,
    calls: UnboundedReceiver<Call>,
    server: JoinHandle<()>,
}

/// What the function said.
enum Call {
    /// It asks for an event.
    Next(Instant),
    /// It answers one.
    Answer(Instant, Bytes),
    /// It cannot go on.
    Error(Bytes),
}

#[derive(Clone)]
struct Api {
    calls: UnboundedSender<Call>,
    events: Arc<Mutex<UnboundedReceiver<String>>>,
}

impl Emulator {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let (events, waiting) = mpsc::unbounded_channel();
        let (sender, calls) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/invocation/next", get(next))
            .route("/invocation/{id}/response", post(response))
            .route("/invocation/{id}/error", post(invocation_error))
            .route("/init/error", post(init_error))
            .with_state(Api { calls: sender, events: Arc::new(Mutex::new(waiting)) });
        let router = Router::new().nest("/2018-06-01/runtime", routes);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, events, calls, server })
    }

    /// When the function asked for its next event; waits until it does.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn asked(&mut self) -> Result<Instant, Failure> {
        match self.call().await? {
            Call::Next(at) => Ok(at),
            _ => Err("the function answers what nobody asked".into()),
        }
    }

    /// Hands the function, which waits for it, an event: when it answered, and the body of the
    /// HTTP answer, whose status must be `status`. Without one any answer is right.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn invoke(
        &mut self,
        event: String,
        status: Option<u16>,
    ) -> Result<(Instant, Value), Failure> {
        self.events.send(event).map_err(|_| "the runtime API has ended")?;
        let Call::Answer(at, answer) = self.call().await? else {
            return Err("the function asks for an event before it answers".into());
        };
        let answer: Value = serde_json::from_slice(&answer)?;
        if let Some(status) = status
            && answer["statusCode"] != status
        {
            return Err(format!("the function answered not {status}: {answer}").into());
        }
        let body = answer["body"].as_str().unwrap_or_default();
        Ok((at, serde_json::from_str(body).unwrap_or_default()))
    }

    async fn call(&mut self) -> Result<Call, Failure> {
        let call = timeout(PATIENCE, self.calls.recv()).await;
        let call = call.map_err(|_| "the function does not call the runtime API")?;
        match call.ok_or("the runtime API has ended")? {
            Call::Error(body) => {
                let body = String::from_utf8_lossy(&body);
                Err(format!("the function failed: {body}").into())
            }
            call => Ok(call),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(api): State<Api>) -> Response {
    let _ = api.calls.send(Call::Next(Instant::now()));
    let Some(event) = api.events.lock().await.recv().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-invoked-function-arn", ARN),
        // The year 2100.
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"),
    ];
    (headers, event).into_response()
}

async fn response(State(api): State<Api>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    let _ = api.calls.send(Call::Answer(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn invocation_error(
    State(api): State<Api>,
    Path(_): Path<String>,
    body: Bytes,
) -> StatusCode {
    let _ = api.calls.send(Call::Error(body));
    StatusCode::ACCEPTED
}

async fn init_error(State(api): State<Api>, body: Bytes) -> StatusCode {
    let _ = api.calls.send(Call::Error(body));
    StatusCode::ACCEPTED
}
