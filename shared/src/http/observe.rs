//! What each request took, told to whoever asked and to whoever runs it.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Instant, SystemTime},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use lambda_http::RequestExt as _;
use tracing::Instrument as _;

use super::Shared;
use crate::{
    domain::ids::RoomId,
    telemetry::{Journal, Line, Telemetry, keeping, log_line, xray},
};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// How the paths of all routes about a room begin.
const ABOUT_A_ROOM: &str = "/v1/rooms/{id}";

/// Keeps a journal of a request, and tells what it took: in `Server-Timing`, and, as far as this function does that, in
/// the log and to X-Ray. The journal goes along with the answer for whoever wants to know more.
pub(super) async fn observe(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let telemetry = &app.telemetry;
    let (at, began) = (SystemTime::now(), Instant::now());
    let asked = Asked::of(&request);
    let journal = Arc::new(Journal::default());
    let answering = keeping(Arc::clone(&journal), next.run(request));
    let mut response = match telemetry.logs_requests {
        // Whatever else is logged on the way tells of which request it is.
        true => answering.instrument(asked.span()).await,
        false => answering.await,
    };
    let took = began.elapsed();
    // What is refused must not tell by its cost whether it is there.
    if response.status().is_success()
        && let Ok(value) = HeaderValue::from_str(&journal.server_timing(took))
    {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    let line = Line {
        function: telemetry.function,
        request_id: &asked.request_id,
        trace: asked.trace.as_deref(),
        method: asked.method.as_str(),
        route: asked.route.as_ref().map(MatchedPath::as_str),
        room: asked.room.as_deref(),
        status: response.status().as_u16(),
        is_first: telemetry.logs_requests && is_first(),
        took,
    };
    tell(telemetry, &line, &journal, at);
    response.extensions_mut().insert(journal);
    response
}

fn tell(telemetry: &Telemetry, line: &Line<'_>, journal: &Journal, began: SystemTime) {
    if telemetry.logs_requests {
        let words = log_line(line, journal, telemetry.namespace.as_deref(), began);
        // A log that takes no more is no reason to refuse an answer.
        let _ = writeln!(std::io::stdout().lock(), "{words}");
    }
    if let (Some(daemon), Some(trace)) = (&telemetry.xray, line.trace)
        && let Some(context) = xray::TraceContext::parse(trace)
    {
        let id = || fastrand::u64(..);
        daemon.send(&xray::subsegment(context, line, journal, began, id));
    }
}

/// Whether no request was answered before.
fn is_first() -> bool {
    static ANSWERED: AtomicBool = AtomicBool::new(false);
    !ANSWERED.swap(true, Ordering::Relaxed)
}

/// What a request says of itself that may be told: nothing of its query, its headers and its body.
struct Asked {
    request_id: String,
    trace: Option<String>,
    method: axum::http::Method,
    route: Option<MatchedPath>,
    room: Option<String>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let context = request.extensions().lambda_context_ref();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let is_about_a_room =
            route.as_ref().is_some_and(|route| route.as_str().starts_with(ABOUT_A_ROOM));
        let room = is_about_a_room.then(|| request.uri().path().split('/').nth(3)).flatten();
        Self {
            request_id: context.map(|context| context.request_id.clone()).unwrap_or_default(),
            trace: context.and_then(|context| context.xray_trace_id.clone()),
            method: request.method().clone(),
            route,
            // Whatever else somebody writes there is not for a log.
            room: room.and_then(|room| room.parse::<RoomId>().ok()).map(|room| room.to_string()),
        }
    }

    /// Of the highest level, so that it is there whenever anything is logged.
    fn span(&self) -> tracing::Span {
        tracing::error_span!("request", id = self.request_id, room = self.room)
    }
}
