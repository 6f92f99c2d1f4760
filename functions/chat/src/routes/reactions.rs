//! `/v1/rooms/{id}/messages/{seq}/reactions`.

use axum::{Json, extract::State};
use shared::{
    domain::{message::MessageView, principal::Caller},
    error::Error,
    http::{EmojiPath, NoToken, NotYours, Problem, RoomPath, SeqPath, Shared, Unavailable},
};

/// Puts an emoji to a message. Once is enough.
#[utoipa::path(
    put,
    path = "/v1/rooms/{id}/messages/{seq}/reactions/{emoji}",
    params(RoomPath, SeqPath, EmojiPath),
    responses(
        (status = 200, body = MessageView, description = "The message as it is now"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Blocked"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The message was deleted, or has too many emoji"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Not an emoji"),
        NoToken,
        NotYours,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn put_reaction(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    SeqPath(seq): SeqPath,
    EmojiPath(emoji): EmojiPath,
) -> Result<Json<MessageView>, Error> {
    app.services.react(&caller, room, seq, emoji, true).await.map(Json)
}

/// Takes an emoji back. Once is enough.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/messages/{seq}/reactions/{emoji}",
    params(RoomPath, SeqPath, EmojiPath),
    responses(
        (status = 200, body = MessageView, description = "The message as it is now"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Blocked"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The message was deleted"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Not an emoji"),
        NoToken,
        NotYours,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete_reaction(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    SeqPath(seq): SeqPath,
    EmojiPath(emoji): EmojiPath,
) -> Result<Json<MessageView>, Error> {
    app.services.react(&caller, room, seq, emoji, false).await.map(Json)
}
