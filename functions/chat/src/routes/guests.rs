//! `/v1/guests`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    actions::guests::NewGuest,
    domain::{principal::Profile, time::system_now},
    error::Error,
    http::{Fields, OptionalJson, Problem, Shared},
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
    name: Option<String>,
    /// The e-mail address, which only support agents see.
    email: Option<String>,
}

/// Lets a visitor in who has not signed in, where that is allowed. It takes no token.
#[utoipa::path(
    post,
    path = "/v1/guests",
    request_body = Option<CreateGuest>,
    responses(
        (status = 201, body = NewGuest, description = "The guest's token"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Not JSON"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Guests are not let in here"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "Too long"),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "Not JSON by its type"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A field is wrong"),
    ),
)]
pub(crate) async fn create_guest(
    State(app): State<Shared>,
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
    let told = Profile { name: told.name, email: told.email, picture: None };
    let guest = app.services.new_guest(&app.tokens, told, system_now())?;
    Ok((StatusCode::CREATED, Json(guest)))
}
