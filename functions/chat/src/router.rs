//! The whole URL table of this function.

use axum::{
    Router,
    routing::{get, put},
};
use shared::http::Shared;
use utoipa::OpenApi;

use crate::routes::{health, me, messages, openapi as document, read, rooms};

/// The table.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/openapi.json", get(document::openapi))
        .route("/v1/me", get(me::get_me))
        .route("/v1/rooms", get(rooms::list_rooms).post(rooms::open_room))
        .route("/v1/rooms/{id}", get(rooms::get_room))
        .route(
            "/v1/rooms/{id}/messages",
            get(messages::list_messages).post(messages::create_message),
        )
        .route("/v1/rooms/{id}/read", put(read::mark_read))
}

/// What the table's routes say of themselves.
#[derive(OpenApi)]
#[openapi(paths(
    health::healthz,
    document::openapi,
    me::get_me,
    rooms::list_rooms,
    rooms::open_room,
    rooms::get_room,
    messages::list_messages,
    messages::create_message,
    read::mark_read,
))]
struct Document;

/// This function's part of the OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
