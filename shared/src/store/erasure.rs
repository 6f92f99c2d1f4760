//! Erasing a person: everything that tells who it was or what it said goes, and what others said stays
//! where it was. One call does a part of a large life; the next goes on.
//!
//! In this order, each step safe to repeat:
//!
//! 1. A marker takes the PROFILE's place, so that a token that is still good brings nothing back. What
//!    else is the person's own, and other people's BLOCKs of it, go.
//! 2. In each room the person stops being a member, in one transaction with an ERASURE in the person's
//!    own partition: from then on it can post nothing more there, and the room cannot be forgotten.
//! 3. Each of its messages keeps its place without its text, and under an id that tells nothing. Slots
//!    that are empty are closed first, so that no late put comes behind. Copies in reports go.
//! 4. Whoever is left in the room is told, and then the ERASURE goes, too.

mod texts;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    attr::{n, s},
    head::{Head, Mark},
    key::{self, Key},
    life::{LifePlace, own_room},
    membership::Membership,
    part::Part,
    profile::ERASED,
    report::Forgotten,
    table,
    transact::transaction,
};
use crate::domain::{
    ids::{RoomId, SideKey},
    message::Message,
    principal::Principal,
    room::r#match::is_alias,
    time::{Clock, Timestamp},
};

/// How much one call does: a slot that is looked at counts as one, a room as [`ROOM`].
const PER_CALL: u64 = 5_000;
/// What a room counts for beside its slots.
const ROOM: u64 = 50;
/// How long one call goes on with another page or room: a function has ten seconds in all.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many rooms are listed together.
const ROOMS: usize = 100;

/// How often a change may find that others were faster.
const MAX_TRIES: usize = 64;

/// How long a token of the person may still be good, in seconds: as long as a guest's is.
const MARKER_SECONDS: i64 = 30 * 24 * 3600;

/// What came of a call.
#[derive(Clone, Debug, Default)]
pub struct Erasure {
    /// The rooms in which something was done: whoever is left in them is to be told.
    pub rooms: Vec<RoomId>,
    /// Those in which nothing is left to do once that is told.
    pub finished: Vec<RoomId>,
    /// Whether nothing is left to do anywhere.
    pub done: bool,
    /// When it began, with whichever call.
    pub since: Timestamp,
}

/// How much of its share a call has left.
struct Share {
    left: u64,
    began: Instant,
}

impl Share {
    fn is_used_up(&self) -> bool {
        self.left == 0 || self.began.elapsed() > PATIENCE
    }

    fn use_up(&mut self, some: u64) {
        self.left = self.left.saturating_sub(some);
    }
}

/// Whom to erase.
struct Person<'a> {
    key: &'a SideKey,
    principal: &'a Principal,
    clock: &'a Clock,
}

/// An ERASURE: a room in which something is left to do.
struct Work {
    room: RoomId,
    /// The person's id in the room.
    member_id: String,
    /// The first slot that has not been looked at.
    next: u64,
}

impl Work {
    /// Whether a message is the person's and still tells something. One behind an alias keeps it.
    fn wrote(&self, message: &Message) -> bool {
        let tells = !is_alias(&self.member_id) || message.deleted_at.is_none();
        message.sender_id == self.member_id && tells
    }

    /// The id that the room's messages get in its place. An alias told nothing in the first place, and a
    /// change of it would tell that it was this giver who has gone.
    fn new_id(&self, key: &SideKey) -> String {
        match is_alias(&self.member_id) {
            true => self.member_id.clone(),
            false => format!("deleted:{}", key.as_str()),
        }
    }
}

impl Store {
    /// Erases a person, or a part of it where that is much. Once whoever is left has been told,
    /// [`Self::forget_erasures`] ends it.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call goes on.
    pub async fn erase(
        &self,
        key: &SideKey,
        principal: &Principal,
        clock: &Clock,
    ) -> Result<Erasure, StoreError> {
        let person = Person { key, principal, clock };
        let since = self.put_marker(&person).await?;
        self.delete_own_items(&person).await?;
        let mut share = Share { left: PER_CALL, began: Instant::now() };
        let mut erasure = Erasure { since, ..Erasure::default() };
        for work in self.works(&person).await? {
            if !self.erase_from(&person, work, &mut share, &mut erasure).await? {
                return Ok(erasure);
            }
        }
        loop {
            let (mut found, mut place) = (false, Some(LifePlace::default()));
            while let Some(at) = place {
                let (rooms, next) = self.rooms_of_life(key, at, ROOMS).await?;
                for room in rooms {
                    // An index may still show a room that has been done.
                    let Some(work) = self.leave_for_good(&person, room).await? else { continue };
                    found = true;
                    if !self.erase_from(&person, work, &mut share, &mut erasure).await? {
                        return Ok(erasure);
                    }
                }
                place = next;
            }
            // A room may have moved from a list that was yet to be read to one that had been.
            if !found {
                erasure.done = true;
                return Ok(erasure);
            }
        }
    }

