//! A room as its viewer sees it. Whoever must stay hidden is hidden here, once for every answer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join_all, try_join};
use serde::{Deserialize, Serialize};

use crate::{
    actions::Services,
    domain::{
        group::Group,
        member::{Member, MemberType},
        message::{Message, SenderType, Slot},
        room::{RoomKind, r#match},
        time::Timestamp,
    },
    error::Error,
    realtime::channel::Channel,
    store::{Info, ListingRef, Mark, Membership, Part, Side, StoreError, Window},
};

/// How many slots are read at a time where the newest one holds no message.
const LOOK_BACK: u64 = 10;

/// How many members a room shows; the others are listed apart.
pub(super) const SHOWN_MEMBERS: usize = 20;

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

/// Whom a desk has before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeskUser {
    /// The user's id in the room.
    pub id: String,
    /// What sort of account.
    #[serde(rename = "type")]
    pub kind: MemberType,
    /// The name to show.
    pub name: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// The e-mail address; only support agents see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Who it is, where that was a guest who signed in since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
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

impl Services {
    /// One room, with its members.
    pub(super) async fn view(&self, room: Membership, info: Info) -> Result<RoomView, Error> {
        if !room.room.kind().rules().has_many_members() {
            return self.views(vec![(room, info)]).await.map(|mut views| views.remove(0));
        }
        let page = self.store.members_page(room.room, SHOWN_MEMBERS, None);
        let (last, page) = try_join(self.last_message(&room), page).await?;
        let own = room.part.as_deref().map(part_member);
        let others = page.members.iter().filter(|(key, _)| *key != room.me);
        let members = own.into_iter().chain(others.map(|(_, part)| part_member(part)));
        let members = members.take(SHOWN_MEMBERS).collect();
        Ok(self.assemble(&room, info, members, None, last))
    }

    /// The rooms of a list. A group's members are those that its INFO shows.
    pub(super) async fn views(
        &self,
        rooms: Vec<(Membership, Info)>,
    ) -> Result<Vec<RoomView>, Error> {
        let last = join_all(rooms.iter().map(|(room, _)| self.last_message(room)));
        let (last, groups) = futures_util::future::join(last, self.groups_of(&rooms)).await;
        let groups = groups?;
        let mut views = Vec::with_capacity(rooms.len());
        for ((room, info), last) in rooms.into_iter().zip(last) {
            let group = info.group.as_ref().and_then(|id| groups.get(id));
            let group = group.map(|group| RoomGroup::at(group, self.clock.now()));
            let revealed = group.as_ref().is_some_and(|group| group.revealed);
            let members = members(&room, &info, revealed);
            views.push(self.assemble(&room, info, members, group, last?));
        }
        Ok(views)
    }

    /// The groups whose raffles made the rooms, as they are now: their dates may have been moved.
    pub(super) async fn groups_of(
        &self,
        rooms: &[(Membership, Info)],
    ) -> Result<BTreeMap<String, Group>, StoreError> {
        let ids: BTreeSet<&str> =
            rooms.iter().filter_map(|(_, info)| info.group.as_deref()).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.store.groups(&ids.into_iter().collect::<Vec<_>>()).await
    }

    fn assemble(
        &self,
        room: &Membership,
        info: Info,
        members: Vec<Member>,
        group: Option<RoomGroup>,
        last_message: Option<LastMessage>,
    ) -> RoomView {
        let head = &room.head;
        RoomView {
            id: room.room.to_string(),
            kind: room.room.kind(),
            state: RoomState::since(head.archived_at()),
            channel: Channel::Room(room.room, head.generation).to_string(),
            head: head.seq,
            rev: head.rev,
            members,
            member_count: head.member_count(),
            you: You::from(room),
            last_message_at: last_message.as_ref().map(|last| last.created_at),
            last_message,
            message_count: head.message_count(),
            user: desk_user(room, &info),
            unread: room.is_desk().then(|| room.unread()),
            created_at: info.created_at(),
            title: info.title,
            listing: info.listing,
            group,
            updated_at: head.last_activity(),
            archived_at: head.archived_at(),
            viewed_at: desk_mark(room).and_then(Mark::read_at),
        }
    }

    /// What a list shows of the newest message: HEAD's preview, or, where that was of a message that
    /// never came, what the log holds.
    pub(super) async fn last_message(
        &self,
        room: &Membership,
    ) -> Result<Option<LastMessage>, StoreError> {
        if let Some(last) = from_preview(room) {
            return Ok(Some(last));
        }
        let mut window = Window::Newest;
        while room.head.message_count() > 0 {
            let page = self.store.page_of(room, window, LOOK_BACK, &self.clock).await?;
            let newest = page.slots.iter().rev().find_map(|slot| match slot {
                Slot::Message(message) => Some(from_message(message)),
                _ => None,
            });
            match (newest, page.slots.first()) {
                (None, Some(first)) if page.has_more => window = Window::Before(first.seq()),
                (newest, _) => return Ok(newest),
            }
        }
        Ok(None)
    }
}

/// The members of a room as its INFO and HEAD show them.
fn members(room: &Membership, info: &Info, revealed: bool) -> Vec<Member> {
    if !room.room.kind().rules().has_many_members() {
        let side = |key| info.sides.get(key).cloned().unwrap_or_default();
        let sides = room.head.marks.iter();
        let mut members: Vec<Member> =
            sides.map(|(key, mark)| side_member(mark, side(key), revealed)).collect();
        // The order of their keys would tell something of whoever is behind an alias.
        members.sort_by(|one, other| one.id.cmp(&other.id));
        return members;
    }
    let own = room.part.as_deref().map(part_member);
    let others = info.sides.iter().filter(|(key, _)| **key != room.me);
    let others = others.filter_map(|(_, side)| {
        let (id, kind) = side.member.clone()?;
        let (name, picture) = (side.name.clone(), side.picture.clone());
        Some(Member { id, kind, name, picture, read: None, role: None, user_id: None })
    });
    own.into_iter().chain(others).take(SHOWN_MEMBERS).collect()
}

/// One of two sides. Behind an alias nothing of its holder is shown until the date.
fn side_member(mark: &Mark, shown: Side, revealed: bool) -> Member {
    let is_alias = r#match::is_alias(&mark.member_id);
    let shown = match is_alias && !revealed {
        true => Side { name: Some(r#match::alias_name(&mark.member_id)), ..Side::default() },
        false => shown,
    };
    Member {
        id: mark.member_id.clone(),
        kind: mark.kind,
        name: shown.name,
        picture: shown.picture,
        read: Some(mark.read),
        role: None,
        user_id: shown.user_id.filter(|_| is_alias),
    }
}

/// A member of a group.
pub(super) fn part_member(part: &Part) -> Member {
    Member {
        id: part.mark.member_id.clone(),
        kind: part.mark.kind,
        name: part.shown.name.clone(),
        picture: part.shown.picture.clone(),
        read: Some(part.mark.read),
        role: Some(part.role),
        user_id: None,
    }
}

/// The mark of the desk in whose queue the room stands.
fn desk_mark(room: &Membership) -> Option<&Mark> {
    room.room.kind().rules().desk?;
    room.head
        .marks
        .values()
        .find(|mark| matches!(mark.kind, MemberType::Admin | MemberType::Merchant))
}

/// Whom the room is about, for its desk alone.
fn desk_user(room: &Membership, info: &Info) -> Option<DeskUser> {
    if !room.is_desk() {
        return None;
    }
    let (key, mark) = room.head.others(Some(&room.me)).next()?;
    let shown = info.sides.get(key).cloned().unwrap_or_default();
    Some(DeskUser {
        id: mark.member_id.clone(),
        kind: mark.kind,
        name: shown.name,
        picture: shown.picture,
        email: shown.email.filter(|_| room.is_agent()),
        user_id: shown.user_id,
    })
}

fn from_preview(room: &Membership) -> Option<LastMessage> {
    let preview = &room.head.preview;
    let (sender_id, sender_type) = room.head.last_sender()?;
    Some(LastMessage {
        seq: preview.seq?,
        sender_id: sender_id.to_owned(),
        sender_type,
        preview: preview.text.clone()?,
        created_at: room.head.last_activity(),
        deleted: false,
    })
}

fn from_message(message: &Message) -> LastMessage {
    LastMessage {
        seq: message.seq,
        sender_id: message.sender_id.clone(),
        sender_type: message.sender_type,
        preview: message.preview(),
        created_at: message.created_at,
        deleted: false,
    }
}
