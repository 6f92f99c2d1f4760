//! INFO: what seldom changes about a room and lists show, beside HEAD so that HEAD stays small.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, attr::s, fault::old_item, key};
use crate::domain::{
    ids::{RoomId, SideKey},
    principal::Profile,
    room::Founding,
    time::Timestamp,
};

/// A room's INFO.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// How the sides are shown.
    pub sides: BTreeMap<SideKey, Side>,
    /// When the room was opened, in milliseconds.
    #[serde(rename = "at")]
    created_at: i64,
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
}

impl From<&Profile> for Side {
    fn from(profile: &Profile) -> Self {
        Self { name: profile.name.clone(), picture: profile.picture.clone() }
    }
}

impl Info {
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
    /// Writes the INFO of a room that is being opened, unless somebody else just did.
    pub(super) async fn create_info(
        &self,
        founding: &Founding,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sides = founding.sides.iter().map(|side| (side.key.clone(), Side::from(&side.profile)));
        let info = Info { sides: sides.collect(), created_at: now.millis() };
        let mut item: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(info)?;
        item.extend(key::of(key::room(founding.id), key::INFO));
        self.put_if_absent(item).await.map(|_| ())
    }

    /// Shows a side as it now calls itself.
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
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::INFO)))
            .update_expression("SET sides.#side = :shown")
            .condition_expression("attribute_exists(sides.#side)")
            .expression_attribute_names("#side", side.as_str())
            .expression_attribute_values(":shown", AttributeValue::M(shown))
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            // The room is gone, and its names with it.
            Err(error) => old_item(error).map(|_| ()),
        }
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
