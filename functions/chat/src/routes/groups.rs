//! `/v1/groups`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    actions::groups::{GroupDescription, GroupView},
    domain::{
        principal::{Principal, Service},
        time::Timestamp,
    },
    error::Error,
    http::{
        BadJson, Fields, IdPath, NoToken, NotTheServer, Problem, Shared, Unavailable, ValidJson,
    },
};
use utoipa::ToSchema;

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The most matches that one call may tell.
const MAX_MATCHES: usize = 2_000;

/// What the application's server tells of a group.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PutGroup {
    /// What it is called: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// From when on receivers may know who gave.
    #[schema(value_type = String, format = DateTime)]
    reveal_at: Timestamp,
    /// Who gives to whom, by giver, once that is drawn: at most 2,000 a call. What was told before
    /// stays.
    matches: Option<BTreeMap<String, String>>,
}

/// Describes a group in which everyone gives to somebody who does not know from whom. Who drew whom is
/// told once and never shown. For the application's own server.
#[utoipa::path(
    put,
    path = "/v1/groups/{id}",
    params(IdPath),
    request_body = PutGroup,
    responses(
        (status = 200, body = GroupView, description = "The group now"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "A giver has drawn somebody else; nothing has changed"),
        NoToken,
        NotTheServer,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn put_group(
    State(app): State<Shared>,
    service: Service,
    IdPath(id): IdPath,
    ValidJson(told): ValidJson<PutGroup>,
) -> Result<Json<GroupView>, Error> {
    let mut fields = Fields::default();
    fields.id("id", &id);
    fields.text("name", &told.name, MAX_NAME);
    let matches = pairs(told.matches.unwrap_or_default(), &mut fields);
    fields.check()?;
    let group = GroupDescription { id, name: told.name, reveal_at: told.reveal_at, matches };
    app.services.describe_group(service, &group).await.map(Json)
}

/// Who gives to whom, as accounts. What is wrong is said once, whatever the number of matches.
fn pairs(drawn: BTreeMap<String, String>, fields: &mut Fields) -> Vec<(Principal, Principal)> {
    if drawn.len() > MAX_MATCHES {
        fields.wrong("matches", format!("must be at most {MAX_MATCHES}"));
    }
    if drawn.iter().any(|(giver, receiver)| giver == receiver) {
        fields.wrong("matches", "nobody can draw oneself");
    }
    let pair = |(giver, receiver): &(String, String)| {
        Some((Principal::user(giver)?, Principal::user(receiver)?))
    };
    let pairs: Option<Vec<_>> = drawn.into_iter().map(|drawn| pair(&drawn)).collect();
    pairs.unwrap_or_else(|| {
        fields.wrong("matches", "must be ids of 1 to 128 bytes");
        Vec::new()
    })
}
