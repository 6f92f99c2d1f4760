//! `POST /v1/guests`: visitors who have not signed in.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use shared::config::Features;
use tests::TestApp;
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

/// Reliability F18. Invariant I8.
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
    let app = TestApp::offering(Features { user_search: true, guests: false }).await;

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
