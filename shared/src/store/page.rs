//! Reading a room's log: a page of slots, dense and in order.
//!
//! HEAD is read strongly and the messages beside it eventually, in one round trip. Whatever HEAD
//! says must be there and is not, is read again strongly before anything is concluded from its
//! absence. What is absent even then was taken by a post that is still under way or died: it is
//! *pending* for two seconds, and then closed with a void, so that no page waits for the dead.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    operation::query::{QueryOutput, builders::QueryFluentBuilder},
    types::AttributeValue,
};
use futures_util::{FutureExt as _, future::join};

use super::{
    Store, StoreError,
    attr::s,
    head::Head,
    key::{self, MAX_SEQ},
    membership::Membership,
    slot::{self, Stored},
};
use crate::domain::{
    ids::RoomId,
    message::Slot,
    principal::{Asker, Service},
    time::{Clock, Timestamp},
};

/// A slot that was taken this long ago and is still empty is closed. Closing early is safe, only
/// costly: its post takes another slot.
const ABANDONED_MILLIS: i64 = 2_000;

/// Eventual reads show what was written this long ago; they usually lag by much less than a second.
const FRESH_MILLIS: i64 = 10_000;

/// Which part of the log is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The newest slots.
    Newest,
    /// The slots just before this one.
    Before(u64),
    /// The slots just after this one. The page ends before a pending slot, so that whoever reads on
    /// from its end misses nothing.
    After(u64),
    /// The slots on both sides of this one.
    Around(u64),
}

/// A part of a room's log.
#[derive(Clone, Debug)]
pub struct Page {
    /// The room, read before any of the slots was concluded to be empty.
    pub room: Membership,
    /// The slots, ascending, without a gap.
    pub slots: Vec<Slot>,
    /// Whether there is more beyond the page: later slots for `After`, earlier ones otherwise.
    pub has_more: bool,
}

/// A range of slots to ask the store for, and from which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u64,
    last: u64,
    ascending: bool,
}

impl Window {
    /// What to ask for before HEAD is known.
    fn range(self, limit: u64) -> Range {
        match self {
            Self::Newest => Range { first: 1, last: MAX_SEQ, ascending: false },
            Self::Before(end) => Range { first: 1, last: end.saturating_sub(1), ascending: false },
            Self::After(start) => {
                let first = start.saturating_add(1);
                Range { first, last: start.saturating_add(limit), ascending: true }
            }
            Self::Around(middle) => {
                let first = middle.saturating_sub(limit / 2).max(1);
                Range { first, last: first.saturating_add(limit - 1), ascending: true }
            }
        }
    }

    /// The slots that the page must show, now that HEAD is known.
    fn within(self, limit: u64, head: u64, floor: u64) -> Range {
        let asked = self.range(limit);
        let last = asked.last.min(head);
        let first = match self {
            Self::Newest | Self::Before(_) => (last + 1).saturating_sub(limit),
            Self::After(_) | Self::Around(_) => asked.first,
        };
        Range { first: first.max(floor + 1), last, ascending: asked.ascending }
    }
}

impl Store {
    /// A page of at most `limit` slots, or `None` to a stranger.
    ///
    /// A page of long messages ends early, where the store ends its answer (one megabyte).
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn page(
        &self,
        room: RoomId,
        reader: &Asker,
        window: Window,
        limit: u64,
        clock: &Clock,
    ) -> Result<Option<Page>, StoreError> {
        let query = self.asked_for(room, window, limit).send().boxed();
        let (room, answer) = join(self.membership_at_once(room, reader), query).await;
        match room? {
            Some(room) => self.page_from(room, answer?, window, limit, clock).await.map(Some),
            None => Ok(None),
        }
    }

