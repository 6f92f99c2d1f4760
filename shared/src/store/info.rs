//! INFO: what seldom changes about a room and lists show, beside HEAD so that HEAD stays small.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem, Update};
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError, attr::s, key, membership::Membership, transact::transaction, update,
};
use crate::domain::{
    ids::{RoomId, Salt, SideKey},
    member::MemberType,
    principal::{Principal, Profile},
    room::{Desk, Founding, Identity, Seat},
    time::Timestamp,
};

/// Of a group, INFO shows as many members as a list has room for.
pub(super) const SHOWN_MEMBERS: usize = 20;

/// A room's INFO.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// How the sides are shown; of a group, how some of its members are.
    pub sides: BTreeMap<SideKey, Side>,
    /// The title that the room's members gave it.
    #[serde(rename = "ti", default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The listing that the room is about.
    #[serde(rename = "li", default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<ListingRef>,
    /// The group whose raffle made the room.
    #[serde(rename = "gr", default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When the room was opened, in milliseconds.
    #[serde(rename = "at")]
    created_at: i64,
}

/// The listing that a room is about, as it was when the room was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ListingRef {
    /// The application's own id of it.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// How a side is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The name.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of a picture.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The e-mail address, where agents may see it.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The account's own id, where the room calls it by another one.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// In groups: the member's id and what it is, which HEAD does not hold.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub member: Option<(String, MemberType)>,
}

impl From<&Profile> for Side {
    fn from(profile: &Profile) -> Self {
        Self { name: profile.name.clone(), picture: profile.picture.clone(), ..Self::default() }
    }
}

impl Side {
    /// How a side of a new room is shown.
    fn of_seat(founding: &Founding, seat: &Seat, is_first: bool) -> Self {
        let rules = founding.kind.rules();
        let mut side = Self::from(&seat.profile);
        if rules.desk == Some(Desk::Support) {
            side.email.clone_from(&seat.profile.email);
        }
        if let (true, Identity::Account(account)) =
            (rules.masks_first_side && is_first, &seat.identity)
        {
            side.user_id = Some(account.id.clone());
        }
        side
    }

    /// How a member of a group is shown.
    pub(super) fn of_member(id: String, kind: MemberType, profile: &Profile) -> Self {
        Self { member: Some((id, kind)), ..Self::from(profile) }
    }

    /// The same side with a newer profile. What the profile does not tell, or the room does not
    /// show, stays.
    #[must_use]
    pub fn renewed(&self, room: RoomId, profile: &Profile) -> Self {
        let mut side = self.clone();
        let newer = |old: &mut Option<String>, new: &Option<String>| {
            if new.is_some() {
                old.clone_from(new);
            }
        };
        newer(&mut side.name, &profile.name);
        newer(&mut side.picture, &profile.picture);
        if room.kind().rules().desk == Some(Desk::Support) {
            newer(&mut side.email, &profile.email);
        }
        side
    }

    /// The same side, now somebody else's: a guest who has signed in.
    #[must_use]
    pub(super) fn taken_over_by(&self, account: &Principal, room: RoomId, by: &Profile) -> Self {
        Self { user_id: Some(account.id.clone()), ..self.renewed(room, by) }
    }
}

impl Info {
    /// The INFO of a room that is opened now.
    pub(super) fn new(founding: &Founding, id: RoomId, salt: &Salt, now: Timestamp) -> Self {
        let many = founding.kind.rules().has_many_members();
        let shown = if many { SHOWN_MEMBERS } else { founding.seats.len() };
        let sides = founding.seats.iter().take(shown).enumerate().map(|(place, seat)| {
            let side = if many {
                let member_id = seat.member_id(salt, id, false);
                Side::of_member(member_id, seat.member_type(), &seat.profile)
            } else {
                Side::of_seat(founding, seat, place == 0)
            };
            (seat.key.clone(), side)
        });
        let about = founding.about.clone();
        Self {
            sides: sides.collect(),
            title: about.title,
            listing: about.listing.map(|(id, title)| ListingRef { id, title }),
            group: about.group,
            created_at: now.millis(),
        }
    }

    /// When the room was opened.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }
}

/// Reads an item that is an INFO.
pub(super) fn parse(item: HashMap<String, AttributeValue>) -> Result<Info, StoreError> {
    Ok(serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?)
}

impl Store {
    /// The INFO of a room; an empty one where there is none.
    pub(super) async fn read_info(&self, room: RoomId) -> Result<Info, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::INFO)))
            .send()
            .boxed()
            .await?;
        answer.item.map_or(Ok(Info::default()), parse)
    }

    /// Writes the INFO of a room that is being opened, unless somebody else just did.
    pub(super) async fn create_info(&self, room: RoomId, info: &Info) -> Result<(), StoreError> {
        let mut item: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(info)?;
        item.extend(key::of(key::room(room), key::INFO));
        self.put_if_absent(item).await.map(|_| ())
    }

    /// Shows a side as it now calls itself. Where the room is gone, its names are gone with it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn update_side(
        &self,
        room: RoomId,
        side: &SideKey,
        shown: &Side,
    ) -> Result<(), StoreError> {
        let shown: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(shown)?;
        let request = self
            .update(key::of(key::room(room), key::INFO))
            .update_expression("SET sides.#side = :shown")
            .condition_expression("attribute_exists(sides.#side)")
            .expression_attribute_names("#side", side.as_str())
            .expression_attribute_values(":shown", AttributeValue::M(shown));
        update::send(request).await.map(|_| ())
    }

    /// Gives a group a title, or takes it away; says whether the one who does is still a member.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn set_title(
        &self,
        room: &Membership,
        title: Option<&str>,
    ) -> Result<bool, StoreError> {
        let still_there = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room.room), key::part(&room.me))))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(StoreError::broken)?;
        let info = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room.room), key::INFO)))
            .condition_expression("attribute_exists(pk)");
        let info = match title {
            Some(title) => info
                .update_expression("SET ti = :title")
                .expression_attribute_values(":title", s(title)),
            None => info.update_expression("REMOVE ti"),
        };
        let items = transaction([
            TransactWriteItem::builder().condition_check(still_there),
            TransactWriteItem::builder().update(info.build().map_err(StoreError::broken)?),
        ]);
        Ok(self.transact(items).await?.is_done())
    }
}

/// The partition key of an item, to sort what a batch answers.
pub(super) fn partition(item: &HashMap<String, AttributeValue>) -> Option<RoomId> {
    item.get("pk").and_then(|value| value.as_s().ok()).and_then(|text| key::room_id(text))
}

/// Whether an item of a batch is an INFO.
pub(super) fn is_info(item: &HashMap<String, AttributeValue>) -> bool {
    item.get("sk") == Some(&s(key::INFO))
}
