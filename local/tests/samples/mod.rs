//! The sample events of `events/`, run through the functions' routers as Lambda would hand them over.
//!
//! Salt, clock and relay are fixed, so that each run answers the same: the OpenAPI document shows these
//! answers as its examples.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    config::retry::RetryConfig,
    primitives::Blob,
    types::AttributeValue::{B, S},
};
use axum::{Router, body::to_bytes, http::StatusCode};
use local::{
    ALL_FEATURES, demo_tokens,
    embedded::{Engine, client},
};
use serde_json::Value;
use shared::{
    actions::Services,
    auth::TokenRules,
    config::{Limits, Origins, ServiceSettings},
    domain::{
        ids::{Salt, SideKey},
        principal::Principal,
        time::{Clock, Timestamp},
        webhook::HookKind,
    },
    http::{App, serve},
    mail,
    realtime::relay::{Endpoint, Relay},
    secret::Secret,
    store::{Store, table},
    telemetry::Telemetry,
    webhook::{ReceiverUrl, SigningSecret, SigningSecrets, WebhookSettings},
};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");

const TABLE: &str = "samples";

const SALT: [u8; 32] = [7; 32];

/// What the samples name in place of rooms, since ids differ from table to table: a direct one, a
/// support one and a group.
const PLACEHOLDERS: [&str; 3] = [
    "00000000-0000-8100-8000-000000000000",
    "00000000-0000-8200-8000-000000000000",
    "00000000-0000-8500-8000-000000000000",
];

/// What the samples name in place of the report that one of them makes.
const NO_REPORT: &str = "00000000-0000-8000-8000-000000000000";

/// And in place of a webhook that did not arrive.
const NO_WEBHOOK: &str = "00000000-0000-8000-8000-00000000000a";

/// And in place of the link of a mail to Alice.
const NO_LINK: &str = "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA";

/// How Alice opens these rooms.
const OPENINGS: [&str; 3] = [
    r#"{\"kind\":\"direct\",\"with\":\"bob\"}"#,
    r#"{\"kind\":\"support\"}"#,
    r#"{\"kind\":\"group\",\"members\":[\"bob\"],\"client_id\":\"5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10\"}"#,
];

/// Every sample in an order that works, with the status of its answer.
const SAMPLES: [(&str, u16); 53] = [
    ("healthz", 200),
    ("openapi", 200),
    ("asyncapi", 200),
    ("get_me", 200),
    ("get_mail", 200),
    ("put_mail", 200),
    ("show_unsubscribe", 200),
    ("unsubscribe", 200),
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
    ("sign_in", 200),
    ("receive_webhook", 204),
    ("list_users", 200),
    ("get_user", 200),
    ("put_user", 200),
    ("put_block", 204),
    ("list_blocks", 200),
    ("delete_block", 204),
    ("create_guest", 201),
    ("put_listing", 200),
    ("put_group", 200),
    ("import_room", 200),
    ("import_messages", 200),
    ("list_imported", 200),
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
    ("list_webhooks", 200),
    ("replay_webhook", 200),
    ("replay_webhooks", 200),
    ("delete_room", 204),
    ("erase_user", 204),
];

/// Both functions on an empty store, with the demo values that the samples' token is made for, and a
/// relay that takes everything.
pub(crate) async fn functions() -> Router {
    let dynamodb = client(Arc::new(Engine::memory().unwrap()), RetryConfig::disabled());
    table::create(&dynamodb, TABLE).await.unwrap();
    fix_salt(&dynamodb).await;
    let relay = Relay {
        app_id: "parlour".into(),
        key: "parlour-key".into(),
        secret: Secret::new("parlour-secret"),
        api: taking_everything().await,
        socket: Some(Endpoint { host: "relay.example".into(), port: 443, tls: true }),
        cluster: None,
        encryption: None,
        previous: None,
    };
    let tokens = TokenRules::new(demo_tokens(), Clock::system()).unwrap();
    let now = Timestamp::parse("2026-01-01T12:00:00Z").unwrap();
    let settings = ServiceSettings {
        relay,
        features: ALL_FEATURES,
        limits: Limits::NONE,
        retention: Default::default(),
        mail: None,
        webhooks: Some(refusing_everything().await),
    };
    let clock = Clock::from_fn(move || now);
    let app = App {
        services: Services::new(Store::new(dynamodb, TABLE), settings, clock).unwrap(),
        tokens,
        origins: Origins::All,
        public_url: Some("https://chat.example".into()),
        telemetry: Telemetry::default(),
    };
    serve(chat::routes().merge(realtime::routes()), Arc::new(app))
}

