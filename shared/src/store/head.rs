//! HEAD: the item of a room that every message touches. Its presence of a side's read mark is the
//! membership, its counter the order, its maps exist from birth because update paths need them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, key};
use crate::{
    dialect::Dialect,
    domain::{
        ids::{RoomId, Salt, SideKey},
        member::MemberType,
        message::SenderType,
        retention::{Ages, Stretch, Stretches},
        room::Founding,
        time::Timestamp,
    },
};

/// How long a room stays at one place in a desk's queue before another message moves it there, in
/// milliseconds. Within that time a message costs no index write.
pub(super) const DESK_WIDTH: i64 = 60_000;
/// The same for a person's inbox.
pub(super) const INBOX_WIDTH: i64 = 5 * 60_000;
/// The same for the inboxes of a group's members, all of which move together.
pub(super) const GROUP_WIDTH: i64 = 60 * 60_000;

/// A room's HEAD. Attribute names are short, because the item must stay under one kilobyte: a
/// message then costs one write unit here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The highest slot that was handed out.
    pub seq: u64,
    /// Slots up to this one are gone for good.
    #[serde(rename = "lo")]
    pub floor: u64,
    /// Counts edits, deletions and reactions.
    pub rev: u64,
    /// How many slots are void.
    #[serde(rename = "vd")]
    pub voids: u64,
    /// Read marks by side; a key that is here is a member. Empty in a group, whose members have
    /// items of their own.
    #[serde(rename = "rd")]
    pub marks: BTreeMap<SideKey, Mark>,
    /// Sides that may no longer post.
    #[serde(rename = "bl")]
    pub blocked: BTreeMap<SideKey, u64>,
    /// In groups: when the next post is due, in milliseconds. Not for each member, or HEAD would grow
    /// with the group; those whose keys fall into the same place share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<BTreeMap<String, i64>>,
    /// The newest message, as lists show it.
    #[serde(rename = "pv")]
    pub preview: Preview,
    /// Where messages are kept only so long: when they came.
    #[serde(rename = "ep", default)]
    pub(super) stretches: Stretches,
    /// When HEAD in the store holds what is too old, as it was read: stretches that are over.
    #[serde(skip)]
    pub(super) expired: Option<Vec<Stretch>>,
    /// Where messages are kept only so long: when the slot before the last one was taken.
    #[serde(rename = "lb", default, skip_serializing_if = "Option::is_none")]
    before_last: Option<i64>,
    /// When the last slot was taken, in milliseconds.
    #[serde(rename = "la")]
    last_activity: i64,
    /// When a message was last edited, deleted or reacted to, in milliseconds.
    #[serde(rename = "lc", default, skip_serializing_if = "Option::is_none")]
    last_change: Option<i64>,
    /// When the desk put the room away, in milliseconds.
    #[serde(rename = "ar", default, skip_serializing_if = "Option::is_none")]
    archived_at: Option<i64>,
    /// Index keys: the b side's inbox, or the queue of its desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q1p: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q1s: Option<i64>,
    /// Index keys: the a side's inbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q2p: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q2s: Option<i64>,
    /// The queue of the room's desk, to be set as an index key by whoever does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k1: Option<String>,
    /// How many rooms of the same key were deleted before this one.
    #[serde(rename = "gn", default, skip_serializing_if = "is_none_yet")]
    pub(super) opened_again: u32,
    /// Whether the room was opened or written to through a [dialect](crate::dialect), which then hears
    /// of it in its own words.
    #[serde(rename = "dl", default, skip_serializing_if = "std::ops::Not::not")]
    speaks_dialect: bool,
    /// In groups: grows with each removal. It is part of the channel's name, so that whoever was
    /// removed hears nothing more.
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    pub generation: u64,
    /// In groups: grows with each change of the members.
    #[serde(rename = "mv", default, skip_serializing_if = "is_zero")]
    pub members_version: u64,
    /// In groups: how many members there are.
    #[serde(rename = "mc", default, skip_serializing_if = "is_zero")]
    members: u64,
    /// In groups: the place in the members' inboxes to which every one of them has been moved.
    #[serde(rename = "hr", default, skip_serializing_if = "Option::is_none")]
    pub(super) hour: Option<i64>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_none_yet(number: &u32) -> bool {
    *number == 0
}

