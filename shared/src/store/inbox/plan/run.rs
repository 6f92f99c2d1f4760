//! Pages of a bucket that is too full to be sorted as a whole.

use super::{
    super::cursor::{Cursor, Place, Run, Skip},
    MOST, Plan, Step, page,
};

impl Plan {
    /// A page of a run, or the rest of it.
    pub(super) fn step_in_run(&self, run: Run) -> Step {
        let shelf = &self.shelves[run.source];
        if !shelf.finished && shelf.entries.len() <= MOST {
            return Step::Read(vec![(run.source, MOST + 1 - shelf.entries.len())]);
        }
        let part = &shelf.entries[..shelf.entries.len().min(MOST)];
        let end = run.start.saturating_add(shelf.width);
        let candidates: Vec<_> =
            part.iter().filter(|entry| entry.fits).map(|entry| (end, *entry)).collect();
        if let Some(look) = self.look(&candidates) {
            return look;
        }
        let mut places = self.places(&candidates, run.shown.or(self.shown));
        let left = places.len() > self.limit;
        places.truncate(self.limit);
        let rest = match part.last() {
            _ if left => Some(Run { shown: places.last().copied(), ..run }),
            Some(last) if part.len() < shelf.entries.len() => {
                Some(Run { from: Some(last.room), shown: None, ..run })
            }
            _ => None,
        };
        page(&places, Some(self.behind_run(run, rest)))
    }

    /// Where the list goes on: with the rest of the bucket, or without the bucket.
    fn behind_run(&self, run: Run, rest: Option<Run>) -> Cursor {
        let shown = self.shown.unwrap_or(Place::below(i64::MAX));
        let mut skips = self.skips.clone();
        if let Some(rest) = rest {
            return Cursor::behind(shown, &skips).in_run(rest);
        }
        skips.retain(|skip| skip.source != run.source);
        skips.push(Skip { source: run.source, start: run.start });
        Cursor::behind(shown, &skips)
    }
}
