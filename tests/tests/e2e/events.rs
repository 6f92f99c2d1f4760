//! `/asyncapi.json`: what it says of channels and events, against what is published. The harness holds
//! every event of every test to it; here is each kind once, and what the harness would not let pass.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{FakeRelay, Heard, TestApp, event_fault, event_names};

/// What clients say to each other, past Parlour.
const TYPING: &str = "client-typing";
const VIEWING: &str = "client-viewing";

/// Everything that is told of, done once: what was published meanwhile.
async fn everything_published() -> Vec<Heard> {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let (alice, agnes) = (app.user("alice").await, app.admin("agnes").await);
    let server = app.service().await;
    let direct = alice.opens_direct("bob").await;
    let bob = app.user("bob").await;

    alice.posts(&direct, "hello").await;
    let reply = json!({ "body": "wave", "type": "sticker", "reply_to": 1 });
    bob.post(&direct.path("/messages"), reply).await.expect(201);
    alice.posts(&direct, &"🎁".repeat(10_000)).await;
    server.posts(&direct, "Be nice").await;
    alice.edits(&direct, 1, "hello again").await.expect(200);
    alice.reacts(&direct, 2, "👍").await.expect(200);
    alice.takes_back(&direct, 2, "👍").await.expect(200);
    alice.deletes(&direct, 1).await.expect(200);
    bob.marks_read(&direct, 3).await;
    alice.changes(&direct, json!({ "hidden": true, "muted": true, "pinned": true })).await;

    let support = alice.opens_support().await;
    alice.posts(&support, "help").await;
    alice.posts(&support, &"\u{1}".repeat(5_000)).await;
    agnes.posts(&support, "how?").await;
    agnes.post(&support.path("/archive"), json!({})).await.expect(200);
    agnes.post(&support.path("/unarchive"), json!({})).await.expect(200);
    server.put("/v1/listings/bike", json!({ "title": "A bike", "merchant_id": "wheels" })).await;
    let listing = alice.opens_listing("bike").await;
    alice.posts(&listing, "still there?").await;

    let group = alice.opens_group(&["bob", "carol"]).await;
    alice.posts(&group, "all").await;
    for title in [json!("Us"), Value::Null] {
        alice.changes(&group, json!({ "title": title })).await;
    }
    alice.adds(&group, &["dora"]).await.expect(200);
    assert_eq!(alice.removes(&group, "carol").await.status, 204);
    for room in [&group, &support] {
        assert_eq!(server.delete(&room.path("")).await.status, 204);
    }
    relay.triggers()
}

#[tokio::test]
async fn each_event_is_published_as_it_is_described() {
    let published = everything_published().await;

    for event in &published {
        assert_eq!(event_fault(&event.channel, &event.name, &event.data), None);
    }
    let mut names: BTreeSet<String> = published.into_iter().map(|event| event.name).collect();
    for name in [TYPING, VIEWING] {
        assert!(names.insert(name.into()), "Parlour says nothing of {name}");
    }
    assert_eq!(names, event_names());
}

#[tokio::test]
async fn what_is_not_described_does_not_pass() {
    let published = everything_published().await;
    let event = |name: &str| published.iter().find(|event| event.name == name).unwrap();
    let fault = |event: &Heard, data: Value| event_fault(&event.channel, &event.name, &data);

    for event in &published {
        let whole = event.data.as_object().unwrap();
        // Each carries the room, the place and the revision, or a client cannot tell what it missed.
        let place = if whole.contains_key("seq") { "seq" } else { "head" };
        for key in ["room_id", place, "rev"] {
            let mut without = whole.clone();
            without.remove(key);
            assert!(fault(event, without.into()).is_some(), "{} without {key}", event.name);
            let mut wrong = whole.clone();
            wrong.insert(key.into(), json!([]));
            assert!(fault(event, wrong.into()).is_some(), "{}: {key} is a list", event.name);
        }
        let mut more = whole.clone();
        more.insert("author_email".into(), json!("a@mail.example"));
        assert!(fault(event, more.into()).is_some(), "{} with one key more", event.name);
        assert!(event_fault(&event.channel, "new_mesage", &event.data).is_some());
        assert!(event_fault("presence-room", &event.name, &event.data).is_some());
    }
    // Also deep inside.
    for (name, path) in [("new_user_message", "/user"), ("new_user_message", "/message")] {
        let mut deep = event(name).data.clone();
        deep.pointer_mut(path).unwrap()["secret"] = json!(1);
        assert!(fault(event(name), deep).is_some(), "{name}{path}");
    }
    let mut bad_time = event("new_message").data.clone();
    bad_time["created_at"] = json!("yesterday");
    assert!(fault(event("new_message"), bad_time).is_some());
    // What is for one sort of channel comes on no other.
    let (message, list) = (event("new_message"), event("chat_list_update"));
    assert!(event_fault(&list.channel, &message.name, &message.data).is_some());
    assert!(event_fault(&message.channel, &list.name, &list.data).is_some());
}

#[tokio::test]
async fn members_type_as_it_is_described() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let (mut at_alice, mut at_bob) = (alice.listens_to(&room).await, bob.listens_to(&room).await);
    let typing = json!({ "member_id": "alice", "typing": true });

    at_alice.tells_others(TYPING, &room.channel, typing.clone()).await;

    assert_eq!(at_bob.next().await.data, typing);
    assert_eq!(event_fault(&room.channel, TYPING, &typing), None);
    assert!(event_fault(&room.channel, TYPING, &json!({ "typing": true })).is_some());
    assert!(event_fault(&bob.own_channel().await, TYPING, &typing).is_some());
}

#[tokio::test]
async fn agents_tell_each_other_where_they_are_as_it_is_described() {
    let app = TestApp::start().await;
    let (agnes, arthur) = (app.admin("agnes").await, app.admin("arthur").await);
    let room = app.user("uma").await.opens_support().await;
    let (mut at_agnes, mut at_arthur) =
        (agnes.listens_to_desk().await, arthur.listens_to_desk().await);
    let channel = agnes.desk_channel().await;
    let viewing = json!({
        "room_id": room.id, "agent_id": "agnes", "name": null, "is_viewing": true, "typing": false, "read": 0,
    });

    at_agnes.tells_others(VIEWING, &channel, viewing.clone()).await;

    assert_eq!(at_arthur.next().await.data, viewing);
    assert_eq!(event_fault(&channel, VIEWING, &viewing), None);
    assert!(event_fault(&room.channel, VIEWING, &viewing).is_some());
}

#[tokio::test]
async fn the_document_is_there_for_everyone() {
    let app = TestApp::start().await;

    let document = app.anonymous().get("/asyncapi.json").await.expect(200);

    assert_eq!(document["asyncapi"], "3.0.0");
}
