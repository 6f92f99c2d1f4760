//! How long messages are kept, by kind of room.
//!
//! A room remembers at which `seq` each of its last stretches of time began. So what is too old is
//! known from one item, without looking at messages, and a gap in the log whose messages have been
//! deleted cannot be taken for one that a post left.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, value::StrDeserializer},
};

use crate::domain::{room::RoomKind, time::Timestamp};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// Fewer days cannot be had: a post may be repeated for seven, and must find what it posted.
const MIN_DAYS: u16 = 9;

/// Into how many stretches the time is cut for which messages are kept.
const STRETCHES: i64 = 9;

/// How long messages are kept; in kinds of room that are not named, for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention(BTreeMap<RoomKind, Lifetime>);

/// So many days at most, and a ninth less at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    days: i64,
}

/// A text that says of no kind how long to keep it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("holds {0:?}, which is not a kind of room and from {MIN_DAYS} days on, like support=365")]
pub struct BadRetention(String);

impl Retention {
    /// How long messages are kept in rooms of a kind, unless for ever.
    pub fn of(&self, kind: RoomKind) -> Option<Lifetime> {
        self.0.get(&kind).copied()
    }
}

impl FromStr for Retention {
    type Err = BadRetention;

    /// Reads a list like `support=365,match=30`.
    fn from_str(text: &str) -> Result<Self, BadRetention> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let kinds = parts.map(|part| {
            let bad = || BadRetention(part.to_owned());
            let (kind, days) = part.split_once('=').ok_or_else(bad)?;
            let kind = StrDeserializer::<serde::de::value::Error>::new(kind.trim());
            let kind = RoomKind::deserialize(kind).map_err(|_| bad())?;
            let days: u16 = days.trim().parse().map_err(|_| bad())?;
            if days < MIN_DAYS {
                return Err(bad());
            }
            Ok((kind, Lifetime { days: days.into() }))
        });
        kinds.collect::<Result<_, _>>().map(Self)
    }
}

/// Some days in which a room had messages, and for how long those are kept: as was said when they came.
/// What is said later changes no stretch but the next ones, so that nothing goes from the table that is
/// still shown; fewer days also end the earlier ones sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Its first day, since 1970.
    begin: i64,
    /// So many days at most is it kept.
    days: i64,
}

impl Stretch {
    /// When the store may delete what was said in it, in seconds since 1970: a day after it is shown no
    /// more, for the clocks that are wrong.
    pub fn ttl(self) -> i64 {
        (self.begin + self.days + 1) * DAY_MILLIS / 1_000
    }

    /// When what was said in it is shown no more, in milliseconds: its first message then has the age that
    /// none may pass. Where fewer days are kept now, its last one has the age that it may have at least.
    fn end(self, now_kept: Option<Lifetime>) -> i64 {
        let sooner = now_kept.filter(|kept| kept.days < self.days).map(|kept| {
            let width = Lifetime { days: self.days }.width();
            self.begin + width + kept.days - kept.width()
        });
        sooner.map_or(self.begin + self.days, |sooner| sooner.min(self.begin + self.days))
            * DAY_MILLIS
    }
}

/// As HEAD spells it: `20777.365`.
impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.begin, self.days)
    }
}

impl Serialize for Stretch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stretch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once('.').map(|(begin, days)| (begin.parse(), days.parse()));
        match parts {
            Some((Ok(begin), Ok(days))) => Ok(Self { begin, days }),
            _ => Err(D::Error::custom("no stretch of days")),
        }
    }
}

/// Of a room: which stretches of time it had messages in, and the highest `seq` from before each.
pub type Stretches = BTreeMap<Stretch, u64>;

/// What of a room tells how old it is.
#[derive(Clone, Copy, Debug)]
pub struct Ages<'a> {
    /// When its messages came.
    pub stretches: &'a Stretches,
    /// The highest `seq`, and when it was given out.
    pub last: (u64, Timestamp),
    /// When the one before it was, if that is known.
    pub before: Option<Timestamp>,
}

/// What of a room is too old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Slots up to this one.
    pub floor: u64,
    /// The stretches that are over, which nobody needs any more.
    pub stretches: Vec<Stretch>,
}

impl Lifetime {
    /// The stretch that this instant is in.
    pub fn stretch(self, at: Timestamp) -> Stretch {
        let day = at.millis() / DAY_MILLIS;
        Stretch { begin: day - day % self.width(), days: self.days }
    }

    /// How many days make a stretch.
    fn width(self) -> i64 {
        (self.days + STRETCHES - 1) / STRETCHES
    }

    fn is_over(self, last: Timestamp, now: Timestamp) -> bool {
        last.millis() + self.days * DAY_MILLIS <= now.millis()
    }
}

