//! How long messages are kept, by kind of room.
//!
//! A room remembers at which `seq` each of its last stretches of time began. So what is too old is
//! known from one item, without looking at messages, and a gap in the log whose messages have been
//! deleted cannot be taken for one that a post left.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, de::value::StrDeserializer};

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

/// Of a room: which stretches of time it had messages in, by the day since 1970 on which each began,
/// and the highest `seq` from before.
pub type Stretches = BTreeMap<i64, u64>;

/// What of a room is too old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Slots up to this one.
    pub floor: u64,
    /// The stretches that are over, which nobody needs any more.
    pub stretches: Vec<i64>,
}

impl Lifetime {
    /// The day on which the stretch began that this instant is in.
    pub fn stretch(self, at: Timestamp) -> i64 {
        let width = (self.days + STRETCHES - 1) / STRETCHES;
        let day = at.millis() / DAY_MILLIS;
        day - day % width
    }

    /// When the store may delete what was written at this instant, in seconds since 1970: a day after
    /// it is shown no more, for the clocks that are wrong.
    pub fn ttl(self, at: Timestamp) -> i64 {
        (self.end(self.stretch(at)) + DAY_MILLIS) / 1_000
    }

    /// When what was said in a stretch is too old: its first message then has the age that none may
    /// pass.
    fn end(self, stretch: i64) -> i64 {
        (stretch + self.days) * DAY_MILLIS
    }

    /// What of a room is too old, whose highest `seq` is `head` and was given out at `last`.
    pub fn expired(
        self,
        stretches: &Stretches,
        (head, last): (u64, Timestamp),
        now: Timestamp,
    ) -> Expired {
        if last.millis() + self.days * DAY_MILLIS <= now.millis() {
            return Expired { floor: head, stretches: stretches.keys().copied().collect() };
        }
        let over = |stretch: &i64| self.end(*stretch) <= now.millis();
        let gone: Vec<i64> = stretches.keys().copied().filter(over).collect();
        let floor = match gone.last() {
            // A stretch ends where the next one began that has messages.
            Some(last) => stretches.range(last + 1..).next().map_or(head, |(_, before)| *before),
            None => 0,
        };
        Expired { floor, stretches: gone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_millis(day * DAY_MILLIS)
    }

    fn lifetime(days: i64) -> Lifetime {
        Lifetime { days }
    }

    #[test]
    fn what_is_kept_is_named_by_kind_and_days() {
        let retention: Retention = "support=365, match = 30,".parse().unwrap();
        assert_eq!(retention.of(RoomKind::Support), Some(lifetime(365)));
        assert_eq!(retention.of(RoomKind::Match), Some(lifetime(30)));
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
        for days in [9, 10, 18, 19, 30, 90, 365] {
            let (lifetime, sent) = (lifetime(days), day(20_777));
            let stretches = Stretches::from([(lifetime.stretch(sent), 0)]);
            // Somebody goes on talking, so that only the stretches say how old the message is.
            let floor = |now: Timestamp| {
                let mut stretches = stretches.clone();
                stretches.entry(lifetime.stretch(now)).or_insert(1);
                lifetime.expired(&stretches, (2, now), now).floor
            };
            let age = (0..).find(|age| floor(sent.plus_millis(age * DAY_MILLIS)) == 1).unwrap();
            assert!(
                age <= days && age > days - (days + STRETCHES - 1) / STRETCHES,
                "{days}: {age}"
            );
            assert!(age >= 8, "{days}: {age}");
            assert!(lifetime.ttl(sent) * 1_000 > (sent.millis() + age * DAY_MILLIS), "{days}");
        }
    }

    #[test]
    fn a_stretch_ends_where_the_next_one_with_messages_began() {
        let nine = lifetime(9);
        let stretches = Stretches::from([(100, 0), (101, 5), (105, 7)]);
        let expired = |now| nine.expired(&stretches, (8, day(105)), day(now));
        assert_eq!(expired(108), Expired::default());
        assert_eq!(expired(109), Expired { floor: 5, stretches: vec![100] });
        assert_eq!(expired(110), Expired { floor: 7, stretches: vec![100, 101] });
        assert_eq!(expired(113), Expired { floor: 7, stretches: vec![100, 101] });
        assert_eq!(expired(114), Expired { floor: 8, stretches: vec![100, 101, 105] });
    }

    #[test]
    fn a_room_that_was_quiet_since_before_anything_was_remembered_expires_as_a_whole() {
        let nine = lifetime(9);
        let expired = |now| nine.expired(&Stretches::new(), (8, day(100)), now);
        assert_eq!(expired(day(109).plus_millis(-1)).floor, 0);
        assert_eq!(expired(day(109)).floor, 8);
    }
}
