//! MSG: what stands at a slot of a room, a message or a void. Whatever was put there first stays.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{StoreError, key};
use crate::domain::{
    ids::{ClientId, RoomId, SideKey},
    message::{Message, MessageType, SenderType, Slot},
    time::Timestamp,
};

/// The item as it is stored. With a body of 700 bytes and the longest ids it stays under one
/// kilobyte: one write unit.
#[derive(Serialize, Deserialize)]
struct Item {
    pk: String,
    sk: String,
    /// When the slot was taken; of a void, when it was closed.
    t: i64,
    /// Set on a void, which has nothing below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<u8>,
    #[serde(flatten)]
    message: Option<Content>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    /// The sender's id in the room.
    i: String,
    /// In which capacity.
    #[serde(default)]
    y: SenderType,
    #[serde(default, skip_serializing_if = "MessageType::is_text")]
    k: MessageType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<u64>,
    v: u64,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<i64>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<i64>,
    /// Keyed hash of what was posted, to tell a repeat from another post under the same client id. It
    /// stays when the text is edited, and goes with a deletion.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    h: String,
}

/// The attribute that holds who reacted with what: a map of sets, there from birth because update
/// paths need it.
const REACTIONS: &str = "re";

/// What was found at a slot.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The message or void.
    pub slot: Slot,
    /// When the slot was taken or closed.
    pub at: Timestamp,
    /// The hash of what was posted; empty for a void.
    pub fingerprint: String,
}

/// The item of a message.
pub(super) fn message_item(
    message: &Message,
    fingerprint: &str,
) -> Result<HashMap<String, AttributeValue>, StoreError> {
    let item = Item {
        pk: key::room(message.room),
        sk: key::slot(message.seq),
        t: message.created_at.millis(),
        x: None,
        message: Some(Content {
            i: message.sender_id.clone(),
            y: message.sender_type,
            k: message.kind,
            b: message.body.clone(),
            c: message.client_id.map(|id| id.0),
            r: message.reply_to,
            v: message.rev,
            e: None,
            d: None,
            h: fingerprint.to_owned(),
        }),
    };
    let mut item: HashMap<String, AttributeValue> =
        serde_dynamo::aws_sdk_dynamodb_1::to_item(item)?;
    item.insert(REACTIONS.into(), AttributeValue::M(HashMap::new()));
    Ok(item)
}

/// The item of a void.
pub(super) fn void_item(
    room: RoomId,
    seq: u64,
    now: Timestamp,
) -> Result<HashMap<String, AttributeValue>, StoreError> {
    let void = Item {
        pk: key::room(room),
        sk: key::slot(seq),
        t: now.millis(),
        x: Some(1),
        message: None,
    };
    Ok(serde_dynamo::aws_sdk_dynamodb_1::to_item(void)?)
}

/// Reads an item that stands at a slot.
pub(super) fn parse(
    room: RoomId,
    mut item: HashMap<String, AttributeValue>,
) -> Result<Stored, StoreError> {
    let reactions = reactions(item.remove(REACTIONS));
    let item: Item = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
    let seq =
        key::slot_seq(&item.sk).ok_or_else(|| StoreError::broken("a slot without a number"))?;
    let at = Timestamp::from_millis(item.t);
    Ok(match item.message {
        None => Stored { slot: Slot::Void(seq), at, fingerprint: String::new() },
        Some(content) => Stored {
            slot: Slot::Message(Message {
                room,
                seq,
                kind: content.k,
                sender_id: content.i,
                sender_type: content.y,
                body: content.b,
                client_id: content.c.map(ClientId),
                reply_to: content.r,
                created_at: at,
                edited_at: content.e.map(Timestamp::from_millis),
                deleted_at: content.d.map(Timestamp::from_millis),
                reactions,
                rev: content.v,
            }),
            at,
            fingerprint: content.h,
        },
    })
}

/// Who reacted with what. Whatever else may stand there is no reaction.
fn reactions(stored: Option<AttributeValue>) -> BTreeMap<String, BTreeSet<SideKey>> {
    let Some(AttributeValue::M(stored)) = stored else { return BTreeMap::new() };
    let members = |keys: &Vec<String>| keys.iter().filter_map(|key| SideKey::parse(key)).collect();
    stored
        .into_iter()
        .filter_map(|(emoji, keys)| Some((emoji, members(keys.as_ss().ok()?))))
        .collect()
}
