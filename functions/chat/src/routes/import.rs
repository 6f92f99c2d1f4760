//! `/v1/import`: rooms and messages of another system.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    actions::import::{Author, MessageImport, RoomImport},
    domain::{
        ids::RoomId,
        message::{Draft, MessageType, SenderType},
        principal::{Principal, PrincipalType, Service},
        room::RoomKind,
        time::Timestamp,
    },
    error::Error,
    http::{
        BadJson, BadQuery, Fields, NoToken, NotTheServer, Problem, RoomPath, Shared, Unavailable,
        ValidJson, ValidQuery,
    },
};
use utoipa::{IntoParams, ToSchema};

use super::messages::MessageList;

const MAX_USERS: usize = 1_000;
/// The most messages of one call: a function has ten seconds for it.
const MAX_MESSAGES: usize = 50;
const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 200;

/// A room of another system.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ImportRoom)]
pub(crate) struct ImportRoom {
    /// What sort of room.
    kind: RoomKind,
    /// The ids of its users. Of `direct` both; of `group` all, the first of whom founded it; of the others
    /// the one who opened it, which in `match` is the giver.
    #[schema(min_items = 1, max_items = 1000)]
    users: Vec<String>,
    /// For `listing`: the listing's id, of which `PUT /v1/listings/{id}` told before.
    #[schema(min_length = 1, max_length = 128)]
    listing_id: Option<String>,
    /// For `match`: the group's id, of which `PUT /v1/groups/{id}` told before.
    #[schema(min_length = 1, max_length = 128)]
    group_id: Option<String>,
    /// For `group`: at most 200 characters.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// For `group`: a UUID that stands for this one. Importing it again finds the same room.
    #[schema(value_type = Option<uuid::Uuid>)]
    client_id: Option<String>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether its events are told in its kind's dialect as well (docs/dialects.md).
    #[serde(default)]
    dialect: bool,
}

/// A room that was made or found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportedRoom {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    id: String,
    /// Its highest `seq`: 0 of a new one.
    head: u64,
}

/// Makes a room as it was in another system, or finds it. Nobody is told. For the application's own server.
#[utoipa::path(
    post,
    path = "/v1/import/rooms",
    request_body = ImportRoom,
    responses(
        (status = 200, body = ImportedRoom, description = "The room"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such listing, or nobody drawn in this group"),
        NoToken,
        NotTheServer,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn import_room(
    State(app): State<Shared>,
    service: Service,
    ValidJson(sent): ValidJson<ImportRoom>,
) -> Result<Json<ImportedRoom>, Error> {
    let mut fields = Fields::default();
    if !(1..=MAX_USERS).contains(&sent.users.len()) {
        fields.wrong("users", format!("must be 1 to {MAX_USERS}"));
    }
    for (place, id) in sent.users.iter().enumerate() {
        fields.id(&format!("users[{place}]"), id);
    }
    let client_id = client_id(sent.client_id, "client_id", &mut fields);
    let about = match sent.kind {
        RoomKind::Listing => Some(("listing_id", sent.listing_id)),
        RoomKind::Match => Some(("group_id", sent.group_id)),
        RoomKind::Direct | RoomKind::Support | RoomKind::Group => None,
    };
    let about = about.and_then(|(field, id)| {
        if id.is_none() {
            fields.wrong(field, "is required");
        }
        id
    });
    if sent.kind == RoomKind::Group && client_id.is_none() {
        fields.wrong("client_id", "is required");
    }
    fields.check()?;
    let room = RoomImport {
        kind: sent.kind,
        users: sent.users.iter().filter_map(|id| Principal::user(id)).collect(),
        about,
        title: sent.title,
        client_id,
        created_at: sent.created_at,
        in_dialect: sent.dialect,
    };
    let imported = app.services.import_room(service, room).await?;
    Ok(Json(ImportedRoom { id: imported.room.to_string(), head: imported.head }))
}

/// Messages of another system.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ImportMessages {
    /// In the order in which they were sent: at most 50.
    #[schema(max_items = 50)]
    messages: Vec<ImportMessage>,
    /// Of `support` rooms: when the desk put it away, where it did; with the last messages.
    #[schema(value_type = Option<String>, format = DateTime)]
    archived_at: Option<Timestamp>,
}

/// A message of another system.
#[derive(Debug, Deserialize, ToSchema)]
struct ImportMessage {
    /// A UUID that stands for it: the other system's own, or one made of that.
    #[schema(value_type = uuid::Uuid)]
    client_id: String,
    /// The application's own id of whoever sent it; not of agents and the application.
    #[schema(min_length = 1, max_length = 128)]
    sender_id: Option<String>,
    /// In which capacity: `user`, unless given.
    #[serde(default)]
    sender_type: SenderType,
    /// The text, within the kind's limits.
    #[schema(min_length = 1, max_length = 10_000)]
    body: String,
    /// What `body` is.
    #[serde(default, rename = "type")]
    kind: MessageType,
    /// The `seq` of the message that it answers.
    #[schema(minimum = 1)]
    reply_to: Option<u64>,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether whom it was for has read it: yes, unless given.
    #[serde(default = "yes")]
    read: bool,
}

fn yes() -> bool {
    true
}

/// What was brought in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportedMessages {
    /// The room's highest `seq`.
    head: u64,
}

