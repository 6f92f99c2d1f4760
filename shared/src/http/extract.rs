//! Who calls and what they sent, checked before a handler sees it.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, header, request::Parts},
};
use lambda_http::request::RequestContext;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use utoipa::IntoParams;

use super::Shared;
use crate::{
    domain::{
        ids::RoomId,
        message::Emoji,
        principal::{Caller, MAX_ID_BYTES, Service},
        time::system_now,
    },
    error::Error,
};

/// The longest body that a valid request can have: ten thousand characters, each written as two
/// escapes of six bytes, and room for the rest.
pub(super) const MAX_BODY: usize = 128 * 1024;

/// The verified bearer of a token (RFC 6750).
impl FromRequestParts<Shared> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .ok_or(Error::Unauthenticated("a bearer token is required"))?;
        let token = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(Error::Unauthenticated("the Authorization header holds no bearer token"))?;
        Ok(app.tokens.verify(token, system_now()).await?)
    }
}

/// The application's own server; everybody else is refused before anything else is looked at.
impl FromRequestParts<Shared> for Service {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.service().ok_or(Error::Forbidden {
            code: "service_only",
            detail: "Only the application's own server may do this.",
        })
    }
}

/// The address from which a request came, as the API's gateway saw it, or this program's own socket:
/// a caller can write what it likes into headers. Whose address is not known, all have the same.
#[derive(Clone, Copy, Debug)]
pub struct SourceAddress(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for SourceAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let by_gateway = parts.extensions.get::<RequestContext>().and_then(|context| {
            let RequestContext::ApiGatewayV2(context) = context else { return None };
            context.http.source_ip.as_deref()?.parse().ok()
        });
        let by_socket = || Some(parts.extensions.get::<ConnectInfo<SocketAddr>>()?.ip());
        let address = by_gateway.or_else(by_socket);
        Ok(Self(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// The room that the path names. One that could not be a room's id is simply not found.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub struct RoomPath(
    /// The room.
    #[param(value_type = uuid::Uuid)]
    pub RoomId,
);

impl FromRequestParts<Shared> for RoomPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let IdPath(id) = IdPath::from_request_parts(parts, app).await?;
        id.parse().map(Self).map_err(|_| Error::NotFound)
    }
}

/// The application's own id that the path names: any text, with percent signs where a URL needs them.
#[derive(Clone, Debug, IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub struct IdPath(
    /// The application's own id, percent-encoded: 1 to 128 bytes.
    #[param(min_length = 1, max_length = 128)]
    pub String,
);

impl FromRequestParts<Shared> for IdPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        parameter(parts, app, "id").await.map(Self)
    }
}

/// The member's id that the path names.
#[derive(Clone, Debug, IntoParams)]
#[into_params(names("member_id"), parameter_in = Path)]
pub struct MemberPath(
    /// The member, percent-encoded.
    #[param(min_length = 1)]
    pub String,
);

impl FromRequestParts<Shared> for MemberPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        parameter(parts, app, "member_id").await.map(Self)
    }
}

/// The place of a message that the path names. What is no number is no place.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(names("seq"), parameter_in = Path)]
pub struct SeqPath(
    /// The message's place in the room.
    #[param(minimum = 1)]
    pub u64,
);

impl FromRequestParts<Shared> for SeqPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let seq = parameter(parts, app, "seq").await?;
        seq.parse().map(Self).map_err(|_| Error::NotFound)
    }
}

/// The emoji that the path names.
#[derive(Clone, Debug, IntoParams)]
#[into_params(names("emoji"), parameter_in = Path)]
pub struct EmojiPath(
    /// The emoji, percent-encoded: 1 to 16 characters.
    #[param(value_type = String, min_length = 1, max_length = 16)]
    pub Emoji,
);

impl FromRequestParts<Shared> for EmojiPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let text = parameter(parts, app, "emoji").await?;
        let emoji = Emoji::parse(&text).map(Self);
        emoji.ok_or_else(|| Error::invalid("emoji", "must be an emoji"))
    }
}

/// A part of the path. One that is no text in UTF-8 names nothing.
async fn parameter(parts: &mut Parts, app: &Shared, name: &str) -> Result<String, Error> {
    let path =
        <Path<Vec<(String, String)>> as FromRequestParts<Shared>>::from_request_parts(parts, app)
            .await;
    let parameters = path.map_err(|_| Error::NotFound)?.0;
    let found = parameters.into_iter().find(|(found, _)| found == name);
    found.map(|(_, value)| value).ok_or(Error::NotFound)
}

/// A JSON body of this shape.
#[derive(Clone, Copy, Debug)]
pub struct ValidJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for ValidJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Error> {
        if !is_json(content_type(request.headers())) {
            return Err(Error::UnsupportedType { expected: "application/json" });
        }
        json(&body(request, app).await?).map(Self)
    }
}

