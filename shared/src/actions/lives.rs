//! A person's whole life here: a copy of it, and its end.

use futures_util::future::try_join_all;
use serde::Serialize;

use crate::{
    actions::{
        Services,
        messages::view_with_read_at,
        people::{PersonView, whole},
        reports::ReportView,
    },
    domain::{
        ids::{RoomId, SideKey},
        message::{MessageView, Slot},
        principal::{Asker, Principal, Service},
        room::RoomKind,
        webhook::{Happened, Hook},
    },
    error::Error,
    store::{LifePlace, LifeRoom, Page, Untold},
};

/// A page of a copy ends once it holds so many slots, or rooms.
const SLOTS_PER_PAGE: usize = 1_000;
const ROOMS_PER_PAGE: usize = 50;

/// How many blocks a copy holds.
const BLOCKS: usize = 1_000;

/// A page of the copy of a person's life.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LifePage {
    /// What is known of the person, on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<PersonView>,
    /// The ids of those whom the person has blocked, on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Vec<String>>,
    /// Rooms, those first that have been quiet for longest. One that goes on on the next page is there
    /// again; so is one that moved meanwhile.
    pub rooms: Vec<LifeRoomView>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// What a person has in a room.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LifeRoom)]
pub struct LifeRoomView {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub id: String,
    /// What sort of room.
    pub kind: RoomKind,
    /// The room's title, where it has one.
    pub title: Option<String>,
    /// The person's id in the room.
    pub member_id: String,
    /// Whether the person is still in it.
    pub is_member: bool,
    /// The `seq` behind which this goes on; what came before it is on an earlier page.
    pub after: u64,
    /// The `seq` up to which the person has read.
    pub read: u64,
    /// What the person wrote, ascending.
    pub messages: Vec<MessageView>,
    /// What the person reacted to, and with what.
    pub reactions: Vec<LifeReaction>,
    /// What the person reported: once, with the room's first messages.
    pub reports: Vec<ReportView>,
}

/// A reaction.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LifeReaction {
    /// The message.
    pub seq: u64,
    /// The emoji.
    pub emoji: String,
}

/// A place in the copy of a life: behind a room, or up to a slot within the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifeCursor {
    place: LifePlace,
    within: Option<(RoomId, u64)>,
}

impl LifeCursor {
    /// The cursor that this text spells.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let place = parts.next()?.parse().ok()?;
        let within = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some(room), after) => Some((room.parse().ok()?, after?.parse().ok()?)),
        };
        let cursor = Self { place, within };
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl std::fmt::Display for LifeCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.within {
            None => write!(f, "{}", self.place),
            Some((room, after)) => write!(f, "{}.{room}.{after}", self.place),
        }
    }
}

impl Services {
    /// Erases a person: a part of it with each call. Says whether nothing is left to do.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call goes on.
    pub async fn erase(&self, _: Service, person: &Principal) -> Result<bool, Error> {
        let key = SideKey::of(self.store.salt().await?, person);
        let erasure = self.store.erase(&key, person, &self.clock).await?;
        // Whoever is still connected under this account is so no more. A failure is logged where it happens,
        // and the next call tries again.
        let _ = self.publisher.terminate_connections(&key).await;
        try_join_all(erasure.rooms.iter().map(|room| self.tell_of_erasure(*room))).await?;
        self.store.forget_erasures(&key, &erasure.finished).await?;
        let what = Happened::PersonErased(person.clone());
        let hook = Hook { what, at: erasure.since };
        self.tell_app(erasure.done.then_some(hook)).await?;
        Ok(erasure.done)
    }

    /// Whoever is left in a room is told that it changed, and the new name of its channel.
    async fn tell_of_erasure(&self, room: RoomId) -> Result<(), Error> {
        let Some((head, others)) = self.store.whoever_is_in(room).await? else { return Ok(()) };
        self.tell(room, &[Untold::Room], self.removal_told(room, &head, others)).await?;
        Ok(())
    }

