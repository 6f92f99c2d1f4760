//! 1-on-1 chat. Its clients speak through Socket.IO alone.

use axum::{Json, Router, extract::State, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    actions::{open::Naming, view::RoomView},
    dialect::{
        direct::{DIALECT, DirectMessage},
        plain_id,
    },
    domain::{ids::RoomId, time::Timestamp},
    error::Error,
    http::{Shared, ValidJson},
    store::Window,
};
use uuid::Uuid;

use crate::{
    request::{self, AnyId, IdempotencyKey, Speaker, draft, worded},
    socket::{Reply, Said},
    transcript::{self, Part},
};

/// How many messages are there at first.
const HISTORY: usize = 50;
/// How many more come at a time, unless the client says.
const MORE: usize = 20;

/// The table.
pub(crate) fn routes() -> Router<Shared> {
    let routes = Router::new()
        .route("/socket/direct/register_user", post(register_user))
        .route("/socket/direct/join_chat", post(join_chat))
        .route("/socket/direct/send_message", post(send_message))
        .route("/socket/direct/fetch_messages", post(fetch_messages));
    worded(words, routes)
}

fn words(said: &str) -> Value {
    json!({ "message": said })
}

/// Listens to what happens in any of the caller's rooms.
async fn register_user(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<AnyId>>,
) -> Result<Json<Reply>, Error> {
    said.payload.must_be(&caller)?;
    let mine = app.services.channel_in_dialect(&caller, DIALECT.kind).await?;
    Ok(Json(Reply::default().listen(mine)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JoinChat {
    user_id: AnyId,
    target_user_id: AnyId,
}

#[derive(Serialize)]
struct Room {
    id: String,
    participant1: Option<String>,
    participant2: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_message_at: Option<Timestamp>,
}

impl From<&RoomView> for Room {
    fn from(room: &RoomView) -> Self {
        let mut ids = room.members.iter().map(|member| plain_id(&member.id));
        Self {
            id: room.id.clone(),
            participant1: ids.next(),
            participant2: ids.next(),
            created_at: room.created_at,
            updated_at: room.updated_at,
            last_message_at: room.last_message_at,
        }
    }
}

/// Opens the room of two, and shows what was said last.
async fn join_chat(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<JoinChat>>,
) -> Result<Json<Reply>, Error> {
    let JoinChat { user_id, target_user_id: AnyId(with) } = said.payload;
    // This system's people have no other ids.
    for (field, id) in [("userId", &user_id.0), ("targetUserId", &with)] {
        if Uuid::parse_str(id).is_err() {
            return Err(Error::invalid(field, "must be a UUID"));
        }
    }
    user_id.must_be(&caller)?;
    let (room, _) = app.services.open(&caller, DIALECT.kind, Naming::Pair { with }).await?;
    let id = request::room_of(DIALECT.kind, &room.id)?;
    let messages = transcript::newest(&app, &caller, id, HISTORY).await?;
    let messages: Vec<DirectMessage> = messages.iter().map(DirectMessage::from).collect();
    let joined = json!({ "roomId": room.id, "room": Room::from(&room) });
    let reply = Reply::default().listen(room.dialect_channel).emit("room_joined", joined);
    Ok(Json(reply.emit("message_history", json!({ "messages": messages }))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendMessage {
    room_id: String,
    sender_id: AnyId,
    body: String,
}

async fn send_message(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    key: IdempotencyKey,
    ValidJson(said): ValidJson<Said<SendMessage>>,
) -> Result<Json<Reply>, Error> {
    let SendMessage { room_id, sender_id, body } = said.payload;
    sender_id.must_be(&caller)?;
    let room = request::room_of(DIALECT.kind, &room_id)?;
    let draft = draft(DIALECT.kind, "body", body, key)?;
    let posted = app.services.post(&caller, room, draft, false).await?;
    Ok(Json(Reply::default().emit("new_message", DirectMessage::from(&posted.message))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FetchMessages {
    room_id: String,
    limit: Option<usize>,
    #[serde(default)]
    offset: u64,
}

/// What was said before the newest `offset` messages.
async fn fetch_messages(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<FetchMessages>>,
) -> Result<Json<Reply>, Error> {
    let FetchMessages { room_id, limit, offset } = said.payload;
    let limit = limit.unwrap_or(MORE);
    if !(1..=transcript::MOST).contains(&limit) {
        let most = transcript::MOST;
        return Err(Error::invalid("limit", format!("must be 1 to {most}")));
    }
    let room: RoomId = request::room_of(DIALECT.kind, &room_id)?;
    let head = app.services.room(&caller, room).await?.head;
    let part = match head.checked_sub(offset) {
        None | Some(0) => Part { messages: Vec::new(), places: 0 },
        Some(last) => {
            let before = Window::Before(last + 1);
            transcript::before(&app, &caller, room, before, limit).await?
        }
    };
    let messages: Vec<DirectMessage> = part.messages.iter().map(DirectMessage::from).collect();
    let more = json!({ "messages": messages, "offset": offset + part.places });
    Ok(Json(Reply::default().emit("more_messages", more)))
}