    /// Forgets that something was to be done in these rooms.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call finds nothing to do there, and forgets it.
    pub async fn forget_erasures(&self, key: &SideKey, rooms: &[RoomId]) -> Result<(), StoreError> {
        let notes = rooms.iter().flat_map(|room| {
            [key::ERASURE, key::LEFT]
                .map(|begin| key::of(key::side(key), key::own_room(begin, *room)))
        });
        self.delete_items(notes).await
    }

    /// What remains of the PROFILE: that there is nothing more to know, and since when.
    async fn put_marker(&self, person: &Person<'_>) -> Result<Timestamp, StoreError> {
        let before = self.erased_since(person.key).await?;
        let since = before.unwrap_or_else(|| person.clock.now());
        for _ in 0..MAX_TRIES {
            self.clear_name(person.key, person.principal).await?;
            let mut marker = key::of(key::side(person.key), key::PROFILE);
            let ends = person.clock.now().seconds() + MARKER_SECONDS;
            marker.insert(ERASED.into(), n(since.millis()));
            marker.insert(table::TTL.into(), n(ends));
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(marker))
                .condition_expression("attribute_not_exists(#name)")
                .expression_attribute_names("#name", "name");
            let put = put.build().map_err(StoreError::broken)?;
            let items = transaction([TransactWriteItem::builder().put(put)]);
            if self.transact(items).await?.is_done() {
                return Ok(since);
            }
            // A token has just brought the name back.
        }
        Err(StoreError::Unavailable("a profile was in conflict too often".into()))
    }

    /// Whatever is in the person's own partition, but for what is still needed; and others' BLOCKs.
    async fn delete_own_items(&self, person: &Person<'_>) -> Result<(), StoreError> {
        let needed = |item: &Key| {
            let sort = item.get("sk").and_then(|sort| sort.as_s().ok());
            sort.is_some_and(|sort| {
                sort == key::PROFILE
                    || [key::ERASURE, key::LEFT].iter().any(|begin| sort.starts_with(begin))
            })
        };
        let own = self.own_items(person.key, "").await?;
        let blocks = self.blocks_of(person.key).await?;
        self.delete_items(own.into_iter().filter(|item| !needed(item)).chain(blocks)).await
    }

    /// Where something is left to do: what an earlier call began, and groups that the person has left.
    async fn works(&self, person: &Person<'_>) -> Result<Vec<Work>, StoreError> {
        let mut works = Vec::new();
        for item in self.own_items(person.key, key::ERASURE).await? {
            let text = |name: &str| item.get(name)?.as_s().ok().cloned();
            let next = item.get("n").and_then(|next| next.as_n().ok()?.parse().ok());
            let (room, member_id) = (own_room(&item, key::ERASURE), text("m"));
            let (Some(room), Some(member_id), Some(next)) = (room, member_id, next) else {
                return Err(StoreError::broken("an erasure in no room"));
            };
            works.push(Work { room, member_id, next });
        }
        for room in self.left_groups(person.key).await? {
            if !works.iter().any(|work| work.room == room) {
                works.push(Work { room, member_id: person.principal.member_id(), next: 1 });
            }
        }
        Ok(works)
    }

    /// The person is a member no more, and the room is noted; `None` where it is none.
    async fn leave_for_good(
        &self,
        person: &Person<'_>,
        room: RoomId,
    ) -> Result<Option<Work>, StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(head) = self.read_head(room).await? else { return Ok(None) };
            if room.kind().rules().has_many_members() {
                let Some(part) = self.read_part(room, person.key).await? else { return Ok(None) };
                // Leaving notes the group in the person's own partition, together with the rest.
                let member = member_of(room, person.key, head, part);
                self.remove_member(&member, person.key).await?;
                let member_id = member.mark.member_id;
                return Ok(Some(Work { room, member_id, next: 1 }));
            }
            let Some(mark) = head.marks.get(person.key) else { return Ok(None) };
            let work = Work { room, member_id: mark.member_id.clone(), next: 1 };
            if self.transact(self.leave_request(person, &work, &head, mark).await?).await?.is_done()
            {
                return Ok(Some(work));
            }
            // Somebody has posted in between.
        }
        Err(StoreError::Unavailable("the room moved on too often".into()))
    }

    /// Takes a side out of a room of two: its mark, its lists and how it is shown. What stands in its
    /// place keeps the room what it is for the other side.
    async fn leave_request(
        &self,
        person: &Person<'_>,
        work: &Work,
        head: &Head,
        mark: &Mark,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let stand_in = person.key.erased_in(self.salt().await?, work.room);
        let mark = mark.of_nobody(work.new_id(&stand_in));
        let mark: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(mark)?;
        let mut set =
            vec!["rd.#nobody = :mark".to_owned(), "v = if_not_exists(v, :zero) + :one".to_owned()];
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(work.room), key::HEAD)))
            .condition_expression("seq = :seq AND attribute_exists(rd.#me)")
            .expression_attribute_names("#me", person.key.as_str())
            .expression_attribute_names("#nobody", stand_in.as_str())
            .expression_attribute_values(":mark", AttributeValue::M(mark))
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":seq", n(head.seq));
        let mut remove = vec!["rd.#me", "bl.#me"];
        for (attribute, to) in head.list_keys_of(person.key, &stand_in) {
            if attribute == "k1" {
                // Nobody is there any more for whom somebody could wait.
                remove.extend(["q3p", "q3s"]);
            }
            set.push(format!("{attribute} = :{attribute}"));
            update = update.expression_attribute_values(format!(":{attribute}"), s(to));
        }
        if head.preview.by.as_ref() == Some(person.key) {
            set.push("pv.f = :nobody".to_owned());
            update = update.expression_attribute_values(":nobody", s(stand_in.as_str()));
        }
        let update = update
            .update_expression(format!("SET {} REMOVE {}", set.join(", "), remove.join(", ")))
            .build()
            .map_err(StoreError::broken)?;
        let info = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(work.room), key::INFO)))
            .update_expression("SET sides.#nobody = :blank REMOVE sides.#me")
            .expression_attribute_names("#me", person.key.as_str())
            .expression_attribute_names("#nobody", stand_in.as_str())
            .expression_attribute_values(":blank", AttributeValue::M(HashMap::new()))
            .build()
            .map_err(StoreError::broken)?;
        let note = Put::builder().table_name(&self.table).set_item(Some(note(person.key, work)));
        Ok(transaction([
            TransactWriteItem::builder().update(update),
            TransactWriteItem::builder().update(info),
            TransactWriteItem::builder().put(note.build().map_err(StoreError::broken)?),
        ]))
    }

    /// Does what is left in a room. Says whether there is time for another one.
    async fn erase_from(
        &self,
        person: &Person<'_>,
        mut work: Work,
        share: &mut Share,
        erasure: &mut Erasure,
    ) -> Result<bool, StoreError> {
        if share.is_used_up() {
            return Ok(false);
        }
        share.use_up(ROOM);
        erasure.rooms.push(work.room);
        let from = work.next;
        let done = self.erase_messages(person, &mut work, share).await?;
        if !done {
            if work.next > from {
                let keep = self.client.put_item().table_name(&self.table);
                keep.set_item(Some(note(person.key, &work))).send().boxed().await?;
            }
            return Ok(false);
        }
        let nobody = person.key.erased_in(self.salt().await?, work.room);
        let forgotten = Forgotten {
            member_id: &work.member_id,
            account: &person.principal.member_id(),
            new_id: &work.new_id(&nobody),
        };
        self.forget_in_reports(work.room, forgotten).await?;
        self.forget_unread(work.room, person.key).await?;
        erasure.finished.push(work.room);
        Ok(!share.is_used_up())
    }
}

/// A member of a group as it was read.
fn member_of(room: RoomId, me: &SideKey, head: Head, part: Part) -> Membership {
    let mark = part.mark.clone();
    Membership { room, me: me.clone(), mark, part: Some(Box::new(part)), head }
}

/// The item that says what is left to do in a room.
fn note(person: &SideKey, work: &Work) -> Key {
    let mut item = key::of(key::side(person), key::own_room(key::ERASURE, work.room));
    item.insert("m".into(), s(&work.member_id));
    item.insert("n".into(), n(work.next));
    item
}
