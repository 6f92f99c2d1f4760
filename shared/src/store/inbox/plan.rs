//! What a page of a list must read, decided without reading anything.
//!
//! An index tells only in which *bucket* a room was last active; the exact time is in its HEAD. So
//! a page takes as many entries from the top as it needs rooms. Let the last of them begin at
//! `floor`: every room that was active at `floor` or later is in a bucket that ends behind it. Once
//! all these entries are known and their HEADs are read, the rooms active since `floor` are in
//! their exact order, and there are enough of them, unless earlier pages showed some.
//!
//! A bucket with more than [`MOST`] rooms is not sorted as a whole but in *runs*, each of at most
//! so many entries as the index has them. While runs go through one bucket of one source, the rest
//! of the list stands still; then it goes on without that bucket.

mod run;
mod shelf;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::shelf::{Begin, Entry};
use self::shelf::{STEP, Shelf};
use super::cursor::{Cursor, Place, Run, Skip};
use crate::domain::ids::RoomId;

/// How many entries one page looks through, beside a bucket that it has begun.
pub(super) const MOST: usize = 500;

/// How many rooms more than a page holds are read together with their INFO. Each costs half a read
/// unit in vain; reading INFO for the page alone costs a round trip.
pub(super) const SPARE: usize = 5;

/// What to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Read more of some sources: which, and how many entries of each.
    Read(Vec<(usize, usize)>),
    /// Read the HEADs of these rooms, and their INFO if few enough of them are in vain.
    Look { rooms: Vec<RoomId>, with_info: bool },
    /// Show these rooms.
    Show { rooms: Vec<RoomId>, next: Option<Cursor> },
}

/// A page in the making.
pub(super) struct Plan {
    shelves: Vec<Shelf>,
    limit: usize,
    shown: Option<Place>,
    skips: Vec<Skip>,
    run: Option<Run>,
    /// Whether the page before looked at far more than it showed.
    crowded: bool,
    /// When the rooms that were looked at were last active; none of what is not to be shown.
    seen: BTreeMap<RoomId, Option<i64>>,
    /// How many entries must be looked at.
    wanted: usize,
    /// How many rooms the page lacks.
    missing: usize,
}

impl Plan {
    /// A page of at most `limit` rooms from sources with buckets of these widths.
    pub(super) fn new(widths: &[i64], limit: usize, cursor: Option<Cursor>) -> Self {
        let shown = cursor.as_ref().map(|cursor| cursor.shown);
        let crowded = cursor.as_ref().is_some_and(|cursor| cursor.crowded);
        let (skips, run) = cursor.map(|cursor| (cursor.skips, cursor.run)).unwrap_or_default();
        let run = run.filter(|run| run.source < widths.len());
        let begin = |source: usize| match run {
            Some(run) if run.source == source => {
                Begin::Within { start: run.start, after: run.from }
            }
            _ => {
                let skipped = skips.iter().filter(|skip| skip.source == source);
                let below = skipped.map(|skip| skip.start - 1);
                below.chain(shown.map(|shown| shown.at())).min().map_or(Begin::Top, Begin::AtMost)
            }
        };
        let shelf = |(source, width): (usize, &i64)| Shelf {
            width: *width,
            begin: begin(source),
            entries: Vec::new(),
            finished: false,
        };
        let shelves = widths.iter().enumerate().map(shelf).collect();
        let limit = limit.max(1);
        let seen = BTreeMap::new();
        Self { shelves, limit, shown, skips, run, crowded, seen, wanted: limit, missing: limit }
    }

    /// Where the reading of a source begins.
    pub(super) fn begin(&self, source: usize) -> Begin {
        self.shelves[source].begin
    }

    /// Takes what was read of a source, and whether that was the last.
    pub(super) fn took(&mut self, source: usize, entries: Vec<Entry>, finished: bool) {
        let shelf = &mut self.shelves[source];
        shelf.entries.extend(entries);
        shelf.finished = finished;
    }

    /// Takes when a room was last active; `None` of one that is not to be shown.
    pub(super) fn looked(&mut self, room: RoomId, last_activity: Option<i64>) {
        self.seen.insert(room, last_activity);
    }

    /// What to do next.
    pub(super) fn step(&mut self) -> Step {
        if let Some(run) = self.run {
            return self.step_in_run(run);
        }
        loop {
            let full = self.overfull();
            let floor = full
                .map_or_else(|| self.goal(), |(source, start)| start + self.shelves[source].width);
            let unread = self.unread_above(floor);
            if !unread.is_empty() {
                return Step::Read(unread);
            }
            let candidates = self.candidates(floor);
            if let Some(look) = self.look(&candidates) {
                return look;
            }
            if let Some(show) = self.show(&candidates, floor, full) {
                return show;
            }
        }
    }

    /// The time down to which the order must be known.
    fn goal(&self) -> i64 {
        let mut starts: Vec<i64> = self.fitting().map(|(_, entry)| entry.start).collect();
        starts.sort_unstable();
        if let Some(last) = starts.len().checked_sub(self.wanted()) {
            return starts[last];
        }
        // No more than this is read for rooms that are rare, once a bucket is left behind.
        let read: usize = self.shelves.iter().map(|shelf| shelf.entries.len()).sum();
        let top = self.shelves.iter().filter_map(|shelf| shelf.entries.first()).map(|e| e.start);
        let unread = self.shelves.iter().filter_map(Shelf::unread_below);
        match (unread.max(), top.max()) {
            (Some(unread), Some(top)) if read >= MOST && unread <= top => unread,
            _ => i64::MIN,
        }
    }

