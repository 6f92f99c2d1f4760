//! `/v1/me`.

use axum::{Json, extract::State};
use shared::{
    actions::me::Me,
    domain::principal::Caller,
    error::Error,
    http::{Problem, Shared},
};

/// The caller's own account, and its channel.
#[utoipa::path(
    get,
    path = "/v1/me",
    responses(
        (status = 200, body = Me, description = "The account"),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No good token"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Try again"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_me(State(app): State<Shared>, caller: Caller) -> Result<Json<Me>, Error> {
    app.services.me(&caller).await.map(Json)
}
