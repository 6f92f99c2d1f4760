//! The whole URL table of this function.

use axum::{
    Router,
    routing::{get, post, put},
};
use shared::http::Shared;
use utoipa::OpenApi;

use crate::routes::{
    blocks, groups, guests, health, listings, me, messages, openapi as document, read, rooms, users,
};

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
        .route("/v1/users", get(users::list_users))
        .route("/v1/users/{id}", get(users::get_user).put(users::put_user))
        .route("/v1/blocks", get(blocks::list_blocks))
        .route("/v1/blocks/{id}", put(blocks::put_block).delete(blocks::delete_block))
        .route("/v1/guests", post(guests::create_guest))
        .route("/v1/listings/{id}", put(listings::put_listing))
        .route("/v1/groups/{id}", put(groups::put_group))
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
    users::list_users,
    users::get_user,
    users::put_user,
    blocks::list_blocks,
    blocks::put_block,
    blocks::delete_block,
    guests::create_guest,
    listings::put_listing,
    groups::put_group,
))]
struct Document;

/// This function's part of the OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
