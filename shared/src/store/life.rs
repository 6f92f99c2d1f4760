//! All the rooms of an account, whatever it is in them: for what concerns its whole life.

use std::{fmt, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    attr::{n, s},
    info,
    key::{self, Key},
};
use crate::domain::ids::{RoomId, SideKey};

/// The indexes in which an account's rooms stand: each with its partition key and its sort key.
const INDEXES: [(&str, &str, &str); 2] = [("gq1", "q1p", "q1s"), ("gq2", "q2p", "q2s")];

/// A place among the rooms of an account: just behind this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifePlace {
    /// Which of the lists.
    list: usize,
    /// Room, sort key of the item, and place in the index.
    behind: Option<(RoomId, String, i64)>,
}

/// The text is no place that we gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPlace;

impl fmt::Display for LifePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = match &self.behind {
            None => format!("{}", self.list),
            Some((room, item, at)) => format!("{} {room} {at} {item}", self.list),
        };
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl FromStr for LifePlace {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadPlace)?;
        let plain = String::from_utf8(plain).map_err(|_| BadPlace)?;
        let mut parts = plain.splitn(4, ' ');
        let list = parts.next().and_then(|list| list.parse().ok()).ok_or(BadPlace)?;
        let behind = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(room), Some(at), Some(item)) => {
                let room = room.parse().map_err(|_| BadPlace)?;
                let at = at.parse().map_err(|_| BadPlace)?;
                // Only what an index can hold is a sort key of a room's.
                let is_sort = item == key::HEAD || key::part_key(item).is_some();
                is_sort.then(|| (room, item.to_owned(), at))
            }
            _ => return Err(BadPlace),
        };
        let place = Self { list, behind };
        if list > LEFT || place.to_string() != text {
            return Err(BadPlace);
        }
        Ok(place)
    }
}

/// The last of the lists, which is in no index: the groups that the account was in once.
const LEFT: usize = 5;

impl LifePlace {
    /// The list's index, and its partition of an account.
    fn list(
        &self,
        account: &SideKey,
    ) -> Option<((&'static str, &'static str, &'static str), String)> {
        let [b_side, a_side] = INDEXES;
        Some(match self.list {
            0 => (b_side, key::side(account)),
            1 => (b_side, key::queue(account)),
            2 => (b_side, key::archive(account)),
            3 => (a_side, key::side(account)),
            4 => (a_side, key::groups(account)),
            _ => return None,
        })
    }

    fn next_list(&self) -> Self {
        Self { list: self.list + 1, behind: None }
    }
}

impl Store {
    /// Rooms of an account from a place on, and the place behind them, if there may be more. Those come
    /// first that have been quiet for longest: a room that moves meanwhile is seen again, never missed.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(super) async fn rooms_of_life(
        &self,
        account: &SideKey,
        place: LifePlace,
        limit: usize,
    ) -> Result<(Vec<RoomId>, Option<LifePlace>), StoreError> {
        let Some(((index, partition, sort), owner)) = place.list(account) else {
            return self.left_groups_from(account, place, limit).await;
        };
        let start = place.behind.as_ref().map(|(room, item, at)| {
            let mut key = key::of(key::room(*room), item.clone());
            key.insert(partition.to_owned(), s(owner.clone()));
            key.insert(sort.to_owned(), n(*at));
            key
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression(format!("{partition} = :owner"))
            .expression_attribute_values(":owner", s(owner))
            .set_exclusive_start_key(start)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .boxed()
            .await?;
        let next = match &answer.last_evaluated_key {
            None => place.next_list(),
            Some(last) => {
                let text = |value: &AttributeValue| value.as_s().ok().cloned();
                let item = last.get("sk").and_then(text);
                let at = last.get(sort).and_then(|at| at.as_n().ok()?.parse().ok());
                let room = info::partition(last).zip(item).zip(at);
                let ((room, item), at) =
                    room.ok_or_else(|| StoreError::broken("an index entry without a place"))?;
                LifePlace { behind: Some((room, item, at)), ..place }
            }
        };
        let rooms = answer.items.unwrap_or_default();
        Ok((rooms.iter().filter_map(info::partition).collect(), Some(next)))
    }

    async fn left_groups_from(
        &self,
        account: &SideKey,
        place: LifePlace,
        limit: usize,
    ) -> Result<(Vec<RoomId>, Option<LifePlace>), StoreError> {
        let mut rooms = self.left_groups(account).await?;
        if let Some((behind, ..)) = &place.behind {
            rooms.retain(|room| room > behind);
        }
        let more = rooms.len() > limit;
        rooms.truncate(limit);
        let last = rooms.last().filter(|_| more);
        let behind = last.map(|room| (*room, key::HEAD.to_owned(), 0));
        let next = behind.map(|behind| LifePlace { behind: Some(behind), ..place });
        Ok((rooms, next))
    }

    /// The groups that an account was in once.
    pub(super) async fn left_groups(&self, account: &SideKey) -> Result<Vec<RoomId>, StoreError> {
        let items = self.own_items(account, key::LEFT).await?;
        Ok(items.iter().filter_map(|item| own_room(item, key::LEFT)).collect())
    }

    /// The items of a person's own partition whose sort keys begin so.
    pub(super) async fn own_items(
        &self,
        key: &SideKey,
        begin: &str,
    ) -> Result<Vec<Key>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .expression_attribute_values(":me", s(key::side(key)))
            .consistent_read(true);
        let query = match begin {
            "" => query.key_condition_expression("pk = :me"),
            begin => query
                .key_condition_expression("pk = :me AND begins_with(sk, :begin)")
                .expression_attribute_values(":begin", s(begin)),
        };
        self.query_all(query).await
    }
}

/// The room that an item of an account's own partition is about.
pub(super) fn own_room(item: &Key, begin: &str) -> Option<RoomId> {
    item.get("sk")?.as_s().ok()?.strip_prefix(begin)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_nothing_else_is_one() {
        let room: RoomId = "00000000-0000-8100-8000-00000000000a".parse().unwrap();
        let behind = Some((room, "P#abcdefghijklmnopqr-_AA".to_owned(), -3));
        for place in [LifePlace::default(), LifePlace { list: 4, behind }] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for plain in ["", "6", "-1", "1 x", "1 00000000-0000-8100-8000-00000000000a 3 I"] {
            let text = URL_SAFE_NO_PAD.encode(plain);
            assert_eq!(text.parse::<LifePlace>(), Err(BadPlace), "{plain}");
        }
    }
}
