//! HEAD: the item of a room that every message touches. Its presence of a side's read mark is the
//! membership, its counter the order, its maps exist from birth because update paths need them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, key};
use crate::domain::{
    ids::{RoomId, SideKey},
    principal::{Principal, PrincipalType},
    room::Founding,
    time::Timestamp,
};

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
    /// Read marks by side; a key that is here is a member.
    #[serde(rename = "rd")]
    pub marks: BTreeMap<SideKey, Mark>,
    /// Sides that may no longer post.
    #[serde(rename = "bl")]
    pub blocked: BTreeMap<SideKey, u64>,
    /// Per sender: when its next post would be on time.
    pub rate: BTreeMap<SideKey, u64>,
    /// The newest message, as lists show it.
    #[serde(rename = "pv")]
    pub preview: Preview,
    /// When the last slot was taken, in milliseconds.
    #[serde(rename = "la")]
    last_activity: i64,
    /// Index keys: the b side's inbox.
    q1p: String,
    q1s: i64,
    /// Index keys: the a side's inbox.
    q2p: String,
    q2s: i64,
}

/// How far a side has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The side's id in this room, as the API shows it.
    #[serde(rename = "i")]
    pub member_id: String,
    /// What sort of account it is.
    #[serde(rename = "k", default, skip_serializing_if = "is_user")]
    pub kind: PrincipalType,
    /// The slot up to which it has read.
    #[serde(rename = "s")]
    pub read: u64,
    /// When it said so last, in milliseconds; 0 when never.
    #[serde(rename = "t")]
    at: i64,
}

impl Mark {
    /// When the side marked its reading last.
    pub fn read_at(&self) -> Option<Timestamp> {
        (self.at > 0).then(|| Timestamp::from_millis(self.at))
    }
}

fn is_user(kind: &PrincipalType) -> bool {
    *kind == PrincipalType::User
}

/// The newest message, as lists show it; nothing in it when none was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The slot.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The text. Only a commit writes it; who closes the slot removes it.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The sender.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SideKey>,
    /// When the slot was taken, in milliseconds.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
}

impl Preview {
    /// When the newest message was sent.
    pub fn sent_at(&self) -> Option<Timestamp> {
        self.at.map(Timestamp::from_millis)
    }
}

impl Head {
    /// The HEAD of a room that is opened now.
    pub(super) fn new(founding: &Founding, now: Timestamp) -> Self {
        let [a, b] = &founding.sides;
        let bucket = bucket(founding.id, now);
        let mark = |principal: &Principal| Mark {
            member_id: principal.member_id(),
            kind: principal.kind,
            read: 0,
            at: 0,
        };
        Self {
            seq: 0,
            floor: 0,
            rev: 0,
            voids: 0,
            marks: [a, b].map(|side| (side.key.clone(), mark(&side.principal))).into(),
            blocked: BTreeMap::new(),
            rate: BTreeMap::new(),
            preview: Preview::default(),
            last_activity: now.millis(),
            q1p: key::side(&b.key),
            q1s: bucket,
            q2p: key::side(&a.key),
            q2s: bucket,
        }
    }

    /// When the last slot was taken, or the room opened.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp::from_millis(self.last_activity)
    }

    /// How many messages a side has not read.
    pub fn unread(&self, mark: &Mark) -> u64 {
        self.seq.saturating_sub(mark.read)
    }

    /// How many messages the room holds: every slot that was handed out, less the void ones.
    pub fn message_count(&self) -> u64 {
        self.seq.saturating_sub(self.voids)
    }

    /// The other side of a room of two.
    pub fn other(&self, me: &SideKey) -> Option<(&SideKey, &Mark)> {
        self.marks.iter().find(|(key, _)| *key != me)
    }
}

/// The index position of a room that was active at `at`.
pub(super) fn bucket(room: RoomId, at: Timestamp) -> i64 {
    at.millis() / room.kind().rules().bucket_millis
}

/// A room together with the proof that `me` is in it. Only the store makes one.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The room.
    pub room: RoomId,
    /// The member.
    pub me: SideKey,
    /// The room's HEAD as it was read.
    pub head: Head,
}

impl Membership {
    /// `None` to a stranger.
    pub(super) fn check(room: RoomId, me: &SideKey, head: Option<Head>) -> Option<Self> {
        let head = head?;
        head.marks.contains_key(me).then(|| Self { room, me: me.clone(), head })
    }

    /// The member's own read mark.
    pub fn mark(&self) -> &Mark {
        self.head.marks.get(&self.me).expect("a membership is made only of a member")
    }

    /// How many messages the member has not read.
    pub fn unread(&self) -> u64 {
        self.head.unread(self.mark())
    }
}

/// Reads an item that is a HEAD. The tombstone of a deleted room is none.
pub(super) fn parse(item: HashMap<String, AttributeValue>) -> Result<Option<Head>, StoreError> {
    if !item.contains_key("seq") {
        return Ok(None);
    }
    Ok(Some(serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?))
}

impl Store {
    /// A room's HEAD, as it is at this moment.
    pub(super) async fn read_head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::HEAD)))
            .consistent_read(true)
            .send()
            .await?;
        answer.item.map_or(Ok(None), parse)
    }

    /// The room, if `me` is in it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn membership(
        &self,
        room: RoomId,
        me: &SideKey,
    ) -> Result<Option<Membership>, StoreError> {
        Ok(Membership::check(room, me, self.read_head(room).await?))
    }
}
