//! PART: a member of a group. Groups keep each member in an item of its own, so that a message
//! costs the same whatever the size of the group.
//!
//! Whether somebody is a member is decided here and by HEAD's *generation*, which grows with each
//! removal: a post commits only under the generation under which its sender was seen here. So a
//! function may remember the members of a group, and a removal still holds at once.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, ReturnValue},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    attr::{n, s},
    head::{GROUP_WIDTH, Head, Mark, Membership, bucket},
    info::Side,
    key,
    update::{self, Updated},
};
use crate::domain::{
    ids::{RoomId, Salt, SideKey},
    member::MemberRole,
    room::Seat,
    time::Timestamp,
};

/// How many members' inboxes are moved at a time.
const AT_A_TIME: usize = 32;

/// How many groups a process remembers the members of. A thousand members are about 100 kB.
const REMEMBERED: usize = 256;

/// A member of a group as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How far the member has read.
    #[serde(rename = "rd")]
    pub mark: Mark,
    /// How the member is shown.
    #[serde(rename = "sd")]
    pub shown: Side,
    /// What the member may do.
    #[serde(rename = "ro")]
    pub role: MemberRole,
    /// When the member joined, in milliseconds.
    #[serde(rename = "at")]
    pub(super) joined: i64,
    /// Index keys: the member's groups.
    q2p: String,
    q2s: i64,
}

impl Part {
    /// The item of somebody who joins now.
    pub(super) fn new(
        seat: &Seat,
        role: MemberRole,
        room: RoomId,
        salt: &Salt,
        now: Timestamp,
    ) -> Self {
        Self {
            mark: Mark::new(seat.member_id(salt, room, false), seat.member_type()),
            shown: Side::from(&seat.profile),
            role,
            joined: now.millis(),
            q2p: key::groups(&seat.key),
            q2s: bucket(now, GROUP_WIDTH),
        }
    }

    /// The item, with its key.
    pub(super) fn item(
        &self,
        room: RoomId,
        member: &SideKey,
    ) -> Result<HashMap<String, AttributeValue>, StoreError> {
        let mut item: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(self)?;
        item.extend(key::of(key::room(room), key::part(member)));
        Ok(item)
    }
}

/// Whether an item of a batch is a PART.
pub(super) fn is_part(item: &HashMap<String, AttributeValue>) -> bool {
    item.get("sk").and_then(|sort| sort.as_s().ok()).is_some_and(|sort| sort.starts_with("P#"))
}

/// Reads an item that is a PART.
pub(super) fn parse(
    item: HashMap<String, AttributeValue>,
) -> Result<Option<(SideKey, Part)>, StoreError> {
    let sort = item.get("sk").and_then(|value| value.as_s().ok());
    let Some(member) = sort.and_then(|sort| key::part_key(sort)) else { return Ok(None) };
    Ok(Some((member, serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?)))
}

/// Who was in a group when HEAD had this generation and this version of its members.
#[derive(Clone, Debug)]
pub struct Members {
    pub(super) generation: u64,
    pub(super) version: u64,
    /// The members.
    pub keys: BTreeSet<SideKey>,
}

/// The groups whose members this process has seen. That somebody is *no* member is only taken from
/// here under the version that HEAD has just shown.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<RoomId, Arc<Members>>>);

impl Remembered {
    fn get(&self, room: RoomId) -> Option<Arc<Members>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&room).cloned()
    }

    fn put(&self, room: RoomId, members: Arc<Members>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(room, members);
    }
}

/// A page of a group's members.
#[derive(Clone, Debug)]
pub struct MembersPage {
    /// The members, in no telling order, but always the same.
    pub members: Vec<(SideKey, Part)>,
    /// The last of them, if more follow.
    pub next: Option<SideKey>,
}

