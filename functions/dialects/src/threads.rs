//! Threads: people start as many as they like, with each other. Its clients read and write over HTTP, and
//! hear and say what is live through Socket.IO.

use std::{collections::BTreeMap, slice};

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post, put},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    actions::{open::Naming, view::RoomView},
    dialect::{
        plain_id,
        threads::{DELETED, DIALECT, MessageRef, ThreadMessage},
    },
    domain::{
        ids::{RoomId, message_id},
        message::{Emoji, MessageType, MessageView},
        principal::Caller,
        time::Timestamp,
    },
    error::Error,
    http::{App, OptionalJson, Shared, ValidJson},
};

use crate::{
    request::{self, AnyId, IdempotencyKey, Speaker, draft, worded},
    socket::{Reply, Said},
    transcript,
};

/// How many threads a list holds.
const MOST_THREADS: usize = 100;

/// The table.
pub(crate) fn routes() -> Router<Shared> {
    let routes = Router::new()
        .route("/chat_threads", get(list_threads).post(create_thread))
        .route("/chat_threads/unread_count", get(unread_count))
        .route("/chat_threads/{id}", get(show_thread))
        .route("/chat_threads/{id}/messages", post(create_message))
        .route("/chat_threads/{id}/read", put(mark_read))
        .route("/chat_threads/messages/{id}", put(change_message))
        .route("/socket/threads/connect", post(connect))
        .route("/socket/threads/join", post(join))
        .route("/socket/threads/send_message", post(send_message))
        .route("/socket/threads/delete_message", post(delete_message))
        .route("/socket/threads/add_reaction", post(add_reaction))
        .route("/socket/threads/remove_reaction", post(remove_reaction))
        .route("/socket/threads/read", post(read));
    worded(words, routes)
}

fn words(said: &str) -> Value {
    json!({ "message": said })
}

fn thread(id: &str) -> Result<RoomId, Error> {
    request::room_of(DIALECT.kind, id)
}

/// The thread and the place of a message.
fn message(id: &str) -> Result<(RoomId, u64), Error> {
    let found = MessageRef::parse(id).filter(|(room, _)| room.kind() == DIALECT.kind);
    found.ok_or(Error::NotFound)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    unread_count: u64,
    users: Vec<User>,
    messages: Vec<ThreadMessage>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    username: Option<String>,
    profile_img: Option<String>,
}

impl Thread {
    fn new(room: &RoomView, messages: &[MessageView]) -> Self {
        let users = room.members.iter().map(|member| User {
            id: plain_id(&member.id),
            username: member.name.clone(),
            profile_img: member.picture.clone(),
        });
        Self {
            id: room.id.clone(),
            created_at: room.created_at,
            updated_at: room.updated_at,
            unread_count: room.you.unread,
            users: users.collect(),
            messages: messages.iter().map(|message| in_thread(room, message)).collect(),
        }
    }
}

/// A message with what the thread's members tell of it: who receives it, and whether it was read.
fn in_thread(room: &RoomView, message: &MessageView) -> ThreadMessage {
    let others: BTreeMap<&str, Option<u64>> = room
        .members
        .iter()
        .filter(|member| member.id != message.sender_id)
        .map(|member| (member.id.as_str(), member.read))
        .collect();
    let mut shown = ThreadMessage::from(message);
    if let (Some((id, read)), 1) = (others.first_key_value(), others.len()) {
        shown.receiver_id = Some(plain_id(id));
        shown.read = read.is_some_and(|read| read >= message.seq);
    }
    shown
}

/// The caller's threads, latest activity first, each with its newest message.
async fn list_threads(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
) -> Result<Json<Value>, Error> {
    let rooms = app.services.rooms(&caller, Some(DIALECT.kind), MOST_THREADS, None).await?.rooms;
    app.services.speak_dialect(&rooms).await?;
    let threads: Vec<Thread> = rooms.iter().map(|room| Thread::new(room, &newest(room))).collect();
    Ok(Json(json!({ "ChatThreads": threads })))
}

/// The newest message as a list knows it: at most 100 characters of it, and nobody's reactions.
fn newest(room: &RoomView) -> Vec<MessageView> {
    let (Some(last), Ok(id)) = (&room.last_message, thread(&room.id)) else { return Vec::new() };
    vec![MessageView {
        id: message_id(id, last.seq),
        room_id: room.id.clone(),
        seq: last.seq,
        kind: MessageType::Text,
        client_id: None,
        sender_id: last.sender_id.clone(),
        sender_type: last.sender_type,
        receiver_id: None,
        receiver_type: None,
        body: (!last.deleted).then(|| last.preview.clone()),
        reply_to: None,
        created_at: last.created_at,
        edited_at: None,
        deleted_at: last.deleted.then_some(last.created_at),
        read_at: None,
        reactions: Vec::new(),
        rev: room.rev,
        truncated: false,
    }]
}

async fn full(app: &App, caller: &Caller, id: RoomId) -> Result<Thread, Error> {
    let room = app.services.room(caller, id).await?;
    let messages = transcript::newest(app, caller, id, transcript::MOST).await?;
    Ok(Thread::new(&room, &messages))
}

