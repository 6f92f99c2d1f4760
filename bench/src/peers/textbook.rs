//! The textbook's design of a chat in DynamoDB, as the handlers of bench/peers use it too: one table, and
//! for each message one transaction that writes the message and updates the room and all members.
//!
//! | row | `pk` | `sk` | holds |
//! |---|---|---|---|
//! | room | `ROOM#<id>` | `META#ROOM` | `seq`, preview, last activity |
//! | member | `ROOM#<id>` | `META#MEMBER#<user>` | unread count, preview; `inbox_pk`, `inbox_sk` for the index |
//! | message | `ROOM#<id>` | `MSG#<seq, 12 digits>` | the message |
//!
//! An inbox is one query of the index `inbox` (`USER#<user>`, `<last activity>#<room>`), which holds all that is
//! shown. A post reads the room and its members, strongly and at once, and writes on the condition that `seq` is
//! still what was read; whoever was slower reads again.

mod relay;
mod rows;
pub(crate) mod server;

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::{Value, json};
use tests::{RELAY_APP, RELAY_KEY, RELAY_SECRET, token};
use uuid::Uuid;

use super::wire::Dynamo;
use crate::Failure;

/// The table.
pub(crate) const TABLE: &str = "textbook";
/// The index of members by user and activity.
pub(crate) const INDEX: &str = "inbox";

/// How many rows a call puts at most.
const BATCH: usize = 25;

/// What the handlers in Node and Python need to know.
pub(crate) fn environment(store: SocketAddr, relay: u16) -> BTreeMap<String, String> {
    let own = [
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_DEFAULT_REGION", "eu-central-1".to_owned()),
        ("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{store}")),
        ("TEXTBOOK_TABLE", TABLE.to_owned()),
        ("PUSHER_APP_ID", RELAY_APP.to_owned()),
        ("PUSHER_KEY", RELAY_KEY.to_owned()),
        ("PUSHER_SECRET", RELAY_SECRET.to_owned()),
        ("PUSHER_HOST", "127.0.0.1".to_owned()),
        ("PUSHER_PORT", relay.to_string()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    token_environment().into_iter().chain(own).collect()
}

/// What peers must know to take the same tokens as the local program.
pub(crate) fn token_environment() -> BTreeMap<String, String> {
    let claims = token::claims("anybody");
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    let pairs = [
        ("JWT_SECRET", token::SECRET.to_owned()),
        ("JWT_ISSUER", text("iss")),
        ("JWT_AUDIENCE", text("aud")),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Makes the table.
///
/// # Errors
/// When it is there.
pub(crate) async fn create_table(dynamo: &Dynamo) -> Result<(), Failure> {
    let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let keys = |pk: &str, sk: &str| {
        json!([
            { "AttributeName": pk, "KeyType": "HASH" },
            { "AttributeName": sk, "KeyType": "RANGE" },
        ])
    };
    let table = json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions": [text("pk"), text("sk"), text("inbox_pk"), text("inbox_sk")],
        "GlobalSecondaryIndexes": [{
            "IndexName": INDEX, "KeySchema": keys("inbox_pk", "inbox_sk"),
            "Projection": { "ProjectionType": "ALL" },
        }],
    });
    dynamo.ask("CreateTable", &table).await.map(drop)
}

/// Makes a room in which nobody has written.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn open_room(
    dynamo: &Dynamo,
    room: &str,
    members: &[&str],
) -> Result<(), Failure> {
    let at = "2026-01-01T00:00:00.000Z";
    put_all(dynamo, rows(room, members, 0, at).into_iter()).await
}

/// Puts rows, however many.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn put_all(
    dynamo: &Dynamo,
    rows: impl Iterator<Item = Value>,
) -> Result<(), Failure> {
    let mut rows = rows.map(|row| json!({ "PutRequest": { "Item": row } })).peekable();
    while rows.peek().is_some() {
        let batch: Vec<Value> = rows.by_ref().take(BATCH).collect();
        dynamo.ask("BatchWriteItem", &json!({ "RequestItems": { TABLE: batch } })).await?;
    }
    Ok(())
}

/// The rows of a room in which so many messages were written, the last of them at this time.
pub(crate) fn rows(room: &str, members: &[&str], seq: usize, at: &str) -> Vec<Value> {
    let pk = json!({ "S": format!("ROOM#{room}") });
    let preview = json!({ "S": "Hello, I have a question about what you wrote." });
    let mut rows = vec![json!({
        "pk": pk, "sk": { "S": "META#ROOM" }, "seq": { "N": seq.to_string() },
        "last_message_at": { "S": at }, "preview": preview,
    })];
    rows.extend(members.iter().map(|member| {
        json!({
            "pk": pk, "sk": { "S": format!("META#MEMBER#{member}") }, "user_id": { "S": member },
            "unread": { "N": "0" }, "preview": preview,
            "inbox_pk": { "S": format!("USER#{member}") }, "inbox_sk": { "S": format!("{at}#{room}") },
        })
    }));
    rows
}

/// The row of a message.
pub(crate) fn message_row(room: &str, seq: usize) -> Value {
    json!({
        "pk": { "S": format!("ROOM#{room}") }, "sk": { "S": format!("MSG#{seq:012}") },
        "id": { "S": Uuid::new_v4().to_string() }, "room_id": { "S": room },
        "seq": { "N": seq.to_string() }, "client_id": { "NULL": true }, "sender_id": { "S": "bob" },
        "body": { "S": "Hello, I have a question about what you wrote the other day." },
        "created_at": { "S": "2026-01-01T00:00:00.000Z" },
    })
}
