//! Every key of the table is built here, from typed parts.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{attr::s, throttle::Doing};
use crate::domain::{
    ids::{ReportId, RoomId, Salt, SideKey, WebhookId},
    report::ReportState,
    webhook::HookState,
};

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
/// Sort key of whether an account listens.
pub(super) const PRESENCE: &str = "ON";
/// Sort key of a LISTING and of a GROUP.
pub(super) const SUBJECT: &str = "#";
/// How the sort keys of BLOCKs begin.
pub(super) const BLOCKS: &str = "B#";
/// How the sort keys of REPORTs begin.
pub(super) const REPORTS: &str = "Q";
/// How the sort keys of ERASUREs begin.
pub(super) const ERASURE: &str = "E#";
/// How the sort keys begin of the items that name groups which somebody has left.
pub(super) const LEFT: &str = "G#";
/// Sort key of what the relay must still be told of a room.
pub(super) const PUSH: &str = "T#P";
/// How the sort keys begin of what must still be mailed.
const MAIL: &str = "T#M#";
/// The key of all timers, in the indexes.
pub(super) const TIMERS: &str = "T";
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

/// The principal that a partition key names.
pub(super) fn side_key(partition: &str) -> Option<SideKey> {
    SideKey::parse(partition.strip_prefix("U#")?)
}

/// Sort key of the BLOCK of a person.
pub(super) fn block(them: &SideKey) -> String {
    format!("{BLOCKS}{}", them.as_str())
}

/// Sort key of an item of a principal's own that is about a room.
pub(super) fn own_room(begin: &str, room: RoomId) -> String {
    format!("{begin}{room}")
}

/// The key of the BLOCKs of a person, in the indexes.
pub(super) fn blocked(them: &SideKey) -> String {
    format!("BK#{}", them.as_str())
}

/// Sort key of the THROTTLE of what a principal does.
pub(super) fn throttle(doing: Doing) -> String {
    format!("T#{}", doing.as_str())
}

/// Partition key of the NAMEs whose folded form begins as this one does.
pub(super) fn names(folded: &str) -> String {
    format!("N#{}", folded.chars().next().unwrap_or_default())
}

/// Sort key of a NAME: its folded form from one of its words on, and whose it is. The tab between
/// them is in no folded name and stands before the space, so that a shorter name comes first.
pub(super) fn name(beginning: &str, account: &SideKey) -> String {
    format!("{beginning}\t{}", account.as_str())
}

/// The parts of a NAME's sort key.
pub(super) fn name_parts(sort: &str) -> Option<(&str, SideKey)> {
    let (beginning, account) = sort.rsplit_once('\t')?;
    Some((beginning, SideKey::parse(account)?))
}

/// Partition key of a LISTING.
pub(super) fn listing(salt: &Salt, id: &str) -> String {
    format!("L#{}", hash(salt, "listing", id))
}

/// Partition key of a GROUP and its MATCHes.
pub(super) fn group(salt: &Salt, id: &str) -> String {
    format!("G#{}", hash(salt, "group", id))
}

/// Sort key of a giver's MATCH.
pub(super) fn drawn_by(giver: &SideKey) -> String {
    format!("M#{}", giver.as_str())
}

/// The application's own ids may hold any character and tell something; keys hold their hashes.
fn hash(salt: &Salt, purpose: &str, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(salt.hash::<16>(purpose, &[id.as_bytes()]))
}

/// The key of a desk's queue in the indexes.
pub(super) fn queue(desk: &SideKey) -> String {
    format!("D#{}", desk.as_str())
}

/// The key of what a desk has put away, in the indexes.
pub(super) fn archive(desk: &SideKey) -> String {
    format!("Z#{}", desk.as_str())
}

/// The key of a principal's groups in the indexes.
pub(super) fn groups(member: &SideKey) -> String {
    format!("U#{}#groups", member.as_str())
}

/// Sort key of a member of a group.
pub(super) fn part(member: &SideKey) -> String {
    format!("P#{}", member.as_str())
}

/// The member that a sort key names.
pub(super) fn part_key(sort: &str) -> Option<SideKey> {
    SideKey::parse(sort.strip_prefix("P#")?)
}

/// Sort key of the message or void at a slot.
pub(super) fn slot(seq: u64) -> String {
    format!("M{:0SEQ_DIGITS$}", seq.min(MAX_SEQ))
}

/// The slot that a sort key names.
pub(super) fn slot_seq(sort: &str) -> Option<u64> {
    sort.strip_prefix('M')?.parse().ok()
}

/// Sort key of what changed with a revision of a room.
pub(super) fn change(rev: u64) -> String {
    format!("V{:0SEQ_DIGITS$}", rev.min(MAX_SEQ))
}

/// The revision that a sort key names.
pub(super) fn change_rev(sort: &str) -> Option<u64> {
    sort.strip_prefix('V')?.parse().ok()
}

/// Sort key of the claim of a sender's client id.
pub(super) fn claim(hash: &str) -> String {
    format!("C{hash}")
}

/// How the sort keys of the reports of a message begin.
pub(super) fn reports(seq: u64) -> String {
    format!("{REPORTS}{:0SEQ_DIGITS$}#", seq.min(MAX_SEQ))
}

/// Sort key of a report of a message.
pub(super) fn report(seq: u64, id: ReportId) -> String {
    format!("{}{id}", reports(seq))
}

/// The slot and the report that a sort key names.
pub(super) fn report_parts(sort: &str) -> Option<(u64, ReportId)> {
    let (seq, id) = sort.strip_prefix(REPORTS)?.split_once('#')?;
    Some((seq.parse().ok()?, id.parse().ok()?))
}

/// The key of the reports of this state, in the indexes.
pub(super) fn reports_in(state: ReportState) -> String {
    format!("RP#{}", state.as_str())
}

/// The key under which a report is found by its id alone, in the indexes.
pub(super) fn report_id(id: ReportId) -> String {
    format!("RI#{id}")
}

/// Sort key of the MAIL of a side of a room.
pub(super) fn mail(side: &SideKey) -> String {
    format!("{MAIL}{}", side.as_str())
}

/// The side that a sort key names.
pub(super) fn mail_side(sort: &str) -> Option<SideKey> {
    SideKey::parse(sort.strip_prefix(MAIL)?)
}

/// Partition key of a WEBHOOK.
pub(super) fn webhook(id: WebhookId) -> String {
    format!("W#{id}")
}

/// The webhook that a partition key names.
pub(super) fn webhook_id(partition: &str) -> Option<WebhookId> {
    partition.strip_prefix("W#")?.parse().ok()
}

/// The key of the webhooks of this state, in the indexes.
pub(super) fn webhooks_in(state: HookState) -> String {
    format!("WH#{}", state.as_str())
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

    #[test]
    fn a_name_sorts_before_those_that_it_begins() {
        let [low, high] = ["AAAAAAAAAAAAAAAAAAAAAA", "zzzzzzzzzzzzzzzzzzzzzw"]
            .map(|text| SideKey::parse(text).unwrap());
        assert!(name("alice", &high) < name("alice smith", &low));
        assert!(name("alice", &high) < name("alice#", &low));
    }

    #[test]
    fn the_key_of_a_name_is_taken_apart_whatever_the_name_holds() {
        let account = SideKey::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        for folded in ["alice smith", "#1 fan", "a#b#", ""] {
            assert_eq!(name_parts(&name(folded, &account)), Some((folded, account.clone())));
        }
        assert_eq!(name_parts("alice"), None);
    }
}
