//! PUSH: what of a room the relay must still be told, since it was down when that happened. One item for
//! each room, however much it missed; it holds no text, only from where on the log is to be told again.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};
use futures_util::future::join;
use serde::Deserialize;

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::old_item,
    head::{Head, Mark},
    info::Info,
    key, part, table,
    timer::{Due, Lease, Timer},
    update::{self, Updated},
};
use crate::domain::{
    ids::{RoomId, SideKey},
    message::{Message, Slot},
    time::{Clock, Timestamp},
};

/// For how long an event is worth sending, in seconds.
const WORTH_SECONDS: i64 = 24 * 3_600;

/// How often one may find that others were faster.
const MAX_TRIES: u32 = 16;

/// What the relay was not told of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untold {
    /// That a message was stored at this slot.
    Message(u64),
    /// That a message was changed, with this revision.
    Change(u64),
    /// How far a member has read.
    Read(SideKey),
    /// How the room is: its title, its state, its members, its channel.
    Room,
    /// How a member wants to see the room.
    Own(SideKey),
    /// That the room is gone for these.
    Gone(Vec<SideKey>),
}

/// All that the relay was not told of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Push {
    /// The first message that it was not told of.
    #[serde(rename = "s", default)]
    pub from_seq: Option<u64>,
    /// The first change.
    #[serde(rename = "r", default)]
    pub from_rev: Option<u64>,
    /// Members who have read.
    #[serde(rename = "rd", default)]
    pub read: BTreeSet<SideKey>,
    /// Whether the room as a whole has changed.
    #[serde(rename = "rm", default)]
    pub room: bool,
    /// Members who want to see it in another way.
    #[serde(rename = "ow", default)]
    pub own: BTreeSet<SideKey>,
    /// Those for whom it is gone.
    #[serde(rename = "gn", default)]
    pub gone: BTreeSet<SideKey>,
    /// When the first of it happened, in milliseconds.
    #[serde(rename = "at")]
    since: i64,
    /// How often something was noted.
    #[serde(rename = "nv")]
    notes: u64,
}

impl Push {
    /// Whether it is too old to be of use.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.since + WORTH_SECONDS * 1_000 < now.millis()
    }

    /// For how many seconds the first of it has been waiting.
    pub fn waiting(&self, now: Timestamp) -> u64 {
        u64::try_from((now.millis() - self.since) / 1_000).unwrap_or(0)
    }
}

/// A room as all of its members may be told of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its HEAD.
    pub head: Head,
    /// What seldom changes.
    pub info: Info,
    /// Whoever is in it.
    pub members: Vec<SideKey>,
}

/// What is noted with everything that was not told.
const NOTED: &str = "SET q3p = :timers, q3s = if_not_exists(q3s, :now), #at = if_not_exists(#at, :now), #ttl = :ttl";

impl Store {
    /// Notes what the relay was not told, so that it is told later.
    ///
    /// # Errors
    /// When the store cannot be reached: then nobody knows of it.
    pub async fn note_untold(
        &self,
        room: RoomId,
        untold: &Untold,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (attribute, sides) = match untold {
            Untold::Message(seq) => return self.note_from(room, "s", *seq, now).await,
            Untold::Change(rev) => return self.note_from(room, "r", *rev, now).await,
            Untold::Room => {
                let request = self
                    .noting(room, now)
                    .update_expression(format!("{NOTED}, rm = :true ADD nv :one"))
                    .expression_attribute_values(":true", AttributeValue::Bool(true));
                return update::send(request).await.map(|_| ());
            }
            Untold::Read(side) => ("rd", std::slice::from_ref(side)),
            Untold::Own(side) => ("ow", std::slice::from_ref(side)),
            Untold::Gone(sides) => ("gn", sides.as_slice()),
        };
        if sides.is_empty() {
            return Ok(());
        }
        let sides = sides.iter().map(|side| side.as_str().to_owned()).collect();
        let request = self
            .noting(room, now)
            .update_expression(format!("{NOTED} ADD nv :one, {attribute} :sides"))
            .expression_attribute_values(":sides", AttributeValue::Ss(sides));
        update::send(request).await.map(|_| ())
    }

