//! A principal's rooms, latest activity first.
//!
//! The index keeps rooms by *bucket*: the time of the last activity, cut to some minutes, so that
//! most messages cost no index write. Whole buckets are read until the page is full; the true order
//! inside them is in the rooms' HEADs.

use std::{
    collections::{BTreeMap, HashMap},
    str::FromStr,
};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::try_join_all;

use super::{
    Store, StoreError,
    attr::{n, s},
    head::{self, INBOX_WIDTH, Membership, bucket},
    info::{self, Info},
    key::{self, Key},
};
use crate::domain::{ids::RoomId, principal::Asker, room::RoomKind, time::Timestamp};

/// The indexes that hold inboxes: name, partition key, sort key.
const INBOXES: [(&str, &str, &str); 2] = [("gq1", "q1p", "q1s"), ("gq2", "q2p", "q2s")];

/// How many more rooms than a page holds are read together with their INFO; beyond that, INFO is
/// read in a second step, for the page alone.
const SPARE: usize = 10;

/// How many index entries one page may look through for rooms of one kind. A bucket is always read
/// to its end.
const MOST_SEEN: usize = 500;

/// A place in an inbox: just behind this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    bucket: i64,
    at: Timestamp,
    room: RoomId,
}

/// The text is no cursor that we gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCursor;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = format!("{} {} {}", self.bucket, self.at.millis(), self.room);
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let plain = String::from_utf8(plain).map_err(|_| BadCursor)?;
        let mut parts = plain.split(' ');
        let mut part = || parts.next().ok_or(BadCursor);
        let bucket = part()?.parse().map_err(|_| BadCursor)?;
        let at = Timestamp::from_millis(part()?.parse().map_err(|_| BadCursor)?);
        let room = part()?.parse().map_err(|_| BadCursor)?;
        if parts.next().is_some() {
            return Err(BadCursor);
        }
        Ok(Self { bucket, at, room })
    }
}

/// A page of an inbox.
#[derive(Clone, Debug)]
pub struct InboxPage {
    /// The rooms, latest activity first.
    pub rooms: Vec<(Membership, Info)>,
    /// Where the next page begins, if there is more.
    pub next: Option<Cursor>,
}

/// A room as an index lists it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    bucket: i64,
    room: RoomId,
}

/// One index, read from the newest bucket down.
struct Reader<'a> {
    store: &'a Store,
    index: (&'a str, &'a str, &'a str),
    me: &'a Asker,
    from: Option<i64>,
    after: Option<Key>,
    read: Vec<Entry>,
    exhausted: bool,
}

impl Reader<'_> {
    async fn read_more(&mut self, limit: usize) -> Result<(), StoreError> {
        if self.exhausted {
            return Ok(());
        }
        let (index, partition, sort) = self.index;
        let mut query = self
            .store
            .client
            .query()
            .table_name(&self.store.table)
            .index_name(index)
            .key_condition_expression(format!("{partition} = :me"))
            .expression_attribute_values(":me", s(key::side(&self.me.me)))
            .scan_index_forward(false)
            .set_exclusive_start_key(self.after.take())
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        if let Some(from) = self.from {
            query = query
                .key_condition_expression(format!("{partition} = :me AND {sort} <= :from"))
                .expression_attribute_values(":from", n(from));
        }
        let answer = query.send().await?;
        self.after = answer.last_evaluated_key;
        self.exhausted = self.after.is_none();
        for item in answer.items.unwrap_or_default() {
            self.read.push(entry(&item, sort)?);
        }
        Ok(())
    }

    /// The bucket that may not have been read to its end.
    fn unfinished(&self) -> Option<i64> {
        if self.exhausted { None } else { self.read.last().map(|entry| entry.bucket) }
    }
}

fn entry(item: &HashMap<String, AttributeValue>, sort: &str) -> Result<Entry, StoreError> {
    let bucket =
        item.get(sort).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok());
    match (bucket, info::partition(item)) {
        (Some(bucket), Some(room)) => Ok(Entry { bucket, room }),
        _ => Err(StoreError::broken("an index entry without a place")),
    }
}

impl Store {
    /// A page of `me`'s rooms, of one kind or of all. With a kind a page may be short: `next`
    /// alone says whether there is more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn inbox(
        &self,
        me: &Asker,
        kind: Option<RoomKind>,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Result<InboxPage, StoreError> {
        let from = cursor.map(|cursor| cursor.bucket);
        let mut readers = INBOXES.map(|index| Reader {
            store: self,
            index,
            me,
            from,
            after: None,
            read: Vec::new(),
            exhausted: false,
        });
        let mut wanted = limit;
        loop {
            // Below this bucket, and in it, one of the indexes may hold more.
            let horizon = readers.iter().filter_map(Reader::unfinished).max();
            let entries = merge(&readers, horizon, kind);
            let unread = readers.iter().any(|reader| !reader.exhausted);
            if entries.len() < wanted && unread && seen(&readers) < MOST_SEEN {
                try_join_all(readers.iter_mut().map(|reader| reader.read_more(2 * limit + SPARE)))
                    .await?;
                continue;
            }
            let taken = whole_buckets(&entries, wanted);
            let mut rows = self.rows(me, taken, cursor, limit).await?;
            let done = taken.len() == entries.len() && (!unread || seen(&readers) >= MOST_SEEN);
            if rows.len() < limit && !done {
                wanted = taken.len() + (limit - rows.len());
                continue;
            }
            let next = if rows.len() > limit {
                rows.truncate(limit);
                rows.last().map(Row::cursor)
            } else if taken.len() < entries.len() {
                taken.last().map(|last| Cursor::at_bucket(last.bucket - 1, last.room))
            } else {
                horizon.zip(readers.iter().find_map(|reader| reader.read.last())).map(
                    |(bucket, any)| {
                        // Nothing of the horizon's own bucket was shown.
                        Cursor::at_bucket(bucket, any.room)
                    },
                )
            };
            return Ok(InboxPage { rooms: self.with_info(rows).await?, next });
        }
    }

