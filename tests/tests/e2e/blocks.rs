//! `/v1/blocks`: not hearing from somebody any more.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Answer, Distant, Fault, Faulty, Room, TestApp, User};

/// Alice and bob, in a room of theirs.
async fn pair() -> (TestApp, User, User, Room) {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    (app, alice, bob, room)
}

async fn tries_to_post(user: &User, room: &Room) -> Answer {
    user.post(&room.path("/messages"), json!({ "body": "hello" })).await
}

async fn blocked_by(user: &User) -> Value {
    user.get("/v1/blocks").await.expect(200)["users"].clone()
}

#[tokio::test]
async fn a_blocked_person_cannot_post_into_the_room_of_the_two() {
    let (_app, alice, bob, room) = pair().await;
    bob.posts(&room, "before").await;

    alice.blocks("bob").await;

    assert_eq!(tries_to_post(&bob, &room).await.problem(403), "blocked");
    assert_eq!(alice.history(&room).await.head, 1, "nothing came of it");
    assert_eq!(bob.history(&room).await.bodies(), ["before"], "what was said can be read");
    alice.posts(&room, "I can").await;
    alice.unblocks("bob").await;
    bob.posts(&room, "and so can I again").await;
}

#[tokio::test]
async fn both_can_block_each_other_and_each_block_is_taken_back_by_itself() {
    let (_app, alice, bob, room) = pair().await;
    alice.blocks("bob").await;
    bob.blocks("alice").await;
    for user in [&alice, &bob] {
        assert_eq!(tries_to_post(user, &room).await.problem(403), "blocked");
    }

    alice.unblocks("bob").await;

    assert_eq!(tries_to_post(&alice, &room).await.problem(403), "blocked");
    bob.posts(&room, "I am not blocked").await;
}

#[tokio::test]
async fn blocking_and_taking_it_back_twice_is_the_same_as_once() {
    let (_app, alice, bob, room) = pair().await;
    alice.unblocks("bob").await;
    alice.blocks("bob").await;
    alice.blocks("bob").await;
    assert_eq!(blocked_by(&alice).await.as_array().map(Vec::len), Some(1));

    alice.unblocks("bob").await;
    alice.unblocks("bob").await;

    assert_eq!(blocked_by(&alice).await, json!([]));
    bob.posts(&room, "hello").await;
}

#[tokio::test]
async fn the_list_shows_names_and_pictures_where_they_are_known() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let picture = "https://pictures.example/bob";
    let bob = json!({ "sub": "bob", "name": "Bob", "picture": picture, "email": "b@mail.example" });
    app.user_with(bob).await.me().await;

    alice.blocks("bob").await;
    alice.blocks("never/seen").await;

    let answer = alice.get("/v1/blocks").await;
    assert!(!answer.text.contains("mail"), "{answer}");
    assert_eq!(answer.json["next"], json!(null));
    let mut users = answer.expect(200)["users"].as_array().expect("users").clone();
    users.sort_by_key(|user| user["id"].to_string());
    let expected = [
        json!({ "id": "bob", "name": "Bob", "picture": picture }),
        json!({ "id": "never/seen", "name": null, "picture": null }),
    ];
    assert_eq!(users, expected);
}

#[tokio::test]
async fn the_list_is_paged_and_shows_everyone_once() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let everyone: BTreeSet<String> = (0..12).map(|number| format!("auth0|{number}")).collect();
    for id in &everyone {
        alice.blocks(id).await;
    }

    for limit in [1, 5, 11, 12, 13] {
        let (mut seen, mut query) = (Vec::new(), format!("?limit={limit}"));
        loop {
            let page = alice.get(&format!("/v1/blocks{query}")).await.expect(200);
            let users = page["users"].as_array().expect("users");
            seen.extend(users.iter().map(|user| user["id"].as_str().expect("an id").to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(users.len(), limit, "a page that is not the last one");
            query = format!("?limit={limit}&cursor={next}");
        }
        assert_eq!(seen.len(), 12, "limit={limit}");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), everyone);
    }
}

/// Nobody learns from the API of whom others do not want to hear.
/// Invariant I8.
#[tokio::test]
async fn a_list_is_ones_own() {
    let (app, alice, bob, room) = pair().await;
    let merchant = app.user_with(json!({ "sub": "alice", "type": "merchant" })).await;
    let before = (bob.sees(&room).await.json, bob.looks_up("alice").await.text);

    alice.blocks("bob").await;

    for other in [&bob, &merchant, &app.admin("agent").await] {
        assert_eq!(blocked_by(other).await, json!([]));
    }
    assert_eq!((bob.sees(&room).await.json, bob.looks_up("alice").await.text), before);
}

