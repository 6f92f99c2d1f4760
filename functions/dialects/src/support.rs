//! Support: users have one chat each, and agents a dashboard of all. Its clients read over HTTP and speak
//! through ActionCable.

use std::slice;

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, HeaderValue, request::Parts},
    routing::{get, patch, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    actions::{
        open::Naming,
        view::{RoomState, RoomView},
    },
    dialect::{
        plain_id,
        support::{DIALECT, SupportMessage, side},
    },
    domain::{ids::RoomId, principal::Caller, time::Timestamp},
    error::Error,
    http::{App, Fields, NEXT_CURSOR, Shared, ValidJson, ValidQuery},
};

use crate::{
    request::{self, AnyId, IdempotencyKey, NOT_YOU, Speaker, draft, worded},
    socket::{Reply, Said},
    transcript,
};

/// How many chats a list holds, unless it is asked for fewer, and at most.
const MOST_CHATS: usize = 500;
/// How many of them are read at once.
const PER_READ: usize = 100;

/// The table.
pub(crate) fn routes() -> Router<Shared> {
    let routes = Router::new()
        .route("/support_chat", get(show_chat))
        .route("/support_chat/mark_read", patch(mark_read))
        .route("/admin/chats", get(list_chats))
        .route("/admin/chats/{id}", get(view_chat))
        .route("/admin/chats/{id}/archive", post(archive_chat))
        .route("/admin/chats/{id}/unarchive", post(unarchive_chat))
        .route("/socket/support/subscribe", post(subscribe))
        .route("/socket/support/send_message", post(send_message));
    worded(words, routes)
}

fn words(said: &str) -> Value {
    json!({ "error": said })
}

/// An agent; everybody else is refused before anything is looked at.
struct Agent(Caller);

impl FromRequestParts<Shared> for Agent {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let Speaker(caller) = Speaker::from_request_parts(parts, app).await?;
        if caller.roles.admin { Ok(Self(caller)) } else { Err(AGENTS_ONLY) }
    }
}

const AGENTS_ONLY: Error =
    Error::Forbidden { code: "agents_only", detail: "Only support agents may do this." };

#[derive(Serialize)]
struct Chat {
    id: String,
    messages: Vec<SupportMessage>,
}

async fn messages_of(
    app: &App,
    caller: &Caller,
    room: &RoomView,
) -> Result<Vec<SupportMessage>, Error> {
    let id = chat(&room.id)?;
    let messages = transcript::newest(app, caller, id, transcript::MOST).await?;
    Ok(messages.iter().map(SupportMessage::from).collect())
}

fn chat(id: &str) -> Result<RoomId, Error> {
    request::room_of(DIALECT.kind, id)
}

/// The caller's chat, as it is or a new one.
async fn own_chat(app: &App, caller: &Caller) -> Result<RoomView, Error> {
    let naming = Naming::Asking { user: None };
    Ok(app.services.open(caller, DIALECT.kind, naming).await?.0)
}

async fn show_chat(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
) -> Result<Json<Chat>, Error> {
    let room = own_chat(&app, &caller).await?;
    let messages = messages_of(&app, &caller, &room).await?;
    Ok(Json(Chat { id: room.id, messages }))
}

/// Marks what the desk wrote as read.
async fn mark_read(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
) -> Result<Json<Value>, Error> {
    let room = own_chat(&app, &caller).await?;
    app.services.mark_read(&caller, chat(&room.id)?, room.head).await?;
    Ok(Json(json!({ "success": true })))
}

/// A chat as the dashboard lists it.
#[derive(Serialize)]
struct Row {
    id: String,
    user_id: String,
    user_email: Option<String>,
    last_message_preview: Option<String>,
    last_message_sender: Option<&'static str>,
    last_message_at: Option<Timestamp>,
    message_count: u64,
    unread: bool,
    archived: bool,
}

impl From<&RoomView> for Row {
    fn from(room: &RoomView) -> Self {
        let user = room.user.as_ref();
        let last = room.last_message.as_ref();
        Self {
            id: room.id.clone(),
            user_id: user.map_or_else(String::new, |user| plain_id(&user.id)),
            user_email: user.and_then(|user| user.email.clone()),
            last_message_preview: last.map(|last| last.preview.clone()),
            last_message_sender: last.map(|last| side(last.sender_type)),
            last_message_at: room.last_message_at,
            message_count: room.message_count,
            unread: room.unread.is_some_and(|unread| unread > 0),
            archived: room.archived_at.is_some(),
        }
    }
}

