//! `/v1/rooms/{id}/messages`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    actions::messages::{History, SlotView},
    domain::{
        message::{Draft, MessageType, MessageView},
        principal::Caller,
    },
    error::Error,
    http::{
        BadJson, BadQuery, Fields, NoToken, NotYours, Problem, RoomPath, SeqPath, Shared, TooMany,
        Unavailable, ValidJson, ValidQuery,
    },
    store::Window,
};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 200;

/// A message to post.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CreateMessage {
    /// The text: not blank, and no longer than the kind of room allows (`direct`: 10,000
    /// characters, counted as Unicode scalar values; `match`: 500).
    #[schema(min_length = 1, max_length = 10_000)]
    body: String,
    /// What `body` is.
    #[serde(default, rename = "type")]
    kind: MessageType,
    /// A UUID that you make: with it, repeating the post is safe for seven days.
    #[schema(value_type = Option<uuid::Uuid>)]
    client_id: Option<String>,
    /// The `seq` of the message that this one answers.
    #[schema(minimum = 1)]
    reply_to: Option<u64>,
    /// Says that this may have been posted before.
    #[serde(default)]
    retry: bool,
}

/// A stored message, and whether it was announced.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedMessage {
    #[serde(flatten)]
    message: MessageView,
    /// Whether the relay took its events. If not, the message is stored all the same.
    delivered: bool,
}

/// Posts a message.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/messages",
    params(RoomPath),
    request_body = CreateMessage,
    responses(
        (status = 201, body = CreatedMessage, description = "The stored message"),
        (status = 200, body = CreatedMessage, description = "This client_id was seen before: the same message"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Blocked"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "This client_id was used for another message"),
        NoToken,
        NotYours,
        BadJson,
        TooMany,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn create_message(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    ValidJson(sent): ValidJson<CreateMessage>,
) -> Result<(StatusCode, Json<CreatedMessage>), Error> {
    let mut fields = Fields::default();
    let client_id = sent.client_id.map(|text| text.parse()).transpose().unwrap_or_else(|_| {
        fields.wrong("client_id", "must be a UUID");
        None
    });
    if sent.reply_to == Some(0) {
        fields.wrong("reply_to", "must be the seq of a message in this room");
    }
    let draft = Draft::new(room.kind(), sent.kind, sent.body, client_id, sent.reply_to);
    let draft = draft.map_err(|bad| fields.wrong("body", bad.to_string()));
    fields.check()?;
    // Unreachable: a draft that failed has been said to be wrong.
    let draft = draft.map_err(|()| Error::NotFound)?;
    let posted = app.services.post(&caller, room, draft, sent.retry).await?;
    let status = if posted.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(CreatedMessage { message: posted.message, delivered: posted.delivered })))
}

/// Which part of the log: at most one of `before`, `after`, `around`; the newest part without.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessages {
    /// The messages just before this `seq`.
    before: Option<u64>,
    /// The messages just after this `seq`.
    after: Option<u64>,
    /// The messages on both sides of this `seq`.
    around: Option<u64>,
    /// How many: 1 to 200, 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// A part of a room's log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageList {
    /// Ascending and dense: every `seq` of the part is there, as a message or as an empty slot.
    messages: Vec<ListedSlot>,
    /// The room's highest `seq`.
    head: u64,
    /// The room's revision.
    rev: u64,
    /// Whether there is more: later ones with `after`, earlier ones otherwise.
    has_more: bool,
}

/// What stands at a place in the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ListedSlot {
    /// A message.
    Message(Box<MessageView>),
    /// No message: never, or not yet.
    Empty(EmptySlot),
}

/// A place in the log without a message.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)] // Or the description says that a message is one, too.
pub(crate) struct EmptySlot {
    /// The place.
    seq: u64,
    /// No message will ever stand here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    void: bool,
    /// A message may still come here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
}

/// A part of a room's log.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/messages",
    params(RoomPath, ListMessages),
    responses(
        (status = 200, body = MessageList, description = "A page of the log"),
        NoToken,
        NotYours,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_messages(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    ValidQuery(asked): ValidQuery<ListMessages>,
) -> Result<Json<MessageList>, Error> {
    let mut fields = Fields::default();
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        fields.wrong("limit", format!("must be 1 to {MAX_LIMIT}"));
    }
    let window = match (asked.before, asked.after, asked.around) {
        (None, None, None) => Window::Newest,
        (Some(seq), None, None) => Window::Before(seq),
        (None, Some(seq), None) => Window::After(seq),
        (None, None, Some(seq)) => Window::Around(seq),
        _ => {
            fields.wrong("before", "only one of before, after and around can be given");
            Window::Newest
        }
    };
    fields.check()?;
    let page = app.services.history(&caller, room, window, limit).await?;
    Ok(Json(page.into()))
}

impl From<History> for MessageList {
    fn from(page: History) -> Self {
        let empty = |seq, void| ListedSlot::Empty(EmptySlot { seq, void, pending: !void });
        let messages = page.slots.into_iter().map(|slot| match slot {
            SlotView::Message(message) => ListedSlot::Message(message),
            SlotView::Void(seq) => empty(seq, true),
            SlotView::Pending(seq) => empty(seq, false),
        });
        Self {
            messages: messages.collect(),
            head: page.head,
            rev: page.rev,
            has_more: page.has_more,
        }
    }
}

/// Another text for a message.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EditMessage {
    /// The text, within the limits of a new message.
    #[schema(min_length = 1, max_length = 10_000)]
    body: String,
}

/// Gives an own message another text.
#[utoipa::path(
    patch,
    path = "/v1/rooms/{id}/messages/{seq}",
    params(RoomPath, SeqPath),
    request_body = EditMessage,
    responses(
        (status = 200, body = MessageView, description = "The message as it is now"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Somebody else's, or blocked"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The message was deleted"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn edit_message(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    SeqPath(seq): SeqPath,
    ValidJson(sent): ValidJson<EditMessage>,
) -> Result<Json<MessageView>, Error> {
    let draft = Draft::new(room.kind(), MessageType::Text, sent.body, None, None);
    let draft = draft.map_err(|bad| Error::invalid("body", bad.to_string()))?;
    app.services.edit(&caller, room, seq, draft.body).await.map(Json)
}

/// Deletes an own message; an agent deletes any. It keeps its place, without its text. Once is enough.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{id}/messages/{seq}",
    params(RoomPath, SeqPath),
    responses(
        (status = 200, body = MessageView, description = "The message as it is now: without a body"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Somebody else's"),
        NoToken,
        NotYours,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete_message(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    SeqPath(seq): SeqPath,
) -> Result<Json<MessageView>, Error> {
    app.services.delete_message(&caller, room, seq).await.map(Json)
}
