//! `/v1/realtime/auth`.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    domain::principal::Caller,
    error::Error,
    http::{BadForm, NoToken, Problem, Shared, Unavailable, ValidForm},
};
use utoipa::ToSchema;

use super::socket;

/// What a Pusher client sends before it subscribes.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AuthorizeChannel {
    /// The client's connection: two numbers with a dot between them.
    #[schema(pattern = r"^[0-9]{1,20}\.[0-9]{1,20}$")]
    socket_id: String,
    /// The channel it wants to listen to.
    #[schema(min_length = 1, max_length = 164)]
    channel_name: String,
}

/// What a Pusher client needs to subscribe.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelAuthorization {
    /// The app key and the signature.
    auth: String,
    /// Of an encrypted channel: the key that opens its events.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_secret: Option<String>,
}

/// Lets a client's connection listen to a channel.
#[utoipa::path(
    post,
    path = "/v1/realtime/auth",
    request_body(content(
        (AuthorizeChannel = "application/json"),
        (AuthorizeChannel = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, body = ChannelAuthorization, description = "The signature"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not a channel of yours"),
        NoToken,
        BadForm,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn authorize_channel(
    State(app): State<Shared>,
    caller: Caller,
    ValidForm(asked): ValidForm<AuthorizeChannel>,
) -> Result<Json<ChannelAuthorization>, Error> {
    let socket = socket(&asked.socket_id)?;
    let grant = app.services.authorize(&caller, &socket, &asked.channel_name).await?;
    Ok(Json(ChannelAuthorization { auth: grant.auth, shared_secret: grant.shared_secret }))
}
