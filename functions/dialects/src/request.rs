//! What the systems' requests have in common, and how they are refused.

use std::future::ready;

use axum::{
    Json, Router,
    extract::FromRequestParts,
    http::{header, request::Parts},
    middleware::map_response,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use shared::{
    domain::{
        ids::{ClientId, RoomId},
        message::{Draft, MessageType},
        principal::Caller,
        room::RoomKind,
    },
    error::Error,
    http::{IDEMPOTENCY_KEY, Problem, Shared},
};

/// The verified bearer of a token, who speaks a dialect: the rooms that it opens or writes to are told in
/// it from then on.
pub(crate) struct Speaker(pub(crate) Caller);

impl FromRequestParts<Shared> for Speaker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, app).await?;
        Ok(Self(Caller { in_dialect: true, ..caller }))
    }
}

/// What makes a post safe to repeat, where it has an [`IDEMPOTENCY_KEY`]: none of the systems knows that.
pub(crate) struct IdempotencyKey(pub(crate) Option<ClientId>);

impl FromRequestParts<Shared> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Error> {
        let Some(key) = parts.headers.get(IDEMPOTENCY_KEY) else { return Ok(Self(None)) };
        // The draft writes it as a string of structured fields, in quotation marks.
        let id = key.to_str().ok().and_then(|text| text.trim_matches('"').parse().ok());
        id.map(|id| Self(Some(id))).ok_or(Error::invalid("Idempotency-Key", "must be a UUID"))
    }
}

/// An id as these systems write them: a number or a text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Spelling")]
pub(crate) struct AnyId(pub(crate) String);

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelling {
    Number(i64),
    Text(String),
}

impl From<Spelling> for AnyId {
    fn from(id: Spelling) -> Self {
        match id {
            Spelling::Number(number) => Self(number.to_string()),
            Spelling::Text(text) => Self(text),
        }
    }
}

impl AnyId {
    /// Refuses whoever speaks for somebody else: who speaks is in the token.
    pub(crate) fn must_be(&self, caller: &Caller) -> Result<(), Error> {
        if self.0 == caller.principal.id { Ok(()) } else { Err(NOT_YOU) }
    }
}

/// To whoever speaks for somebody else.
pub(crate) const NOT_YOU: Error =
    Error::Forbidden { code: "not_you", detail: "This is somebody else than your token says." };

/// The room of this kind that a text names.
pub(crate) fn room_of(kind: RoomKind, id: &str) -> Result<RoomId, Error> {
    let room: Option<RoomId> = id.parse().ok();
    room.filter(|room| room.kind() == kind).ok_or(Error::NotFound)
}

/// A text to post, within the limits of the kind. `field` is what the system calls it.
pub(crate) fn draft(
    kind: RoomKind,
    field: &str,
    text: String,
    IdempotencyKey(id): IdempotencyKey,
) -> Result<Draft, Error> {
    Draft::new(kind, MessageType::Text, text, id, None)
        .map_err(|bad| Error::invalid(field, bad.to_string()))
}

/// A system's table, whose refusals are said in its own words.
pub(crate) fn worded(words: fn(&str) -> Value, routes: Router<Shared>) -> Router<Shared> {
    routes.layer(map_response(move |response: Response| ready(reword(response, words))))
}

/// Says a refusal in a system's own words; its status and headers stay.
fn reword(mut response: Response, words: fn(&str) -> Value) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let said = Json(words(&in_words(&problem))).into_response();
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_TYPE, said.headers()[header::CONTENT_TYPE].clone());
    Response::from_parts(parts, said.into_body())
}

/// A problem as a sentence: these systems have no fields for its parts.
fn in_words(problem: &Problem) -> String {
    let Some(fields) = &problem.errors else { return problem.detail.clone() };
    let said = fields.iter().map(|error| format!("{} {}", error.field, error.message));
    said.collect::<Vec<_>>().join(", ").trim().to_owned()
}
