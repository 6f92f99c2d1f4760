//! Every key of the table is built here, from typed parts.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attr::s;
use crate::domain::ids::{RoomId, SideKey};

/// The slot's number in a sort key has this many digits, so that text order is number order.
const SEQ_DIGITS: usize = 12;

/// The highest slot that a room can have.
pub(super) const MAX_SEQ: u64 = 999_999_999_999;

/// Sort key of a room's HEAD.
pub(super) const HEAD: &str = "#";
/// Sort key of a room's INFO.
pub(super) const INFO: &str = "I";
/// Sort key of a principal's PROFILE.
pub(super) const PROFILE: &str = "P";
/// Partition key of the SALT.
pub(super) const SALT: &str = "SALT";

/// An item's whole key.
pub(super) type Key = HashMap<String, AttributeValue>;

/// Partition key of everything in a room.
pub(super) fn room(id: RoomId) -> String {
    format!("R#{id}")
}

/// The room that a partition key names.
pub(super) fn room_id(partition: &str) -> Option<RoomId> {
    partition.strip_prefix("R#")?.parse().ok()
}

/// Partition key of what belongs to a principal, and the key of its inbox in the indexes.
pub(super) fn side(key: &SideKey) -> String {
    format!("U#{}", key.as_str())
}

/// Sort key of the message or void at a slot.
pub(super) fn slot(seq: u64) -> String {
    format!("M{:0SEQ_DIGITS$}", seq.min(MAX_SEQ))
}

/// The slot that a sort key names.
pub(super) fn slot_seq(sort: &str) -> Option<u64> {
    sort.strip_prefix('M')?.parse().ok()
}

/// Sort key of the claim of a sender's client id.
pub(super) fn claim(hash: &str) -> String {
    format!("C{hash}")
}

/// The key of an item.
pub(super) fn of(partition: impl Into<String>, sort: impl Into<String>) -> Key {
    HashMap::from([("pk".to_owned(), s(partition)), ("sk".to_owned(), s(sort))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_sort_as_numbers_do() {
        assert!(slot(9) < slot(10));
        assert!(slot(99_999) < slot(100_000));
        assert_eq!(slot_seq(&slot(42)), Some(42));
    }
}
