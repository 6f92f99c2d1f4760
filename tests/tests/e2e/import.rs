//! `/v1/import`: rooms and messages of another system, as the application's server brings them in.

use serde_json::{Value, json};
use tests::{FakeRelay, TestApp, User};
use uuid::Uuid;

const OPENED: &str = "2019-03-01T09:00:00.000Z";

async fn room(server: &User, room: Value) -> Value {
    server.post("/v1/import/rooms", room).await.expect(200)
}

fn path(room: &Value) -> String {
    format!("/v1/import/rooms/{}/messages", room["id"].as_str().expect("an id"))
}

/// Messages a day apart, by these in turn.
fn messages(senders: &[&str], bodies: &[&str]) -> Vec<Value> {
    let message = |(place, body): (usize, &&str)| {
        json!({
            "client_id": Uuid::from_u128(place as u128 + 1),
            "sender_id": senders[place % senders.len()],
            "body": body,
            "created_at": format!("2019-04-{:02}T09:00:00.{place:03}Z", place + 1),
        })
    };
    bodies.iter().enumerate().map(message).collect()
}

async fn brings(server: &User, room: &Value, messages: &[Value]) -> Value {
    server.post(&path(room), json!({ "messages": messages })).await.expect(200)
}

#[tokio::test]
async fn messages_keep_their_times_their_order_and_their_ids() {
    let app = TestApp::start().await;
    let (server, alice) = (app.service().await, app.user("alice").await);
    let opening = json!({ "kind": "direct", "users": ["alice", "bob"], "created_at": OPENED });
    let opened = room(&server, opening.clone()).await;
    let brought = messages(&["alice", "bob"], &["one", "two", "three"]);

    let answer = brings(&server, &opened, &brought).await;

    assert_eq!((&opened["head"], &answer["head"]), (&json!(0), &json!(3)));
    let seen = alice.opens_direct("bob").await;
    assert_eq!((&seen.json["id"], &seen.json["created_at"]), (&opened["id"], &json!(OPENED)));
    let log = alice.whole_log(&seen).await;
    for key in ["client_id", "sender_id", "body", "created_at"] {
        let told: Vec<&Value> = log.iter().map(|message| &message[key]).collect();
        assert_eq!(told, brought.iter().map(|message| &message[key]).collect::<Vec<_>>(), "{key}");
    }
    assert_eq!(seen.json["last_message"]["preview"], "three");
    assert_eq!(room(&server, opening).await, json!({ "id": opened["id"], "head": 3 }));
    let read = server.get(&format!("{}?after=1&limit=2", path(&opened))).await.expect(200);
    assert_eq!((&read["messages"][0]["body"], &read["head"]), (&json!("two"), &json!(3)));
}

/// Whoever is interrupted begins again.
#[tokio::test]
async fn what_is_brought_in_again_is_there_once() {
    let app = TestApp::start().await;
    let server = app.service().await;
    let opening = json!({ "kind": "support", "users": ["uma"], "created_at": OPENED });
    let opened = room(&server, opening).await;
    let brought = messages(&["uma"], &["one", "two", "three"]);
    brings(&server, &opened, &brought[..2]).await;

    for _ in 0..2 {
        assert_eq!(brings(&server, &opened, &brought).await["head"], 3);
    }

    let log = server.get(&path(&opened)).await.expect(200);
    let bodies: Vec<&Value> =
        log["messages"].as_array().unwrap().iter().map(|message| &message["body"]).collect();
    assert_eq!(bodies, ["one", "two", "three"]);
    let mut other = brought[0].clone();
    other["body"] = json!("another");
    let refused = server.post(&path(&opened), json!({ "messages": [other] })).await;
    assert_eq!(refused.problem(409), "client_id_reused");
}

