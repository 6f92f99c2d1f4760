//! The whole URL table of this function.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use shared::http::{Problem, Shared};
use utoipa::OpenApi;

use crate::routes::{asyncapi, auth, relay, user, webhook};

/// The table.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/asyncapi.json", get(asyncapi::asyncapi))
        .route("/v1/realtime", get(relay::get_realtime))
        .route("/v1/realtime/auth", post(auth::authorize_channel))
        .route("/v1/realtime/user", post(user::sign_in))
        .route(
            "/v1/realtime/webhook",
            post(webhook::receive_webhook).layer(DefaultBodyLimit::max(webhook::MAX_BODY)),
        )
}

/// What the table's routes say of themselves.
#[derive(OpenApi)]
#[openapi(
    paths(
        asyncapi::asyncapi,
        relay::get_realtime,
        auth::authorize_channel,
        user::sign_in,
        webhook::receive_webhook,
    ),
    components(schemas(Problem))
)]
struct Document;

/// This function's part of the OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