/// Appends messages with their own times, each once by its `client_id`. Nobody is told, and nobody is
/// mailed. For the application's own server.
#[utoipa::path(
    post,
    path = "/v1/import/rooms/{id}/messages",
    params(RoomPath),
    request_body = ImportMessages,
    responses(
        (status = 200, body = ImportedMessages, description = "They are stored"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such room"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "A client_id was used for another message"),
        NoToken,
        NotTheServer,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn import_messages(
    State(app): State<Shared>,
    service: Service,
    RoomPath(room): RoomPath,
    ValidJson(sent): ValidJson<ImportMessages>,
) -> Result<Json<ImportedMessages>, Error> {
    let mut fields = Fields::default();
    if sent.messages.len() > MAX_MESSAGES {
        fields.wrong("messages", format!("must be at most {MAX_MESSAGES}"));
    }
    if sent.archived_at.is_some() && room.kind() != RoomKind::Support {
        fields.wrong("archived_at", "only the support desk's rooms are put away here");
    }
    if !sent.messages.is_sorted_by_key(|message| message.created_at) {
        fields.wrong("messages", "must be in the order of their created_at");
    }
    let messages: Vec<_> = sent
        .messages
        .into_iter()
        .enumerate()
        .filter_map(|(place, message)| message.read_as(room, place, &mut fields))
        .collect();
    fields.check()?;
    let head = app.services.import_messages(service, room, messages, sent.archived_at).await?;
    Ok(Json(ImportedMessages { head }))
}

impl ImportMessage {
    fn read_as(self, room: RoomId, place: usize, fields: &mut Fields) -> Option<MessageImport> {
        let field = |name: &str| format!("messages[{place}].{name}");
        let id = client_id(Some(self.client_id), &field("client_id"), fields);
        let member = |kind| Principal::new(kind, self.sender_id.as_deref().unwrap_or_default());
        let author = match self.sender_type {
            SenderType::User => member(PrincipalType::User).map(Author::Member),
            SenderType::Merchant => member(PrincipalType::Merchant).map(Author::Member),
            SenderType::Admin => Some(Author::Agent),
            SenderType::System => Some(Author::System),
        };
        if author.is_none() {
            fields.wrong(&field("sender_id"), "must have 1 to 128 bytes");
        }
        if self.reply_to == Some(0) {
            fields.wrong(&field("reply_to"), "must be the seq of a message in this room");
        }
        let draft = Draft::new(room.kind(), self.kind, self.body, id, self.reply_to);
        let draft = draft.map_err(|bad| fields.wrong(&field("body"), bad.to_string())).ok();
        Some(MessageImport {
            author: author?,
            draft: draft?,
            created_at: self.created_at,
            read: self.read,
        })
    }
}

fn client_id(
    text: Option<String>,
    field: &str,
    fields: &mut Fields,
) -> Option<shared::domain::ids::ClientId> {
    text.map(|text| text.parse()).transpose().unwrap_or_else(|_| {
        fields.wrong(field, "must be a UUID");
        None
    })
}

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListImported {
    /// The messages just after this `seq`; from the beginning unless given.
    #[serde(default)]
    after: u64,
    /// How many: 1 to 200, 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// A part of any room's log, to see that nothing is missing. For the application's own server.
#[utoipa::path(
    get,
    path = "/v1/import/rooms/{id}/messages",
    params(RoomPath, ListImported),
    responses(
        (status = 200, body = MessageList, description = "A page of the log"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such room"),
        NoToken,
        NotTheServer,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_imported(
    State(app): State<Shared>,
    service: Service,
    RoomPath(room): RoomPath,
    ValidQuery(asked): ValidQuery<ListImported>,
) -> Result<Json<MessageList>, Error> {
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", format!("must be 1 to {MAX_LIMIT}")));
    }
    let page = app.services.imported(service, room, asked.after, limit).await?;
    Ok(Json(page.into()))
}
