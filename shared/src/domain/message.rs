//! A message: what a client may send, what a slot holds, what the API shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ids::{ClientId, RoomId, SideKey},
    room::RoomKind,
    time::Timestamp,
};

/// The preview of a message has at most this many characters.
pub const PREVIEW_CHARS: usize = 100;

/// What a message's body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageType {
    /// Text to show as it is, never as markup.
    #[default]
    Text,
    /// The name or address of a picture that the application knows.
    Sticker,
}

impl MessageType {
    /// Whether this is what a client gets without asking.
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Sticker => "sticker",
        }
    }
}

/// In which capacity a message was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SenderType {
    /// A user.
    #[default]
    User,
    /// A merchant.
    Merchant,
    /// An agent of the support desk, acting for it.
    Admin,
    /// The application itself.
    System,
}

/// A checked message that is not stored yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the body is.
    pub kind: MessageType,
    /// The text, within the room kind's limit.
    pub body: String,
    /// Makes repeating the post safe.
    pub client_id: Option<ClientId>,
    /// The slot of the message that this one answers.
    pub reply_to: Option<u64>,
}

/// Why a body is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadBody {
    /// Nothing but white space.
    Blank,
    /// More characters (Unicode scalar values) than the kind of room allows.
    TooLong {
        /// The kind's limit.
        limit: usize,
    },
    /// A NUL character, which many databases and terminals cannot hold.
    Nul,
}

impl fmt::Display for BadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("must not be blank"),
            Self::Nul => f.write_str("must not hold a NUL character"),
            Self::TooLong { limit } => write!(f, "must have at most {limit} characters"),
        }
    }
}

impl Draft {
    /// Checks a body against the room kind's limits.
    ///
    /// # Errors
    /// Says what is wrong with the body.
    pub fn new(
        room: RoomKind,
        kind: MessageType,
        body: String,
        client_id: Option<ClientId>,
        reply_to: Option<u64>,
    ) -> Result<Self, BadBody> {
        let limit = room.rules().max_body;
        if body.trim().is_empty() {
            return Err(BadBody::Blank);
        }
        if body.contains('\0') {
            return Err(BadBody::Nul);
        }
        if body.chars().nth(limit).is_some() {
            return Err(BadBody::TooLong { limit });
        }
        Ok(Self { kind, body, client_id, reply_to })
    }

    /// What a list of rooms shows of the message: at most [`PREVIEW_CHARS`] characters.
    pub fn preview(&self) -> String {
        preview(self.kind, &self.body, PREVIEW_CHARS)
    }

    /// What makes two posts under one client id the same post.
    pub fn fingerprint_parts(&self) -> [Vec<u8>; 3] {
        [
            self.kind.as_str().into(),
            self.body.clone().into(),
            self.reply_to.unwrap_or_default().to_be_bytes().into(),
        ]
    }
}

/// The beginning of a text, whole when it has so many characters at most, else cut with `...` at the end; a
/// sign for a picture.
fn preview(kind: MessageType, text: &str, most: usize) -> String {
    if kind == MessageType::Sticker {
        return "🖼️".into();
    }
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most - 3).chain("...".chars()).collect()
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The room.
    pub room: RoomId,
    /// The slot: the message's place in the room's order, from 1.
    pub seq: u64,
    /// What the body is.
    pub kind: MessageType,
    /// The sender's id in this room.
    pub sender_id: String,
    /// In which capacity it was sent.
    pub sender_type: SenderType,
    /// The text; none of a message that was deleted.
    pub body: Option<String>,
    /// The id that the client gave the post.
    pub client_id: Option<ClientId>,
    /// The slot of the message that this one answers.
    pub reply_to: Option<u64>,
    /// When its slot was taken.
    pub created_at: Timestamp,
    /// When its text was last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Who reacted with which emoji.
    pub reactions: BTreeMap<String, BTreeSet<SideKey>>,
    /// The room's revision when the message became what it is.
    pub rev: u64,
}

impl Message {
    /// What a list of rooms shows of the message: at most [`PREVIEW_CHARS`] characters; nothing of one
    /// that was deleted.
    pub fn preview(&self) -> String {
        self.beginning(PREVIEW_CHARS)
    }

