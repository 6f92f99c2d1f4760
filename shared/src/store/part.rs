//! PART: a member of a group. Groups keep each member in an item of its own, so that a message
//! costs the same whatever the size of the group.

use std::collections::HashMap;

use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::AttributeValue};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    attr::{n, s},
    head::{GROUP_WIDTH, Mark, bucket},
    info::Side,
    key,
    roster::Members,
    update,
};
use crate::domain::{
    ids::{RoomId, Salt, SideKey},
    member::MemberRole,
    room::Seat,
    time::Timestamp,
};

/// How many members' inboxes are moved at a time.
const AT_A_TIME: usize = 32;

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
            .boxed()
            .await?;
        Ok(answer.item.map(serde_dynamo::aws_sdk_dynamodb_1::from_item).transpose()?)
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
        let answer = query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).send().boxed().await?;
        let more = answer.last_evaluated_key.is_some();
        let members = collect(answer.items)?;
        let next = members.last().filter(|_| more).map(|(key, _)| key.clone());
        Ok(MembersPage { members, next })
    }

    /// All members of a group, in the order of their keys.
    pub(super) fn parts(&self, room: RoomId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :room AND begins_with(sk, :part)")
            .expression_attribute_values(":room", s(key::room(room)))
            .expression_attribute_values(":part", s("P#"))
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

/// The members that a query found.
pub(super) fn collect(
    items: Option<Vec<HashMap<String, AttributeValue>>>,
) -> Result<Vec<(SideKey, Part)>, StoreError> {
    items.unwrap_or_default().into_iter().filter_map(|item| parse(item).transpose()).collect()
}
