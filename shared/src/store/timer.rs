//! Timers: what must still happen once a request was answered. Each is an item with the time at which it
//! is due as an index key, so that one query finds all that are due, and nothing runs while none is.
//!
//! Whoever works on one *takes* it: moves it on by the length of a lease, if nobody else just did. Whoever
//! then dies has only put it off.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::old_item,
    key::{self, Key},
    update::{self, Updated},
};
use crate::domain::{
    ids::{RoomId, SideKey, WebhookId},
    time::Timestamp,
};

/// How long whoever has taken a timer may work on it, in milliseconds: longer than a function may run.
const LEASE_MILLIS: i64 = 2 * 60_000;

/// How many timers one query finds.
const PER_QUERY: i32 = 1_000;

/// The attribute that counts how often a timer was taken.
const TAKEN: &str = "n";

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A room's events that the relay did not take are sent again.
    Push(RoomId),
    /// A side of a room is mailed what it has not read.
    Mail(RoomId, SideKey),
    /// The application's server is told what happened.
    Webhook(WebhookId),
}

impl Timer {
    /// The key of its item.
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Push(room) => key::of(key::room(*room), key::PUSH),
            Self::Mail(room, side) => key::of(key::room(*room), key::mail(side)),
            Self::Webhook(id) => key::of(key::webhook(*id), key::SUBJECT),
        }
    }

    fn parse(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok();
        let (partition, sort) = (text("pk")?, text("sk")?);
        if let Some(id) = key::webhook_id(partition) {
            return Some(Self::Webhook(id));
        }
        let room = key::room_id(partition)?;
        match sort.as_str() {
            key::PUSH => Some(Self::Push(room)),
            sort => Some(Self::Mail(room, key::mail_side(sort)?)),
        }
    }
}

/// A timer that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What is to happen.
    pub timer: Timer,
    /// Since when, in milliseconds.
    at: i64,
}

/// That a timer is this run's own to work on, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(super) timer: Timer,
    /// When the timer is due again if nobody ends the lease, in milliseconds.
    pub(super) until: i64,
    /// How often it was taken, this time included.
    pub taken: u32,
}

/// The due timers that one query found.
#[derive(Clone, Debug, Default)]
pub struct DueTimers {
    /// The timers, those that have waited longest first.
    pub timers: Vec<Due>,
    /// Where the next query goes on, if more are due.
    pub next: Option<DueCursor>,
}

/// Behind which timer a query goes on.
#[derive(Clone, Debug)]
pub struct DueCursor(Key);

impl Store {
    /// The timers that are due: all of them with one query, unless they are very many.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn due(
        &self,
        now: Timestamp,
        from: Option<DueCursor>,
    ) -> Result<DueTimers, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("gq3")
            .key_condition_expression("q3p = :timers AND q3s <= :now")
            .expression_attribute_values(":timers", s(key::TIMERS))
            .expression_attribute_values(":now", n(now.millis()))
            .set_exclusive_start_key(from.map(|DueCursor(key)| key))
            .limit(PER_QUERY)
            .send()
            .boxed()
            .await?;
        let timers = answer.items.unwrap_or_default().into_iter().filter_map(|item| {
            let at = item.get("q3s")?.as_n().ok()?.parse().ok()?;
            Some(Due { timer: Timer::parse(&item)?, at })
        });
        Ok(DueTimers { timers: timers.collect(), next: answer.last_evaluated_key.map(DueCursor) })
    }

    /// Takes a timer to work on it, with its item; `None` where another run was faster, or it is done.
    pub(super) async fn take(
        &self,
        due: &Due,
        now: Timestamp,
    ) -> Result<Option<(Lease, HashMap<String, AttributeValue>)>, StoreError> {
        let until = now.millis().max(due.at) + LEASE_MILLIS;
        let request = self
            .update(due.timer.key())
            .update_expression("SET q3s = :until ADD #taken :one")
            .condition_expression("q3p = :timers AND q3s = :at")
            .expression_attribute_names("#taken", TAKEN)
            .expression_attribute_values(":until", n(until))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":timers", s(key::TIMERS))
            .expression_attribute_values(":at", n(due.at))
            .return_values(ReturnValue::AllNew);
        let Updated::Done(item) = update::send(request).await? else { return Ok(None) };
        let taken = item.get(TAKEN).and_then(|taken| taken.as_n().ok()?.parse().ok());
        let lease = Lease { timer: due.timer.clone(), until, taken: taken.unwrap_or(1) };
        Ok(Some((lease, item)))
    }

    /// Puts a timer off, unless the lease is over.
    ///
    /// # Errors
    /// When the store cannot be reached; the timer is then due when the lease ends.
    pub async fn postpone(&self, lease: &Lease, to: Timestamp) -> Result<(), StoreError> {
        let request = self
            .update(lease.timer.key())
            .update_expression("SET q3s = :to")
            .condition_expression("q3p = :timers AND q3s = :until")
            .expression_attribute_values(":to", n(to.millis()))
            .expression_attribute_values(":timers", s(key::TIMERS))
            .expression_attribute_values(":until", n(lease.until));
        update::send(request).await.map(|_| ())
    }

    /// Ends a timer, unless the lease is over.
    ///
    /// # Errors
    /// When the store cannot be reached; it is then due again when the lease ends.
    pub async fn finish(&self, lease: &Lease) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(lease.timer.key()))
            .condition_expression("q3p = :timers AND q3s = :until")
            .expression_attribute_values(":timers", s(key::TIMERS))
            .expression_attribute_values(":until", n(lease.until))
            .send()
            .boxed()
            .await;
        match delete {
            Ok(_) => Ok(()),
            Err(error) => old_item(error).map(|_| ()),
        }
    }
}