    /// A page of a room that was read already: what came since then is not on it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn page_of(
        &self,
        room: &Membership,
        window: Window,
        limit: u64,
        clock: &Clock,
    ) -> Result<Page, StoreError> {
        let answer = self.asked_for(room.room, window, limit).send().boxed().await?;
        self.page_from(room.clone(), answer, window, limit, clock).await
    }

    /// A page of any room's log, for the application's own server; `None` where there is no room.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn page_for_server(
        &self,
        _: Service,
        room: RoomId,
        after: u64,
        limit: u64,
        clock: &Clock,
    ) -> Result<Option<(Head, Vec<Slot>, bool)>, StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        let (slots, has_more) = self.log_after(room, &head, after, limit, clock).await?;
        Ok(Some((head, slots, has_more)))
    }

    fn asked_for(&self, room: RoomId, window: Window, limit: u64) -> QueryFluentBuilder {
        self.slots(room, window.range(limit), limit, false)
    }

    /// A part of the log of a room whose HEAD was read already, for nobody in particular: what is told to
    /// all of its members.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(super) async fn log_after(
        &self,
        room: RoomId,
        head: &Head,
        after: u64,
        limit: u64,
        clock: &Clock,
    ) -> Result<(Vec<Slot>, bool), StoreError> {
        let window = Window::After(after);
        let answer = self.asked_for(room, window, limit).send().boxed().await?;
        self.slots_from((room, head), answer, window, limit, clock).await
    }

    /// Makes a page of what the store answered.
    async fn page_from(
        &self,
        room: Membership,
        answer: QueryOutput,
        window: Window,
        limit: u64,
        clock: &Clock,
    ) -> Result<Page, StoreError> {
        let of = (room.room, &room.head);
        let (slots, has_more) = self.slots_from(of, answer, window, limit, clock).await?;
        Ok(Page { room, slots, has_more })
    }

    /// The slots of a page, of what the store answered; and whether there is more beyond.
    async fn slots_from(
        &self,
        (room, head): (RoomId, &Head),
        mut answer: QueryOutput,
        mut window: Window,
        limit: u64,
        clock: &Clock,
    ) -> Result<(Vec<Slot>, bool), StoreError> {
        if let Window::After(start) = window
            && start < head.floor
        {
            // What came next is gone. Whoever reads on must get to what is there.
            window = Window::After(head.floor);
            answer = self.asked_for(room, window, limit).send().boxed().await?;
        }
        let asked = window.range(limit);
        let mut shown = window.within(limit, head.seq, head.floor);
        let cut_short = answer.last_evaluated_key().is_some() && (answer.count() as u64) < limit;
        let mut found = collect(room, answer)?;
        if was_just_changed(head, clock.now()) {
            // What was read beside HEAD may be older than what HEAD says has changed.
            let again = self.slots(room, window.range(limit), limit, true).send().boxed().await?;
            found = collect(room, again)?;
        }
        if cut_short {
            // The store ended its answer by size; the page ends there too.
            match (asked.ascending, found.keys().next(), found.keys().next_back()) {
                (true, _, Some(&last)) => shown.last = shown.last.min(last),
                (false, Some(&first), _) => shown.first = shown.first.max(first),
                _ => {}
            }
        }
        self.read_gaps_again(room, shown, &mut found).await?;
        let slots = self.conclude((room, head), shown, &found, window, clock.now()).await?;
        let has_more = match window {
            Window::After(start) => slots.last().map_or(start, Slot::seq) < head.seq,
            _ => shown.first > head.floor + 1 && shown.first <= shown.last,
        };
        self.forget_expired(room, head).await;
        Ok((slots, has_more))
    }

    /// Reads strongly from the first slot that is missing, and on to the first item behind the last
    /// one: its time tells how long that one has been empty.
    async fn read_gaps_again(
        &self,
        room: RoomId,
        shown: Range,
        found: &mut BTreeMap<u64, Stored>,
    ) -> Result<(), StoreError> {
        let mut missing = (shown.first..=shown.last).filter(|seq| !found.contains_key(seq));
        let Some(first) = missing.next() else { return Ok(()) };
        let last = missing.next_back().unwrap_or(first);
        let mut from = first;
        // One round, but where the answer is ended by its size.
        while from <= last {
            let range = Range { first: from, last: MAX_SEQ, ascending: true };
            let answer = self.slots(room, range, last - from + 2, true).send().boxed().await?;
            let more = answer.last_evaluated_key().is_some();
            let again = collect(room, answer)?;
            let reached = again.keys().next_back().copied();
            found.extend(again);
            match reached {
                Some(seq) if more => from = seq + 1,
                _ => break,
            }
        }
        Ok(())
    }

    /// Says of each slot what is there, closing those that were empty for too long.
    async fn conclude(
        &self,
        (room, head): (RoomId, &Head),
        shown: Range,
        found: &BTreeMap<u64, Stored>,
        window: Window,
        now: Timestamp,
    ) -> Result<Vec<Slot>, StoreError> {
        let mut slots = Vec::new();
        for seq in shown.first..=shown.last {
            let slot = match found.get(&seq) {
                Some(stored) => stored.slot.clone(),
                None => {
                    let next = found.range(seq..).next().map(|(_, stored)| stored.at);
                    let taken_before = next.unwrap_or_else(|| head.last_activity());
                    if is_abandoned(taken_before, now) {
                        self.close_slot(room, seq, seq == head.seq, now).await?.slot
                    } else {
                        Slot::Pending(seq)
                    }
                }
            };
            if matches!((window, &slot), (Window::After(_), Slot::Pending(_))) {
                break;
            }
            slots.push(slot);
        }
        Ok(slots)
    }

    fn slots(&self, room: RoomId, range: Range, limit: u64, strongly: bool) -> QueryFluentBuilder {
        // A range that holds nothing must still be asked for: HEAD is read beside it.
        let last = range.last.max(range.first);
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :room AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":room", s(key::room(room)))
            .expression_attribute_values(":first", s(key::slot(range.first)))
            .expression_attribute_values(":last", s(key::slot(last)))
            .scan_index_forward(range.ascending)
            .consistent_read(strongly)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
    }
}

