//! Operations on one room besides its log: opening, looking, and what a member sets for itself.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ConditionCheck, Put, ReturnValue, TransactWriteItem},
};

use super::{
    Store, StoreError,
    attr::n,
    head::{self, Head, Membership},
    info::{self, Info},
    key,
    part::{self, Part},
    transact::transaction,
    update::{self, Updated},
};
use crate::domain::{
    ids::{RoomId, Salt, SideKey},
    member::MemberRole,
    principal::Asker,
    room::{Desk, Founding},
    time::Timestamp,
};

/// How often a room may be deleted and opened again while somebody opens it.
const MAX_GENERATIONS: usize = 64;

/// How often a read mark may find that the head has moved on.
const MAX_TRIES: usize = 16;

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

/// What came of marking a room as read.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The room as it now is.
    pub room: Membership,
    /// Whether the mark moved.
    pub moved: bool,
}

/// What a member sets for itself; what is not given stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnSettings {
    /// Out of the member's list until something comes.
    pub hidden: Option<bool>,
    /// No notifications.
    pub muted: Option<bool>,
    /// To be shown on top.
    pub pinned: Option<bool>,
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

/// How far a member has read, and when it says so.
#[derive(Clone, Copy)]
struct Reading {
    seq: u64,
    /// Whether that is all there is.
    to_the_end: bool,
    now: Timestamp,
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
    /// The membership, with HEAD and the member read at once where that is enough.
    pub(super) async fn membership_at_once(
        &self,
        room: RoomId,
        asker: &Asker,
    ) -> Result<Option<Membership>, StoreError> {
        if !room.kind().rules().has_many_members() {
            return self.membership(room, asker).await;
        }
        let both =
            futures_util::future::try_join(self.read_head(room), self.read_part(room, &asker.me));
        let (Some(head), Some(part)) = both.await? else { return Ok(None) };
        let part = self.confirmed(room, &asker.me, &head, part).await?;
        Ok(Membership::of_group(room, asker, Some(head), part))
    }

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

