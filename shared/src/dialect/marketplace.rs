//! A marketplace: a user and a merchant talk about a listing. Written for Rails and Pusher.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Dialect, Words, plain_id, text};
use crate::domain::{
    event::Event,
    message::{MessageView, SenderType},
    room::RoomKind,
    time::Timestamp,
};

/// `private-chat_{room}` is told `new_message`.
pub const DIALECT: Dialect =
    Dialect { kind: RoomKind::Listing, room: "chat_", user: None, desk: None, words };

/// A message as this system shows it. Who sends and who receives are each a type and an id.
#[derive(Clone, Debug, Serialize)]
pub struct ChatMessage {
    id: Uuid,
    chat_room_id: String,
    content: String,
    sender_id: String,
    sender_type: &'static str,
    receiver_id: Option<String>,
    receiver_type: Option<&'static str>,
    created_at: Timestamp,
}

impl From<&MessageView> for ChatMessage {
    fn from(message: &MessageView) -> Self {
        Self {
            id: message.id,
            chat_room_id: message.room_id.clone(),
            content: text(message.body.as_deref()).to_owned(),
            sender_id: plain_id(&message.sender_id),
            sender_type: type_name(message.sender_type),
            receiver_id: message.receiver_id.as_deref().map(plain_id),
            receiver_type: message.receiver_type.map(type_name),
            created_at: message.created_at,
        }
    }
}

/// The class of an account.
pub fn type_name(kind: SenderType) -> &'static str {
    match kind {
        SenderType::User => "User",
        SenderType::Merchant => "Merchant",
        SenderType::Admin => "Admin",
        SenderType::System => "System",
    }
}

fn words(event: &Event) -> Option<Words> {
    let Event::NewMessage(message) = event else { return None };
    let ChatMessage { content, sender_id, receiver_id, .. } = ChatMessage::from(&**message);
    let data = json!({ "message": content, "sender_id": sender_id, "receiver_id": receiver_id });
    Words::new("new_message", data)
}
