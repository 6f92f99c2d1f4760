//! Every sample event in `events/` runs through the functions' routers, as Lambda would hand it over.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use axum::{Router, body::to_bytes};
use local::{
    ALL_FEATURES, demo_tokens,
    embedded::{Engine, client},
};
use serde_json::Value;
use shared::{
    actions::Services,
    auth::TokenRules,
    config::{Config, DynamoDb, Limits, Origins},
    domain::time::Clock,
    http::{App, serve},
    realtime::{
        publisher::{Deadlines, Publisher},
        relay::{Endpoint, Relay},
    },
    secret::Secret,
    store::{Store, table},
};
use tower::ServiceExt as _;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");

/// What the samples name in place of rooms, since ids differ from table to table: a direct one, a
/// support one and a group.
const PLACEHOLDERS: [&str; 3] = [
    "00000000-0000-8100-8000-000000000000",
    "00000000-0000-8200-8000-000000000000",
    "00000000-0000-8500-8000-000000000000",
];

/// What the samples name in place of the report that one of them makes.
const NO_REPORT: &str = "00000000-0000-8000-8000-000000000000";

/// How Alice opens these rooms.
const OPENINGS: [&str; 3] = [
    r#"{\"kind\":\"direct\",\"with\":\"bob\"}"#,
    r#"{\"kind\":\"support\"}"#,
    r#"{\"kind\":\"group\",\"members\":[\"bob\"]}"#,
];

/// Both functions on an empty store, with the demo values that the samples' token is made for, and a
/// relay that is not there.
async fn functions() -> Router {
    let dynamodb = client(Arc::new(Engine::memory().unwrap()), RetryConfig::disabled());
    table::create(&dynamodb, "events").await.unwrap();
    let nowhere = Endpoint { host: "127.0.0.1".into(), port: 1, tls: false };
    let relay = Relay {
        app_id: "parlour".into(),
        key: "parlour-key".into(),
        secret: Secret::new("parlour-secret"),
        api: nowhere.clone(),
        socket: nowhere,
        cluster: None,
    };
    let tokens = TokenRules::new(demo_tokens(), Clock::system()).unwrap();
    let services = Services {
        store: Store::new(dynamodb, "events"),
        publisher: Publisher::new(relay.clone(), Deadlines::default()).unwrap(),
        relay: relay.clone(),
        clock: Clock::system(),
        features: ALL_FEATURES,
        limits: Limits::NONE,
    };
    let config = Config {
        dynamodb: DynamoDb { region: "local".into(), endpoint: None },
        table: "events".into(),
        tokens: demo_tokens(),
        relay,
        origins: Origins::All,
        public_url: None,
        features: ALL_FEATURES,
        limits: Limits::NONE,
        retention: Default::default(),
    };
    serve(chat::routes().merge(realtime::routes()), Arc::new(App::new(config, tokens, services)))
}

fn sample(name: &str) -> String {
    fs::read_to_string(Path::new(FOLDER).join(format!("{name}.json"))).unwrap()
}

/// The status and body of what the functions answer to an event.
async fn run(functions: &Router, event: &str) -> (u16, Value) {
    let request = lambda_http::request::from_str(event).unwrap();
    let response = functions.clone().oneshot(request.map(axum::body::Body::new)).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn every_sample_event_does_what_its_operation_is_for() {
    let functions = functions().await;
    let opening = sample("open_room");
    assert!(opening.contains(OPENINGS[0]), "the sample opens another room");
    let mut rooms = Vec::new();
    for body in OPENINGS {
        let (status, room) = run(&functions, &opening.replace(OPENINGS[0], body)).await;
        assert_eq!(status, 201, "{room}");
        rooms.push(room["id"].as_str().unwrap().to_owned());
    }
    let mut report = NO_REPORT.to_owned();
    for (name, expected) in [
        ("healthz", 200),
        ("openapi", 200),
        ("get_me", 200),
        ("open_room", 200),
        ("list_rooms", 200),
        ("get_room", 200),
        ("create_message", 201),
        ("list_messages", 200),
        ("report_message", 201),
        ("list_reports", 200),
        ("resolve_report", 200),
        ("mark_read", 200),
        ("get_realtime", 200),
        ("authorize_channel", 200),
        ("list_users", 200),
        ("get_user", 200),
        ("put_user", 200),
        ("put_block", 204),
        ("list_blocks", 200),
        ("delete_block", 204),
        ("create_guest", 201),
        ("put_listing", 200),
        ("put_group", 200),
        ("change_room", 200),
        ("archive_room", 200),
        ("unarchive_room", 200),
        ("list_desk_rooms", 200),
        ("add_members", 200),
        ("list_members", 200),
        ("remove_member", 204),
        ("sync", 200),
        ("merge_guest", 200),
        ("edit_message", 200),
        ("put_reaction", 200),
        ("delete_reaction", 200),
        ("list_changes", 200),
        ("delete_message", 200),
        ("export_user", 200),
        ("delete_room", 204),
        ("erase_user", 204),
    ] {
        let places = PLACEHOLDERS.iter().zip(&rooms);
        let event = places.fold(sample(name), |event, (place, room)| event.replace(place, room));
        let (status, body) = run(&functions, &event.replace(NO_REPORT, &report)).await;
        assert_eq!(status, expected, "{name}: {body}");
        if name == "report_message" {
            body["id"].as_str().unwrap().clone_into(&mut report);
        }
    }
}

#[tokio::test]
async fn a_sample_whose_room_is_not_there_is_not_found() {
    let functions = functions().await;
    for name in ["get_room", "create_message", "list_messages", "mark_read"] {
        assert_eq!(run(&functions, &sample(name)).await.0, 404, "{name}");
    }
}

#[test]
fn there_is_a_sample_for_each_operation() {
    let samples: BTreeSet<String> = fs::read_dir(FOLDER)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned)
        })
        .collect();
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let operations = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|methods| methods.as_object().unwrap().values());
    let named: BTreeSet<String> =
        operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(samples, named);
}
