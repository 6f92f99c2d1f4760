//! `/v1/rooms`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    actions::{
        open::Naming,
        rooms::{RoomChanges, RoomList},
        view::RoomView,
    },
    domain::{
        change::Change,
        principal::Caller,
        room::{Opening, RoomKind},
    },
    error::Error,
    http::{
        BadJson, BadQuery, Fields, NoToken, NotYours, OptionalJson, Problem, RoomPath, Shared,
        TooMany, Unavailable, ValidJson, ValidQuery,
    },
    store::OwnSettings,
};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Which room to open.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OpenRoom {
    /// What sort of room.
    kind: RoomKind,
    /// For `direct`: the other user's id.
    #[schema(min_length = 1, max_length = 128)]
    with: Option<String>,
    /// For `support`, by an agent: the user's id.
    #[schema(min_length = 1, max_length = 128)]
    user: Option<String>,
    /// For `listing`: the listing's id.
    #[schema(min_length = 1, max_length = 128)]
    listing_id: Option<String>,
    /// For `match`: the group's id.
    #[schema(min_length = 1, max_length = 128)]
    group_id: Option<String>,
    /// For `group`: the ids of those who are in it beside the caller, 999 at most.
    #[schema(max_items = 999)]
    members: Option<Vec<String>>,
    /// For `group`: at most 200 characters.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// For `group`: a UUID that you make. Opening again with it finds the same room.
    #[schema(value_type = Option<uuid::Uuid>)]
    client_id: Option<String>,
}

impl OpenRoom {
    fn naming(self) -> Result<Naming, Error> {
        let required = |value: Option<String>, field: &str| {
            value.ok_or_else(|| Error::invalid(field, "is required"))
        };
        Ok(match self.kind.rules().opening {
            Opening::ByPair => Naming::Pair { with: required(self.with, "with")? },
            Opening::ByAsking => Naming::Asking { user: self.user },
            Opening::ByListing => {
                Naming::Listing { listing_id: required(self.listing_id, "listing_id")? }
            }
            Opening::ByGroup => Naming::Group { group_id: required(self.group_id, "group_id")? },
            Opening::ByMembers => Naming::Members {
                members: self.members.ok_or_else(|| Error::invalid("members", "is required"))?,
                title: self.title,
                client_id: self
                    .client_id
                    .map(|text| text.parse())
                    .transpose()
                    .map_err(|_| Error::invalid("client_id", "must be a UUID"))?,
            },
        })
    }
}

/// Opens a room, or finds it open.
#[utoipa::path(
    post,
    path = "/v1/rooms",
    request_body = OpenRoom,
    responses(
        (status = 201, body = RoomView, description = "The new room"),
        (status = 200, body = RoomView, description = "The room that was open already"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not for you: blocked, a guest, or no agent"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such listing, group or match"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The raffle was not held yet"),
        NoToken,
        BadJson,
        TooMany,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn open_room(
    State(app): State<Shared>,
    caller: Caller,
    ValidJson(asked): ValidJson<OpenRoom>,
) -> Result<(StatusCode, Json<RoomView>), Error> {
    let kind = asked.kind;
    let (room, new) = app.services.open(&caller, kind, asked.naming()?).await?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(room)))
}

/// Which part of the inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRooms {
    /// Only rooms of this kind; a page may then be short.
    kind: Option<RoomKind>,
    /// How many rooms: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The caller's rooms, latest activity first, without those that the caller hid.
#[utoipa::path(
    get,
    path = "/v1/rooms",
    params(ListRooms),
    responses(
        (status = 200, body = RoomList, description = "A page of rooms"),
        NoToken,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_rooms(
    State(app): State<Shared>,
    caller: Caller,
    ValidQuery(asked): ValidQuery<ListRooms>,
) -> Result<Json<RoomList>, Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT);
    let cursor = fields.cursor(asked.cursor, |text| text.parse().ok());
    fields.check()?;
    app.services.rooms(&caller, asked.kind, limit, cursor).await.map(Json)
}

/// One room.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}",
    params(RoomPath),
    responses(
        (status = 200, body = RoomView, description = "The room"),
        NoToken,
        NotYours,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_room(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
) -> Result<Json<RoomView>, Error> {
    app.services.room(&caller, room).await.map(Json)
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChangeRoom {
    /// For everyone, in a `group`: at most 200 characters; null takes the title away.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    title: Change<String>,
    /// For the caller: out of the list until something comes.
    hidden: Option<bool>,
    /// For the caller: no notifications.
    muted: Option<bool>,
    /// For the caller: to be shown on top.
    pinned: Option<bool>,
}

/// Changes a group's title, or how a room is for the caller.
#[utoipa::path(
    patch,
    path = "/v1/rooms/{id}",
    params(RoomPath),
    request_body = ChangeRoom,
    responses(
        (status = 200, body = RoomView, description = "The room as it is now"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Agents share their rooms"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn change_room(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    ValidJson(asked): ValidJson<ChangeRoom>,
) -> Result<Json<RoomView>, Error> {
    let ChangeRoom { title, hidden, muted, pinned } = asked;
    let changes = RoomChanges { title, own: OwnSettings { hidden, muted, pinned } };
    app.services.change_room(&caller, room, changes).await.map(Json)
}

/// Deletes a room and all its items.
///
/// From the first answer on the room is gone. The items of a large room go a part at a time: 202
/// says that more are left, and the same call goes on.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}",
    params(RoomPath),
    responses(
        (status = 204, description = "Gone, and nothing is left"),
        (status = 202, description = "Gone; items are left, so call again"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Only for the application's server and agents"),
        NoToken,
        NotYours,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete_room(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
) -> Result<StatusCode, Error> {
    let done = app.services.delete_room(&caller, room).await?;
    Ok(if done { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}

/// What the desk had seen when it decided.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Seen {
    /// The room's `head` then: if more has come since, nothing is done.
    seq: Option<u64>,
}

/// Puts a room away, out of its desk's queue, until its user writes again. Once is enough.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/archive",
    params(RoomPath),
    request_body = Option<Seen>,
    responses(
        (status = 200, body = RoomView, description = "The room, put away"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not your desk"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "More has come than was seen"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn archive_room(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    OptionalJson(seen): OptionalJson<Seen>,
) -> Result<Json<RoomView>, Error> {
    app.services.archive(&caller, room, seen.seq).await.map(Json)
}

/// Takes a room back into its desk's queue. Once is enough.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/unarchive",
    params(RoomPath),
    request_body = Option<Seen>,
    responses(
        (status = 200, body = RoomView, description = "The room, in the queue"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not your desk"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "More has come than was seen"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn unarchive_room(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    OptionalJson(seen): OptionalJson<Seen>,
) -> Result<Json<RoomView>, Error> {
    app.services.unarchive(&caller, room, seen.seq).await.map(Json)
}
