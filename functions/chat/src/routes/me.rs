//! `/v1/me`.

use axum::{Json, extract::State};
use shared::{
    actions::me::Me,
    domain::principal::Caller,
    error::Error,
    http::{NoToken, Problem, Shared, Unavailable},
};

/// The caller's own account, and its channel.
#[utoipa::path(
    get,
    path = "/v1/me",
    responses(
        (status = 200, body = Me, description = "The account"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Erased, after the token was made"),
        NoToken,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_me(State(app): State<Shared>, caller: Caller) -> Result<Json<Me>, Error> {
    app.services.me(&caller).await.map(Json)
}
