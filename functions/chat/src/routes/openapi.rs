//! `/openapi.json`.

use axum::{http::header, response::IntoResponse};

/// The document is generated from all functions' routes; a test holds it to them.
const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}