#[tokio::test]
async fn a_block_is_about_two_people_and_nobody_else() {
    let (app, alice, bob, _) = pair().await;
    let carol = app.user("carol").await;
    let (with_carol, bobs) = (carol.opens_direct("alice").await, carol.opens_direct("bob").await);

    alice.blocks("bob").await;

    carol.posts(&with_carol, "hello").await;
    bob.posts(&bobs, "hello").await;
}

/// Mission A5: whoever has the same id and is of another type is somebody else.
#[tokio::test]
async fn guests_and_merchants_block_for_themselves_alone() {
    let (app, _, bob, room) = pair().await;

    for kind in ["merchant", "guest"] {
        let other = app.user_with(json!({ "sub": "alice", "type": kind })).await;
        other.blocks("bob").await;
        assert_eq!(blocked_by(&other).await[0]["id"], "bob");
        bob.posts(&room, "alice did not block me").await;
        other.unblocks("bob").await;
        // A user with their own id is not themselves.
        other.blocks("alice").await;
    }
}

/// Invariant I10.
#[tokio::test]
async fn nobody_blocks_oneself_or_who_cannot_be() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    for id in ["alice".to_owned(), "x".repeat(129)] {
        let path = format!("/v1/blocks/{id}");
        let put = alice.send(alice.request(reqwest::Method::PUT, &path)).await;
        assert_eq!(put.wrong_fields(), ["id"]);
        assert_eq!(alice.delete(&path).await.wrong_fields(), ["id"]);
    }
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?cursor=", "cursor"),
        ("?cursor=%", "cursor"),
    ] {
        let answer = alice.get(&format!("/v1/blocks{query}")).await;
        assert_eq!(answer.wrong_fields(), [field], "{query}");
    }
    assert_eq!(blocked_by(&alice).await, json!([]));
}

/// Fault F8: whatever dies between the item and the room, doing it again ends well.
#[tokio::test]
async fn a_block_that_was_broken_off_is_finished_by_the_next_try() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let refused = Fault::Refuse(400, "ProvisionedThroughputExceededException");
    let once = |operation: &'static str| {
        let refused = refused.clone();
        store.follow(move |call| (call.operation == operation).then(|| refused.clone()));
    };
    let put = alice.request(reqwest::Method::PUT, "/v1/blocks/bob");

    once("UpdateItem");
    alice.send(put).await.problem(503);
    store.heal();
    assert_eq!(blocked_by(&alice).await[0]["id"], "bob", "it shows that it was meant");
    alice.blocks("bob").await;
    assert_eq!(tries_to_post(&bob, &room).await.problem(403), "blocked");

    once("DeleteItem");
    alice.delete("/v1/blocks/bob").await.problem(503);
    store.heal();
    assert_eq!(blocked_by(&alice).await[0]["id"], "bob", "it shows that there is more to do");
    alice.unblocks("bob").await;
    assert_eq!(blocked_by(&alice).await, json!([]));
    bob.posts(&room, "hello").await;
}

/// Whoever is blocked opens no room with the blocker: not a new one, nor the one that there is.
#[tokio::test]
async fn whoever_is_blocked_opens_no_room() {
    let app = TestApp::start().await;
    let (alice, bob, carol) =
        (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    carol.opens_direct("bob").await;
    let wanted = json!({ "kind": "direct", "with": "bob" });
    for user in ["alice", "carol"] {
        bob.blocks(user).await;
    }

    for blocked in [&alice, &carol] {
        assert_eq!(blocked.post("/v1/rooms", wanted.clone()).await.problem(403), "blocked");
    }
    assert_eq!(bob.inbox("").await.rooms.len(), 1, "no new room came to his inbox");
    assert!(alice.inbox("").await.rooms.is_empty());
    // The blocker is not blocked, and others are not either.
    let room = bob.opens_direct("alice").await;
    bob.posts(&room, "I may still write").await;
    alice.post(&room.path("/messages"), json!({ "body": "and I?" })).await.problem(403);
    alice.opens_direct("carol").await;
}

/// Whichever comes first, the block or the room, the other one sees it.
#[tokio::test]
async fn a_block_and_an_opening_at_the_same_moment_end_in_a_block() {
    let app = TestApp::on(Distant::new()).await;
    let bob = app.user("bob").await;
    for round in 0..20 {
        let name = format!("alice-{round}");
        let alice = app.user(&name).await;
        let wanted = json!({ "kind": "direct", "with": "bob" });

        let (opened, ()) =
            futures_util::future::join(alice.post("/v1/rooms", wanted.clone()), async {
                bob.blocks(&name).await
            })
            .await;

        if opened.status != 403 {
            let room = Room::from(opened.json);
            let post = alice.post(&room.path("/messages"), json!({ "body": "x" })).await;
            assert_eq!(post.problem(403), "blocked", "round {round}");
        }
        assert_eq!(alice.post("/v1/rooms", wanted).await.problem(403), "blocked");
    }
}
