//! `POST /v1/guests`: visitors who have not signed in.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use local::ALL_FEATURES;
use reqwest::Method;
use serde_json::{Value, json};
use shared::config::Features;
use tests::{TestApp, User};
use uuid::Uuid;

fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("a second part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON")
}

#[tokio::test]
async fn a_visitor_gets_a_token_and_an_id() {
    let app = TestApp::start().await;
    let told = json!({ "name": "A visitor", "email": "visitor@mail.example" });

    let answer = app.anonymous().post("/v1/guests", told).await.expect(201);

    let id = answer["id"].as_str().expect("an id");
    assert_eq!(Uuid::parse_str(id).expect("a UUID").get_version_num(), 4);
    let me = app.holder_of(answer["token"].as_str().expect("a token")).me().await;
    assert_eq!((&me["id"], &me["type"]), (&json!(id), &json!("guest")));
    assert_eq!((&me["name"], &me["email"]), (&json!("A visitor"), &json!("visitor@mail.example")));
    assert_eq!(me["roles"], json!([]));
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(2), "{answer}");
}

#[tokio::test]
async fn a_visitor_need_not_tell_anything_and_is_somebody_new_each_time() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let bare = || nobody.request(Method::POST, "/v1/guests");
    let typed = bare().header("content-type", "application/json");

    let answers = [
        nobody.send(bare()).await.expect(201),
        nobody.send(typed).await.expect(201),
        nobody.post("/v1/guests", json!({})).await.expect(201),
        nobody.post("/v1/guests", json!({ "name": null })).await.expect(201),
    ];

    let ids: std::collections::HashSet<String> =
        answers.iter().map(|answer| answer["id"].to_string()).collect();
    assert_eq!(ids.len(), answers.len());
    let me = app.holder_of(answers[0]["token"].as_str().expect("a token")).me().await;
    assert_eq!((&me["name"], &me["email"]), (&json!(null), &json!(null)));
}

/// By the machine's clock, as every token.
#[tokio::test]
async fn a_guests_token_is_good_for_thirty_days() {
    let app = TestApp::start().await;
    app.set_clock("2001-01-01T00:00:00Z").await;

    let answer = app.anonymous().post("/v1/guests", json!({})).await.expect(201);

    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time since 1970").as_secs();
    let left = claims(&answer["token"])["exp"].as_u64().expect("an end") - now;
    assert!((30 * 86_400 - 60..=30 * 86_400).contains(&left), "{left}");
}

/// Fault F18. Invariant I8.
#[tokio::test]
async fn nobody_becomes_anything_else_than_a_guest() {
    let app = TestApp::start().await;
    app.user_with(json!({ "sub": "alice", "email": "alice@mail.example" })).await.me().await;
    let wanted = json!({
        "sub": "alice", "id": "alice", "type": "user", "roles": ["admin", "service"],
        "exp": 4_102_444_800_u64, "picture": "https://pictures.example/x",
    });

    let answer = app.anonymous().post("/v1/guests", wanted).await.expect(201);

    assert_ne!(answer["id"], "alice");
    let told = claims(&answer["token"]);
    assert_eq!((&told["type"], &told["roles"]), (&json!("guest"), &json!(null)), "{told}");
    let guest = app.holder_of(answer["token"].as_str().expect("a token"));
    assert_eq!(guest.get("/v1/users?q=ali").await.problem(403), "guest_forbidden");
    assert_eq!(guest.describes("alice", json!({})).await.problem(403), "service_only");
    let alice = guest.looks_up("alice").await.expect(200);
    assert_eq!(alice.get("email"), None, "{alice}");
}

/// A guest's account is none that others can look up.
#[tokio::test]
async fn a_guest_is_no_user_with_the_same_id() {
    let app = TestApp::start().await;
    let answer = app.anonymous().post("/v1/guests", json!({ "name": "Gus" })).await.expect(201);
    let id = answer["id"].as_str().expect("an id");
    app.holder_of(answer["token"].as_str().expect("a token")).me().await;

    for viewer in [app.user("bob").await, app.admin("agent").await, app.service().await] {
        assert_eq!(viewer.looks_up(id).await.problem(404), "not_found");
        assert!(viewer.finds("gus").await.is_empty());
    }
    assert_eq!(app.user(id).await.me().await["type"], "user");
}

#[tokio::test]
async fn where_guests_are_not_let_in_nobody_gets_a_token() {
    let app = TestApp::offering(Features { guests: false, ..ALL_FEATURES }).await;

    let answer = app.anonymous().post("/v1/guests", json!({})).await;

    assert_eq!(answer.problem(403), "guests_disabled");
    assert_eq!(answer.json.get("token"), None);
}

/// Invariant I10.
#[tokio::test]
async fn what_a_visitor_tells_wrongly_is_refused() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();

    for (body, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a\0" }), "name"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "name": 5 }), "name"),
        (json!({ "email": " " }), "email"),
        (json!({ "email": "x".repeat(255) }), "email"),
        (json!([]), ""),
    ] {
        let answer = nobody.post("/v1/guests", body.clone()).await;
        assert_eq!(answer.wrong_fields(), [field], "{body}");
    }
    let send = async |content_type: &str, body: String| {
        let request = nobody.request(Method::POST, "/v1/guests");
        nobody.send(request.header("content-type", content_type).body(body)).await
    };
    send("application/json", "{".into()).await.problem(400);
    send("text/plain", "{}".into()).await.problem(415);
    send("application/json", "x".repeat(256 * 1024)).await.problem(413);
}

