//! A marketplace, as a Rails API behind mobile apps: users and merchants post into the room of a user and a
//! listing.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    actions::open::Naming,
    dialect::marketplace::{ChatMessage, DIALECT, type_name},
    domain::{principal::Caller, time::Timestamp},
    error::Error,
    http::{Shared, ValidJson},
};

use crate::request::{self, AnyId, IdempotencyKey, NOT_YOU, Speaker, draft, worded};

/// The table.
pub(crate) fn routes() -> Router<Shared> {
    let routes = Router::new()
        .route("/chat_rooms", post(open_room))
        .route("/chat_rooms/{id}/chat_messages", post(create_message));
    worded(words, routes)
}

fn words(said: &str) -> Value {
    json!({ "error": said })
}

/// Rails refuses a body without the key around the fields before it looks at them.
fn required<T>(wrapped: Option<T>, key: &str) -> Result<T, Error> {
    wrapped
        .ok_or_else(|| Error::Malformed(format!("param is missing or the value is empty: {key}")))
}

#[derive(Deserialize)]
struct OpenRoom {
    chat_room: Option<Opening>,
}

#[derive(Deserialize)]
struct Opening {
    listing_id: AnyId,
}

#[derive(Serialize)]
struct ChatRoom {
    id: String,
    user_id: String,
    listing_id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Opens the caller's room about a listing. The system's document does not say how a room comes to be.
async fn open_room(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(sent): ValidJson<OpenRoom>,
) -> Result<Json<ChatRoom>, Error> {
    let AnyId(listing_id) = required(sent.chat_room, "chat_room")?.listing_id;
    let naming = Naming::Listing { listing_id: listing_id.clone() };
    let (room, _) = app.services.open(&caller, DIALECT.kind, naming).await?;
    Ok(Json(ChatRoom {
        id: room.id,
        user_id: caller.principal.id,
        listing_id,
        created_at: room.created_at,
        updated_at: room.updated_at,
    }))
}

#[derive(Deserialize)]
struct CreateMessage {
    chat_message: Option<Message>,
}

/// The five attributes that are taken.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: String,
    sender_id: AnyId,
    sender_type: String,
    receiver_id: AnyId,
    receiver_type: String,
}

async fn create_message(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    Path(id): Path<String>,
    key: IdempotencyKey,
    ValidJson(sent): ValidJson<CreateMessage>,
) -> Result<Json<ChatMessage>, Error> {
    let room = request::room_of(DIALECT.kind, &id)?;
    let sent = required(sent.chat_message, "chat_message")?;
    let draft = draft(DIALECT.kind, "content", sent.content, key)?;
    is_sender(&caller, &sent.sender_id, &sent.sender_type)?;
    let members = app.services.room(&caller, room).await?.members;
    let (type_, AnyId(id)) = (sent.receiver_type, sent.receiver_id);
    let mut others = members.iter().filter(|member| member.kind != caller.principal.kind.into());
    let names = |member: &shared::domain::member::Member| {
        type_name(member.kind.into()) == type_ && shared::dialect::plain_id(&member.id) == id
    };
    if !others.any(names) {
        return Err(Error::invalid("receiver", "must be the other one in the room"));
    }
    let posted = app.services.post(&caller, room, draft, false).await?;
    Ok(Json((&posted.message).into()))
}

/// Refuses whoever writes under somebody else's name.
fn is_sender(caller: &Caller, id: &AnyId, type_: &str) -> Result<(), Error> {
    let kind = shared::domain::member::MemberType::from(caller.principal.kind);
    if type_ != type_name(kind.into()) {
        return Err(NOT_YOU);
    }
    id.must_be(caller)
}
