//! The design's reads and writes.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put, TransactWriteItem, Update},
};
use serde_json::{Value, json};
use shared::domain::time::system_now;
use uuid::Uuid;

use super::{INDEX, TABLE};
use crate::Failure;

type Row = HashMap<String, AttributeValue>;

/// A room and who is in it.
pub(super) struct Meta {
    pub(super) seq: u64,
    pub(super) members: Vec<String>,
}

impl Meta {
    /// Reads both, strongly; none where there is no room.
    pub(super) async fn read(dynamodb: &Client, room: &str) -> Result<Option<Self>, Failure> {
        let query = dynamodb.query().table_name(TABLE).consistent_read(true);
        let found = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :meta)")
            .expression_attribute_values(":pk", text(format!("ROOM#{room}")))
            .expression_attribute_values(":meta", text("META#"))
            .send()
            .await?;
        let Some(head) = found.items().iter().find(|row| string(row, "sk") == "META#ROOM") else {
            return Ok(None);
        };
        let members = found.items().iter().map(|row| string(row, "user_id"));
        let members = members.filter(|member| !member.is_empty()).map(ToOwned::to_owned).collect();
        Ok(Some(Self { seq: number(head, "seq"), members }))
    }
}

/// A message that is about to be stored.
pub(super) struct Message<'a> {
    id: Uuid,
    room: &'a str,
    seq: u64,
    sender: &'a str,
    body: &'a str,
    client_id: Option<&'a str>,
    created_at: String,
}

impl<'a> Message<'a> {
    pub(super) fn new(
        room: &'a str,
        seq: u64,
        sender: &'a str,
        body: &'a str,
        client_id: Option<&'a str>,
    ) -> Self {
        let created_at = system_now().to_string();
        Self { id: Uuid::new_v4(), room, seq, sender, body, client_id, created_at }
    }

    /// As it is answered and told.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "room_id": self.room, "seq": self.seq, "client_id": self.client_id,
            "sender_id": self.sender, "body": self.body, "created_at": self.created_at,
        })
    }

    fn row(&self) -> Row {
        let client_id = self.client_id.map_or(AttributeValue::Null(true), text);
        [
            ("pk", text(format!("ROOM#{}", self.room))),
            ("sk", text(format!("MSG#{:012}", self.seq))),
            ("id", text(self.id)),
            ("room_id", text(self.room)),
            ("seq", AttributeValue::N(self.seq.to_string())),
            ("client_id", client_id),
            ("sender_id", text(self.sender)),
            ("body", text(self.body)),
            ("created_at", text(&self.created_at)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// The transaction: the message, the room if it is still as read, each member.
pub(super) fn writes(message: &Message<'_>, meta: &Meta) -> Vec<TransactWriteItem> {
    let preview = text(message.body.chars().take(100).collect::<String>());
    let put = Put::builder()
        .table_name(TABLE)
        .set_item(Some(message.row()))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .expect("a table and an item");
    let room = update(message.room, "META#ROOM")
        .update_expression("SET seq = :seq, preview = :preview, last_message_at = :at")
        .condition_expression("seq = :before")
        .expression_attribute_values(":seq", AttributeValue::N(message.seq.to_string()))
        .expression_attribute_values(":before", AttributeValue::N(meta.seq.to_string()))
        .expression_attribute_values(":preview", preview.clone())
        .expression_attribute_values(":at", text(&message.created_at))
        .build()
        .expect("a table, a key and an expression");
    let members = meta.members.iter().map(|member| {
        let unread = i32::from(member != message.sender);
        let update = update(message.room, &format!("META#MEMBER#{member}"))
            .update_expression("SET preview = :preview, inbox_sk = :order ADD unread :unread")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":preview", preview.clone())
            .expression_attribute_values(
                ":order",
                text(format!("{}#{}", message.created_at, message.room)),
            )
            .expression_attribute_values(":unread", AttributeValue::N(unread.to_string()))
            .build()
            .expect("a table, a key and an expression");
        TransactWriteItem::builder().update(update).build()
    });
    let first = [
        TransactWriteItem::builder().put(put).build(),
        TransactWriteItem::builder().update(room).build(),
    ];
    first.into_iter().chain(members).collect()
}

fn update(room: &str, sk: &str) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
    let key = Update::builder().table_name(TABLE).key("pk", text(format!("ROOM#{room}")));
    key.key("sk", text(sk))
}

/// A page of a person's rooms, newest first.
pub(super) async fn inbox(
    dynamodb: &Client,
    caller: &str,
    limit: i32,
    cursor: Option<&str>,
) -> Result<Value, Failure> {
    let pk = format!("USER#{caller}");
    let mut query = dynamodb
        .query()
        .table_name(TABLE)
        .index_name(INDEX)
        .key_condition_expression("inbox_pk = :pk")
        .expression_attribute_values(":pk", text(&pk))
        .scan_index_forward(false)
        .limit(limit);
    if let Some((at, room)) = cursor.and_then(|cursor| cursor.split_once('#')) {
        query = query
            .exclusive_start_key("inbox_pk", text(&pk))
            .exclusive_start_key("inbox_sk", text(format!("{at}#{room}")))
            .exclusive_start_key("pk", text(format!("ROOM#{room}")))
            .exclusive_start_key("sk", text(format!("META#MEMBER#{caller}")));
    }
    let found = query.send().await?;
    let next = found.last_evaluated_key().map(|key| string(key, "inbox_sk"));
    let rooms = found.items().iter().map(|row| {
        json!({
            "id": string(row, "pk").trim_start_matches("ROOM#"), "unread": number(row, "unread"),
            "preview": string(row, "preview"),
            "last_message_at": string(row, "inbox_sk").split('#').next(),
        })
    });
    Ok(json!({ "rooms": rooms.collect::<Vec<_>>(), "next": next }))
}

/// A page of a room's messages, up to one; none for somebody who is no member.
pub(super) async fn history(
    dynamodb: &Client,
    room: &str,
    caller: &str,
    limit: i32,
    before: Option<u64>,
) -> Result<Option<Value>, Failure> {
    let pk = text(format!("ROOM#{room}"));
    let last = before.unwrap_or(999_999_999_999).saturating_sub(1);
    let member = dynamodb
        .get_item()
        .table_name(TABLE)
        .key("pk", pk.clone())
        .key("sk", text(format!("META#MEMBER#{caller}")))
        .send();
    let page = dynamodb
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
        .expression_attribute_values(":pk", pk)
        .expression_attribute_values(":first", text("MSG#"))
        .expression_attribute_values(":last", text(format!("MSG#{last:012}")))
        .scan_index_forward(false)
        .limit(limit)
        .send();
    let (member, page) = tokio::join!(member, page);
    let page = page?;
    let messages = page.items().iter().rev().map(|row| {
        json!({
            "id": string(row, "id"), "seq": number(row, "seq"), "client_id": string(row, "client_id"),
            "sender_id": string(row, "sender_id"), "body": string(row, "body"),
            "created_at": string(row, "created_at"),
        })
    });
    let page = json!({ "messages": messages.collect::<Vec<_>>() });
    Ok(member?.item.map(|_| page))
}

fn text(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

fn string<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).unwrap_or_default()
}

fn number(row: &Row, name: &str) -> u64 {
    let number = row.get(name).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}
