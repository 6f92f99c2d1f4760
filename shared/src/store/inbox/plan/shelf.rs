//! What a plan knows of one source.

use super::{MOST, SPARE};
use crate::domain::ids::RoomId;

/// About as many entries as half a read unit pays for.
pub(super) const STEP: usize = 50;

/// A room as an index lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Entry {
    /// When its bucket begins.
    pub(in super::super) start: i64,
    pub(in super::super) room: RoomId,
    /// Whether it is of the kind that the list is to show.
    pub(in super::super) fits: bool,
}

/// Where the reading of a source begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Begin {
    /// With its newest bucket.
    Top,
    /// With the newest bucket that begins at this time or before.
    AtMost(i64),
    /// In this bucket alone, behind the entry of a room.
    Within { start: i64, after: Option<RoomId> },
}

/// What is known of a source.
pub(super) struct Shelf {
    pub(super) width: i64,
    pub(super) begin: Begin,
    pub(super) entries: Vec<Entry>,
    pub(super) finished: bool,
}

impl Shelf {
    /// What is unread was active before this time.
    pub(super) fn unread_below(&self) -> Option<i64> {
        let last = self.entries.last().map_or(i64::MAX, |last| last.start + self.width);
        (!self.finished).then_some(last)
    }

    /// How many entries of the last bucket were read.
    fn in_last_bucket(&self) -> usize {
        let last = self.entries.last();
        self.entries
            .iter()
            .rev()
            .take_while(|entry| last.is_some_and(|l| l.start == entry.start))
            .count()
    }

    /// A bucket that is not read to its end and already holds more than can be sorted.
    pub(super) fn overfull(&self) -> Option<i64> {
        let last = self.entries.last().filter(|_| !self.finished)?;
        (self.in_last_bucket() > MOST).then_some(last.start)
    }

    /// How many entries to read next: what a page is likely to need, then all that it may.
    pub(super) fn next_read(&self, limit: usize, crowded: bool) -> usize {
        if self.entries.is_empty() && !crowded {
            (limit + SPARE + 1).next_multiple_of(STEP)
        } else {
            MOST + 1 - self.in_last_bucket().min(MOST)
        }
    }
}
