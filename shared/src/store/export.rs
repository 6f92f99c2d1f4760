//! What a person has in a room, for a copy of its whole life here.

use super::{
    Store, StoreError,
    head::Mark,
    info::Info,
    life::LifePlace,
    membership::Membership,
    page::{Page, Window},
};
use crate::domain::{
    principal::{Asker, Principal},
    time::Clock,
};

/// How many slots are looked at together.
const SLOTS: u64 = 200;

/// A room of a person's life, and who the person is or was in it.
#[derive(Clone, Debug)]
pub struct LifeRoom {
    /// The room, and the person's place in it; of a group that it has left, what it had last.
    pub room: Membership,
    /// What lists show of it.
    pub info: Info,
    /// Whether the person is still in it.
    pub is_member: bool,
}

impl Store {
    /// The next room of a person's life, if there is one at this place, and the place behind it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn next_of_life(
        &self,
        person: (&Principal, &Asker),
        place: LifePlace,
    ) -> Result<(Option<LifeRoom>, Option<LifePlace>), StoreError> {
        let (principal, asker) = person;
        let (rooms, next) = self.rooms_of_life(&asker.me, place, 1).await?;
        let Some(room) = rooms.into_iter().next() else { return Ok((None, next)) };
        if let Some((room, info)) = self.room(room, asker).await? {
            return Ok((Some(LifeRoom { room, info, is_member: true }), next));
        }
        let is_group = room.kind().rules().has_many_members();
        let Some(head) = self.read_head(room).await?.filter(|_| is_group) else {
            // It was deleted, and an index or a note is behind.
            return Ok((None, next));
        };
        let info = self.read_info(room).await?;
        let mark = Mark::new(principal.member_id(), principal.kind.into());
        let room = Membership { room, me: asker.me.clone(), mark, part: None, head };
        Ok((Some(LifeRoom { room, info, is_member: false }), next))
    }

    /// Some of a room's slots, behind this one.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn life_page(
        &self,
        room: &Membership,
        after: u64,
        clock: &Clock,
    ) -> Result<Page, StoreError> {
        self.page_of(room, Window::After(after), SLOTS, clock).await
    }
}