/// What of a room is too old, where messages are kept for so long now.
pub fn expired(kept: Option<Lifetime>, ages: Ages<'_>, now: Timestamp) -> Expired {
    let Ages { stretches, last: (head, last), before } = ages;
    let is_over = |at| kept.is_some_and(|kept| kept.is_over(at, now));
    if is_over(last) {
        return Expired { floor: head, stretches: stretches.keys().copied().collect() };
    }
    let gone = stretches.keys().copied().filter(|stretch| stretch.end(kept) <= now.millis());
    let gone: Vec<Stretch> = gone.collect();
    let floor = match gone.last() {
        // A stretch ends where the next one began that has messages.
        Some(last) => {
            let next = stretches.iter().find(|(stretch, _)| *stretch > last);
            next.map_or(head, |(_, before)| *before)
        }
        None => 0,
    };
    // Also those from before anything was noted.
    let quiet = if before.is_some_and(is_over) { head.saturating_sub(1) } else { 0 };
    Expired { floor: floor.max(quiet), stretches: gone }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_millis(day * DAY_MILLIS)
    }

    fn kept(days: i64) -> Lifetime {
        Lifetime { days }
    }

    /// The floor of a room that goes on talking, which had its first message then, under `then` days.
    fn floor(sent: Timestamp, then: i64, now_kept: Option<i64>, now: Timestamp) -> u64 {
        let mut stretches = Stretches::from([(kept(then).stretch(sent), 0)]);
        let goes_on = kept(now_kept.unwrap_or(then)).stretch(now);
        stretches.entry(goes_on).or_insert(1);
        let ages = Ages { stretches: &stretches, last: (2, now), before: Some(now) };
        expired(now_kept.map(kept), ages, now).floor
    }

    /// After how many days a message is shown no more.
    fn shown_for(sent: Timestamp, then: i64, now_kept: Option<i64>) -> i64 {
        let after = |days: i64| sent.plus_millis(days * DAY_MILLIS);
        (0..2_000).find(|days| floor(sent, then, now_kept, after(*days)) >= 1).unwrap()
    }

    #[test]
    fn what_is_kept_is_named_by_kind_and_days() {
        let retention: Retention = "support=365, match = 30,".parse().unwrap();
        assert_eq!(retention.of(RoomKind::Support), Some(kept(365)));
        assert_eq!(retention.of(RoomKind::Match), Some(kept(30)));
        assert_eq!(retention.of(RoomKind::Direct), None);
        assert_eq!("".parse(), Ok(Retention::default()));
        for bad in
            ["support", "support=8", "support=", "palaver=30", "support=-30", "support=70000"]
        {
            assert_eq!(bad.parse::<Retention>(), Err(BadRetention(bad.into())), "{bad}");
        }
    }

    #[test]
    fn nothing_is_shown_longer_than_said_nor_a_ninth_less_and_never_within_a_week() {
        for (days, first) in [9, 10, 18, 19, 30, 90, 365]
            .into_iter()
            .flat_map(|days| (20_777..20_777 + kept(days).width()).map(move |first| (days, first)))
        {
            let age = shown_for(day(first), days, Some(days));
            assert!(age <= days && age > days - kept(days).width(), "{days}: {age}");
            assert!(age >= 8, "{days}: {age}");
            let ttl = kept(days).stretch(day(first)).ttl();
            assert!(ttl * 1_000 > (first + age) * DAY_MILLIS, "{days}: still shown");
        }
    }

    #[test]
    fn fewer_days_hide_sooner_but_nothing_that_is_younger_than_they_say() {
        for (then, now) in [(365, 30), (365, 90), (90, 9), (30, 29)] {
            for first in 20_777..20_777 + kept(then).width() {
                let age = shown_for(day(first), then, Some(now));
                assert!(age >= now - kept(now).width(), "{then} to {now}: {age}");
                assert!(age <= now + kept(then).width(), "{then} to {now}: {age}");
            }
        }
    }

    #[test]
    fn more_days_or_none_keep_nothing_that_the_store_deletes() {
        for now_kept in [Some(365), None] {
            for first in 20_777..20_777 + 4 {
                let age = shown_for(day(first), 30, now_kept);
                assert!(kept(30).stretch(day(first)).ttl() > (first + age) * DAY_MILLIS / 1_000);
            }
        }
    }

    #[test]
    fn a_stretch_ends_where_the_next_one_with_messages_began() {
        let stretch = |begin| Stretch { begin, days: 9 };
        let stretches = Stretches::from([(stretch(100), 0), (stretch(101), 5), (stretch(105), 7)]);
        let ages = Ages { stretches: &stretches, last: (8, day(105)), before: Some(day(105)) };
        let expired = |now| expired(Some(kept(9)), ages, day(now));
        let gone = |days: &[i64]| days.iter().copied().map(stretch).collect::<Vec<_>>();
        assert_eq!(expired(108), Expired::default());
        assert_eq!(expired(109), Expired { floor: 5, stretches: gone(&[100]) });
        assert_eq!(expired(110), Expired { floor: 7, stretches: gone(&[100, 101]) });
        assert_eq!(expired(113), Expired { floor: 7, stretches: gone(&[100, 101]) });
        assert_eq!(expired(114), Expired { floor: 8, stretches: gone(&[100, 101, 105]) });
    }

    #[test]
    fn what_came_before_anything_was_noted_expires_as_a_whole_and_stays_so() {
        let stretches = Stretches::new();
        let quiet = Ages { stretches: &stretches, last: (8, day(100)), before: None };
        let floor = |ages, now| expired(Some(kept(9)), ages, now).floor;
        assert_eq!(floor(quiet, day(109).plus_millis(-1)), 0);
        assert_eq!(floor(quiet, day(109)), 8);
        let stretches = Stretches::from([(kept(9).stretch(day(110)), 8)]);
        let goes_on = Ages { stretches: &stretches, last: (9, day(110)), before: Some(day(100)) };
        assert_eq!(floor(goes_on, day(110)), 8);
    }

    #[test]
    fn a_stretch_is_read_as_it_was_written() {
        let stretch = kept(365).stretch(day(20_777));
        let json = serde_json::to_string(&stretch).unwrap();
        assert_eq!(serde_json::from_str::<Stretch>(&json).unwrap(), stretch);
        for bad in ["\"\"", "\"1\"", "\"1.x\"", "1"] {
            assert!(serde_json::from_str::<Stretch>(bad).is_err(), "{bad}");
        }
    }
}