/// The link of a mail to Alice.
fn mail_link() -> String {
    let salt = Salt::from_bytes(SALT);
    let alice = SideKey::of(&salt, &Principal::user("alice").unwrap());
    mail::token(&salt, &alice)
}

/// The salt would be random.
async fn fix_salt(dynamodb: &Client) {
    let salt = HashMap::from([
        ("pk".to_owned(), S("SALT".into())),
        ("sk".to_owned(), S("#".into())),
        ("salt".to_owned(), B(Blob::new(SALT))),
    ]);
    dynamodb.put_item().table_name(TABLE).set_item(Some(salt)).send().await.unwrap();
}

async fn taking_everything() -> Endpoint {
    let port = serving(Router::new().fallback(async || "{}")).await;
    Endpoint { host: "127.0.0.1".into(), port, tls: false }
}

/// An application's server that wants no webhook any more, so that there are some to list.
async fn refusing_everything() -> WebhookSettings {
    let port = serving(Router::new().fallback(async || StatusCode::GONE)).await;
    let current = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    WebhookSettings {
        url: ReceiverUrl::parse(&format!("http://127.0.0.1:{port}/"), true).unwrap(),
        secrets: SigningSecrets { current, previous: None },
        events: HookKind::ALL.into(),
    }
}

/// The port on which this is served.
async fn serving(router: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

/// A sample as it is in its file.
pub(crate) fn sample(name: &str) -> String {
    fs::read_to_string(Path::new(FOLDER).join(format!("{name}.json"))).unwrap()
}

/// A sample that was run.
pub(crate) struct Run {
    /// The name of its operation.
    pub(crate) name: &'static str,
    /// The body that was sent, if there was one, as the functions see it.
    pub(crate) sent: Option<String>,
    /// The status that the answer should have had.
    pub(crate) expected: u16,
    /// The status that it had.
    pub(crate) status: u16,
    /// Its body; null when it was no JSON.
    pub(crate) body: Value,
}

/// The status and body of what the functions answer to an event.
pub(crate) async fn run(functions: &Router, event: &str) -> (u16, Value) {
    let request = lambda_http::request::from_str(event).unwrap();
    let response = functions.clone().oneshot(request.map(axum::body::Body::new)).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// Runs all of them.
pub(crate) async fn run_all() -> Vec<Run> {
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
    let mut webhook = NO_WEBHOOK.to_owned();
    let mut runs = Vec::new();
    for (name, expected) in SAMPLES {
        let places = PLACEHOLDERS.iter().zip(&rooms);
        let event = places.fold(sample(name), |event, (place, room)| event.replace(place, room));
        let event = event.replace(NO_REPORT, &report).replace(NO_WEBHOOK, &webhook);
        let event = event.replace(NO_LINK, &mail_link());
        let (status, body) = run(&functions, &event).await;
        if name == "report_message" {
            body["id"].as_str().unwrap().clone_into(&mut report);
        }
        if name == "list_webhooks" {
            body["webhooks"][0]["id"].as_str().unwrap().clone_into(&mut webhook);
        }
        let sent = lambda_http::request::from_str(&event).unwrap().into_body();
        let sent = Some(String::from_utf8(sent.to_vec()).unwrap()).filter(|sent| !sent.is_empty());
        runs.push(Run { name, sent, expected, status, body });
    }
    runs
}
