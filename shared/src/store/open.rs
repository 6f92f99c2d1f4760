//! Opening a room, and what stands at its place: the room, the tombstone of one that was deleted, or a
//! sign to where it has moved.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};

use super::{
    Store, StoreError,
    head::Head,
    info::{self, Info},
    key,
    membership::{Membership, membership},
    part::{self, Part},
    transact::transaction,
    update,
};
use crate::domain::{
    ids::{RoomId, Salt},
    member::MemberRole,
    principal::Asker,
    room::Founding,
    time::Timestamp,
};

/// How often a room may be deleted and opened again while somebody opens it.
const MAX_GENERATIONS: usize = 64;

/// How many members one transaction writes when a group is opened: it takes a hundred items.
const FOUND_AT_ONCE: usize = 99;

/// A room that is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The room.
    pub room: Membership,
    /// What lists show of it.
    pub info: Info,
    /// Whether this call opened it.
    pub new: bool,
}

/// A room as it was read, with what of it concerns the asker.
pub(super) struct Whole {
    pub(super) head: Head,
    pub(super) info: Info,
    /// In groups: the asker's own item, if there is one.
    part: Option<Part>,
}

impl Whole {
    /// The room for the asker; `None` to a stranger.
    fn shown_to(self, room: RoomId, asker: &Asker) -> Option<(Membership, Info)> {
        let Self { head, info, part } = self;
        membership(room, asker, head, part).map(|room| (room, info))
    }
}

/// What stands at a room's place.
pub(super) enum Place {
    Free,
    Open(Box<Whole>),
    /// A room was deleted here; the next one is of this generation.
    Gone(u32),
    /// The room of this key is another one: a guest's, who has signed in.
    Moved(RoomId),
}

