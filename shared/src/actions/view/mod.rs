//! A room as its viewer sees it.

mod build;
mod presence;

use serde::{Deserialize, Serialize};

pub(super) use self::build::part_member;
use crate::{
    domain::{
        group::Group,
        member::{DeskUser, Member},
        message::SenderType,
        room::RoomKind,
        time::Timestamp,
    },
    store::{ListingRef, Membership},
};

/// A room as its viewer sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Room)]
pub struct RoomView {
    /// UUID.
    #[schema(value_type = uuid::Uuid)]
    pub id: String,
    /// What sort of room.
    pub kind: RoomKind,
    /// The room's title, where it has one.
    pub title: Option<String>,
    /// Whether its desk has put it away.
    pub state: RoomState,
    /// Where its events are: subscribe to this name, never to one that you built.
    pub channel: String,
    /// Where its events are in the words of its kind's dialect.
    #[serde(skip)]
    #[schema(ignore)]
    pub dialect_channel: String,
    /// Whether anything is told there.
    #[serde(skip)]
    #[schema(ignore)]
    pub speaks_dialect: bool,
    /// The highest `seq`.
    pub head: u64,
    /// Counts edits, deletions and reactions.
    pub rev: u64,
    /// Who is in it: at most 20.
    pub members: Vec<Member>,
    /// How many there are.
    pub member_count: usize,
    /// How the room is for the viewer.
    pub you: You,
    /// The newest message.
    pub last_message: Option<LastMessage>,
    /// How many messages it holds.
    pub message_count: u64,
    /// For the desk in whose queue the room stands: whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<DeskUser>,
    /// For that desk: how many messages it has not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
    /// Of `listing` rooms: what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listing: Option<ListingRef>,
    /// Of `match` rooms: whose raffle made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<RoomGroup>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When something happened in it last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When the newest message was sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_message_at: Option<Timestamp>,
    /// When its desk put it away.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub archived_at: Option<Timestamp>,
    /// When its desk looked at it last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub viewed_at: Option<Timestamp>,
}

/// Whether a room's desk has put it away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoomState {
    /// In the queue.
    #[default]
    Active,
    /// Put away; a message from the other side brings it back.
    Archived,
}

impl RoomState {
    /// The state of a room that was put away then.
    pub(super) fn since(archived_at: Option<Timestamp>) -> Self {
        if archived_at.is_some() { Self::Archived } else { Self::Active }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// How a room is for its viewer. For agents: how it is for the desk, which they share.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct You {
    /// The viewer's id in this room.
    pub member_id: String,
    /// The `seq` up to which the viewer has read.
    pub read: u64,
    /// How many messages the viewer has not read.
    pub unread: u64,
    /// Kept out of the viewer's list until something new comes.
    pub hidden: bool,
    /// No notifications.
    pub muted: bool,
    /// To be shown on top of the viewer's list.
    pub pinned: bool,
}

impl From<&Membership> for You {
    fn from(room: &Membership) -> Self {
        let mark = &room.mark;
        Self {
            member_id: mark.member_id.clone(),
            read: mark.read,
            unread: room.unread(),
            hidden: room.is_hidden(),
            muted: mark.muted,
            pinned: mark.pinned,
        }
    }
}

/// The newest message of a room, in short.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LastMessage {
    /// Its place in the room.
    pub seq: u64,
    /// The sender's id in the room.
    pub sender_id: String,
    /// In which capacity it was sent.
    pub sender_type: SenderType,
    /// At most 100 characters.
    pub preview: String,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Whether it was deleted since.
    pub deleted: bool,
}

/// The group whose raffle made a room.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RoomGroup {
    /// The application's own id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When the givers are revealed.
    #[schema(value_type = String, format = DateTime)]
    pub reveal_at: Timestamp,
    /// Whether they are.
    pub revealed: bool,
}

impl RoomGroup {
    fn at(group: &Group, now: Timestamp) -> Self {
        Self {
            id: group.id.clone(),
            name: group.name.clone(),
            reveal_at: group.reveal_at,
            revealed: group.is_revealed(now),
        }
    }
}
