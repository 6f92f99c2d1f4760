//! `DELETE /v1/rooms/{id}`: a room goes with all that is in it.

use serde_json::json;
use tests::{Meter, Room, TestApp, User};

/// Mission A4. Mission D16. What is left of the room is its tombstone, which holds nothing of it.
#[tokio::test]
async fn a_deleted_room_is_gone_with_all_its_items() {
    let store = Meter::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts_all(&room, (0..60).map(|i| format!("message {i}"))).await;
    alice.tries_to_post(&room, "with an id", uuid::Uuid::new_v4()).await.expect(201);
    bob.marks_read(&room, 3).await;
    let partition = format!("R#{}", room.id);
    assert!(store.count_items(&partition) > 60);

    app.service().await.delete(&room.path("")).await.expect(204);

    for user in [&alice, &bob] {
        user.get(&room.path("")).await.problem(404);
        user.get(&room.path("/messages")).await.problem(404);
        user.post(&room.path("/messages"), json!({ "body": "still there?" })).await.problem(404);
        user.put(&room.path("/read"), json!({ "seq": 1 })).await.problem(404);
        user.asks_to_hear("1.1", &room.channel).await.problem(403);
        assert!(user.inbox("").await.ids().is_empty());
    }
    assert_eq!(store.count_items(&partition), 1);
    let tombstone = store.item(&partition, "#");
    let names: Vec<&String> = tombstone.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 3, "{tombstone}");
    assert_eq!(tombstone["gen"]["N"], "1", "{tombstone}");
}

/// Whoever opens the room again gets another one, in which nothing of the old one can appear.
#[tokio::test]
async fn a_room_that_is_opened_again_is_another_one() {
    let app = TestApp::start().await;
    let (alice, service) = (app.user("alice").await, app.service().await);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let room = alice.opens_direct("bob").await;
        assert_eq!(room.json["head"], 0);
        alice.posts(&room, "hello").await;
        assert_eq!(alice.opens_direct("bob").await.id, room.id);
        ids.push(room.id.clone());
        service.delete(&room.path("")).await.expect(204);
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

/// A block holds in the room that comes after a deleted one, also when it is taken back.
#[tokio::test]
async fn a_block_outlives_the_room() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let old = alice.opens_direct("bob").await;
    app.service().await.delete(&old.path("")).await.expect(204);
    let new = alice.opens_direct("bob").await;

    bob.blocks("alice").await;
    let refused = alice.post(&new.path("/messages"), json!({ "body": "hello?" })).await;
    assert_eq!(refused.problem(403), "blocked");
    bob.unblocks("alice").await;
    alice.posts(&new, "hello again").await;
}

/// Mission D15: other rooms of the same people stay.
#[tokio::test]
async fn other_rooms_stay() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let (going, staying) = (alice.opens_direct("bob").await, alice.opens_direct("carol").await);
    alice.posts(&staying, "hello").await;

    app.admin("agnes").await.delete(&going.path("")).await.expect(204);

    assert_eq!(alice.inbox("").await.ids(), [&staying.id]);
    assert_eq!(alice.history(&staying).await.bodies(), ["hello"]);
}

/// Fault F18.
#[tokio::test]
async fn only_the_applications_server_and_agents_delete_rooms() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;

    assert_eq!(alice.delete(&room.path("")).await.problem(403), "service_or_admin");
    let foreign = app.user("mallory").await.delete(&room.path("")).await;
    let absent = app.user("mallory").await.delete(&absent().path("")).await;
    foreign.problem(404);
    assert_eq!(foreign.text, absent.text);
    app.service().await.delete(&crate::deletion::absent().path("")).await.problem(404);
    assert_eq!(alice.sees(&room).await.id, room.id);
}

fn absent() -> Room {
    Room::from(json!({ "id": crate::NO_ROOM, "channel": "" }))
}

/// Who deletes again, because the answer was lost, is told the same.
#[tokio::test]
async fn deleting_again_changes_nothing() {
    let app = TestApp::start().await;
    let room = app.user("alice").await.opens_direct("bob").await;
    for _ in 0..2 {
        app.service().await.delete(&room.path("")).await.expect(204);
    }
}

/// Those who were in the room learn that it is gone, once.
#[tokio::test]
async fn whoever_was_in_the_room_is_told() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut listeners = [
        alice.listens_to(&room).await,
        alice.listens_to_own_channel().await,
        bob.listens_to_own_channel().await,
    ];
    let mut stranger = app.user("mallory").await.listens_to_own_channel().await;

    for _ in 0..2 {
        app.service().await.delete(&room.path("")).await.expect(204);
    }

    for listener in &mut listeners {
        let heard = listener.hears_only(&["room_updated"]).await;
        assert_eq!(
            (&heard[0].data["room_id"], &heard[0].data["deleted"]),
            (&json!(room.id), &json!(true))
        );
    }
    stranger.saw_nothing().await;
}

/// A room too large for one call goes in several; from the first answer on it is gone for everybody.
#[tokio::test]
async fn a_large_room_goes_in_parts() {
    let store = Meter::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, service): (User, User) = (app.user("alice").await, app.service().await);
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "first").await;
    let partition = format!("R#{}", room.id);
    // What would take an hour to post is put beside it.
    store.copy_item(&partition, "M000000000001", (2..=12_000).map(|seq| format!("M{seq:012}")));
    let (mut calls, mut left) = (0, store.count_items(&partition));

    loop {
        let answer = service.delete(&room.path("")).await;
        alice.get(&room.path("")).await.problem(404);
        calls += 1;
        let now = store.count_items(&partition);
        assert!(now < left, "nothing was deleted");
        left = now;
        match answer.status {
            202 => {}
            status => break assert_eq!(status, 204, "{answer}"),
        }
    }

    assert!(calls > 1, "one call deleted all");
    assert_eq!(left, 1);
}
