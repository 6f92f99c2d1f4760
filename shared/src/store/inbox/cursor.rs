//! Where a list goes on: places in its order, and the opaque text that clients keep of one.

use std::{cmp::Reverse, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::domain::ids::RoomId;

/// The times that a cursor may name: from just before 1970 to well after what RFC 3339 can write.
const TIMES: std::ops::RangeInclusive<i64> = -1..=1_000_000_000_000_000;

/// More sources than any list has.
const MANY_SOURCES: usize = 16;

/// A place in a list; what is shown earlier is less.
///
/// A room stands at the time of its last activity. One that moved away from the bucket where the
/// index has it stands behind all that did not, so that it is shown once more rather than missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    at: Reverse<i64>,
    moved: bool,
    room: Option<RoomId>,
}

impl Place {
    /// Where a room stands that was active at `at`.
    pub(super) fn of(room: RoomId, at: i64) -> Self {
        Self { at: Reverse(at), moved: false, room: Some(room) }
    }

    /// Where a room stands that has left the bucket which begins at `start`: at its very end.
    pub(super) fn behind_bucket(room: RoomId, start: i64) -> Self {
        Self { at: Reverse(start), moved: true, room: Some(room) }
    }

    /// Behind everything active at `floor` or later, before everything else.
    pub(super) fn below(floor: i64) -> Self {
        Self { at: Reverse(floor.saturating_sub(1)), moved: false, room: None }
    }

    /// The time, in milliseconds.
    pub(super) fn at(&self) -> i64 {
        self.at.0
    }

    /// The room that stands here, if one does.
    pub(super) fn room(&self) -> Option<RoomId> {
        self.room
    }
}

/// A bucket of one source that runs have shown to its end, all above it included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skip {
    pub(super) source: usize,
    pub(super) start: i64,
}

/// A part of a bucket too full to be sorted as a whole: some hundred entries, in the index's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) source: usize,
    pub(super) start: i64,
    /// The entry behind which the run begins; none when it begins with the bucket.
    pub(super) from: Option<RoomId>,
    /// What pages have shown of the run.
    pub(super) shown: Option<Place>,
}

/// A place in a list: just behind what was shown last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) shown: Place,
    pub(super) skips: Vec<Skip>,
    pub(super) run: Option<Run>,
    /// Whether there were far more rooms around it than pages show, so that it is best to read many
    /// entries at once.
    pub(super) crowded: bool,
}

impl Cursor {
    /// Behind `shown`. Buckets that the list has left by then need not be skipped any longer.
    pub(super) fn behind(shown: Place, skips: &[Skip]) -> Self {
        let skips = skips.iter().copied().filter(|skip| skip.start <= shown.at()).collect();
        Self { shown, skips, run: None, crowded: false }
    }

    /// The same place, before or within a run.
    pub(super) fn in_run(self, run: Run) -> Self {
        Self { run: Some(run), ..self }
    }

    /// Whether a run begins here of which nothing was looked at.
    pub(super) fn enters_bucket(&self) -> bool {
        self.run.is_some_and(|run| run.from.is_none() && run.shown.is_none())
    }
}

/// The text is no cursor that we gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCursor;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.at.0, u8::from(self.moved), Or(self.room))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = self.shown.to_string();
        for skip in &self.skips {
            plain += &format!(" s {} {}", skip.source, skip.start);
        }
        if self.crowded {
            plain += " c";
        }
        if let Some(run) = self.run {
            plain += &format!(" r {} {} {}", run.source, run.start, Or(run.from));
            if let Some(shown) = run.shown {
                plain += &format!(" p {shown}");
            }
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

/// A room's id, or a hyphen.
struct Or(Option<RoomId>);

impl fmt::Display for Or {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(room) => room.fmt(f),
            None => f.write_str("-"),
        }
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let plain = String::from_utf8(plain).map_err(|_| BadCursor)?;
        let mut words = Words(plain.split(' '));
        let mut cursor =
            Self { shown: words.place()?, skips: Vec::new(), run: None, crowded: false };
        while let Some(word) = words.0.next() {
            match word {
                "s" if cursor.skips.len() < MANY_SOURCES => {
                    cursor.skips.push(Skip { source: words.source()?, start: words.time()? });
                }
                "c" => cursor.crowded = true,
                "r" if cursor.run.is_none() => {
                    let (source, start, from) = (words.source()?, words.time()?, words.room()?);
                    cursor.run = Some(Run { source, start, from, shown: None });
                }
                "p" => cursor.run.as_mut().ok_or(BadCursor)?.shown = Some(words.place()?),
                _ => return Err(BadCursor),
            }
        }
        Ok(cursor)
    }
}

/// The words of a cursor, one after the other.
struct Words<'a>(std::str::Split<'a, char>);

impl Words<'_> {
    fn word<T: FromStr>(&mut self) -> Result<T, BadCursor> {
        self.0.next().and_then(|word| word.parse().ok()).ok_or(BadCursor)
    }

    fn time(&mut self) -> Result<i64, BadCursor> {
        self.word().ok().filter(|time| TIMES.contains(time)).ok_or(BadCursor)
    }

    fn source(&mut self) -> Result<usize, BadCursor> {
        self.word().ok().filter(|source| *source < MANY_SOURCES).ok_or(BadCursor)
    }

    fn room(&mut self) -> Result<Option<RoomId>, BadCursor> {
        match self.0.next() {
            Some("-") => Ok(None),
            word => word.and_then(|word| word.parse().ok()).map(Some).ok_or(BadCursor),
        }
    }

    fn place(&mut self) -> Result<Place, BadCursor> {
        let at = Reverse(self.time()?);
        let moved = match self.0.next() {
            Some("0") => false,
            Some("1") => true,
            _ => return Err(BadCursor),
        };
        Ok(Place { at, moved, room: self.room()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(last: char) -> RoomId {
        format!("00000000-0000-8100-8000-00000000000{last}").parse().expect("a room id")
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let skips = [Skip { source: 0, start: 3 }, Skip { source: 2, start: 12 }];
        let plain = Cursor::behind(Place::of(room('1'), 12), &skips);
        let run = Run { source: 1, start: 5, from: None, shown: None };
        let within = Run { from: Some(room('2')), shown: Some(Place::of(room('3'), 7)), ..run };
        for cursor in [
            Cursor::behind(Place::below(0), &[]),
            Cursor::behind(Place::behind_bucket(room('4'), 9), &[]),
            Cursor { crowded: true, ..plain.clone() },
            plain.clone().in_run(run),
            plain.clone().in_run(within),
            plain,
        ] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn no_other_text_is_a_cursor() {
        for plain in [
            "1 2",
            "1 0 x",
            "1 2 -",
            "1 0 - ",
            "1 0 - x",
            "1 0 - s 0",
            "1 0 - s 99 0",
            "1 0 - p 1 0 -",
            "1 0 - r 0 0",
            "-2 0 -",
            "9223372036854775807 0 -",
        ] {
            let text = URL_SAFE_NO_PAD.encode(plain);
            assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{plain}");
        }
        for text in ["", "%", "AAAA", "gICA"] {
            assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{text}");
        }
    }

    #[test]
    fn a_bucket_is_skipped_until_the_list_has_left_it() {
        let skips = [Skip { source: 0, start: 100 }];
        assert_eq!(Cursor::behind(Place::of(room('1'), 100), &skips).skips, skips);
        assert_eq!(Cursor::behind(Place::of(room('1'), 99), &skips).skips, []);
    }
}
