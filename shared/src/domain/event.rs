//! What Parlour tells clients through the relay. Events are hints; the log is the truth.

use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

use super::{member::DeskUser, message::MessageView, time::Timestamp};

/// Whose channel an event comes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The room's: its members.
    Room,
    /// A principal's own.
    User,
    /// A desk's.
    Desk,
}

/// What the AsyncAPI document says of an event.
pub struct Described {
    /// The name that clients bind to.
    pub name: &'static str,
    /// When it comes, in one sentence.
    pub summary: String,
    /// Whose channels it comes on.
    pub audience: &'static [Audience],
    /// The name of its data's schema.
    pub data: String,
    /// That schema, and those that it refers to, by name.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Described {
    fn new<T: ToSchema>(name: &'static str, doc: &[&str], audience: &'static [Audience]) -> Self {
        let summary = doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let data = T::name().into_owned();
        let mut schemas = vec![(data.clone(), T::schema())];
        T::schemas(&mut schemas);
        Self { name, summary, audience, data, schemas }
    }
}

/// Declares the events: the data, the name that clients bind to, and whose channels it comes on.
macro_rules! events {
    ($($(#[doc = $doc:literal])+ $event:ident($data:ident) = $name:literal on [$($audience:ident),+];)+) => {
        /// Something that happened in a room. Each carries the room's id, `seq` or `head`, and `rev`, so
        /// that a client can tell that it missed one.
        #[derive(Clone, Debug)]
        pub enum Event {
            $($(#[doc = $doc])+ $event(Box<$data>),)+
        }

        impl Event {
            /// The name that clients bind to.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$event(_) => $name,)+
                }
            }

            /// Every event, for the AsyncAPI document.
            pub fn described() -> Vec<Described> {
                vec![
                    $(Described::new::<$data>($name, &[$($doc),+], &[$(Audience::$audience),+]),)+
                ]
            }
        }
    };
}

events! {
    /// A message was stored.
    NewMessage(MessageView) = "new_message" on [Room];
    /// A room moved up in the receiver's list.
    ChatListUpdate(ChatListUpdate) = "chat_list_update" on [User];
    /// A message has another text.
    MessageUpdated(MessageView) = "message_updated" on [Room];
    /// A message has no text any more.
    MessageDeleted(MessageView) = "message_deleted" on [Room];
    /// Somebody reacted to a message.
    ReactionAdded(ReactionChange) = "reaction_added" on [Room];
    /// Somebody took a reaction back.
    ReactionRemoved(ReactionChange) = "reaction_removed" on [Room];
    /// A member has read further.
    MessagesRead(MessagesRead) = "messages_read" on [Room];
    /// Something about the room has changed: also told on its members' own channels, and on its desk's.
    RoomUpdated(RoomUpdated) = "room_updated" on [Room, User, Desk];
    /// Somebody wrote to the desk.
    NewUserMessage(NewUserMessage) = "new_user_message" on [Desk];
}

/// Data of `client-typing`, which members send each other through the relay and past Parlour.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Typing {
    /// The sender's id in the room: its `you.member_id`.
    pub member_id: String,
    /// Whether the sender is typing.
    pub typing: bool,
}

impl Typing {
    /// The event, for the AsyncAPI document.
    pub fn described() -> Described {
        let doc = ["A member types, or has stopped."];
        Described::new::<Self>("client-typing", &doc, &[Audience::Room])
    }
}

/// Data of `client-viewing`, which the agents of a desk send each other through the relay and past Parlour.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Viewing {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: String,
    /// The agent's own id.
    pub agent_id: String,
    /// The agent's name.
    pub name: Option<String>,
    /// Whether the agent looks at the room; told every ten seconds while it does, and believed for 25.
    pub is_viewing: bool,
    /// Whether the agent is typing there.
    pub typing: bool,
    /// The `seq` up to which the desk has read.
    pub read: u64,
}