/// How far a member has read, and how it wants to see the room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The member's id in this room, as the API shows it.
    #[serde(rename = "i")]
    pub member_id: String,
    /// What the member is.
    #[serde(rename = "k", default, skip_serializing_if = "is_user")]
    pub kind: MemberType,
    /// The slot up to which it has read.
    #[serde(rename = "s")]
    pub read: u64,
    /// When it said so last, in milliseconds; 0 when never.
    #[serde(rename = "t")]
    at: i64,
    /// When the member's next post is due, in milliseconds.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<i64>,
    /// The member is nobody any more.
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    erased: bool,
    /// The head when the member hid the room: until more comes.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    hidden: Option<u64>,
    #[serde(rename = "m", default)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    /// No notifications.
    pub muted: bool,
    #[serde(rename = "p", default)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    /// To be shown on top.
    pub pinned: bool,
}

impl Mark {
    /// The mark of a member who has read nothing.
    pub(super) fn new(member_id: String, kind: MemberType) -> Self {
        Self { member_id, kind, ..Self::default() }
    }

    /// Whether the member is nobody any more.
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    /// What stands in the place of this mark once its member is nobody.
    pub(super) fn of_nobody(&self, member_id: String) -> Self {
        let Self { kind, read, at, .. } = *self;
        Self { member_id, kind, read, at, erased: true, ..Self::default() }
    }

    /// When the member marked its reading last.
    pub fn read_at(&self) -> Option<Timestamp> {
        (self.at > 0).then(|| Timestamp::from_millis(self.at))
    }

    /// Whether the member hid the room and nothing has come since.
    pub fn is_hidden(&self, head: u64) -> bool {
        self.hidden.is_some_and(|hidden_at| hidden_at >= head)
    }
}

fn is_user(kind: &MemberType) -> bool {
    *kind == MemberType::User
}

/// The newest message, as lists show it; nothing in it when none was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The slot.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The text; empty when the message was deleted. Commits and changes write it; who closes the
    /// slot removes it.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The sender, where HEAD holds its mark.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SideKey>,
    /// The sender, where HEAD does not: a member of a group, or the application.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    who: Option<Who>,
}

impl Preview {
    /// The id of a sender whose mark HEAD does not hold.
    pub(super) fn unmarked_sender(&self) -> Option<&String> {
        self.who.as_ref().map(|who| &who.member_id)
    }
}

/// A sender by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Who {
    #[serde(rename = "i")]
    member_id: String,
    #[serde(rename = "k")]
    kind: SenderType,
}

impl Head {
    /// The HEAD of a room that is opened now.
    pub(super) fn new(founding: &Founding, id: RoomId, salt: &Salt, now: Timestamp) -> Self {
        let rules = founding.kind.rules();
        let mut head = Self {
            seq: 0,
            floor: 0,
            rev: 0,
            voids: 0,
            marks: BTreeMap::new(),
            blocked: BTreeMap::new(),
            rate: rules.has_many_members().then(BTreeMap::new),
            preview: Preview::default(),
            stretches: Stretches::new(),
            expired: None,
            before_last: None,
            last_activity: now.millis(),
            last_change: None,
            archived_at: None,
            q1p: None,
            q1s: None,
            q2p: None,
            q2s: None,
            k1: None,
            opened_again: 0,
            speaks_dialect: founding.in_dialect,
            generation: 0,
            members_version: 0,
            members: 0,
            hour: None,
        };
        match founding.seats.as_slice() {
            [a, b] if !rules.has_many_members() => {
                for (seat, masked) in [(a, rules.masks_first_side), (b, false)] {
                    let member_id = seat.member_id(salt, id, masked);
                    head.marks.insert(seat.key.clone(), Mark::new(member_id, seat.member_type()));
                }
                let (queue, width) = match rules.desk {
                    None => (key::side(&b.key), INBOX_WIDTH),
                    Some(_) => (key::queue(&b.key), DESK_WIDTH),
                };
                head.k1 = rules.desk.map(|_| queue.clone());
                (head.q1p, head.q1s) = (Some(queue), Some(bucket(now, width)));
                (head.q2p, head.q2s) = (Some(key::side(&a.key)), Some(bucket(now, INBOX_WIDTH)));
            }
            members => {
                head.generation = 1;
                head.members_version = 1;
                head.members = members.len() as u64;
                head.hour = Some(bucket(now, GROUP_WIDTH));
            }
        }
        head
    }

    /// The same HEAD, of a room that was deleted and opened again so many times.
    #[must_use]
    pub(super) fn of_generation(self, opened_again: u32) -> Self {
        Self { opened_again, ..self }
    }

