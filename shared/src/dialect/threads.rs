//! Threads, as on a site like Reddit. Written for Flask and its Socket.IO.

use serde::Serialize;
use serde_json::json;

use super::{Dialect, Words, plain_id};
use crate::domain::{
    event::Event,
    ids::RoomId,
    message::{MessageView, Reaction},
    room::RoomKind,
    time::Timestamp,
};

/// What stands in the place of a message that was deleted.
pub const DELETED: &str = "[message deleted]";

/// `private-thread-{room}` is told of messages and reactions, and each reader's own
/// `private-thread-user-{key}` that something is `unread`.
pub const DIALECT: Dialect = Dialect {
    kind: RoomKind::Group,
    room: "thread-",
    user: Some("thread-user-"),
    desk: None,
    words,
};

/// A message as this system shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMessage {
    id: MessageRef,
    thread_id: String,
    sender_id: String,
    /// Of a thread of two: the other one. Events do not know it.
    pub receiver_id: Option<String>,
    content: String,
    /// Whether the receiver has read it. Events do not know it.
    pub read: bool,
    reactions: Vec<Reaction>,
    created_at: Timestamp,
}

impl From<&MessageView> for ThreadMessage {
    fn from(message: &MessageView) -> Self {
        Self {
            id: MessageRef::new(&message.room_id, message.seq),
            thread_id: message.room_id.clone(),
            sender_id: plain_id(&message.sender_id),
            receiver_id: message.receiver_id.as_deref().map(plain_id),
            content: match (&message.body, message.deleted_at) {
                (Some(body), _) => body.clone(),
                (None, Some(_)) => DELETED.to_owned(),
                (None, None) => String::new(),
            },
            read: message.read_at.is_some(),
            reactions: message.reactions.clone(),
            created_at: message.created_at,
        }
    }
}

/// A message's id here. Its paths name a message without the thread, so the id names both: the thread's
/// id, `-`, and the message's place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MessageRef(String);

impl MessageRef {
    fn new(room: &str, seq: u64) -> Self {
        Self(format!("{room}-{seq}"))
    }

    /// The thread and the place that an id names, if it is one.
    pub fn parse(text: &str) -> Option<(RoomId, u64)> {
        let (room, seq) = text.rsplit_once('-')?;
        let (room, seq) = (room.parse().ok()?, seq.parse().ok()?);
        (Self::new(&format!("{room}"), seq).0 == text).then_some((room, seq))
    }
}

fn words(event: &Event) -> Option<Words> {
    let message =
        |name, message: &MessageView| Words::new(name, json!(ThreadMessage::from(message)));
    let reaction = |name, change: &crate::domain::event::ReactionChange| {
        let data = json!({
            "threadId": change.room_id,
            "messageId": MessageRef::new(&change.room_id, change.seq),
            "emoji": change.emoji,
            "userId": plain_id(&change.member_id),
            "count": change.count,
        });
        Words::new(name, data)
    };
    match event {
        Event::NewMessage(new) => message("new_message", new),
        Event::MessageUpdated(changed) => message("message_updated", changed),
        Event::MessageDeleted(deleted) => message("message_deleted", deleted),
        Event::ReactionAdded(change) => reaction("reaction_added", change),
        Event::ReactionRemoved(change) => reaction("reaction_removed", change),
        Event::ChatListUpdate(update) => {
            let data = json!({ "threadId": update.room_id, "lastMessage": update.last_message });
            Words::new("unread", data)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_by_its_thread_and_its_place() {
        let room = "00000000-0000-8500-8000-00000000000a";
        assert_eq!(
            MessageRef::parse(&MessageRef::new(room, 12).0),
            Some((room.parse().unwrap(), 12))
        );
        for text in
            ["", "12", room, &format!("{room}-"), &format!("{room}-01"), &format!("{room}-+1")]
        {
            assert_eq!(MessageRef::parse(text), None, "{text}");
        }
    }
}