    /// Those of the rooms that the asker is in, as they are at this moment, in one round trip.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn memberships(
        &self,
        rooms: &[RoomId],
        asker: &Asker,
    ) -> Result<Vec<Membership>, StoreError> {
        Ok(self.members_and_infos(rooms, asker, false, true).await?.0)
    }

    /// Those of the rooms that the asker is in, and, if wanted, their INFO.
    pub(super) async fn members_and_infos(
        &self,
        rooms: &[RoomId],
        asker: &Asker,
        with_info: bool,
        strongly: bool,
    ) -> Result<(Vec<Membership>, HashMap<RoomId, Info>), StoreError> {
        let keys = rooms.iter().flat_map(|room| {
            let part = room.kind().rules().has_many_members().then(|| key::part(&asker.me));
            let info = with_info.then(|| key::INFO.to_owned());
            let sorts = std::iter::once(key::HEAD.to_owned()).chain(info).chain(part);
            sorts.map(|sort| key::of(key::room(*room), sort))
        });
        let (mut heads, mut parts) = (HashMap::new(), HashMap::new());
        let mut infos = HashMap::new();
        for item in self.batch_get(keys.collect(), strongly).await? {
            let Some(room) = info::partition(&item) else { continue };
            if info::is_info(&item) {
                infos.insert(room, info::parse(item)?);
            } else if part::is_part(&item) {
                parts.extend(part::parse(item)?.map(|(_, part)| (room, part)));
            } else if let Some(head) = head::parse(item)? {
                heads.insert(room, head);
            }
        }
        let found = rooms
            .iter()
            .filter_map(|room| membership(*room, asker, heads.remove(room)?, parts.remove(room)));
        Ok((found.collect(), infos))
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
        let head = head::parse(item)?.ok_or_else(|| StoreError::broken("no HEAD at its place"))?;
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
                    generation = next;
                    id = founding.id(salt, next);
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

    /// Moves a member's read mark forward, never back and never past the head; `None` to a stranger.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn mark_read(
        &self,
        room: RoomId,
        asker: &Asker,
        seq: u64,
        now: Timestamp,
    ) -> Result<Option<Marked>, StoreError> {
        if room.kind().rules().has_many_members() {
            return self.mark_read_in_group(room, asker, seq, now).await;
        }
        let works_here = room.kind().rules().desk == Some(Desk::Support);
        let mut me = asker.desk.as_ref().filter(|_| works_here).unwrap_or(&asker.me).clone();
        let mut reading = Reading { seq: seq.min(key::MAX_SEQ), to_the_end: true, now };
        for _ in 0..MAX_TRIES {
            let request = self.mark_request(room, asker, &me, reading);
            let item = match update::send(request).await? {
                Updated::Done(item) => {
                    let room = Membership::check(room, asker, head::parse(item)?);
                    return Ok(room.map(|room| Marked { room, moved: true }));
                }
                Updated::Refused(item) => item,
            };
            let head = item.map_or(Ok(None), head::parse)?;
            let Some(room) = Membership::check(room, asker, head) else { return Ok(None) };
            let seq = reading.seq.min(room.head.seq);
            if room.mark.read >= seq {
                return Ok(Some(Marked { room, moved: false }));
            }
            reading = Reading { seq, to_the_end: seq == room.head.seq, now };
            me = room.me;
        }
        Err(StoreError::Unavailable("the room moved on too often".into()))
    }

    /// A mark that goes to the end also ends the waiting of a desk's room. Whether it does is known
    /// only together with the head, so that is tried first.
    fn mark_request(
        &self,
        room: RoomId,
        asker: &Asker,
        me: &SideKey,
        Reading { seq, to_the_end, now }: Reading,
    ) -> UpdateItemFluentBuilder {
        let is_desk = room.kind().rules().desk.is_some() && asker.queue() == Some(me);
        let (update, head) = match (is_desk, to_the_end) {
            (true, true) => (" REMOVE q3p, q3s", "seq = :seq"),
            _ => ("", "seq >= :seq"),
        };
        let request = self
            .update(key::of(key::room(room), key::HEAD))
            .update_expression(format!("SET rd.#me.s = :seq, rd.#me.t = :now{update}"))
            .expression_attribute_names("#me", me.as_str())
            .expression_attribute_values(":seq", n(seq))
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew);
        let condition = format!("attribute_exists(rd.#me) AND rd.#me.s < :seq AND {head}");
        if *me == asker.me {
            return request.condition_expression(condition);
        }
        request
            .condition_expression(format!("{condition} AND attribute_not_exists(rd.#self)"))
            .expression_attribute_names("#self", asker.me.as_str())
    }

    async fn mark_read_in_group(
        &self,
        room: RoomId,
        asker: &Asker,
        seq: u64,
        now: Timestamp,
    ) -> Result<Option<Marked>, StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        let seq = seq.min(head.seq);
        let marked = self.mark_part(room, &asker.me, seq, now).await?;
        Ok(marked.and_then(|(moved, part)| {
            let room = Membership::of_group(room, asker, Some(head), Some(part))?;
            Some(Marked { room, moved })
        }))
    }

    /// Keeps what a member sets for itself; `None` if it is a member no more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn set_own(
        &self,
        member: &Membership,
        settings: OwnSettings,
    ) -> Result<Option<Membership>, StoreError> {
        let (room, head) = (member.room, &member.head);
        let is_group = member.part.is_some();
        let (sort, mark) = if is_group {
            (key::part(&member.me), "rd".to_owned())
        } else {
            (key::HEAD.to_owned(), "rd.#me".to_owned())
        };
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut change = |wanted: Option<bool>, name: &str, value: &str| match wanted {
            Some(true) => set.push(format!("{mark}.{name} = {value}")),
            Some(false) => remove.push(format!("{mark}.{name}")),
            None => {}
        };
        change(settings.hidden, "h", ":head");
        change(settings.muted, "m", ":yes");
        change(settings.pinned, "p", ":yes");
        let mut request = self
            .update(key::of(key::room(room), sort))
            .condition_expression(format!("attribute_exists({mark})"))
            .return_values(ReturnValue::AllNew);
        if !is_group {
            request = request.expression_attribute_names("#me", member.me.as_str());
        }
        if settings.hidden == Some(true) {
            request = request.expression_attribute_values(":head", n(head.seq));
        }
        if settings.muted == Some(true) || settings.pinned == Some(true) {
            request = request.expression_attribute_values(":yes", AttributeValue::Bool(true));
        }
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let expression = clause("SET", &set) + &clause("REMOVE", &remove);
        let updated = update::send(request.update_expression(expression)).await?;
        let Updated::Done(item) = updated else { return Ok(None) };
        if is_group {
            let part: Part = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
            return Ok(Some(Membership { mark: part.mark, ..member.clone() }));
        }
        let head = head::parse(item)?.ok_or_else(|| StoreError::broken("no HEAD at its place"))?;
        let mark = head.marks.get(&member.me).cloned();
        Ok(mark.map(|mark| Membership { mark, head, ..member.clone() }))
    }
}

/// What the asker is in a room that was read whole.
fn membership(room: RoomId, asker: &Asker, head: Head, part: Option<Part>) -> Option<Membership> {
    if room.kind().rules().has_many_members() {
        Membership::of_group(room, asker, Some(head), part)
    } else {
        Membership::check(room, asker, Some(head))
    }
}

/// Of a tombstone: the generation of the room that comes after.
pub(super) fn next_generation(item: &HashMap<String, AttributeValue>) -> Option<u32> {
    item.get("gen")?.as_n().ok()?.parse().ok()
}