impl Store {
    /// The room and its INFO, if the asker is in it: in one round trip, but for a group of which this
    /// process does not know the members.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn room(
        &self,
        room: RoomId,
        asker: &Asker,
    ) -> Result<Option<(Membership, Info)>, StoreError> {
        let Place::Open(mut whole) = self.place(room, asker).await? else { return Ok(None) };
        if let Some(part) = whole.part.take() {
            whole.part = self.confirmed(room, &asker.me, &whole.head, part).await?;
        }
        Ok(whole.shown_to(room, asker))
    }

    /// What stands at a room's place; of a group's members only the asker is looked at.
    async fn place(&self, room: RoomId, asker: &Asker) -> Result<Place, StoreError> {
        let many = room.kind().rules().has_many_members();
        let part = many.then(|| key::part(&asker.me));
        let sorts = [key::HEAD.to_owned(), key::INFO.to_owned()].into_iter().chain(part);
        let keys = sorts.map(|sort| key::of(key::room(room), sort)).collect();
        let (mut head, mut info, mut part) = (None, None, None);
        for item in self.batch_get(keys, true).await? {
            if info::is_info(&item) {
                info = Some(info::parse(item)?);
            } else if part::is_part(&item) {
                part = part::parse(item)?.map(|(_, part)| part);
            } else {
                head = Some(item);
            }
        }
        let Some(item) = head else { return Ok(Place::Free) };
        if let Some(next) = next_generation(&item) {
            return Ok(Place::Gone(next));
        }
        if let Some(Ok(to)) = item.get("to").and_then(|to| to.as_s().ok()).map(|to| to.parse()) {
            return Ok(Place::Moved(to));
        }
        let head =
            self.parse_head(item)?.ok_or_else(|| StoreError::broken("no HEAD at its place"))?;
        Ok(Place::Open(Box::new(Whole { head, info: info.unwrap_or_default(), part })))
    }

    /// Where the room of a founding is, or would be opened.
    pub(super) async fn end_of_chain(
        &self,
        founding: &Founding,
        asker: &Asker,
    ) -> Result<(RoomId, u32, Place), StoreError> {
        let salt = self.salt().await?;
        let (mut id, mut generation) = (founding.id(salt, 0), 0);
        for _ in 0..MAX_GENERATIONS {
            match self.place(id, asker).await? {
                Place::Gone(next) => {
                    generation = next.max(generation + 1);
                    id = founding.id(salt, generation);
                }
                // Whoever comes back under the id of somebody who was erased is somebody new.
                Place::Open(whole) if whole.head.has_nobody() => {
                    // Never back: a room that moved here counts its own generations.
                    generation = (whole.head.opened_again + 1).max(generation + 1);
                    id = founding.id(salt, generation);
                }
                Place::Moved(to) => id = to,
                place => return Ok((id, generation, place)),
            }
        }
        Err(StoreError::Unavailable("the room was deleted too often".into()))
    }

    /// Opens the room, or finds it open: one room whoever asks, also at once. `None` when the room is
    /// there and the asker is not in it any more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn open(
        &self,
        founding: &Founding,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<Option<Opened>, StoreError> {
        let mut new = false;
        for _ in 0..MAX_GENERATIONS {
            match self.end_of_chain(founding, asker).await? {
                (id, generation, Place::Free) => {
                    new = self.create(founding, id, generation, now).await?;
                }
                (id, _, Place::Open(whole)) => {
                    let shown = whole.shown_to(id, asker);
                    return Ok(shown.map(|(room, info)| Opened { room, info, new }));
                }
                _ => {}
            }
        }
        Err(StoreError::Unavailable("the room was deleted too often".into()))
    }

    /// Has a room told in its kind's dialect from now on.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn speak_dialect(&self, room: RoomId) -> Result<(), StoreError> {
        let request = self
            .update(key::of(key::room(room), key::HEAD))
            .update_expression("SET dl = :true")
            .condition_expression("attribute_exists(seq)")
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        update::send(request).await.map(|_| ())
    }

    /// Whether this call made the room. INFO and members first: a room exists once its HEAD does, and
    /// then nothing of it is missing.
    async fn create(
        &self,
        founding: &Founding,
        id: RoomId,
        generation: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let salt = self.salt().await?;
        self.create_info(id, &Info::new(founding, id, salt, now)).await?;
        let many = founding.kind.rules().has_many_members();
        if many && !self.create_parts(founding, id, salt, now).await? {
            return Ok(false);
        }
        let head = Head::new(founding, id, salt, now).of_generation(generation);
        let mut item: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(head)?;
        item.extend(key::of(key::room(id), key::HEAD));
        self.put_if_absent(item).await
    }

    /// Writes the members of a group that is being opened, as long as it is not open: another run
    /// of the same opening may have been faster, and whoever has left the group since then must not
    /// come back. Says whether this run was in time.
    async fn create_parts(
        &self,
        founding: &Founding,
        id: RoomId,
        salt: &Salt,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        for (chunk, seats) in founding.seats.chunks(FOUND_AT_ONCE).enumerate() {
            let not_open = ConditionCheck::builder()
                .table_name(&self.table)
                .set_key(Some(key::of(key::room(id), key::HEAD)))
                .condition_expression("attribute_not_exists(pk)")
                .build()
                .map_err(StoreError::broken)?;
            let mut items = vec![TransactWriteItem::builder().condition_check(not_open)];
            for (place, seat) in seats.iter().enumerate() {
                let founds = chunk == 0 && place == 0;
                let role = if founds { MemberRole::Owner } else { MemberRole::Member };
                let part = Part::new(seat, role, id, salt, now).item(id, &seat.key)?;
                let put = Put::builder().table_name(&self.table).set_item(Some(part));
                let put = put.build().map_err(StoreError::broken)?;
                items.push(TransactWriteItem::builder().put(put));
            }
            if !self.transact(transaction(items)).await?.is_done() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Of a tombstone: the generation of the room that comes after.
pub(super) fn next_generation(item: &HashMap<String, AttributeValue>) -> Option<u32> {
    item.get("gen")?.as_n().ok()?.parse().ok()
}