    /// The beginning of its text: at most so many characters; nothing of one that was deleted.
    pub fn beginning(&self, most: usize) -> String {
        self.body.as_deref().map_or_else(String::new, |body| preview(self.kind, body, most))
    }
}

/// What stands at a place in a room's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A message.
    Message(Message),
    /// The place was taken, and no message will ever come: its sender gave up or crashed.
    Void(u64),
    /// The place was taken a moment ago; its message may still come.
    Pending(u64),
}

impl Slot {
    /// The place.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Message(message) => message.seq,
            Self::Void(seq) | Self::Pending(seq) => *seq,
        }
    }
}

/// A message as the API and events show it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    /// UUID; follows from the room and `seq`.
    pub id: Uuid,
    /// The room.
    #[schema(value_type = Uuid)]
    pub room_id: String,
    /// The message's place in the room: dense, from 1, the same for everyone for ever.
    pub seq: u64,
    /// What `body` is.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The id that the client gave the post.
    pub client_id: Option<Uuid>,
    /// The sender's id in this room.
    pub sender_id: String,
    /// In which capacity it was sent.
    pub sender_type: SenderType,
    /// In rooms of two sides: the other side's id in this room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_id: Option<String>,
    /// In rooms of two sides: what the other side is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_type: Option<SenderType>,
    /// The text.
    pub body: Option<String>,
    /// The `seq` of the message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last edited.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
    /// In rooms of two sides: when the other side last marked its reading, where that covers the
    /// message. Events have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
    /// Reactions, by emoji.
    pub reactions: Vec<Reaction>,
    /// The room's revision when the message became what it is.
    pub rev: u64,
    /// Only in events, when the message would not fit, or where the relay must not read it: `body` is
    /// null, and the message is to be fetched by its `seq`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// How often an emoji was put to a message.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// By how many members.
    pub count: u64,
    /// Whether the viewer is one of them. Events have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mine: Option<bool>,
}

/// An emoji that members put to messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoji(String);

/// The most different emoji on one message.
pub const MAX_EMOJI: usize = 20;

impl Emoji {
    /// The emoji that this text is: at most sixteen characters (the longest flag has fourteen), at least
    /// one of them beyond ASCII, and nothing that is white space, a control character or a letter of
    /// ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=16).contains(&text.chars().count());
        let strange = |c: char| c.is_control() || c.is_whitespace() || c.is_ascii_alphabetic();
        let is_one = fits && !text.is_ascii() && !text.chars().any(strange);
        is_one.then(|| Self(text.to_owned()))
    }

    /// The emoji as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(body: &str) -> Result<Draft, BadBody> {
        Draft::new(RoomKind::Direct, MessageType::Text, body.into(), None, None)
    }

    /// Mission D17.
    #[test]
    fn a_body_has_1_to_10_000_characters_counted_as_unicode_scalars() {
        assert!(draft(&"🎁".repeat(10_000)).is_ok());
        assert_eq!(draft(&"a".repeat(10_001)).err(), Some(BadBody::TooLong { limit: 10_000 }));
        assert_eq!(draft("  \n\u{3000}").err(), Some(BadBody::Blank));
        assert_eq!(draft("a\0b").err(), Some(BadBody::Nul));
    }

    #[test]
    fn an_emoji_is_a_sign_beyond_ascii_and_no_text() {
        for text in ["👍", "❤️", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "🎁"]
        {
            assert!(Emoji::parse(text).is_some(), "{text}");
        }
        let long = "🎁".repeat(17);
        for text in ["", "a", ":+1:", "1", "👍 ", "\u{1F44D}\n", "ok👍", "\0", long.as_str()] {
            assert_eq!(Emoji::parse(text), None, "{text}");
        }
    }

    /// Mission B13.
    #[test]
    fn a_preview_has_100_characters_at_most_the_last_three_being_dots_when_cut() {
        let preview = |text: String| preview(MessageType::Text, &text, PREVIEW_CHARS);
        assert_eq!(preview("é".repeat(100)), "é".repeat(100));
        assert_eq!(preview("é".repeat(101)), "é".repeat(97) + "...");
    }
}
