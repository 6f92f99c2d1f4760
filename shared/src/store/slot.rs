//! MSG: what stands at a slot of a room, a message or a void. Whatever was put there first stays.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{StoreError, key};
use crate::domain::{
    ids::{ClientId, RoomId},
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
    b: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<u64>,
    v: u64,
    /// Keyed hash of what was posted, to tell a repeat from another post under the same client id.
    h: String,
}

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
    Ok(serde_dynamo::aws_sdk_dynamodb_1::to_item(Item {
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
            h: fingerprint.to_owned(),
        }),
    })?)
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
    item: HashMap<String, AttributeValue>,
) -> Result<Stored, StoreError> {
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
                rev: content.v,
            }),
            at,
            fingerprint: content.h,
        },
    })
}