impl Store {
    /// A member of a group, as it is at this moment.
    pub(super) async fn read_part(
        &self,
        room: RoomId,
        member: &SideKey,
    ) -> Result<Option<Part>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::part(member))))
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item.map(serde_dynamo::aws_sdk_dynamodb_1::from_item).transpose()?)
    }

    /// A member that was read beside HEAD, and so perhaps before it: read again, or whoever was
    /// removed between the two would be shown what came after the removal. Somebody who is known as
    /// a member under the very generation that HEAD shows has not been removed.
    pub(super) async fn confirmed(
        &self,
        room: RoomId,
        member: &SideKey,
        head: &Head,
        part: Part,
    ) -> Result<Option<Part>, StoreError> {
        let known = self.remembered.get(room).is_some_and(|members| {
            members.generation == head.generation && members.keys.contains(member)
        });
        if known { Ok(Some(part)) } else { self.read_part(room, member).await }
    }

    /// A page of a group's members, behind `after`. It is for whoever holds a membership.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn members_page(
        &self,
        room: RoomId,
        limit: usize,
        after: Option<&SideKey>,
    ) -> Result<MembersPage, StoreError> {
        let start = after.map(|member| key::of(key::room(room), key::part(member)));
        let query = self.parts(room).set_exclusive_start_key(start);
        let answer = query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).send().await?;
        let more = answer.last_evaluated_key.is_some();
        let members = collect(answer.items)?;
        let next = members.last().filter(|_| more).map(|(key, _)| key.clone());
        Ok(MembersPage { members, next })
    }

    /// The members of a group: those remembered, if HEAD has not changed since, or as they are.
    pub(super) async fn members_at(
        &self,
        room: RoomId,
        head: &Head,
    ) -> Result<Arc<Members>, StoreError> {
        let current = |members: &Arc<Members>| {
            members.generation == head.generation && members.version == head.members_version
        };
        match self.remembered.get(room).filter(current) {
            Some(members) => Ok(members),
            None => self.load_members(room, head).await,
        }
    }

    /// The members of a group as this process remembers them, or as they are; `None` where there is
    /// no such group.
    pub(super) async fn members(&self, room: RoomId) -> Result<Option<Arc<Members>>, StoreError> {
        if let Some(members) = self.remembered.get(room) {
            return Ok(Some(members));
        }
        self.fresh_members(room).await
    }

    /// The members of a group as they are. HEAD first: see [`Store::membership`].
    pub(super) async fn fresh_members(
        &self,
        room: RoomId,
    ) -> Result<Option<Arc<Members>>, StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        self.members_at(room, &head).await.map(Some)
    }

    async fn load_members(&self, room: RoomId, head: &Head) -> Result<Arc<Members>, StoreError> {
        let keys = self.all_members(room).await?.into_iter().map(|(key, _)| key).collect();
        let (generation, version) = (head.generation, head.members_version);
        let members = Arc::new(Members { generation, version, keys });
        self.remembered.put(room, Arc::clone(&members));
        Ok(members)
    }

    /// A group's HEAD and the keys of its members, as they are; `None` where there is no such group.
    /// It is for whoever has just changed the members.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn group_now(
        &self,
        room: RoomId,
    ) -> Result<Option<(Head, Vec<SideKey>)>, StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        let members = self.members_at(room, &head).await?;
        Ok(Some((head, members.keys.iter().cloned().collect())))
    }

    /// The keys of whoever is in a room: of its two sides, or of a group's members.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn keys_of(&self, room: &Membership) -> Result<Vec<SideKey>, StoreError> {
        if room.part.is_none() {
            return Ok(room.head.marks.keys().cloned().collect());
        }
        let members = self.members_at(room.room, &room.head).await?;
        Ok(members.keys.iter().cloned().collect())
    }

    /// All members of a group, as they are.
    pub(super) async fn all_members(
        &self,
        room: RoomId,
    ) -> Result<Vec<(SideKey, Part)>, StoreError> {
        let (mut members, mut start) = (Vec::new(), None);
        loop {
            let query = self.parts(room).consistent_read(true).set_exclusive_start_key(start);
            let answer = query.send().await?;
            members.extend(collect(answer.items)?);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(members);
            }
        }
    }

    fn parts(&self, room: RoomId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :room AND begins_with(sk, :part)")
            .expression_attribute_values(":room", s(key::room(room)))
            .expression_attribute_values(":part", s("P#"))
    }

    /// Moves a member's read mark forward, never back; says whether it moved. `None` to a stranger.
    pub(super) async fn mark_part(
        &self,
        room: RoomId,
        member: &SideKey,
        seq: u64,
        now: Timestamp,
    ) -> Result<Option<(bool, Part)>, StoreError> {
        let request = self
            .update(key::of(key::room(room), key::part(member)))
            .update_expression("SET rd.s = :seq, rd.t = :now")
            .condition_expression("attribute_exists(pk) AND rd.s < :seq")
            .expression_attribute_values(":seq", n(seq))
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew);
        let (moved, item) = match update::send(request).await? {
            Updated::Done(item) => (true, Some(item)),
            Updated::Refused(item) => (false, item),
        };
        let part = item.map(serde_dynamo::aws_sdk_dynamodb_1::from_item).transpose()?;
        Ok(part.map(|part| (moved, part)))
    }

    /// Shows a member as it now calls itself, while it is one.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn update_shown(
        &self,
        room: RoomId,
        member: &SideKey,
        shown: &Side,
    ) -> Result<(), StoreError> {
        let shown: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(shown)?;
        let request = self
            .update(key::of(key::room(room), key::part(member)))
            .update_expression("SET sd = :shown")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":shown", AttributeValue::M(shown));
        update::send(request).await.map(|_| ())
    }

    /// Moves a group to its new place in the inboxes of all its members, and then says so in HEAD:
    /// whoever dies in between leaves it to the next post.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn move_in_inboxes(
        &self,
        room: RoomId,
        members: &Members,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let place = bucket(at, GROUP_WIDTH);
        let part = |member| key::of(key::room(room), key::part(member));
        let moves: Vec<_> =
            members.keys.iter().map(|m| self.move_place(part(m), "q2s", place)).collect();
        stream::iter(moves).buffer_unordered(AT_A_TIME).try_collect::<Vec<()>>().await?;
        self.move_place(key::of(key::room(room), key::HEAD), "hr", place).await
    }

    /// Moves one item's place forward. Where it stands there already, or its member has left, there
    /// is nothing to do.
    async fn move_place(
        &self,
        key: key::Key,
        attribute: &str,
        place: i64,
    ) -> Result<(), StoreError> {
        let request = self
            .update(key)
            .update_expression("SET #place = :place")
            .condition_expression("#place < :place")
            .expression_attribute_names("#place", attribute)
            .expression_attribute_values(":place", n(place));
        update::send(request).await.map(|_| ())
    }
}

fn collect(
    items: Option<Vec<HashMap<String, AttributeValue>>>,
) -> Result<Vec<(SideKey, Part)>, StoreError> {
    items.unwrap_or_default().into_iter().filter_map(|item| parse(item).transpose()).collect()
}
