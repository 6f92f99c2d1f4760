//! Puts together what a viewer sees. Whoever must stay hidden is hidden here, once for every answer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join_all, try_join};

use super::{LastMessage, RoomGroup, RoomState, RoomView, You};
use crate::{
    actions::Services,
    domain::{
        group::Group,
        ids::SideKey,
        member::{DeskUser, Member, MemberType, PresenceView},
        message::{Message, Slot},
        room::r#match,
    },
    error::Error,
    realtime::channel::Channel,
    store::{Info, Mark, Membership, Part, Side, StoreError, Window},
};

/// How many slots are read at a time where the newest one holds no message.
const LOOK_BACK: u64 = 10;

/// How many members a room shows; the others are listed apart.
const SHOWN_MEMBERS: usize = 20;

impl Services {
    /// One room, with its members.
    pub(in crate::actions) async fn view(
        &self,
        room: Membership,
        info: Info,
    ) -> Result<RoomView, Error> {
        if !room.room.kind().rules().has_many_members() {
            return self.views(vec![(room, info)]).await.map(|mut views| views.remove(0));
        }
        let page = self.store.members_page(room.room, SHOWN_MEMBERS, None);
        let (last, page) = try_join(self.last_message(&room), page).await?;
        let own = room.part.as_deref().map(|part| part_member(&room.me, part));
        let others = page.members.iter().filter(|(key, _)| *key != room.me);
        let members = own.into_iter().chain(others.map(|(key, part)| part_member(key, part)));
        let members = members.take(SHOWN_MEMBERS).collect();
        Ok(self.assemble(&room, info, members, None, last))
    }

    /// The rooms of a list. A group's members are those that its INFO shows.
    pub(in crate::actions) async fn views(
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
    async fn groups_of(
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
            channel: self.relay.name(&Channel::Room(room.room, head.generation)),
            speaks_dialect: head.dialect(room.room).is_some(),
            dialect_channel: self.relay.name(&Channel::RoomInDialect(room.room, head.generation)),
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
    pub(in crate::actions) async fn last_message(
        &self,
        room: &Membership,
    ) -> Result<Option<LastMessage>, StoreError> {
        if let Some(last) = from_preview(room) {
            return Ok(Some(last));
        }
        if room.head.seq <= room.head.floor {
            return Ok(None);
        }
        let mut window = Window::Newest;
        loop {
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
    }
}

/// The members of a room as its INFO and HEAD show them.
fn members(room: &Membership, info: &Info, revealed: bool) -> Vec<Member> {
    if !room.room.kind().rules().has_many_members() {
        let side = |key| info.sides.get(key).cloned().unwrap_or_default();
        let sides = room.head.marks.iter();
        let mut members: Vec<Member> =
            sides.map(|(key, mark)| side_member(key, mark, side(key), revealed)).collect();
        if room.room.kind().rules().masks_first_side && !revealed {
            // Who comes and goes as an alias does is behind it.
            members.iter_mut().for_each(|member| member.key = None);
        }
        // The order of their keys would tell something of whoever is behind an alias.
        members.sort_by(|one, other| one.id.cmp(&other.id));
        return members;
    }
    let own = room.part.as_deref().map(|part| part_member(&room.me, part));
    let others = info.sides.iter().filter(|(key, _)| **key != room.me);
    let others = others.filter_map(|(_, side)| {
        let (id, kind) = side.member.clone()?;
        let (name, picture) = (side.name.clone(), side.picture.clone());
        let (read, role, user_id, presence, key) =
            (None, None, None, PresenceView::default(), None);
        Some(Member { id, kind, name, picture, read, role, user_id, presence, key })
    });
    own.into_iter().chain(others).take(SHOWN_MEMBERS).collect()
}

/// One of two sides. Behind an alias nothing of its holder is shown until the date.
fn side_member(key: &SideKey, mark: &Mark, shown: Side, revealed: bool) -> Member {
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
        presence: PresenceView::default(),
        key: Some(key.clone()),
    }
}

/// A member of a group.
pub(in crate::actions) fn part_member(key: &SideKey, part: &Part) -> Member {
    Member {
        id: part.mark.member_id.clone(),
        kind: part.mark.kind,
        name: part.shown.name.clone(),
        picture: part.shown.picture.clone(),
        read: Some(part.mark.read),
        role: Some(part.role),
        user_id: None,
        presence: PresenceView::default(),
        key: Some(key.clone()),
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
        presence: PresenceView::default(),
        key: Some(key.clone()),
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
        // No message has an empty text; that of a deleted one is.
        deleted: preview.text.as_deref() == Some(""),
    })
}

fn from_message(message: &Message) -> LastMessage {
    LastMessage {
        seq: message.seq,
        sender_id: message.sender_id.clone(),
        sender_type: message.sender_type,
        preview: message.preview(),
        created_at: message.created_at,
        deleted: message.deleted_at.is_some(),
    }
}
