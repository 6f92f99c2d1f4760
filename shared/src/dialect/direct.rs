//! 1-on-1 chat. Written for Socket.IO.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Dialect, Words, plain_id, text};
use crate::domain::{event::Event, message::MessageView, room::RoomKind, time::Timestamp};

/// `private-direct-{room}` is told `new_message`, and the receiver's own `private-direct-user-{key}`
/// `chat_list_update`.
pub const DIALECT: Dialect = Dialect {
    kind: RoomKind::Direct,
    room: "direct-",
    user: Some("direct-user-"),
    desk: None,
    words,
};

/// A message as this system shows it.
#[derive(Clone, Debug, Serialize)]
pub struct DirectMessage {
    id: Uuid,
    room_id: String,
    sender_id: String,
    body: String,
    created_at: Timestamp,
}

impl From<&MessageView> for DirectMessage {
    fn from(message: &MessageView) -> Self {
        Self {
            id: message.id,
            room_id: message.room_id.clone(),
            sender_id: plain_id(&message.sender_id),
            body: text(message.body.as_deref()).to_owned(),
            created_at: message.created_at,
        }
    }
}

fn words(event: &Event) -> Option<Words> {
    match event {
        Event::NewMessage(message) => {
            Words::new("new_message", json!(DirectMessage::from(&**message)))
        }
        Event::ChatListUpdate(update) => {
            let data = json!({
                "room_id": update.room_id,
                "last_message": update.last_message,
                "sender_id": plain_id(&update.sender_id),
                "updated_at": update.updated_at,
            });
            Words::new("chat_list_update", data)
        }
        _ => None,
    }
}
