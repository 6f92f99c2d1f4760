//! Secret Santa: a giver writes to whom it drew, and stays hidden. Written for a bare WebSocket, whose
//! messages carry their name as `type`.

use serde::Serialize;
use serde_json::json;

use super::{Dialect, Words, text};
use crate::domain::{event::Event, message::MessageView, room::RoomKind, time::Timestamp};

/// The one type of message.
pub const NEW_MESSAGE: &str = "NEW_MESSAGE";

/// `private-conversation-{room}` is told `NEW_MESSAGE`, and the receiver's own
/// `private-conversation-user-{key}` in which conversation one came.
pub const DIALECT: Dialect = Dialect {
    kind: RoomKind::Match,
    room: "conversation-",
    user: Some("conversation-user-"),
    desk: None,
    words,
};

/// A message as this system shows it. The giver's id is its alias.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    #[serde(rename = "type")]
    kind: &'static str,
    conversation_id: String,
    sender_id: String,
    content: String,
    timestamp: Timestamp,
}

impl From<&MessageView> for Incoming {
    fn from(message: &MessageView) -> Self {
        Self {
            kind: NEW_MESSAGE,
            conversation_id: message.room_id.clone(),
            sender_id: super::plain_id(&message.sender_id),
            content: text(message.body.as_deref()).to_owned(),
            timestamp: message.created_at,
        }
    }
}

fn words(event: &Event) -> Option<Words> {
    match event {
        Event::NewMessage(message) => Words::new(NEW_MESSAGE, json!(Incoming::from(&**message))),
        Event::ChatListUpdate(update) => {
            Words::new("conversation", json!({ "conversationId": update.room_id }))
        }
        _ => None,
    }
}
