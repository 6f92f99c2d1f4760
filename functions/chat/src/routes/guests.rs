//! `/v1/guests`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    actions::{guests::NewGuest, view::RoomView},
    auth::TokenError,
    domain::{
        principal::{Caller, Profile},
        time::system_now,
    },
    error::Error,
    http::{
        BadJson, Fields, NoToken, OptionalJson, Problem, Shared, SourceAddress, TooMany,
        Unavailable, ValidJson,
    },
};
use utoipa::ToSchema;

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The longest e-mail address (RFC 5321 leaves no room for more).
const MAX_EMAIL: usize = 254;

/// What a visitor tells of itself, if anything.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CreateGuest {
    /// The name to show: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The e-mail address, which only support agents see.
    #[schema(min_length = 1, max_length = 254)]
    email: Option<String>,
}

/// Lets a visitor in who has not signed in, where that is allowed. It takes no token.
#[utoipa::path(
    post,
    path = "/v1/guests",
    request_body = Option<CreateGuest>,
    responses(
        (status = 201, body = NewGuest, description = "The guest's token"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Guests are not let in here"),
        BadJson,
        TooMany,
        Unavailable,
    ),
)]
pub(crate) async fn create_guest(
    State(app): State<Shared>,
    SourceAddress(address): SourceAddress,
    OptionalJson(told): OptionalJson<CreateGuest>,
) -> Result<(StatusCode, Json<NewGuest>), Error> {
    let mut fields = Fields::default();
    if let Some(name) = &told.name {
        fields.text("name", name, MAX_NAME);
    }
    if let Some(email) = &told.email {
        fields.text("email", email, MAX_EMAIL);
    }
    fields.check()?;
    let told = Profile { name: told.name, email: told.email, ..Profile::default() };
    let guest = app.services.new_guest(&app.tokens, told, address, system_now()).await?;
    Ok((StatusCode::CREATED, Json(guest)))
}

/// Which guest the caller was.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MergeGuest {
    /// The guest's token.
    #[schema(min_length = 1)]
    token: String,
}

/// What became of the guest's room.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MergedGuest {
    /// The room, which is the caller's now; null when the guest had none.
    room: Option<RoomView>,
}

/// Gives a guest's support room to the caller, who has signed in meanwhile. Once is enough.
#[utoipa::path(
    post,
    path = "/v1/guests/merge",
    request_body = MergeGuest,
    responses(
        (status = 200, body = MergedGuest, description = "The room, which is the caller's now"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "A guest cannot take over another guest's room"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The caller has a support room already; the guest's stays the guest's"),
        NoToken,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn merge_guest(
    State(app): State<Shared>,
    caller: Caller,
    ValidJson(asked): ValidJson<MergeGuest>,
) -> Result<Json<MergedGuest>, Error> {
    let guest =
        app.tokens.verify(&asked.token, system_now()).await.map_err(|error| match error {
            TokenError::Bad(why) => Error::invalid("token", why),
            TokenError::NoKeys { .. } => error.into(),
        })?;
    Ok(Json(MergedGuest { room: app.services.merge_guest(&caller, &guest).await? }))
}
