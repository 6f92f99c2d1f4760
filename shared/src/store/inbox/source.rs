//! The partitions of the indexes that a list is made of, and how they are read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt as _;

use super::{
    super::{
        Store, StoreError,
        attr::{n, s},
        info,
        key::{self, Key},
    },
    plan::{Begin, Entry},
};
use crate::domain::{ids::RoomId, room::RoomKind};

/// One partition of one index.
#[derive(Clone, Debug)]
pub(in super::super) struct Source {
    /// The index: its name, its partition key, its sort key.
    pub(in super::super) index: (&'static str, &'static str, &'static str),
    /// The partition.
    pub(in super::super) partition: String,
    /// How long its buckets are, in milliseconds.
    pub(in super::super) width: i64,
    /// The sort key, in the table, of the items that the partition lists.
    pub(in super::super) item: String,
}

/// Some entries of a source, and the key behind which there may be more.
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) last: Option<Key>,
}

impl Source {
    /// The whole key of a room's entry in the index.
    fn key(&self, start: i64, room: RoomId) -> Key {
        let (_, partition, sort) = self.index;
        let mut key = key::of(key::room(room), self.item.clone());
        key.insert(partition.to_owned(), s(self.partition.clone()));
        key.insert(sort.to_owned(), n(start));
        key
    }

    /// Reads at most `limit` entries, newest bucket first: from where the list begins, or behind
    /// the `last` key of an earlier batch.
    pub(super) async fn read(
        &self,
        store: &Store,
        begin: Begin,
        last: Option<Key>,
        limit: usize,
    ) -> Result<Batch, StoreError> {
        let (index, partition, sort) = self.index;
        let query = store
            .client
            .query()
            .table_name(&store.table)
            .index_name(index)
            .expression_attribute_values(":p", s(self.partition.clone()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match begin {
            Begin::Top => query.key_condition_expression(format!("{partition} = :p")),
            Begin::AtMost(start) => query
                .key_condition_expression(format!("{partition} = :p AND {sort} <= :s"))
                .expression_attribute_values(":s", n(start)),
            Begin::Within { start, .. } => query
                .key_condition_expression(format!("{partition} = :p AND {sort} = :s"))
                .expression_attribute_values(":s", n(start)),
        };
        let behind = match begin {
            Begin::Within { start, after: Some(room) } => Some(self.key(start, room)),
            _ => None,
        };
        let answer = query.set_exclusive_start_key(last.or(behind)).send().boxed().await?;
        let items = answer.items.unwrap_or_default();
        let entries = items.iter().map(|item| entry(item, sort)).collect::<Result<_, _>>()?;
        Ok(Batch { entries, last: answer.last_evaluated_key })
    }
}

impl Batch {
    /// Marks what is of another kind than the list is to show.
    pub(super) fn of_kind(mut self, kind: Option<RoomKind>) -> Self {
        for entry in &mut self.entries {
            entry.fits = kind.is_none_or(|kind| entry.room.kind() == kind);
        }
        self
    }
}

fn entry(item: &HashMap<String, AttributeValue>, sort: &str) -> Result<Entry, StoreError> {
    let start =
        item.get(sort).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok());
    match (start, info::partition(item)) {
        (Some(start), Some(room)) => Ok(Entry { start, room, fits: true }),
        _ => Err(StoreError::broken("an index entry without a place")),
    }
}