/// A visitor who signs in keeps the talk with the support desk.
#[tokio::test]
async fn a_guest_who_signs_in_keeps_the_support_room() {
    let app = TestApp::start().await;
    let (guest, token) = a_guest(&app).await;
    let room = guest.opens_support().await;
    guest.posts(&room, "I am new here").await;
    let una =
        app.user_with(json!({ "sub": "una", "name": "Una", "email": "una@mail.example" })).await;

    for _ in 0..2 {
        let merged = una.post("/v1/guests/merge", json!({ "token": token })).await.expect(200);
        assert_eq!(merged["room"]["id"], json!(room.id));
    }

    assert_eq!(una.opens_support().await.id, room.id);
    assert_eq!(una.inbox("").await.ids(), [&room.id]);
    assert_eq!(una.history(&room).await.bodies(), ["I am new here"]);
    // What was written stays the same member's.
    let more = una.posts(&room, "It is me").await;
    let first = &una.history(&room).await.messages[0];
    assert_eq!(more["sender_id"], first["sender_id"]);
    assert_eq!(una.sees(&room).await.json["you"]["unread"], 0);
    let row = app.admin("agnes").await.desk("").await.rooms.remove(0).json;
    assert_eq!((&row["user"]["name"], &row["user"]["user_id"]), (&json!("Una"), &json!("una")));
    assert_eq!(row["user"]["email"], "una@mail.example");
    // The guest's own token opens nothing of it any more.
    guest.get(&room.path("")).await.problem(404);
    guest.post(&room.path("/messages"), json!({ "body": "x" })).await.problem(404);
    assert!(guest.inbox("").await.ids().is_empty());
}

#[tokio::test]
async fn whoever_has_a_support_room_keeps_it_and_the_guests_stays_readable() {
    let app = TestApp::start().await;
    let (guest, token) = a_guest(&app).await;
    let of_guest = guest.opens_support().await;
    guest.posts(&of_guest, "as a guest").await;
    let una = app.user("una").await;
    let own = una.opens_support().await;

    let answer = una.post("/v1/guests/merge", json!({ "token": token })).await;

    assert_eq!(answer.problem(409), "has_support_room");
    assert_eq!(una.opens_support().await.id, own.id);
    assert_eq!(guest.history(&of_guest).await.bodies(), ["as a guest"]);
    una.get(&of_guest.path("")).await.problem(404);
}

#[tokio::test]
async fn a_guest_without_a_room_has_nothing_to_give() {
    let app = TestApp::start().await;
    let (_, token) = a_guest(&app).await;
    let una = app.user("una").await;

    let merged = una.post("/v1/guests/merge", json!({ "token": token })).await.expect(200);

    assert_eq!(merged, json!({ "room": null }));
    assert_eq!(una.post("/v1/rooms", json!({ "kind": "support" })).await.status, 201);
}

/// Of two who present the same guest's token, one gets the room.
#[tokio::test]
async fn a_guest_becomes_one_person() {
    let app = TestApp::start().await;
    let (guest, token) = a_guest(&app).await;
    let room = guest.opens_support().await;
    let (una, otto) = (app.user("una").await, app.user("otto").await);
    una.post("/v1/guests/merge", json!({ "token": token })).await.expect(200);

    let second = otto.post("/v1/guests/merge", json!({ "token": token })).await.expect(200);

    assert_eq!(second, json!({ "room": null }));
    otto.get(&room.path("")).await.problem(404);
    assert_eq!(una.sees(&room).await.id, room.id);
}

/// Invariant I8: only who holds the guest's own token takes its room.
#[tokio::test]
async fn nobody_takes_over_whose_token_is_no_guests() {
    let app = TestApp::start().await;
    let (una, token_of_otto) = (app.user("una").await, app.token(json!({ "sub": "otto" })).await);
    for token in ["x", token_of_otto.as_str()] {
        let answer = una.post("/v1/guests/merge", json!({ "token": token })).await;
        assert_eq!(answer.wrong_fields(), ["token"]);
    }
    let (guest, _) = a_guest(&app).await;
    let (_, other) = a_guest(&app).await;
    let answer = guest.post("/v1/guests/merge", json!({ "token": other })).await;
    assert_eq!(answer.problem(403), "sign_in_first");
}

/// A guest talks to support, and opens no other room.
#[tokio::test]
async fn a_guest_opens_its_support_room_and_no_other() {
    let app = TestApp::start().await;
    let (guest, _) = a_guest(&app).await;
    for body in [
        json!({ "kind": "direct", "with": "bob" }),
        json!({ "kind": "group", "members": ["bob"] }),
        json!({ "kind": "listing", "listing_id": "bike" }),
        json!({ "kind": "match", "group_id": "family" }),
    ] {
        assert_eq!(guest.post("/v1/rooms", body).await.problem(403), "guests_support_only");
    }
    let room = guest.opens_support().await;
    let message = guest.posts(&room, "Hello?").await;
    assert_eq!(message["sender_type"], "user");
}

async fn a_guest(app: &TestApp) -> (User, String) {
    let answer = app.anonymous().post("/v1/guests", json!({})).await.expect(201);
    let token = answer["token"].as_str().expect("a token").to_owned();
    (app.holder_of(token.as_str()), token)
}
