//! Bodies of requests, at the front door.

use std::sync::LazyLock;

use bolero::check;
use reqwest::Method;
use serde_json::Value;
use shared::{
    realtime::relay::{Endpoint, Relay},
    secret::Secret,
};
use tests::{Answer, Room, TestApp, User};

use super::block_on;

/// The local program's hub, as its clients know it.
pub(super) fn relay() -> Relay {
    Relay {
        app_id: "parlour".into(),
        key: "parlour-key".into(),
        secret: Secret::new("parlour-secret"),
        api: Endpoint::new("127.0.0.1", 1, false),
        socket: None,
        cluster: None,
        encryption: None,
        previous: None,
    }
}

struct Door {
    /// It answers for as long as it is there.
    _app: TestApp,
    alice: User,
    room: Room,
}

static DOOR: LazyLock<Door> = LazyLock::new(|| {
    block_on(async {
        let app = TestApp::start().await;
        let alice = app.user("alice").await;
        let room = alice.opens_direct("bob").await;
        Door { alice, room, _app: app }
    })
});

/// What takes a body, and about what.
fn routes() -> [(Method, String); 8] {
    let room = |path: &str| DOOR.room.path(path);
    [
        (Method::POST, "/v1/rooms".into()),
        (Method::POST, room("/messages")),
        (Method::PATCH, room("/messages/1")),
        (Method::PUT, room("/read")),
        (Method::PATCH, room("")),
        (Method::POST, "/v1/sync".into()),
        (Method::POST, "/v1/realtime/auth".into()),
        (Method::POST, "/v1/realtime/webhook".into()),
    ]
}

fn send(which: u8, body: Vec<u8>) -> Answer {
    let routes = routes();
    let (method, path) = &routes[usize::from(which) % routes.len()];
    block_on(async {
        let request = DOOR.alice.request(method.clone(), path);
        DOOR.alice.send(request.header("content-type", "application/json").body(body)).await
    })
}

/// Fault F15: 4xx with what is wrong, never 5xx.
fn is_sound(answer: &Answer) {
    assert!(answer.status < 500, "{answer}");
    if answer.status >= 400 {
        let problem: &Value = &answer.json;
        assert!(problem["code"].is_string() && problem["status"] == answer.status, "{answer}");
    }
}

/// Fault F15. Invariant I10.
#[test]
fn any_bytes_are_answered() {
    check!().with_iterations(400).with_type::<(u8, Vec<u8>)>().for_each(|(route, body)| {
        is_sound(&send(*route, body.clone()));
    });
}

/// Fault F15: JSON of the right names with values of any sort. Invariant I10.
#[test]
fn any_values_under_the_right_names_are_answered() {
    const NAMES: [&str; 16] = [
        "kind",
        "with",
        "listing_id",
        "group_id",
        "members",
        "title",
        "client_id",
        "body",
        "type",
        "reply_to",
        "retry",
        "seq",
        "rooms",
        "cursor",
        "socket_id",
        "channel_name",
    ];
    check!().with_iterations(400).with_type::<(u8, Vec<(u8, u8, String, i64)>)>().for_each(
        |(route, fields)| {
            let mut body = serde_json::Map::new();
            for (name, sort, text, number) in fields {
                let value = match sort % 7 {
                    0 => Value::Null,
                    1 => text.clone().into(),
                    2 => (*number).into(),
                    3 => vec![text.clone()].into(),
                    4 => (number % 2 == 0).into(),
                    5 => "direct".into(),
                    _ => serde_json::json!({ text: [number] }),
                };
                body.insert(NAMES[usize::from(*name) % NAMES.len()].into(), value);
            }
            is_sound(&send(*route, Value::Object(body).to_string().into_bytes()));
        },
    );
}