    /// The dialect in which the room's events are told as well, if there is one.
    pub fn dialect(&self, room: RoomId) -> Option<&'static Dialect> {
        if self.speaks_dialect { Dialect::of(room.kind()) } else { None }
    }

    /// Whether a side is nobody any more.
    pub(super) fn has_nobody(&self) -> bool {
        self.marks.values().any(|mark| mark.erased)
    }

    /// Those of the index keys that are a side's, and what they are once it is another's.
    pub(super) fn list_keys_of(&self, side: &SideKey, to: &SideKey) -> Vec<(&'static str, String)> {
        let keys = [("q1p", &self.q1p), ("q2p", &self.q2p), ("k1", &self.k1)];
        let lists = [key::side, key::queue, key::archive];
        let moved = |(attribute, list): (_, &Option<String>)| {
            let list = list.as_ref()?;
            let of = lists.into_iter().find(|of| of(side) == *list)?;
            Some((attribute, of(to)))
        };
        keys.into_iter().filter_map(moved).collect()
    }

    /// When the last slot was taken, which is when the message of the preview was sent; or when the
    /// room was opened.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp::from_millis(self.last_activity)
    }

    /// When a message was last edited, deleted or reacted to.
    pub fn last_change(&self) -> Option<Timestamp> {
        self.last_change.map(Timestamp::from_millis)
    }

    /// When the desk put the room away.
    pub fn archived_at(&self) -> Option<Timestamp> {
        self.archived_at.map(Timestamp::from_millis)
    }

    /// How many messages a member has not read.
    pub fn unread(&self, mark: &Mark) -> u64 {
        self.seq.saturating_sub(mark.read.max(self.floor))
    }

    /// How many messages the room holds: every slot that was handed out, less the void ones. Where slots
    /// are gone, nobody knows how many of those were void, so these few are counted among the others.
    pub fn message_count(&self) -> u64 {
        let less = if self.floor > 0 { self.floor } else { self.voids };
        self.seq.saturating_sub(less)
    }

    /// What tells how old the room's messages are.
    pub(super) fn ages(&self) -> Ages<'_> {
        Ages {
            stretches: &self.stretches,
            last: (self.seq, self.last_activity()),
            before: self.before_last.map(Timestamp::from_millis),
        }
    }

    /// How many members the room has.
    pub fn member_count(&self) -> usize {
        self.marks.len().max(self.members as usize)
    }

    /// The sides of a room of two, but the one that asks.
    pub fn others<'a>(
        &'a self,
        me: Option<&'a SideKey>,
    ) -> impl Iterator<Item = (&'a SideKey, &'a Mark)> {
        self.marks.iter().filter(move |(key, _)| Some(*key) != me)
    }

    /// Whether a message of this time moves the room, a group, in its members' inboxes.
    pub fn is_due_to_move(&self, at: Timestamp) -> bool {
        self.hour.is_some_and(|hour| hour < bucket(at, GROUP_WIDTH))
    }

    /// Id and capacity of whoever sent the newest message.
    pub fn last_sender(&self) -> Option<(&str, SenderType)> {
        if let Some(who) = &self.preview.who {
            return Some((&who.member_id, who.kind));
        }
        let mark = self.marks.get(self.preview.by.as_ref()?)?;
        Some((&mark.member_id, mark.kind.into()))
    }
}

/// The place in an index of a room that was active at `at`: the time at which the stretch of this
/// width began.
pub(super) fn bucket(at: Timestamp, width: i64) -> i64 {
    at.millis() - at.millis() % width
}

/// Reads an item that is a HEAD, as it is stored: [`Store::parse_head`] knows how old it is. The
/// tombstone of a deleted room, and the sign to where a room has moved, are none.
pub(super) fn parse(item: HashMap<String, AttributeValue>) -> Result<Option<Head>, StoreError> {
    if !item.contains_key("seq") {
        return Ok(None);
    }
    Ok(Some(serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?))
}

impl Store {
    /// A room's HEAD, as it is at this moment.
    pub(super) async fn read_head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        self.read_head_item(room).await?.map_or(Ok(None), |item| self.parse_head(item))
    }

    /// What stands in the place of a room's HEAD at this moment.
    pub(super) async fn read_head_item(
        &self,
        room: RoomId,
    ) -> Result<Option<HashMap<String, AttributeValue>>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::HEAD)))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        Ok(answer.item)
    }
}