/// Whether a message of the room was changed so short a time ago that an eventual read may not show it
/// yet. A time in the future comes from a clock that is wrong, and tells nothing.
fn was_just_changed(head: &Head, now: Timestamp) -> bool {
    let changed = head.last_change();
    changed.is_some_and(|changed| now.millis() - changed.millis() < FRESH_MILLIS)
}

/// Whether a slot that was taken before this time, and is empty, is given up. A time in the future
/// comes from a clock that is wrong, and tells nothing.
fn is_abandoned(taken_before: Timestamp, now: Timestamp) -> bool {
    (now.millis() - taken_before.millis()).abs() > ABANDONED_MILLIS
}

fn collect(room: RoomId, answer: QueryOutput) -> Result<BTreeMap<u64, Stored>, StoreError> {
    answer
        .items
        .unwrap_or_default()
        .into_iter()
        .map(|item: std::collections::HashMap<String, AttributeValue>| {
            let stored = slot::parse(room, item)?;
            Ok((stored.slot.seq(), stored))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(window: Window, limit: u64, head: u64) -> (u64, u64) {
        let range = window.within(limit, head, 0);
        (range.first, range.last)
    }

    #[test]
    fn windows_are_cut_to_what_the_room_holds() {
        assert_eq!(within(Window::Newest, 50, 120), (71, 120));
        assert_eq!(within(Window::Newest, 50, 3), (1, 3));
        assert_eq!(within(Window::Newest, 50, 0), (1, 0));
        assert_eq!(within(Window::Before(71), 50, 120), (21, 70));
        assert_eq!(within(Window::Before(1), 50, 120), (1, 0));
        assert_eq!(within(Window::Before(500), 50, 120), (71, 120));
        assert_eq!(within(Window::After(100), 50, 120), (101, 120));
        assert_eq!(within(Window::Around(60), 50, 120), (35, 84));
        assert_eq!(within(Window::After(u64::MAX), 50, 120), (u64::MAX, 120));
    }

    #[test]
    fn a_slot_is_given_up_after_two_seconds_or_when_its_clock_is_wrong() {
        let taken = Timestamp::from_millis(10_000);
        let abandoned = |millis| is_abandoned(taken, taken.plus_millis(millis));
        assert_eq!(
            [-2_001, -2_000, 0, 2_000, 2_001].map(abandoned),
            [true, false, false, false, true]
        );
    }
}
