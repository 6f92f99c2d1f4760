//! `/v1/rooms/{id}/read`.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    domain::principal::Caller,
    error::Error,
    http::{BadJson, NoToken, NotYours, RoomPath, Shared, Unavailable, ValidJson},
};
use utoipa::ToSchema;

/// How far the caller has read.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MarkRead {
    /// The `seq` up to which everything is read; beyond the head it means the head.
    seq: u64,
}

/// How far the caller has read now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadMark {
    /// The `seq` up to which everything is read.
    read: u64,
    /// How many messages are not.
    unread: u64,
}

/// Marks messages as read. The mark moves forward only.
#[utoipa::path(
    put,
    path = "/v1/rooms/{id}/read",
    params(RoomPath),
    request_body = MarkRead,
    responses(
        (status = 200, body = ReadMark, description = "Where the mark is now"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn mark_read(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    ValidJson(mark): ValidJson<MarkRead>,
) -> Result<Json<ReadMark>, Error> {
    let position = app.services.mark_read(&caller, room, mark.seq).await?;
    Ok(Json(ReadMark { read: position.read, unread: position.unread }))
}
