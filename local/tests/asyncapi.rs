//! The AsyncAPI document of channels and events is generated from the code. What is served is the file
//! that this test holds to it; `UPDATE_OPENAPI=1 cargo test -p local --test asyncapi` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::path::Path;

use serde_json::{Map, Value, json};
use shared::domain::event::{Audience, Described, Event, Typing, Viewing};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/asyncapi.json");

/// A sort of channel.
struct Channel {
    name: &'static str,
    address: &'static str,
    parameter: &'static str,
    description: &'static str,
    audience: Audience,
}

impl Channel {
    /// What the address has in braces.
    fn parameter_name(&self) -> &str {
        let inside = |(_, rest): (_, &'static str)| rest.strip_suffix('}');
        self.address.split_once('{').and_then(inside).unwrap()
    }
}

static CHANNELS: [Channel; 4] = [
    Channel {
        name: "room",
        address: "private-room-{room}",
        parameter: "The room's id, and in groups the generation of its members.",
        description: "What happens in a room, for its members: the room's `channel`. A group's name \
                      changes when a member is removed; `room_updated` on the members' own channels \
                      tells the new one.",
        audience: Audience::Room,
    },
    Channel {
        name: "encrypted_room",
        address: "private-encrypted-room-{room}",
        parameter: "As of `room`.",
        description: "The same, where a deployment keeps the relay from reading what happens in rooms. \
                      Pusher's clients open what comes with the `shared_secret` of \
                      `POST /v1/realtime/auth`. No client can send events on it.",
        audience: Audience::Room,
    },
    Channel {
        name: "user",
        address: "private-user-{user}",
        parameter: "Stands for the account, and tells nothing of it.",
        description: "What happens in any of an account's rooms: the `channel` of `/v1/me`.",
        audience: Audience::User,
    },
    Channel {
        name: "desk",
        address: "private-desk-{desk}",
        parameter: "Stands for the desk.",
        description: "What users write to a desk, for its agents or its merchant: the `desk_channel` \
                      of `/v1/me`.",
        audience: Audience::Desk,
    },
];

fn document() -> Value {
    let events = Event::described();
    let by_clients = [Typing::described(), Viewing::described()];
    let [typing, viewing] = &by_clients;
    let all = || events.iter().chain(&by_clients);
    let messages: Map<_, _> = all().map(|event| (event.name.to_owned(), message(event))).collect();
    let schemas: Map<_, _> = all()
        .flat_map(|event| &event.schemas)
        .map(|(name, schema)| (name.clone(), serde_json::to_value(schema).unwrap()))
        .collect();
    let told = |channel: &'static Channel| {
        // Clients cannot encrypt for each other.
        let can_tell = channel.name != "encrypted_room";
        let events = events.iter().chain(by_clients.iter().filter(move |_| can_tell));
        events.filter(|event| event.audience.contains(&channel.audience))
    };
    let channels: Map<_, _> = CHANNELS
        .iter()
        .map(|channel| (channel.name.to_owned(), described(channel, told(channel))))
        .collect();
    let mut operations: Map<_, _> = CHANNELS
        .iter()
        .map(|channel| {
            let operation = operation("receive", channel.name, told(channel));
            (format!("hear_{}", channel.name), operation)
        })
        .collect();
    operations.insert("tell_typing".into(), operation("send", "room", [typing]));
    operations.insert("tell_viewing".into(), operation("send", "desk", [viewing]));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parlour",
            "version": env!("CARGO_PKG_VERSION"),
            "description":
                "What clients hear, from a client's side. Events reach them through any \
                 Pusher-compatible relay; `GET /v1/realtime` tells where it is. A frame's `data` is the \
                 payload as JSON inside a string. Names of channels are handed out and never built. \
                 Events are hints and may be lost or doubled: the log is the truth. Readers ignore keys \
                 that they do not know.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "relay": {
                "host": "{host}:{port}",
                "pathname": "/app/{key}",
                "protocol": "wss",
                "protocolVersion": "13",
                "description": "Pusher's protocol, version 7.",
                "variables": {
                    "host": { "description": "`host` of `GET /v1/realtime`." },
                    "port": { "description": "`port` of `GET /v1/realtime`." },
                    "key": { "description": "`key` of `GET /v1/realtime`." },
                },
            },
        },
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    })
}

fn message(event: &Described) -> Value {
    json!({
        "name": event.name,
        "summary": event.summary,
        "payload": { "$ref": format!("#/components/schemas/{}", event.data) },
    })
}

fn described<'a>(channel: &Channel, told: impl Iterator<Item = &'a Described>) -> Value {
    let reference = |event: &Described| {
        let message = json!({ "$ref": format!("#/components/messages/{}", event.name) });
        (event.name.to_owned(), message)
    };
    json!({
        "address": channel.address,
        "description": channel.description,
        "parameters": { (channel.parameter_name()): { "description": channel.parameter } },
        "messages": told.map(reference).collect::<Map<_, _>>(),
    })
}

fn operation<'a>(
    action: &str,
    channel: &str,
    told: impl IntoIterator<Item = &'a Described>,
) -> Value {
    let message = |event: &Described| json!({ "$ref": format!("#/channels/{channel}/messages/{}", event.name) });
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{channel}") },
        "messages": told.into_iter().map(message).collect::<Vec<_>>(),
    })
}

#[test]
fn the_served_document_is_the_generated_one() {
    let generated = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(Path::new(FILE), &generated).unwrap();
    }
    let served = std::fs::read_to_string(FILE).unwrap();
    assert!(
        served == generated,
        "docs/asyncapi.json is old: UPDATE_OPENAPI=1 cargo test -p local --test asyncapi"
    );
}

/// A client that follows a reference must find what it names.
#[test]
fn every_reference_names_something() {
    fn follow(document: &Value, value: &Value) -> usize {
        match value {
            Value::Object(object) => {
                let own = object.get("$ref").and_then(Value::as_str).map_or(0, |reference| {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference} names nothing");
                    1
                });
                own + object.values().map(|value| follow(document, value)).sum::<usize>()
            }
            Value::Array(list) => list.iter().map(|value| follow(document, value)).sum(),
            _ => 0,
        }
    }
    let document = document();
    assert!(follow(&document, &document) > 20);
}
