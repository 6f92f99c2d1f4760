//! `/asyncapi.json`.

use axum::{http::header, response::IntoResponse};

/// The document is generated from all events; a test holds it to them.
const DOCUMENT: &str = include_str!("../../../../docs/asyncapi.json");

/// The channels and the events on them.
#[utoipa::path(get, path = "/asyncapi.json", responses((status = 200, description = "AsyncAPI 3.0", body = Object)))]
pub(crate) async fn asyncapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}
