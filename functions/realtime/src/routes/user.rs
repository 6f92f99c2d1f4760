//! `/v1/realtime/user`.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    domain::principal::Caller,
    error::Error,
    http::{BadForm, NoToken, Shared, Unavailable, ValidForm},
};
use utoipa::ToSchema;

use super::socket;

/// What a Pusher client sends before it signs in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SignIn {
    /// The client's connection: two numbers with a dot between them.
    #[schema(pattern = r"^[0-9]{1,20}\.[0-9]{1,20}$")]
    socket_id: String,
}

/// What a Pusher client needs to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserAuthentication {
    /// The app key and the signature.
    auth: String,
    /// Who the connection's user is, as JSON. The `id` in it is unique among accounts of all types.
    user_data: String,
}

/// Lets a client's connection be the caller's.
#[utoipa::path(
    post,
    path = "/v1/realtime/user",
    request_body(content(
        (SignIn = "application/json"),
        (SignIn = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, body = UserAuthentication, description = "The signature"),
        NoToken,
        BadForm,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn sign_in(
    State(app): State<Shared>,
    caller: Caller,
    ValidForm(asked): ValidForm<SignIn>,
) -> Result<Json<UserAuthentication>, Error> {
    let grant = app.services.sign_in(&caller, &socket(&asked.socket_id)?).await?;
    Ok(Json(UserAuthentication { auth: grant.auth, user_data: grant.user_data }))
}