impl Viewing {
    /// The event, for the AsyncAPI document.
    pub fn described() -> Described {
        let doc = ["An agent looks at a room, or does no more."];
        Described::new::<Self>("client-viewing", &doc, &[Audience::Desk])
    }
}

/// Data of `chat_list_update`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChatListUpdate {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: String,
    /// The message's place in the room.
    pub seq: u64,
    /// The room's revision.
    pub rev: u64,
    /// The message's preview. Empty of a deleted message, and where rooms are encrypted.
    pub last_message: String,
    /// The sender's id in the room.
    pub sender_id: String,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// How many messages the receiver has not read. Groups tell all members the same, and so have
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
}

/// Data of `room_updated`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoomUpdated {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: String,
    /// The room's highest `seq`.
    pub head: u64,
    /// The room's revision.
    pub rev: u64,
    /// What changed.
    #[serde(flatten)]
    pub change: RoomChange,
}

/// What changed about a room; only that is there.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct RoomChange {
    /// The title, or that there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub title: Option<Option<String>>,
    /// `active` or `archived`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, pattern = "^(active|archived)$")]
    pub state: Option<&'static str>,
    /// When the desk put it away, or that it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub archived_at: Option<Option<Timestamp>>,
    /// The new name of the room's channel: subscribe to it, and fetch what came meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// How many members there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_count: Option<usize>,
    /// To whoever was removed: that it is no member any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<bool>,
    /// The room is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// To one's other devices: kept out of the list until something comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// To one's other devices: no notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// To one's other devices: to be shown on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
}

/// Data of `new_user_message`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NewUserMessage {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: String,
    /// The message's place in the room.
    pub seq: u64,
    /// The room's revision.
    pub rev: u64,
    /// Who wrote, as the writer's own token tells.
    pub user: DeskUser,
    /// What.
    pub message: MessageView,
}

/// Data of `reaction_added` and `reaction_removed`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReactionChange {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: String,
    /// The message's place in the room.
    pub seq: u64,
    /// The room's revision.
    pub rev: u64,
    /// The emoji.
    pub emoji: String,
    /// Who.
    pub member_id: String,
    /// By how many members it is there now.
    pub count: u64,
}

/// Data of `messages_read`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessagesRead {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: String,
    /// Who read.
    pub member_id: String,
    /// Up to where.
    pub read: u64,
    /// The room's highest `seq`.
    pub head: u64,
    /// The room's revision.
    pub rev: u64,
}

impl Event {
    /// The same without what anyone wrote, and of the writer nothing but the id and the name: for channels that
    /// a relay can read which must not read rooms. Clients fetch what they show.
    #[must_use]
    pub fn without_text(&self) -> Self {
        let mut event = self.clone();
        match &mut event {
            Self::ChatListUpdate(update) => update.last_message.clear(),
            Self::NewUserMessage(new) => {
                new.message = truncated(&new.message);
                new.user.email = None;
                new.user.picture = None;
                new.user.user_id = None;
            }
            Self::RoomUpdated(update) => update.change.title = None,
            _ => {}
        }
        event
    }

    /// The same with none of its message's text.
    #[must_use]
    pub fn truncated(&self) -> Self {
        let mut event = self.clone();
        match &mut event {
            Self::NewMessage(message)
            | Self::MessageUpdated(message)
            | Self::MessageDeleted(message) => **message = truncated(message),
            Self::NewUserMessage(new) => new.message = truncated(&new.message),
            _ => {}
        }
        event
    }

    /// Of a message that goes without its text: the `seq` under which it is to be fetched.
    pub fn cut_off(&self) -> Option<u64> {
        let message = match self {
            Self::NewMessage(message)
            | Self::MessageUpdated(message)
            | Self::MessageDeleted(message) => message,
            Self::NewUserMessage(new) => &new.message,
            _ => return None,
        };
        message.truncated.then_some(message.seq)
    }