    /// x
    ///
    /// # Errors
    /// x
    pub async fn queue(
        &self,
        _asker: &Asker,
        _desk: &crate::domain::ids::SideKey,
        _archived: bool,
        _limit: usize,
        _cursor: Option<Cursor>,
    ) -> Result<InboxPage, StoreError> {
        Ok(InboxPage { rooms: Vec::new(), next: None })
    }

    /// The rooms behind index entries in their true order, without those that earlier pages showed.
    async fn rows(
        &self,
        me: &Asker,
        entries: &[Entry],
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let sorts: &[&str] =
            if entries.len() <= limit + SPARE { &[key::HEAD, key::INFO] } else { &[key::HEAD] };
        let keys = entries
            .iter()
            .flat_map(|entry| sorts.iter().map(|sort| key::of(key::room(entry.room), *sort)));
        let (mut heads, mut infos) = (BTreeMap::new(), BTreeMap::new());
        for item in self.batch_get(keys.collect(), false).await? {
            let Some(room) = info::partition(&item) else { continue };
            if info::is_info(&item) {
                infos.insert(room, info::parse(item)?);
            } else if let Some(head) = head::parse(item)? {
                heads.insert(room, head);
            }
        }
        let mut rows: Vec<Row> = entries
            .iter()
            .filter_map(|entry| {
                let room = Membership::check(entry.room, me, heads.remove(&entry.room))?;
                Some(Row { bucket: entry.bucket, room, info: infos.remove(&entry.room) })
            })
            .filter(|row| cursor.is_none_or(|cursor| !cursor.has_shown(row)))
            .collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.room.head.last_activity()), row.room.room));
        Ok(rows)
    }

    /// Adds INFO where it was not read already.
    async fn with_info(&self, rows: Vec<Row>) -> Result<Vec<(Membership, Info)>, StoreError> {
        let missing = rows.iter().filter(|row| row.info.is_none());
        let keys: Vec<Key> =
            missing.map(|row| key::of(key::room(row.room.room), key::INFO)).collect();
        let mut infos = BTreeMap::new();
        for item in self.batch_get(keys, false).await? {
            if let Some(room) = info::partition(&item) {
                infos.insert(room, info::parse(item)?);
            }
        }
        let info = |row: &Row| row.info.clone().or_else(|| infos.get(&row.room.room).cloned());
        Ok(rows.into_iter().map(|row| (row.room.clone(), info(&row).unwrap_or_default())).collect())
    }
}

/// A room of the page that is being put together.
struct Row {
    bucket: i64,
    room: Membership,
    info: Option<Info>,
}

impl Row {
    fn cursor(&self) -> Cursor {
        Cursor { bucket: self.bucket, at: self.room.head.last_activity(), room: self.room.room }
    }
}

impl Cursor {
    /// Just before everything in a bucket.
    fn at_bucket(bucket: i64, room: RoomId) -> Self {
        Self { bucket, at: Timestamp::from_millis(i64::MAX), room }
    }

    /// Whether an earlier page has shown the row: it stands in the cursor's own bucket, above it.
    /// A room that moved up since then is shown again rather than missed; clients merge by id.
    fn has_shown(&self, row: &Row) -> bool {
        let at = row.room.head.last_activity();
        let unmoved = bucket(at, INBOX_WIDTH) == self.bucket;
        let above = at > self.at || (at == self.at && row.room.room <= self.room);
        row.bucket == self.bucket && unmoved && above
    }
}

/// How many index entries were read.
fn seen(readers: &[Reader<'_>]) -> usize {
    readers.iter().map(|reader| reader.read.len()).sum()
}

/// The entries of all indexes, newest bucket first, down to where one of them may be incomplete.
fn merge(readers: &[Reader<'_>], horizon: Option<i64>, kind: Option<RoomKind>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = readers
        .iter()
        .flat_map(|reader| reader.read.iter().copied())
        .filter(|entry| horizon.is_none_or(|horizon| entry.bucket > horizon))
        .filter(|entry| kind.is_none_or(|kind| entry.room.kind() == kind))
        .collect();
    entries.sort_by_key(|entry| (std::cmp::Reverse(entry.bucket), entry.room));
    entries
}

/// As many whole buckets from the top as hold `wanted` entries.
fn whole_buckets(entries: &[Entry], wanted: usize) -> &[Entry] {
    let Some(last) = wanted.checked_sub(1).and_then(|last| entries.get(last)) else {
        return entries;
    };
    let end = entries.partition_point(|entry| entry.bucket >= last.bucket);
    &entries[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let room: RoomId = "00000000-0000-8100-8000-000000000000".parse().expect("a room id");
        let cursor = Cursor { bucket: -3, at: Timestamp::from_millis(12), room };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in
            ["", "%", "AAAA", &URL_SAFE_NO_PAD.encode("1 2"), &URL_SAFE_NO_PAD.encode("1 2 x")]
        {
            assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{text}");
        }
    }
}
