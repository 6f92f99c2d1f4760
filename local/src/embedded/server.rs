//! The store's wire protocol on a port, for functions that run as processes of their own.
//!
//! It is for programs on this machine, never for web pages: a request that a browser could have
//! been made to send is refused.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request as HttpRequest, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::post,
};

use super::engine::{Engine, Request};
use crate::guard;

/// DynamoDB takes bodies of up to 16 MB.
const MAX_BODY: usize = 16 << 20;

/// Serves `engine` as DynamoDB would.
pub fn router(engine: Engine) -> Router {
    Router::new()
        .route("/", post(answer))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(programs_only))
        .with_state(engine)
}

async fn programs_only(request: HttpRequest, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) || !guard::is_local_host(request.headers()) {
        return (StatusCode::FORBIDDEN, "for programs on this machine only").into_response();
    }
    next.run(request).await
}

async fn answer(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    let target =
        headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let request = Request { operation, body: body.to_vec() };
    match engine.answer_kept(&request).await {
        Ok(answer) => {
            let status =
                StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], answer.body)
                .into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