    /// The data as JSON, at most `limit` bytes long: a message that would not fit goes without its
    /// body and says so, and without the writer's picture if that is still too long.
    pub fn data(&self, limit: usize) -> String {
        match self {
            Self::NewMessage(message)
            | Self::MessageUpdated(message)
            | Self::MessageDeleted(message) => {
                let whole = json(message);
                if whole.len() <= limit { whole } else { json(&truncated(message)) }
            }
            Self::NewUserMessage(new) => {
                let whole = json(new);
                if whole.len() <= limit {
                    return whole;
                }
                let mut short =
                    NewUserMessage { message: truncated(&new.message), ..(**new).clone() };
                let without_body = json(&short);
                if without_body.len() <= limit {
                    return without_body;
                }
                short.user.picture = None;
                json(&short)
            }
            Self::ChatListUpdate(update) => json(update),
            Self::MessagesRead(read) => json(read),
            Self::ReactionAdded(change) | Self::ReactionRemoved(change) => json(change),
            Self::RoomUpdated(update) => json(update),
        }
    }
}

/// A message that is to be fetched by its `seq`.
fn truncated(message: &MessageView) -> MessageView {
    MessageView { body: None, truncated: true, ..message.clone() }
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("structs of strings and numbers are always JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::{
        member::{MemberType, PresenceView},
        message::{MessageType, SenderType},
    };

    const LIMIT: usize = 10_240;

    fn to_the_desk(body: usize, picture: usize) -> Event {
        let message = MessageView {
            id: uuid::Uuid::nil(),
            room_id: uuid::Uuid::nil().to_string(),
            seq: 1,
            kind: MessageType::Text,
            client_id: None,
            sender_id: "alice".into(),
            sender_type: SenderType::User,
            receiver_id: Some("support".into()),
            receiver_type: Some(SenderType::Admin),
            body: Some("x".repeat(body)),
            reply_to: None,
            created_at: Timestamp::default(),
            edited_at: None,
            deleted_at: None,
            read_at: None,
            reactions: Vec::new(),
            rev: 0,
            truncated: false,
        };
        let user = DeskUser {
            id: "alice".into(),
            kind: MemberType::User,
            name: Some("Alice".into()),
            picture: Some("x".repeat(picture)),
            email: Some("alice@mail.example".into()),
            user_id: Some("alice".into()),
            presence: PresenceView::default(),
            key: None,
        };
        let room_id = message.room_id.clone();
        Event::NewUserMessage(Box::new(NewUserMessage { room_id, seq: 1, rev: 0, user, message }))
    }

    /// Fault F2.
    #[test]
    fn what_does_not_fit_goes_without_the_text_and_then_without_the_picture() {
        for (body, picture, has_body, has_picture) in [
            (100, 100, true, true),
            (9_000, 100, true, true),
            (10_000, 2_000, false, true),
            (100, 9_000, true, true),
            (10_000, 9_000, false, true),
            (100, 100_000, false, false),
            (10_000, 10_000, false, false),
        ] {
            let data = to_the_desk(body, picture).data(LIMIT);

            assert!(data.len() <= LIMIT, "{body}, {picture}: {}", data.len());
            let data: Value = serde_json::from_str(&data).unwrap();
            let (message, user) = (&data["message"], &data["user"]);
            assert_eq!(message["body"].is_string(), has_body, "{body}, {picture}");
            assert_eq!(message.get("truncated").is_some(), !has_body, "{body}, {picture}");
            assert_eq!(user["picture"].is_string(), has_picture, "{body}, {picture}");
            assert_eq!(user["name"], "Alice");
        }
    }

    #[test]
    fn a_relay_that_must_not_read_rooms_is_told_no_more_of_the_writer_than_id_and_name() {
        let data: Value =
            serde_json::from_str(&to_the_desk(5, 5).without_text().data(LIMIT)).unwrap();

        let expected =
            serde_json::json!({ "id": "alice", "type": "user", "name": "Alice", "picture": null });
        assert_eq!(data["user"], expected);
        assert_eq!(data["message"]["body"], Value::Null);
    }
}