    /// A page of the copy of a person's life.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn export(
        &self,
        _: Service,
        person: &Principal,
        from: Option<LifeCursor>,
    ) -> Result<LifePage, Error> {
        let key = SideKey::of(self.store.salt().await?, person);
        let asker = Asker { me: key, kind: person.kind, desk: None };
        let mut page = LifePage { profile: None, blocks: None, rooms: Vec::new(), next: None };
        if from.is_none() {
            page.profile = self.store.person(&asker.me).await?.map(whole);
            let blocks = self.store.blocks(&asker.me, BLOCKS, None).await?.blocks;
            page.blocks = Some(blocks.into_iter().map(|block| block.principal.id).collect());
        }
        let LifeCursor { mut place, mut within } = from.unwrap_or_default();
        let mut left = SLOTS_PER_PAGE;
        while page.rooms.len() < ROOMS_PER_PAGE && left > 0 {
            let (room, next) = self.store.next_of_life((person, &asker), place.clone()).await?;
            if let Some(room) = room {
                // The room that was begun may have moved on, and another one be here now.
                let begun = within.filter(|(begun, _)| *begun == room.room.room);
                let mut after = begun.map_or(0, |(_, after)| after);
                let view = self.copy_room(&asker, &room, &mut after, &mut left).await?;
                within = Some((room.room.room, after));
                page.rooms.push(view);
            }
            if left == 0 {
                break;
            }
            let Some(next) = next else { return Ok(page) };
            (place, within) = (next, None);
        }
        page.next = Some(LifeCursor { place, within }.to_string());
        Ok(page)
    }

    /// What a person has in a room, from a slot on; moves on the slot. Where nothing is left of `left`,
    /// there may be more.
    async fn copy_room(
        &self,
        person: &Asker,
        copied: &LifeRoom,
        after: &mut u64,
        left: &mut usize,
    ) -> Result<LifeRoomView, Error> {
        let LifeRoom { room, info, is_member } = copied;
        let member_id = room.mark.member_id.clone();
        let reports = match *after {
            0 => self.store.reported_by(room.room, &member_id).await?,
            _ => Vec::new(),
        };
        let mut view = LifeRoomView {
            id: room.room.to_string(),
            kind: room.room.kind(),
            title: info.title.clone(),
            is_member: *is_member,
            after: *after,
            read: room.mark.read,
            messages: Vec::new(),
            reactions: Vec::new(),
            reports: reports.iter().map(ReportView::from).collect(),
            member_id,
        };
        while *left > 0 {
            let Page { slots, has_more, .. } =
                self.store.life_page(room, *after, &self.clock).await?;
            for slot in &slots {
                *after = slot.seq();
                let Slot::Message(message) = slot else { continue };
                let theirs = message.reactions.iter().filter(|(_, by)| by.contains(&person.me));
                view.reactions.extend(
                    theirs
                        .map(|(emoji, _)| LifeReaction { seq: message.seq, emoji: emoji.clone() }),
                );
                if message.sender_id == view.member_id {
                    view.messages.push(view_with_read_at(message, &room.head, &person.me));
                }
            }
            *left = left.saturating_sub(slots.len());
            // What is still being written is for the next copy.
            if !has_more || slots.is_empty() {
                *left = (*left).max(1);
                break;
            }
        }
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let room = "00000000-0000-8100-8000-00000000000a";
        for within in [None, Some((room.parse().unwrap(), 12))] {
            let cursor = LifeCursor { place: LifePlace::default(), within };
            assert_eq!(LifeCursor::parse(&cursor.to_string()), Some(cursor));
        }
        let place = LifePlace::default();
        for text in ["", ".", "AAAA.1", &format!("{place}.1"), &format!("{place}.{room}.01")] {
            assert_eq!(LifeCursor::parse(text), None, "{text}");
        }
    }
}
