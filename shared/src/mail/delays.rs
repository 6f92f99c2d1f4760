//! After how long without being read a message is mailed, by kind of room.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize as _, de::value::StrDeserializer};

use crate::domain::room::RoomKind;

const MINUTE_MILLIS: i64 = 60_000;

/// The longest delay, in minutes: a week.
const MOST: u16 = 7 * 24 * 60;

/// After how long without being read a message is mailed; never in kinds of room that are not named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays(BTreeMap<RoomKind, u16>);

/// A text that says of no kind after how long to mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "holds {0:?}, which is not a kind of room with two sides and from 1 to {MOST} minutes, like support=5"
)]
pub struct BadDelays(String);

impl Delays {
    /// In rooms of a kind, in milliseconds; `None` where nothing is mailed.
    pub fn of(&self, kind: RoomKind) -> Option<i64> {
        self.0.get(&kind).map(|minutes| i64::from(*minutes) * MINUTE_MILLIS)
    }
}

impl Default for Delays {
    /// A support agent's answer that the user has not read for five minutes.
    fn default() -> Self {
        Self(BTreeMap::from([(RoomKind::Support, 5)]))
    }
}

impl FromStr for Delays {
    type Err = BadDelays;

    /// Reads a list like `support=5,direct=30`.
    fn from_str(text: &str) -> Result<Self, BadDelays> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let kinds = parts.map(|part| {
            let bad = || BadDelays(part.to_owned());
            let (kind, minutes) = part.split_once('=').ok_or_else(bad)?;
            let kind = StrDeserializer::<serde::de::value::Error>::new(kind.trim());
            let kind = RoomKind::deserialize(kind).map_err(|_| bad())?;
            let minutes: u16 = minutes.trim().parse().map_err(|_| bad())?;
            if !(1..=MOST).contains(&minutes) || kind.rules().has_many_members() {
                return Err(bad());
            }
            Ok((kind, minutes))
        });
        kinds.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_it_for_each_kind() {
        let delays: Delays = "support=5, direct = 30".parse().unwrap();
        assert_eq!(delays.of(RoomKind::Support), Some(300_000));
        assert_eq!(delays.of(RoomKind::Direct), Some(1_800_000));
        assert_eq!(delays.of(RoomKind::Match), None);
        assert_eq!("".parse::<Delays>().unwrap().of(RoomKind::Support), None);
    }

    #[test]
    fn what_is_no_kind_of_two_sides_or_no_time_is_refused() {
        for text in ["support", "support=0", "support=5m", "support=10081", "club=5", "group=5"] {
            assert_eq!(text.parse::<Delays>(), Err(BadDelays(text.into())), "{text}");
        }
    }
}
