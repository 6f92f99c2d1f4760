//! `/v1/rooms/{id}/members`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    actions::{members::MemberList, view::RoomView},
    domain::{ids::SideKey, principal::Caller, room::group::MAX_MEMBERS},
    error::Error,
    http::{
        BadJson, BadQuery, Fields, MemberPath, NoToken, NotYours, Problem, RoomPath, Shared,
        Unavailable, ValidJson, ValidQuery,
    },
};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// Which part of the members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMembers {
    /// How many: 1 to 200, 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Who is in a room.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/members",
    params(RoomPath, ListMembers),
    responses(
        (status = 200, body = MemberList, description = "A page of members"),
        NoToken,
        NotYours,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_members(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    ValidQuery(asked): ValidQuery<ListMembers>,
) -> Result<Json<MemberList>, Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT);
    let after = fields.cursor(asked.cursor, SideKey::parse);
    fields.check()?;
    app.services.members(&caller, room, limit, after).await.map(Json)
}

/// Who is to join.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AddMembers {
    /// The users' ids: 1 to 1,000.
    #[schema(min_items = 1, max_items = 1000)]
    members: Vec<String>,
}

/// Adds users to a `group`. Each member may; who is in it already stays as it is.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/members",
    params(RoomPath),
    request_body = AddMembers,
    responses(
        (status = 200, body = RoomView, description = "The room with its members"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Members come and go in groups alone"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The group would be too large"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn add_members(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    ValidJson(asked): ValidJson<AddMembers>,
) -> Result<Json<RoomView>, Error> {
    if !(1..=MAX_MEMBERS).contains(&asked.members.len()) {
        return Err(Error::invalid("members", format!("must name 1 to {MAX_MEMBERS} users")));
    }
    app.services.add_members(&caller, room, &asked.members).await.map(Json)
}

/// Removes a member of a `group`, which its owner may; or leaves it, which everybody may.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/members/{member_id}",
    params(RoomPath, MemberPath),
    responses(
        (status = 204, description = "No member any more"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not the owner, or no group"),
        NoToken,
        NotYours,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn remove_member(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    MemberPath(member): MemberPath,
) -> Result<StatusCode, Error> {
    app.services.remove_member(&caller, room, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}
