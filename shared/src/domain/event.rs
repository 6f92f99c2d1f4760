//! What Parlour tells clients through the relay. Events are hints; the log is the truth.

use serde::Serialize;

use super::{member::DeskUser, message::MessageView, time::Timestamp};

/// Something that happened in a room. Each carries the room's id, `seq` or `head`, and `rev`, so
/// that a client can tell that it missed one.
#[derive(Clone, Debug)]
pub enum Event {
    /// On the room's channel: a message was stored.
    NewMessage(Box<MessageView>),
    /// On a receiver's own channel: a room moved up in its list.
    ChatListUpdate(ChatListUpdate),
    /// On the room's channel: a message has another text.
    MessageUpdated(Box<MessageView>),
    /// On the room's channel: a message has no text any more.
    MessageDeleted(Box<MessageView>),
    /// On the room's channel: somebody reacted to a message.
    ReactionAdded(ReactionChange),
    /// On the room's channel: somebody took a reaction back.
    ReactionRemoved(ReactionChange),
    /// On the room's channel: a member has read further.
    MessagesRead(MessagesRead),
    /// On the room's channel and on its members' own ones: something about the room has changed.
    RoomUpdated(Box<RoomUpdated>),
    /// On a desk's channel: somebody wrote to it.
    NewUserMessage(Box<NewUserMessage>),
}

/// Data of `chat_list_update`.
#[derive(Clone, Debug, Serialize)]
pub struct ChatListUpdate {
    /// The room.
    pub room_id: String,
    /// The message's place in the room.
    pub seq: u64,
    /// The room's revision.
    pub rev: u64,
    /// The message's preview.
    pub last_message: String,
    /// The sender's id in the room.
    pub sender_id: String,
    /// When it was sent.
    pub updated_at: Timestamp,
    /// How many messages the receiver has not read. Groups tell all members the same, and so have
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
}

/// Data of `room_updated`.
#[derive(Clone, Debug, Serialize)]
pub struct RoomUpdated {
    /// The room.
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
#[derive(Clone, Debug, Default, Serialize)]
pub struct RoomChange {
    /// The title, or that there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Option<String>>,
    /// `active` or `archived`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// When the desk put it away, or that it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
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
#[derive(Clone, Debug, Serialize)]
pub struct NewUserMessage {
    /// The room.
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
#[derive(Clone, Debug, Serialize)]
pub struct ReactionChange {
    /// The room.
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
#[derive(Clone, Debug, Serialize)]
pub struct MessagesRead {
    /// The room.
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
    /// The name that clients bind to.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NewMessage(_) => "new_message",
            Self::ChatListUpdate(_) => "chat_list_update",
            Self::MessageUpdated(_) => "message_updated",
            Self::MessageDeleted(_) => "message_deleted",
            Self::ReactionAdded(_) => "reaction_added",
            Self::ReactionRemoved(_) => "reaction_removed",
            Self::MessagesRead(_) => "messages_read",
            Self::RoomUpdated(_) => "room_updated",
            Self::NewUserMessage(_) => "new_user_message",
        }
    }

    /// The data as JSON, at most `limit` bytes long: a message that would not fit goes without its
    /// body and says so.
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
                json(&NewUserMessage { message: truncated(&new.message), ..(**new).clone() })
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
