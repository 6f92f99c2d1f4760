//! Secret Santa: a giver writes to whom it drew, without being known until the group's date. Its clients
//! open a conversation over HTTP and speak through a WebSocket.

use std::slice;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    actions::{open::Naming, view::RoomView},
    dialect::{
        exchange::{DIALECT, Incoming, NEW_MESSAGE},
        plain_id,
    },
    domain::time::Timestamp,
    error::Error,
    http::{Shared, ValidJson},
};

use crate::{
    request::{self, AnyId, IdempotencyKey, Speaker, draft, worded},
    socket::{Reply, Said},
    transcript,
};

/// How many conversations a socket hears of.
const MOST_CONVERSATIONS: usize = 100;

/// The table.
pub(crate) fn routes() -> Router<Shared> {
    let routes = Router::new()
        .route("/groups/{id}/conversation", post(open_conversation))
        .route("/conversations/{id}/messages", get(list_messages))
        .route("/socket/exchange/connect", post(connect))
        .route("/socket/exchange/join", post(join))
        .route("/socket/exchange/message", post(send));
    worded(words, routes)
}

fn words(said: &str) -> Value {
    json!({ "success": false, "error": said })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Conversation {
    id: String,
    group_id: String,
    /// The giver's id is its alias.
    participants: Vec<String>,
    created_at: Timestamp,
}

/// Opens the caller's conversation with whom it drew.
async fn open_conversation(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    Path(group_id): Path<String>,
) -> Result<Json<Value>, Error> {
    let naming = Naming::Group { group_id: group_id.clone() };
    let (room, _) = app.services.open(&caller, DIALECT.kind, naming).await?;
    let ids = room.members.iter().map(|member| plain_id(&member.id));
    let conversation = Conversation {
        id: room.id,
        group_id,
        participants: ids.collect(),
        created_at: room.created_at,
    };
    Ok(Json(json!({ "success": true, "conversation": conversation })))
}

/// The conversation so far.
async fn list_messages(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    Path(id): Path<String>,
) -> Result<Json<Value>, Error> {
    let room = request::room_of(DIALECT.kind, &id)?;
    let messages = transcript::newest(&app, &caller, room, transcript::MOST).await?;
    let messages: Vec<Incoming> = messages.iter().map(Incoming::from).collect();
    Ok(Json(json!({ "success": true, "messages": messages })))
}

/// A socket opens: it hears of all conversations that the caller is in.
async fn connect(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
) -> Result<Json<Reply>, Error> {
    let kind = Some(DIALECT.kind);
    let rooms = app.services.rooms(&caller, kind, MOST_CONVERSATIONS, None).await?.rooms;
    let mine = app.services.channel_in_dialect(&caller, DIALECT.kind).await?;
    app.services.speak_dialect(&rooms).await?;
    let mut reply = Reply::default().listen(mine);
    for room in rooms {
        reply = reply.emit(YOU, you(&room)).listen(room.dialect_channel);
    }
    Ok(Json(reply))
}

/// By which id a conversation knows the caller: messages of this sender are its own.
const YOU: &str = "you";

fn you(room: &RoomView) -> Value {
    json!({ "conversationId": room.id, "senderId": plain_id(&room.you.member_id) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Join {
    conversation_id: AnyId,
}

/// A socket hears of a conversation that was not there when it opened, and what it has missed of it.
async fn join(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<Join>>,
) -> Result<Json<Reply>, Error> {
    let id = request::room_of(DIALECT.kind, &said.payload.conversation_id.0)?;
    let room = app.services.room(&caller, id).await?;
    app.services.speak_dialect(slice::from_ref(&room)).await?;
    let mut reply = Reply::default().emit(YOU, you(&room)).listen(room.dialect_channel);
    for message in transcript::newest(&app, &caller, id, transcript::MOST).await? {
        if message.seq > room.you.read && message.sender_id != room.you.member_id {
            reply = reply.emit(NEW_MESSAGE, Incoming::from(&message));
        }
    }
    Ok(Json(reply))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outgoing {
    #[serde(rename = "type")]
    kind: String,
    conversation_id: AnyId,
    content: String,
}

/// What the socket says.
async fn send(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    key: IdempotencyKey,
    ValidJson(Said { payload }): ValidJson<Said<Outgoing>>,
) -> Result<Json<Reply>, Error> {
    if payload.kind != NEW_MESSAGE {
        return Err(Error::invalid("type", format!("must be {NEW_MESSAGE}")));
    }
    let room = request::room_of(DIALECT.kind, &payload.conversation_id.0)?;
    let draft = draft(DIALECT.kind, "content", payload.content, key)?;
    app.services.post(&caller, room, draft, false).await?;
    // The others hear it; whoever says it has shown it already.
    Ok(Json(Reply::default()))
}