#[tokio::test]
async fn nobody_is_told_and_nobody_is_mailed() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let server = app.service().await;
    let opening =
        json!({ "kind": "support", "users": ["uma"], "created_at": OPENED, "dialect": true });
    let opened = room(&server, opening).await;
    let mut answer = messages(&["uma"], &["How?"]);
    answer[0]["sender_type"] = json!("admin");

    brings(&server, &opened, &answer).await;
    app.advance_clock(std::time::Duration::from_secs(3_600)).await;
    app.dispatches().await;

    assert_eq!(relay.triggers().len(), 0);
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn rooms_of_every_kind_are_brought_in() {
    let app = TestApp::start().await;
    let server = app.service().await;
    server.put("/v1/listings/9", json!({ "title": "A bike", "merchant_id": "wheels" })).await;
    server.draws("family", "2031-12-24T18:00:00.000Z", json!({ "alice": "bob" })).await;
    let alice = app.user("alice").await;
    for (kind, more, answers) in [
        ("direct", json!({ "users": ["alice", "bob"] }), json!({ "sender_id": "bob" })),
        ("support", json!({ "users": ["alice"] }), json!({ "sender_type": "admin" })),
        (
            "listing",
            json!({ "users": ["alice"], "listing_id": "9" }),
            json!({ "sender_id": "wheels", "sender_type": "merchant" }),
        ),
        (
            "match",
            json!({ "users": ["alice"], "group_id": "family" }),
            json!({ "sender_id": "bob" }),
        ),
        (
            "group",
            json!({ "users": ["alice", "bob", "carol"], "client_id": Uuid::from_u128(7), "title": "Us" }),
            json!({ "sender_id": "carol" }),
        ),
    ] {
        let mut opening = json!({ "kind": kind, "created_at": OPENED });
        for (key, value) in more.as_object().unwrap() {
            opening[key] = value.clone();
        }
        let opened = room(&server, opening.clone()).await;
        let mut brought = messages(&["alice"], &["hello", "and?", "welcome"]);
        for (key, value) in answers.as_object().unwrap() {
            brought[1][key] = value.clone();
        }
        brought[2]["sender_type"] = json!("system");
        brings(&server, &opened, &brought).await;
        assert_eq!(room(&server, opening).await["id"], opened["id"], "{kind}");

        let seen = alice.get(&format!("/v1/rooms/{}", opened["id"].as_str().unwrap())).await;
        let seen = seen.expect(200);
        assert_eq!((&seen["kind"], &seen["head"]), (&json!(kind), &json!(3)));
        assert_eq!((&seen["you"]["unread"], &seen["created_at"]), (&json!(0), &json!(OPENED)));
        let log = server.get(&path(&opened)).await.expect(200);
        let types: Vec<&Value> = log["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| &message["sender_type"])
            .collect();
        let middle = brought[1].get("sender_type").cloned().unwrap_or(json!("user"));
        assert_eq!(types, [&json!("user"), &middle, &json!("system")], "{kind}");
    }
    // As they were before: the newest room of the old times is the first.
    assert_eq!(alice.inbox("").await.rooms.len(), 5);
}

#[tokio::test]
async fn what_was_not_read_is_unread_and_what_was_put_away_stays_away() {
    let app = TestApp::start().await;
    let (server, agent) = (app.service().await, app.admin("agnes").await);
    let mut rooms = Vec::new();
    for user in ["uma", "otto"] {
        let opening = json!({ "kind": "support", "users": [user], "created_at": OPENED });
        rooms.push(room(&server, opening).await);
    }
    let mut brought = messages(&["uma"], &["one", "two"]);
    brought[1]["read"] = json!(false);
    brings(&server, &rooms[0], &brought).await;
    let archived_at = "2019-05-01T09:00:00.000Z";
    let last = json!({ "messages": messages(&["otto"], &["thanks"]), "archived_at": archived_at });
    for _ in 0..2 {
        server.post(&path(&rooms[1]), last.clone()).await.expect(200);
    }

    let (active, archived) = (agent.desk("").await, agent.desk("?state=archived").await);
    assert_eq!(
        (active.ids(), archived.ids()),
        (vec![rooms[0]["id"].as_str().unwrap()], vec![rooms[1]["id"].as_str().unwrap()])
    );
    assert_eq!(
        (&active.rooms[0].json["unread"], &archived.rooms[0].json["unread"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(archived.rooms[0].json["archived_at"], archived_at);
}

#[tokio::test]
async fn what_cannot_be_brought_in_says_why() {
    let app = TestApp::start().await;
    let server = app.service().await;
    let direct = json!({ "kind": "direct", "users": ["alice", "bob"], "created_at": OPENED });
    let opened = room(&server, direct.clone()).await;
    let with = |key: &str, value: Value| {
        let mut changed = direct.clone();
        changed[key] = value;
        changed
    };
    for (body, field) in [
        (with("users", json!([])), "users"),
        (with("users", json!(["alice"])), "users"),
        (with("users", json!(["alice", "alice"])), "users"),
        (with("users", json!(["alice", "bob", "carol"])), "users"),
        (with("users", json!(["alice", ""])), "users[1]"),
        (with("created_at", json!("yesterday")), "created_at"),
        (with("kind", json!("listing")), "listing_id"),
        (with("kind", json!("match")), "group_id"),
        (with("kind", json!("group")), "client_id"),
        (with("client_id", json!("7")), "client_id"),
    ] {
        let answer = server.post("/v1/import/rooms", body.clone()).await;
        assert_eq!(answer.wrong_fields(), [field], "{body}: {answer}");
    }
    let unknown =
        json!({ "kind": "listing", "users": ["alice"], "listing_id": "7", "created_at": OPENED });
    assert_eq!(server.post("/v1/import/rooms", unknown).await.problem(404), "not_found");
    let message = |key: &str, value: Value| {
        let mut brought = messages(&["alice"], &["one", "two"]);
        brought[1][key] = value;
        brought
    };
    for (brought, field) in [
        (message("sender_id", json!("carol")), "messages[1].sender_id"),
        (message("sender_id", json!("")), "messages[1].sender_id"),
        (message("sender_type", json!("merchant")), "messages[1].sender_id"),
        (message("body", json!(" ")), "messages[1].body"),
        (message("client_id", json!("7")), "messages[1].client_id"),
        (message("reply_to", json!(9)), "messages[1].reply_to"),
        (message("created_at", json!("2018-01-01T00:00:00Z")), "messages"),
    ] {
        let answer = server.post(&path(&opened), json!({ "messages": brought })).await;
        assert_eq!(answer.wrong_fields(), [field], "{brought:?}: {answer}");
    }
    let many: Vec<Value> = (0..51).map(|_| messages(&["alice"], &["x"])[0].clone()).collect();
    let answer = server.post(&path(&opened), json!({ "messages": many })).await;
    assert_eq!(answer.wrong_fields(), ["messages"]);
    let away = json!({ "messages": [], "archived_at": OPENED });
    assert_eq!(server.post(&path(&opened), away).await.wrong_fields(), ["archived_at"]);
    let nowhere = "/v1/import/rooms/00000000-0000-8100-8000-000000000000/messages";
    let one = json!({ "messages": messages(&["alice"], &["x"]) });
    assert_eq!(server.get(nowhere).await.problem(404), "not_found");
    assert_eq!(server.post(nowhere, one).await.problem(404), "not_found");
    assert_eq!(brings(&server, &opened, &[]).await["head"], 1);
}

#[tokio::test]
async fn only_the_applications_server_brings_in_anything() {
    let app = TestApp::start().await;
    let server = app.service().await;
    let opening = json!({ "kind": "direct", "users": ["alice", "bob"], "created_at": OPENED });
    let opened = room(&server, opening.clone()).await;
    for caller in [app.user("alice").await, app.admin("agnes").await, app.merchant("m").await] {
        let one = json!({ "messages": messages(&["alice"], &["x"]) });
        for answer in [
            caller.post("/v1/import/rooms", opening.clone()).await,
            caller.post(&path(&opened), one).await,
            caller.get(&path(&opened)).await,
        ] {
            assert_eq!(answer.problem(403), "service_only");
        }
    }
    let log = server.get(&path(&opened)).await.expect(200);
    assert_eq!(log["messages"], json!([]));
}
