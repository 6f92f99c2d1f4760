//! `/v1/rooms`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    actions::rooms::{RoomList, RoomView},
    domain::{principal::Caller, room::RoomKind},
    error::Error,
    http::{Fields, Problem, RoomPath, Shared, ValidJson, ValidQuery},
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
    with: Option<String>,
}

/// Opens a room, or finds it open.
#[utoipa::path(
    post,
    path = "/v1/rooms",
    request_body = OpenRoom,
    responses(
        (status = 201, body = RoomView, description = "The new room"),
        (status = 200, body = RoomView, description = "The room that was open already"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Not JSON"),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No good token"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "Too long"),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "Not JSON by its type"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A field is wrong"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Try again"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn open_room(
    State(app): State<Shared>,
    caller: Caller,
    ValidJson(asked): ValidJson<OpenRoom>,
) -> Result<(StatusCode, Json<RoomView>), Error> {
    let (room, new) = match asked.kind {
        RoomKind::Direct => {
            let with = asked.with.ok_or_else(|| Error::invalid("with", "is required"))?;
            app.services.open_direct(&caller, &with).await?
        }
    };
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(room)))
}

/// Which part of the inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRooms {
    /// Only rooms of this kind; a page may then be short.
    kind: Option<RoomKind>,
    /// How many rooms: 1 to 100, 20 unless given.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The caller's rooms, latest activity first.
#[utoipa::path(
    get,
    path = "/v1/rooms",
    params(ListRooms),
    responses(
        (status = 200, body = RoomList, description = "A page of rooms"),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No good token"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A parameter is wrong"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Try again"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_rooms(
    State(app): State<Shared>,
    caller: Caller,
    ValidQuery(asked): ValidQuery<ListRooms>,
) -> Result<Json<RoomList>, Error> {
    let mut fields = Fields::default();
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        fields.wrong("limit", format!("must be 1 to {MAX_LIMIT}"));
    }
    let cursor = asked.cursor.map(|text| text.parse()).transpose().unwrap_or_else(|_| {
        fields.wrong("cursor", "must be the `next` of a page");
        None
    });
    fields.check()?;
    app.services.rooms(&caller, asked.kind, limit, cursor).await.map(Json)
}

/// One room.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}",
    params(("id" = uuid::Uuid, Path, description = "The room")),
    responses(
        (status = 200, body = RoomView, description = "The room"),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No good token"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Absent, or not yours"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Try again"),
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
