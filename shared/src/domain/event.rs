//! What Parlour tells clients through the relay. Events are hints; the log is the truth.

use serde::Serialize;

use super::{message::MessageView, time::Timestamp};

/// Something that happened in a room. Each carries the room's id, `seq` or `head`, and `rev`, so
/// that a client can tell that it missed one.
#[derive(Clone, Debug)]
pub enum Event {
    /// On the room's channel: a message was stored.
    NewMessage(Box<MessageView>),
    /// On a receiver's own channel: a room moved up in its list.
    ChatListUpdate(ChatListUpdate),
    /// On the room's channel: a member has read further.
    MessagesRead(MessagesRead),
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
    /// How many messages the receiver has not read.
    pub unread: u64,
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
            Self::MessagesRead(_) => "messages_read",
        }
    }

    /// The data as JSON, at most `limit` bytes long: a message that would not fit goes without its
    /// body and says so.
    pub fn data(&self, limit: usize) -> String {
        match self {
            Self::NewMessage(message) => {
                let whole = json(message);
                if whole.len() <= limit {
                    return whole;
                }
                json(&MessageView { body: None, truncated: true, ..(**message).clone() })
            }
            Self::ChatListUpdate(update) => json(update),
            Self::MessagesRead(read) => json(read),
        }
    }
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("structs of strings and numbers are always JSON")
}
