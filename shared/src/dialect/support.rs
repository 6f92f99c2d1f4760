//! A support widget and its dashboard. Written for ActionCable, whose broadcasts have no name: `type` is
//! the name here.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Dialect, Words, text};
use crate::domain::{
    event::Event,
    message::{MessageView, SenderType},
    room::RoomKind,
    time::Timestamp,
};

/// `private-support_chat-{room}` is told `new_message`, and the agents' `private-admin_support_notifications`
/// what users write: `new_user_message`.
pub const DIALECT: Dialect = Dialect {
    kind: RoomKind::Support,
    room: "support_chat-",
    user: None,
    desk: Some("admin_support_notifications"),
    words,
};

/// A message as this system shows it.
#[derive(Clone, Debug, Serialize)]
pub struct SupportMessage {
    id: Uuid,
    chat_id: String,
    content: String,
    sender_type: &'static str,
    read_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&MessageView> for SupportMessage {
    fn from(message: &MessageView) -> Self {
        let changes = [message.edited_at, message.deleted_at, message.read_at];
        Self {
            id: message.id,
            chat_id: message.room_id.clone(),
            content: text(message.body.as_deref()).to_owned(),
            sender_type: side(message.sender_type),
            read_at: message.read_at,
            created_at: message.created_at,
            updated_at: changes.into_iter().flatten().fold(message.created_at, Timestamp::max),
        }
    }
}

/// Who writes: there are only two. What the application itself says, the user hears from the desk.
pub fn side(sender: SenderType) -> &'static str {
    match sender {
        SenderType::User | SenderType::Merchant => "user",
        SenderType::Admin | SenderType::System => "admin",
    }
}

fn words(event: &Event) -> Option<Words> {
    let told = |message: &MessageView| {
        let SupportMessage { id, content, sender_type, read_at, created_at, .. } = message.into();
        json!({
            "id": id,
            "content": content,
            "sender_type": sender_type,
            "read_at": read_at,
            "created_at": created_at,
        })
    };
    match event {
        Event::NewMessage(message) => {
            let data = json!({ "type": "new_message", "message": told(message) });
            Words::new("new_message", data)
        }
        Event::NewUserMessage(new) => {
            let data = json!({
                "type": "new_user_message",
                "chat_id": new.room_id,
                "user_email": new.user.email,
                "message": told(&new.message),
            });
            Words::new("new_user_message", data)
        }
        _ => None,
    }
}
