//! The function that takes posts, as a process, and Lambda's runtime API, which gives it one event after another.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path as UrlPath, State},
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use serde_json::{Value, json};
use tests::PATIENCE;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use crate::wires::Wires;

/// How long an invocation may take.
const TIME: Duration = Duration::from_secs(30);

type Asked = (Value, oneshot::Sender<Value>);

/// The runtime API's side: what is to be asked next, and who waits for the answer.
struct Runtime {
    next: Mutex<mpsc::UnboundedReceiver<Asked>>,
    waiting: std::sync::Mutex<Option<oneshot::Sender<Value>>>,
}

/// The running function.
pub(crate) struct Function {
    process: Child,
    asks: mpsc::UnboundedSender<Asked>,
}

impl Function {
    /// Starts it, with its connections on these wires.
    pub(crate) async fn start(store: &Wires, relay: &Wires) -> Self {
        let (asks, next) = mpsc::unbounded_channel();
        let runtime =
            Arc::new(Runtime { next: Mutex::new(next), waiting: std::sync::Mutex::default() });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_event))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .with_state(runtime);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket").to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let demo = include_str!("../../../infra/local.env").lines();
        let demo =
            demo.filter_map(|line| line.split_once('=')).filter(|(name, _)| !name.starts_with('#'));
        let own = [
            ("AWS_LAMBDA_RUNTIME_API", address),
            ("AWS_LAMBDA_FUNCTION_NAME", "chat".into()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".into()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".into()),
            ("AWS_LAMBDA_LOG_LEVEL", "ERROR".into()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", store.address)),
            ("PARLOUR_RELAY_PORT", relay.address.port().to_string()),
        ];
        let mut command = Command::new(binary());
        command.env_clear().envs(demo).envs(own);
        let process = command.stdin(Stdio::null()).kill_on_drop(true).spawn();
        Self { process: process.expect("the function's process"), asks }
    }

    /// An event of the HTTP API: a post of JSON. The status and the body that come back.
    pub(crate) async fn is_asked(&self, token: &str, path: &str, body: &Value) -> (u16, Value) {
        let (answer, answered) = oneshot::channel();
        self.asks.send((event(token, path, body), answer)).expect("a function");
        let answer = timeout(PATIENCE, answered).await.expect("the function should have answered");
        let answer = answer.expect("an answer");
        let status = answer["statusCode"].as_u64().expect("a status");
        let body = answer["body"].as_str().unwrap_or_default();
        (u16::try_from(status).expect("a status"), serde_json::from_str(body).unwrap_or_default())
    }

    /// SIGSTOP: as Lambda does, without a word.
    pub(crate) async fn freezes(&self) {
        self.is_sent("STOP").await;
    }

    /// SIGCONT.
    pub(crate) async fn goes_on(&self) {
        self.is_sent("CONT").await;
    }

    /// SIGKILL.
    pub(crate) async fn dies(&mut self) {
        self.process.kill().await.expect("a running function");
    }

    async fn is_sent(&self, signal: &str) {
        let id = self.process.id().expect("a running function").to_string();
        let kill = Command::new("kill").args(["-s", signal, &id]).status().await;
        assert!(kill.expect("kill can be run").success());
    }
}

async fn next_event(State(runtime): State<Arc<Runtime>>) -> impl IntoResponse {
    let asked = runtime.next.lock().await.recv().await;
    let Some((event, answer)) = asked else { return StatusCode::GONE.into_response() };
    *runtime.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    let end = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + TIME;
    let headers = [
        ("lambda-runtime-aws-request-id", uuid::Uuid::new_v4().to_string()),
        ("lambda-runtime-deadline-ms", end.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:local:1:function:chat".into()),
    ];
    (headers, Json(event)).into_response()
}

async fn answer(
    State(runtime): State<Arc<Runtime>>,
    UrlPath(_): UrlPath<String>,
    body: Bytes,
) -> StatusCode {
    let waiting = runtime.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    let answer = serde_json::from_slice(&body).expect("JSON");
    if let Some(waiting) = waiting {
        let _ = waiting.send(answer);
    }
    StatusCode::ACCEPTED
}

/// An event as API Gateway makes it of a request.
fn event(token: &str, path: &str, body: &Value) -> Value {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/create_message.json"))
            .expect("a sample");
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
    event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    event["body"] = json!(body.to_string());
    event
}

/// The function's file, built beside this test.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let binary = folder.join(format!("chat{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is missing: build it first: cargo build --bins, or run bin/test",
        binary.display()
    );
    binary
}