/// A JSON body of this shape, or none at all, which `null` says as well.
#[derive(Clone, Copy, Debug)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Shared> for OptionalJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Error> {
        let typed = is_json(content_type(request.headers()));
        let body = body(request, app).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        if !typed {
            return Err(Error::UnsupportedType { expected: "application/json" });
        }
        if body.trim_ascii() == b"null" {
            return Ok(Self(T::default()));
        }
        json(&body).map(Self)
    }
}

/// A body of this shape, as a form or as JSON: Pusher's clients send either.
#[derive(Clone, Copy, Debug)]
pub struct ValidForm<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for ValidForm<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Error> {
        let kind = content_type(request.headers());
        if is_json(kind) {
            return json(&body(request, app).await?).map(Self);
        }
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Error::UnsupportedType {
                expected: "application/json or application/x-www-form-urlencoded",
            });
        }
        pairs(&body(request, app).await?).map(Self)
    }
}

/// A query of this shape.
#[derive(Clone, Copy, Debug)]
pub struct ValidQuery<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for ValidQuery<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Error> {
        pairs(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// Collects what is wrong with a request's fields, to say it all at once.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<crate::error::FieldError>);

impl Fields {
    /// Says that a field is wrong.
    pub fn wrong(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(crate::error::FieldError { field: field.to_owned(), message: message.into() });
    }

    /// Says that a text is wrong which is blank, holds a NUL character or more characters than `most`.
    pub fn text(&mut self, field: &str, text: &str, most: usize) {
        if text.trim().is_empty() {
            self.wrong(field, "must not be blank");
        } else if text.contains('\0') {
            self.wrong(field, "must not hold a NUL character");
        } else if text.chars().nth(most).is_some() {
            self.wrong(field, format!("must have at most {most} characters"));
        }
    }

    /// Says that an id is wrong which no account, listing or group can have.
    pub fn id(&mut self, field: &str, id: &str) {
        if !(1..=MAX_ID_BYTES).contains(&id.len()) {
            self.wrong(field, format!("must have 1 to {MAX_ID_BYTES} bytes"));
        }
    }

    /// How many are wanted on a page: as many as asked, from 1 to `most`, or else `usual`.
    pub fn limit(&mut self, asked: Option<usize>, usual: usize, most: usize) -> usize {
        let limit = asked.unwrap_or(usual);
        if !(1..=most).contains(&limit) {
            self.wrong("limit", format!("must be 1 to {most}"));
        }
        limit
    }

    /// Where the page begins, if not at the beginning.
    pub fn cursor<T>(
        &mut self,
        asked: Option<String>,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let asked = asked?;
        let cursor = read(&asked);
        if cursor.is_none() {
            self.wrong("cursor", "must be the `next` of a page");
        }
        cursor
    }

    /// Nothing was wrong, or everything that was.
    ///
    /// # Errors
    /// `Invalid` with all that was said.
    pub fn check(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

async fn body(request: Request, app: &Shared) -> Result<Bytes, Error> {
    Bytes::from_request(request, app).await.map_err(|rejection| {
        if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
            Error::TooLarge { limit: MAX_BODY }
        } else {
            Error::Malformed("the body did not arrive whole".into())
        }
    })
}

fn content_type(headers: &HeaderMap) -> &str {
    let value =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn is_json(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// First whether it is JSON at all, then whether it fits: so the one is always 400 and the other always
/// 422. The first step also bounds how deep unknown keys may go.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| {
        // Where it stands in the text helps; the text itself may be private.
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::Malformed(format!("the body is not valid JSON ({place})"))
    })?;
    if !value.is_object() {
        return Err(Error::invalid("", "must be a JSON object"));
    }
    checked(value)
}

fn pairs<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    checked(serde_urlencoded::Deserializer::new(form_urlencoded::parse(text)))
}

/// Reads a value; what does not fit its shape is told by field.
fn checked<'de, T, D>(reader: D) -> Result<T, Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
    D::Error: std::fmt::Display,
{
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let (field, message) = field_of(&path, &error.into_inner().to_string());
        Error::invalid(field, message)
    })
}

/// Which field a message of serde is about, and the message in the API's words.
fn field_of(path: &str, message: &str) -> (String, String) {
    for (prefix, says) in
        [("missing field `", "is required"), ("duplicate field `", "is there twice")]
    {
        if let Some(name) = message.strip_prefix(prefix).and_then(|rest| rest.split('`').next()) {
            let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
            return (field, says.to_owned());
        }
    }
    (path.to_owned(), message.to_owned())
}