#[derive(Deserialize)]
struct ListChats {
    #[serde(default)]
    archived: bool,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The queue, or what was put away; newest activity first. Where there are more, the header
/// `X-Next-Cursor` says how to go on.
async fn list_chats(
    State(app): State<Shared>,
    Agent(caller): Agent,
    ValidQuery(asked): ValidQuery<ListChats>,
) -> Result<(HeaderMap, Json<Vec<Row>>), Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, MOST_CHATS, MOST_CHATS);
    let mut cursor = fields.cursor(asked.cursor, |text| text.parse().ok());
    fields.check()?;
    let state = if asked.archived { RoomState::Archived } else { RoomState::Active };
    let (mut rows, mut headers) = (Vec::new(), HeaderMap::new());
    while rows.len() < limit {
        let wanted = PER_READ.min(limit - rows.len());
        let page = app.services.desk_rooms(&caller, state, wanted, cursor).await?;
        app.services.speak_dialect(&page.rooms).await?;
        rows.extend(page.rooms.iter().map(Row::from));
        headers.clear();
        let Some(next) = page.next else { break };
        cursor = next.parse().ok();
        headers.extend(HeaderValue::from_str(&next).ok().map(|next| (NEXT_CURSOR, next)));
    }
    Ok((headers, Json(rows)))
}

/// A chat as the dashboard opens it.
#[derive(Serialize)]
struct OpenChat {
    #[serde(flatten)]
    row: Row,
    admin_viewed_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    messages: Vec<SupportMessage>,
}

/// Opens a chat, which marks it as viewed.
async fn view_chat(
    State(app): State<Shared>,
    Agent(caller): Agent,
    Path(id): Path<String>,
) -> Result<Json<OpenChat>, Error> {
    let id = chat(&id)?;
    let seen = app.services.room(&caller, id).await?;
    app.services.mark_read(&caller, id, seen.head).await?;
    let room = app.services.room(&caller, id).await?;
    let messages = messages_of(&app, &caller, &room).await?;
    Ok(Json(OpenChat {
        row: Row::from(&room),
        admin_viewed_at: room.viewed_at,
        archived_at: room.archived_at,
        created_at: room.created_at,
        updated_at: room.updated_at,
        messages,
    }))
}

async fn archive_chat(
    State(app): State<Shared>,
    Agent(caller): Agent,
    Path(id): Path<String>,
) -> Result<Json<Row>, Error> {
    let room = app.services.archive(&caller, chat(&id)?, None).await?;
    Ok(Json(Row::from(&room)))
}

async fn unarchive_chat(
    State(app): State<Shared>,
    Agent(caller): Agent,
    Path(id): Path<String>,
) -> Result<Json<Row>, Error> {
    let room = app.services.unarchive(&caller, chat(&id)?, None).await?;
    Ok(Json(Row::from(&room)))
}

/// What a client of ActionCable subscribes to.
#[derive(Deserialize)]
#[serde(tag = "channel")]
enum Subscription {
    ChatChannel { chat_id: AnyId },
    AdminNotificationChannel,
}

async fn subscribe(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    ValidJson(said): ValidJson<Said<Subscription>>,
) -> Result<Json<Reply>, Error> {
    let channel = match said.payload {
        Subscription::ChatChannel { chat_id } => {
            let room = app.services.room(&caller, chat(&chat_id.0)?).await?;
            app.services.speak_dialect(slice::from_ref(&room)).await?;
            room.dialect_channel
        }
        Subscription::AdminNotificationChannel if !caller.roles.admin => return Err(AGENTS_ONLY),
        Subscription::AdminNotificationChannel => app.services.desk_in_dialect(DIALECT.kind),
    };
    Ok(Json(Reply::default().listen(channel)))
}

#[derive(Deserialize)]
struct SendMessage {
    chat_id: AnyId,
    content: String,
    sender_type: Option<String>,
}

async fn send_message(
    State(app): State<Shared>,
    Speaker(caller): Speaker,
    key: IdempotencyKey,
    ValidJson(said): ValidJson<Said<SendMessage>>,
) -> Result<Json<Reply>, Error> {
    let SendMessage { chat_id, content, sender_type } = said.payload;
    match sender_type.as_deref() {
        None => {}
        Some("user" | "admin")
            if caller.roles.admin == (sender_type.as_deref() == Some("admin")) => {}
        Some("user" | "admin") => return Err(NOT_YOU),
        Some(_) => return Err(Error::invalid("sender_type", "must be user or admin")),
    }
    let room = chat(&chat_id.0)?;
    let draft = draft(DIALECT.kind, "content", content, key)?;
    app.services.post(&caller, room, draft, false).await?;
    // Whoever is subscribed hears it, the sender as well.
    Ok(Json(Reply::default()))
}