    /// Notes from where on something is to be told, unless it already is from there or from further back.
    async fn note_from(
        &self,
        room: RoomId,
        attribute: &'static str,
        from: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..MAX_TRIES {
            // While the relay is down, one note after the other.
            let once_more = self
                .update(Timer::Push(room).key())
                .update_expression("ADD nv :one")
                .condition_expression(format!("{attribute} <= :from"))
                .expression_attribute_values(":one", n(1))
                .expression_attribute_values(":from", n(from));
            let first = self
                .noting(room, now)
                .update_expression(format!("{NOTED}, {attribute} = :from ADD nv :one"))
                .condition_expression(format!(
                    "attribute_not_exists({attribute}) OR {attribute} > :from"
                ))
                .expression_attribute_values(":from", n(from));
            for request in [once_more, first] {
                if let Updated::Done(_) = update::send(request).await? {
                    return Ok(());
                }
            }
        }
        Err(StoreError::Unavailable("what the relay was not told changed too often".into()))
    }

    fn noting(&self, room: RoomId, now: Timestamp) -> UpdateItemFluentBuilder {
        self.update(Timer::Push(room).key())
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#ttl", table::TTL)
            .expression_attribute_values(":timers", s(key::TIMERS))
            .expression_attribute_values(":now", n(now.millis()))
            .expression_attribute_values(":ttl", n(now.seconds() + 2 * WORTH_SECONDS))
            .expression_attribute_values(":one", n(1))
    }

    /// Takes what the relay must still be told of a room.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn take_push(
        &self,
        due: &Due,
        now: Timestamp,
    ) -> Result<Option<(Lease, Push)>, StoreError> {
        let Some((lease, item)) = self.take(due, now).await? else { return Ok(None) };
        Ok(Some((lease, serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?)))
    }

    /// Ends a push that was told, unless more was noted meanwhile: then that is due at once.
    ///
    /// # Errors
    /// When the store cannot be reached; it is told again when the lease ends.
    pub async fn finish_push(
        &self,
        lease: &Lease,
        told: &Push,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(lease.timer.key()))
            .condition_expression("attribute_not_exists(pk) OR nv = :told")
            .expression_attribute_values(":told", n(told.notes))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) => {
                old_item(error)?;
                self.postpone(lease, now).await
            }
        }
    }

    /// Notes how far a long log was told, so that whoever goes on does so from there.
    ///
    /// # Errors
    /// When the store cannot be reached; then more is told twice.
    pub async fn told_up_to(&self, lease: &Lease, told: &Push, seq: u64) -> Result<(), StoreError> {
        let request = self
            .update(lease.timer.key())
            .update_expression("SET s = :next")
            .condition_expression("s < :next AND nv = :told")
            .expression_attribute_values(":told", n(told.notes))
            .expression_attribute_values(":next", n(seq + 1));
        update::send(request).await.map(|_| ())
    }

    /// A room as all of its members may be told of it; `None` where it is gone.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn to_be_told(&self, room: RoomId) -> Result<Option<Told>, StoreError> {
        let (there, info) = join(self.whoever_is_in(room), self.read_info(room)).await;
        let Some((head, members)) = there? else { return Ok(None) };
        Ok(Some(Told { head, info: info?, members }))
    }

    /// The marks of those of these who are in a room.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn marks(
        &self,
        room: RoomId,
        head: &Head,
        sides: &BTreeSet<SideKey>,
    ) -> Result<BTreeMap<SideKey, Mark>, StoreError> {
        if !room.kind().rules().has_many_members() {
            let of_them = head.marks.iter().filter(|(side, _)| sides.contains(side));
            return Ok(of_them.map(|(side, mark)| (side.clone(), mark.clone())).collect());
        }
        let keys = sides.iter().map(|side| key::of(key::room(room), key::part(side)));
        let mut marks = BTreeMap::new();
        for item in self.batch_get(keys.collect(), true).await? {
            marks.extend(part::parse(item)?.map(|(side, part)| (side, part.mark)));
        }
        Ok(marks)
    }

    /// The messages of a room after a slot, as they are now, and the slot up to which these are all.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn messages_after(
        &self,
        room: RoomId,
        head: &Head,
        after: u64,
        limit: u64,
        clock: &Clock,
    ) -> Result<(Vec<Message>, u64), StoreError> {
        let (slots, _) = self.log_after(room, head, after, limit, clock).await?;
        let reached = slots.last().map_or(after, Slot::seq);
        let messages = slots.into_iter().filter_map(|slot| match slot {
            Slot::Message(message) => Some(message),
            Slot::Void(_) | Slot::Pending(_) => None,
        });
        Ok((messages.collect(), reached))
    }
}
