//! `/v1/sync`: what has changed since a client last looked.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Room, TestApp, User};

async fn syncs(user: &User, cursor: Option<&Value>, held: &[(&Room, u64, u64)]) -> Value {
    let rooms: serde_json::Map<String, Value> =
        held.iter().map(|(room, head, rev)| (room.id.clone(), json!([head, rev]))).collect();
    let mut body = json!({ "rooms": rooms });
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.clone();
    }
    user.post("/v1/sync", body).await.expect(200)
}

fn ids(synced: &Value) -> Vec<&str> {
    synced["rooms"]
        .as_array()
        .expect("rooms")
        .iter()
        .filter_map(|room| room["id"].as_str())
        .collect()
}

/// Of the rooms that a client holds, those that moved on are told, and no others.
#[tokio::test]
async fn of_the_rooms_that_are_held_those_that_moved_on_are_told() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let with_bob = alice.opens_direct("bob").await;
    let with_carol = alice.opens_direct("carol").await;
    let held = [(&with_bob, 0, 0), (&with_carol, 0, 0)];
    let first = syncs(&alice, None, &held).await;
    assert_eq!(ids(&first), [""; 0], "nothing has moved");

    bob.posts_all(&with_bob, ["one", "two"]).await;
    let second = syncs(&alice, Some(&first["cursor"]), &held).await;

    assert_eq!(ids(&second), [&with_bob.id]);
    let news = &second["rooms"][0];
    assert_eq!((&news["head"], &news["rev"], &news["unread"]), (&json!(2), &json!(0), &json!(2)));
    assert_eq!(news["last_message"]["preview"], "two");
    assert_eq!((&second["gone"], &second["has_more"]), (&json!([]), &json!(false)));
    let third =
        syncs(&alice, Some(&second["cursor"]), &[(&with_bob, 2, 0), (&with_carol, 0, 0)]).await;
    assert_eq!(ids(&third), [""; 0]);
}

/// A room that was opened while the client was away is told although the client cannot name it.
#[tokio::test]
async fn rooms_with_news_that_are_not_held_are_told_as_well() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let old = alice.opens_direct("carol").await;
    alice.posts(&old, "long ago").await;
    app.advance_clock(Duration::from_secs(3_600)).await;
    let before = syncs(&alice, None, &[(&old, 1, 0)]).await;
    assert_eq!(ids(&before), [""; 0]);
    app.advance_clock(Duration::from_secs(3_600)).await;
    let new = bob.opens_direct("alice").await;
    bob.posts(&new, "hello").await;

    let after = syncs(&alice, Some(&before["cursor"]), &[]).await;

    assert_eq!(ids(&after), [&new.id], "the old one has no news");
}

/// Nothing slips between two calls: the second looks back behind the first.
#[tokio::test]
async fn calls_overlap() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = bob.opens_direct("alice").await;
    bob.posts(&room, "a moment before").await;
    let first = syncs(&alice, None, &[]).await;
    assert_eq!(ids(&first), [&room.id]);
    app.advance_clock(Duration::from_secs(10)).await;

    let second = syncs(&alice, Some(&first["cursor"]), &[]).await;

    assert_eq!(ids(&second), [&room.id]);
}

/// What was told is not told again for ever: each call looks back behind the one before it, and no further.
#[tokio::test]
async fn old_news_are_told_once() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let first = syncs(&alice, None, &[]).await;
    let room = bob.opens_direct("alice").await;
    bob.posts(&room, "hello").await;
    app.advance_clock(Duration::from_secs(300)).await;
    let second = syncs(&alice, Some(&first["cursor"]), &[]).await;
    assert_eq!(ids(&second), [&room.id]);
    app.advance_clock(Duration::from_secs(300)).await;

    let third = syncs(&alice, Some(&second["cursor"]), &[]).await;

    assert_eq!(ids(&third), [""; 0]);
}

/// More news than one call tells is told by the calls that follow.
#[tokio::test]
async fn news_of_many_rooms_come_in_parts() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let alice = app.user("alice").await;
    let first = syncs(&alice, None, &[]).await;
    app.advance_clock(Duration::from_secs(3_600)).await;
    let mut opened = Vec::new();
    for i in 0..150 {
        opened.push(app.user(&format!("friend-{i}")).await.opens_direct("alice").await.id);
        app.advance_clock(Duration::from_millis(10)).await;
    }

    let (mut told, mut cursor) = (Vec::new(), first["cursor"].clone());
    loop {
        let part = syncs(&alice, Some(&cursor), &[]).await;
        told.extend(ids(&part).into_iter().map(ToOwned::to_owned));
        cursor = part["cursor"].clone();
        if part["has_more"] == false {
            break;
        }
    }

    told.sort();
    opened.sort();
    assert_eq!(told, opened);
}

/// Invariant I8: a room of others, one that was deleted, and what is no room at all look alike.
#[tokio::test]
async fn what_is_not_the_callers_is_gone() {
    let app = TestApp::start().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let foreign = alice.opens_direct("bob").await;
    alice.posts(&foreign, "secret").await;
    let deleted = mallory.opens_direct("dora").await;
    app.service().await.delete(&deleted.path("")).await.expect(204);
    let rooms = json!({ foreign.id.as_str(): [0, 0], deleted.id.as_str(): [0, 0], "x": [0, 0], crate::NO_ROOM: [0, 0] });

    let synced = mallory.post("/v1/sync", json!({ "rooms": rooms })).await.expect(200);

    assert_eq!(ids(&synced), [""; 0]);
    let mut gone: Vec<&str> =
        synced["gone"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    gone.sort_unstable();
    let mut all = vec![foreign.id.as_str(), deleted.id.as_str(), "x", crate::NO_ROOM];
    all.sort_unstable();
    assert_eq!(gone, all);
    assert!(!synced.to_string().contains("secret"));
}

/// Agents hold rooms of their desk.
#[tokio::test]
async fn an_agent_syncs_the_rooms_of_the_desk() {
    let app = TestApp::start().await;
    let user = app.user("una").await;
    let room = user.opens_support().await;
    user.posts(&room, "Hello?").await;

    let synced = syncs(&app.admin("agnes").await, None, &[(&room, 0, 0)]).await;

    assert_eq!(ids(&synced), [&room.id]);
    assert_eq!(synced["rooms"][0]["unread"], 1);
}

/// Invariant I10.
#[tokio::test]
async fn a_sync_names_at_most_100_rooms_and_a_cursor_that_we_gave_out() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let many: serde_json::Map<String, Value> =
        (0..101).map(|i| (format!("{i}"), json!([0, 0]))).collect();
    for (body, field) in [
        (json!({ "rooms": many }), "rooms"),
        (json!({ "cursor": "x" }), "cursor"),
        (json!({ "rooms": { "x": [0] } }), "rooms.x"),
        (json!({ "rooms": { "x": [0, -1] } }), "rooms.x[1]"),
        (json!({ "rooms": [] }), "rooms"),
    ] {
        let answer = alice.post("/v1/sync", body.clone()).await;
        assert_eq!(answer.wrong_fields(), [field], "{body}");
    }
    alice.post("/v1/sync", json!({})).await.expect(200);
}