/// A thread; where there is none, or not the caller's, the answer says so and is none the less a success.
async fn show_thread(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    Path(id): Path<String>,
) -> Result<Json<Value>, Error> {
    let found = match thread(&id) {
        Ok(id) => full(&app, &caller, id).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(thread) => Ok(Json(json!(thread))),
        Err(Error::NotFound) => Ok(Json(json!({ "message": "Chat not found" }))),
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateThread {
    receiver_id: AnyId,
}

/// A new thread each time.
async fn create_thread(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    IdempotencyKey(client_id): IdempotencyKey,
    ValidJson(sent): ValidJson<CreateThread>,
) -> Result<Json<Value>, Error> {
    let AnyId(receiver) = sent.receiver_id;
    let naming = Naming::Members { members: vec![receiver], title: None, client_id };
    let (room, _) = app.services.open(&caller, DIALECT.kind, naming).await?;
    Ok(Json(json!({ "chatThread": Thread::new(&room, &[]) })))
}

#[derive(Deserialize)]
struct CreateMessage {
    content: String,
}

async fn create_message(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    Path(id): Path<String>,
    key: IdempotencyKey,
    ValidJson(sent): ValidJson<CreateMessage>,
) -> Result<Json<ThreadMessage>, Error> {
    post_into(&app, &caller, thread(&id)?, sent.content, key).await.map(Json)
}

async fn post_into(
    app: &App,
    caller: &Caller,
    room: RoomId,
    content: String,
    key: IdempotencyKey,
) -> Result<ThreadMessage, Error> {
    let draft = draft(DIALECT.kind, "content", content, key)?;
    let posted = app.services.post(caller, room, draft, false).await?;
    let room = app.services.room(caller, room).await?;
    Ok(in_thread(&room, &posted.message))
}

#[derive(Default, Deserialize)]
struct ChangeMessage {
    content: Option<String>,
}

/// Gives an own message another text. Here a message is deleted by the text that says so, or none.
async fn change_message(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    Path(id): Path<String>,
    OptionalJson(sent): OptionalJson<ChangeMessage>,
) -> Result<Json<ThreadMessage>, Error> {
    let (room, seq) = message(&id)?;
    let changed = match sent.content.filter(|content| content != DELETED) {
        None => app.services.delete_message(&caller, room, seq).await?,
        Some(content) => {
            let draft = draft(DIALECT.kind, "content", content, IdempotencyKey(None))?;
            app.services.edit(&caller, room, seq, draft.body).await?
        }
    };
    Ok(Json(ThreadMessage::from(&changed)))
}

/// Marks the whole thread as read.
async fn mark_read(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    Path(id): Path<String>,
) -> Result<Json<Value>, Error> {
    read_all(&app, &caller, thread(&id)?).await?;
    Ok(Json(json!({ "threadId": id, "unreadCount": 0 })))
}

async fn read_all(app: &App, caller: &Caller, room: RoomId) -> Result<(), Error> {
    let head = app.services.room(caller, room).await?.head;
    app.services.mark_read(caller, room, head).await.map(|_| ())
}

/// How many messages the caller has not read, of all its threads.
async fn unread_count(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
) -> Result<Json<Value>, Error> {
    count_unread(&app, &caller).await.map(Json)
}

async fn count_unread(app: &App, caller: &Caller) -> Result<Value, Error> {
    let rooms = app.services.rooms(caller, Some(DIALECT.kind), MOST_THREADS, None).await?.rooms;
    let unread: u64 = rooms.iter().map(|room| room.you.unread).sum();
    Ok(json!({ "unreadCount": unread }))
}

/// A socket opens: it hears that something came in any of the caller's threads.
async fn connect(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
) -> Result<Json<Reply>, Error> {
    let mine = app.services.channel_in_dialect(&caller, DIALECT.kind).await?;
    let unread = count_unread(&app, &caller).await?;
    Ok(Json(Reply::default().listen(mine).emit("unread_count", unread)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfThread {
    thread_id: AnyId,
}

/// The socket hears what happens in a thread.
async fn join(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<OfThread>>,
) -> Result<Json<Reply>, Error> {
    let room = app.services.room(&caller, thread(&said.payload.thread_id.0)?).await?;
    app.services.speak_dialect(slice::from_ref(&room)).await?;
    Ok(Json(Reply::default().listen(room.dialect_channel)))
}

/// The socket has shown a thread.
async fn read(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<OfThread>>,
) -> Result<Json<Reply>, Error> {
    read_all(&app, &caller, thread(&said.payload.thread_id.0)?).await?;
    let unread = count_unread(&app, &caller).await?;
    Ok(Json(Reply::default().emit("unread_count", unread)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendMessage {
    thread_id: AnyId,
    content: String,
}

async fn send_message(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    key: IdempotencyKey,
    ValidJson(said): ValidJson<Said<SendMessage>>,
) -> Result<Json<Reply>, Error> {
    let SendMessage { thread_id, content } = said.payload;
    let sent = post_into(&app, &caller, thread(&thread_id.0)?, content, key).await?;
    Ok(Json(Reply::default().emit("new_message", sent)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfMessage {
    message_id: String,
}

/// The thread hears of it, the sender as well.
async fn delete_message(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<OfMessage>>,
) -> Result<Json<Reply>, Error> {
    let (room, seq) = message(&said.payload.message_id)?;
    app.services.delete_message(&caller, room, seq).await?;
    Ok(Json(Reply::default()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct React {
    message_id: String,
    emoji: String,
}

async fn add_reaction(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<React>>,
) -> Result<Json<Reply>, Error> {
    react(&app, &caller, &said.payload, true).await
}

async fn remove_reaction(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<React>>,
) -> Result<Json<Reply>, Error> {
    react(&app, &caller, &said.payload, false).await
}

/// The thread hears of it, whoever reacts as well.
async fn react(app: &App, caller: &Caller, what: &React, on: bool) -> Result<Json<Reply>, Error> {
    let (room, seq) = message(&what.message_id)?;
    let emoji = Emoji::parse(&what.emoji);
    let emoji = emoji.ok_or_else(|| Error::invalid("emoji", "must be one emoji"))?;
    app.services.react(caller, room, seq, emoji, on).await?;
    Ok(Json(Reply::default()))
}
