//! `/v1/users`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    actions::{
        lives::{LifeCursor, LifePage},
        people::{PersonList, PersonView},
    },
    domain::{
        change::Change,
        name::{MAX_COMPARED, folded},
        person::PersonChange,
        principal::{Caller, Principal, PrincipalType, Service},
        time::Timestamp,
    },
    error::Error,
    http::{
        BadJson, BadQuery, Fields, IdPath, NoToken, NotTheServer, Problem, Shared, TooMany,
        Unavailable, ValidJson, ValidQuery,
    },
    store::NameCursor,
};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The longest e-mail address (RFC 5321 leaves no room for more).
const MAX_EMAIL: usize = 254;
/// The longest language tag (RFC 5646, section 4.4.1), in characters.
const MAX_LOCALE: usize = 35;
/// The longest address of a picture, in characters.
const MAX_PICTURE: usize = 2_000;

/// Whom to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsers {
    /// How one of the first four words of the name begins, and how it goes on: 1 to 100 characters. Case
    /// does not matter.
    #[param(min_length = 1, max_length = 100)]
    q: String,
    /// How many people: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The people of a name that begins so. The caller may be one of them.
#[utoipa::path(
    get,
    path = "/v1/users",
    params(ListUsers),
    responses(
        (status = 200, body = PersonList, description = "A page of people"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "A guest, or the search is switched off"),
        NoToken,
        BadQuery,
        TooMany,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_users(
    State(app): State<Shared>,
    caller: Caller,
    ValidQuery(asked): ValidQuery<ListUsers>,
) -> Result<Json<PersonList>, Error> {
    let mut fields = Fields::default();
    fields.text("q", asked.q.trim(), MAX_COMPARED);
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        fields.wrong("limit", format!("must be 1 to {MAX_LIMIT}"));
    }
    let wanted = folded(&asked.q);
    let after = asked.cursor.and_then(|text| {
        let cursor = NameCursor::parse(&text, &wanted);
        if cursor.is_none() {
            fields.wrong("cursor", "must be the `next` of a page of the same search");
        }
        cursor
    });
    fields.check()?;
    app.services.search(&caller, &wanted, limit, after.as_ref()).await.map(Json)
}

/// A person.
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    params(IdPath),
    responses(
        (status = 200, body = PersonView, description = "The person"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Oneself, erased after the token was made"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Nobody was ever seen under this id"),
        NoToken,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_user(
    State(app): State<Shared>,
    caller: Caller,
    IdPath(id): IdPath,
) -> Result<Json<PersonView>, Error> {
    app.services.person(&caller, &id).await.map(Json)
}

/// What the application's server tells of a person: null clears a field, an absent one stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PutUser {
    /// The name to show: 1 to 200 characters. The person is found by it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    name: Change<String>,
    /// The e-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 254)]
    email: Change<String>,
    /// The address of a picture.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 2000)]
    picture: Change<String>,
    /// How the application rates the person.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    karma: Change<i64>,
    /// When the person joined the application.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    joined_at: Change<Timestamp>,
    /// The language that the person reads (BCP 47), as `de-AT`: mail is in it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 35)]
    locale: Change<String>,
}

/// Describes a person, who need not have signed in before. For the application's own server.
#[utoipa::path(
    put,
    path = "/v1/users/{id}",
    params(IdPath),
    request_body = PutUser,
    responses(
        (status = 200, body = PersonView, description = "The person now"),
        NoToken,
        NotTheServer,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn put_user(
    State(app): State<Shared>,
    service: Service,
    IdPath(id): IdPath,
    ValidJson(told): ValidJson<PutUser>,
) -> Result<Json<PersonView>, Error> {
    let PutUser { name, email, picture, karma, joined_at, locale } = told;
    let mut fields = Fields::default();
    fields.id("id", &id);
    for (field, change, most) in [
        ("name", &name, MAX_NAME),
        ("email", &email, MAX_EMAIL),
        ("picture", &picture, MAX_PICTURE),
        ("locale", &locale, MAX_LOCALE),
    ] {
        if let Some(text) = change.value() {
            fields.text(field, text, most);
        }
    }
    fields.check()?;
    let change = PersonChange { name, email, picture, karma, joined_at, locale };
    app.services.describe_person(service, &id, &change).await.map(Json)
}

/// Which sort of account.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichAccount {
    /// `user` unless given.
    #[serde(default, rename = "type")]
    kind: PrincipalType,
}

impl WhichAccount {
    fn account(&self, id: &str) -> Result<Principal, Error> {
        let account = Principal::new(self.kind, id);
        account.ok_or_else(|| Error::invalid("id", "must have 1 to 128 bytes"))
    }
}

/// Erases a person. For the application's own server.
///
/// What the person was called, and what it wrote, is gone afterwards, also from the table. Its messages
/// keep their places, as deleted ones of nobody's, and what others wrote stays. A long life takes more than
/// one call: 202 says that something is left, and the same call goes on.
#[utoipa::path(
    delete,
    path = "/v1/users/{id}",
    params(IdPath, WhichAccount),
    responses(
        (status = 204, description = "Nothing is left"),
        (status = 202, description = "Something is left; call again"),
        NoToken,
        NotTheServer,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn erase_user(
    State(app): State<Shared>,
    service: Service,
    IdPath(id): IdPath,
    ValidQuery(which): ValidQuery<WhichAccount>,
) -> Result<StatusCode, Error> {
    let done = app.services.erase(service, &which.account(&id)?).await?;
    Ok(if done { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}

/// Which account, and where its copy goes on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportUser {
    /// `user` unless given.
    #[serde(default, rename = "type")]
    kind: PrincipalType,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of a copy of everything that a person has here: profile, blocks, rooms, and in these what it
/// wrote, reacted to and reported. For the application's own server.
#[utoipa::path(
    get,
    path = "/v1/users/{id}/export",
    params(IdPath, ExportUser),
    responses(
        (status = 200, body = LifePage, description = "A page of the copy"),
        NoToken,
        NotTheServer,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn export_user(
    State(app): State<Shared>,
    service: Service,
    IdPath(id): IdPath,
    ValidQuery(asked): ValidQuery<ExportUser>,
) -> Result<Json<LifePage>, Error> {
    let mut fields = Fields::default();
    let from = fields.cursor(asked.cursor, LifeCursor::parse);
    fields.check()?;
    let account = WhichAccount { kind: asked.kind }.account(&id)?;
    app.services.export(service, &account, from).await.map(Json)
}
