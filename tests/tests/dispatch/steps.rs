//! What a process asks of others, counted; and its end at one of these steps.

use std::{
    collections::BTreeSet,
    future::{Future, pending},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, process::Child};

/// On which side of a step a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// What it asked for has not happened.
    Before,
    /// It has happened, and the process never learns it.
    After,
}

/// The steps of a process.
#[derive(Clone)]
pub(crate) struct Steps(Arc<Inner>);

struct Inner {
    taken: AtomicUsize,
    last: Option<(usize, When)>,
    process: Mutex<Option<Child>>,
    /// What was asked of the store: `PutItem`.
    operations: Mutex<BTreeSet<String>>,
}

impl Steps {
    /// A process that lives.
    pub(crate) fn harmless() -> Self {
        Self::ending(None)
    }

    /// A process that is killed at this step, the first being 1.
    pub(crate) fn killing(step: usize, when: When) -> Self {
        Self::ending(Some((step, when)))
    }

    fn ending(last: Option<(usize, When)>) -> Self {
        Self(Arc::new(Inner {
            taken: AtomicUsize::new(0),
            last,
            process: Mutex::new(None),
            operations: Mutex::default(),
        }))
    }

    /// What was asked of the store so far: `PutItem`.
    pub(crate) fn operations(&self) -> BTreeSet<String> {
        self.0.operations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whose steps these are.
    pub(crate) fn of(&self, process: Child) {
        *self.0.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
    }

    /// Takes a step.
    pub(crate) async fn take<T>(&self, step: impl Future<Output = T>) -> T {
        let number = self.0.taken.fetch_add(1, Ordering::SeqCst) + 1;
        match self.0.last {
            Some((last, When::Before)) if last == number => self.kill(),
            Some((last, When::After)) if last == number => {
                step.await;
                self.kill();
            }
            _ => return step.await,
        }
        pending().await
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) {
        let mut process = self.0.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = process.as_mut() {
            process.start_kill().expect("a process to kill");
        }
    }

    /// An address that leads to another one; each call is a step.
    pub(crate) async fn before(&self, target: String) -> u16 {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let router = Router::new().fallback(pass).with_state((self.clone(), target, http));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        port
    }
}

async fn pass(
    State((steps, target, http)): State<(Steps, String, reqwest::Client)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = headers.get("x-amz-target").and_then(|asked| asked.to_str().ok());
    if let Some((_, operation)) = asked.and_then(|asked| asked.split_once('.')) {
        let mut operations = steps.0.operations.lock().unwrap_or_else(PoisonError::into_inner);
        operations.insert(operation.to_owned());
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = http.request(method, format!("{target}{path}")).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| **name != header::HOST) {
        request = request.header(name, value);
    }
    let passed = steps.take(async {
        let answer = request.send().await.ok()?;
        let status = answer.status();
        Some((status, answer.bytes().await.ok()?))
    });
    match passed.await {
        Some((status, body)) => (status, body).into_response(),
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}