    /// How many entries must be looked at: some more where the cursor stands within a bucket, of
    /// which earlier pages have shown a part.
    fn wanted(&self) -> usize {
        let Some(at) = self.shown.map(|shown| shown.at()) else { return self.wanted };
        let beside = self.fitting().filter(|(end, entry)| entry.start <= at && at < *end);
        self.wanted + beside.take(SPARE).count()
    }

    /// The entries that may be shown, each with the end of its bucket. The room that was shown
    /// last is none.
    fn fitting(&self) -> impl Iterator<Item = (i64, Entry)> {
        let last = self.shown.and_then(|shown| shown.room());
        self.shelves
            .iter()
            .flat_map(|shelf| shelf.entries.iter().map(|entry| (entry.start + shelf.width, *entry)))
            .filter(move |(_, entry)| entry.fits && Some(entry.room) != last)
    }

    /// The bucket that has to be shown in runs now: of a source that must be read on, the latest.
    fn overfull(&self) -> Option<(usize, i64)> {
        let goal = self.goal();
        let sources = self.shelves.iter().enumerate();
        sources
            .filter(|(_, shelf)| shelf.unread_below().is_some_and(|below| below > goal))
            .filter_map(|(source, shelf)| Some((source, shelf.overfull()?)))
            .max_by_key(|(source, start)| start + self.shelves[*source].width)
    }

    /// The sources that are not read down to `floor`, and how much to read of them.
    fn unread_above(&self, floor: i64) -> Vec<(usize, usize)> {
        let sources = self.shelves.iter().enumerate();
        sources
            .filter(|(_, shelf)| shelf.unread_below().is_some_and(|below| below > floor))
            .map(|(source, shelf)| (source, shelf.next_read(self.limit, self.crowded)))
            .collect()
    }

    /// The entries of rooms that may have been active at `floor` or later.
    fn candidates(&self, floor: i64) -> Vec<(i64, Entry)> {
        self.fitting().filter(|(end, _)| *end > floor).collect()
    }

    /// The rooms that were not looked at yet.
    fn look(&self, candidates: &[(i64, Entry)]) -> Option<Step> {
        let rooms = candidates.iter().map(|(_, entry)| entry.room);
        let rooms: BTreeSet<_> = rooms.filter(|room| !self.seen.contains_key(room)).collect();
        let with_info = rooms.len() <= self.missing + SPARE;
        (!rooms.is_empty()).then(|| Step::Look { rooms: rooms.into_iter().collect(), with_info })
    }

    /// The places of what is to be shown behind `shown`, in order.
    fn places(&self, entries: &[(i64, Entry)], shown: Option<Place>) -> Vec<Place> {
        let mut places: Vec<Place> = entries
            .iter()
            .filter_map(|(end, entry)| {
                let at = self.seen.get(&entry.room).copied().flatten()?;
                let place = place(*entry, *end, at, shown);
                shown.is_none_or(|shown| place > shown).then_some(place)
            })
            .collect();
        places.sort_unstable();
        let mut rooms = BTreeSet::new();
        places.retain(|place| rooms.insert(place.room()));
        places
    }

    /// The page, unless more must be looked at.
    fn show(
        &mut self,
        candidates: &[(i64, Entry)],
        floor: i64,
        full: Option<(usize, i64)>,
    ) -> Option<Step> {
        let mut places = self.places(candidates, self.shown);
        let vague = places.split_off(places.partition_point(|place| place.at() >= floor));
        let more = !vague.is_empty()
            || self.shelves.iter().any(|shelf| !shelf.finished)
            || self.fitting().any(|(end, _)| end <= floor);
        if places.len() > self.limit || (places.len() == self.limit && more) {
            places.truncate(self.limit);
            let crowded = candidates.len() > self.limit + 2 * STEP;
            let next =
                places.last().map(|last| Cursor { crowded, ..Cursor::behind(*last, &self.skips) });
            return Some(page(&places, next));
        }
        if !more {
            return Some(page(&places, None));
        }
        let next = Cursor::behind(Place::below(floor), &self.skips);
        if let Some((source, start)) = full {
            let run = Run { source, start, from: None, shown: None };
            return Some(page(&places, Some(next.in_run(run))));
        }
        let counted = self.fitting().filter(|(_, entry)| entry.start >= floor).count();
        if counted < self.wanted() || self.wanted >= MOST {
            return Some(page(&places, Some(next)));
        }
        // At first as many as earlier pages have shown; when few are to be shown, many more.
        let again = self.wanted > self.limit;
        self.missing = self.limit - places.len();
        let raise = if again { counted } else { self.missing };
        self.wanted = (counted + raise).min(MOST);
        None
    }
}

fn page(places: &[Place], next: Option<Cursor>) -> Step {
    Step::Show { rooms: places.iter().filter_map(Place::room).collect(), next }
}

/// Where a room stands that was last active at `at`. One that has left its bucket stands at its own
/// time as long as the list has not come there, so that it is seen early; from then on it stands
/// behind its bucket, because nobody knows whether it was seen.
fn place(entry: Entry, end: i64, at: i64, shown: Option<Place>) -> Place {
    let real = Place::of(entry.room, at);
    let ahead = at >= end && shown.is_none_or(|shown| real > shown);
    if (entry.start..end).contains(&at) || ahead {
        real
    } else {
        Place::behind_bucket(entry.room, entry.start)
    }
}

#[cfg(test)]
mod tests;
