//! `/v1/rooms` and `/v1/rooms/{id}`.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Distant, FakeRelay, Inbox, TestApp, User};
use uuid::Uuid;

use crate::NO_ROOM;

/// Mission C2.
#[tokio::test]
async fn both_sides_open_the_same_room() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);

    let opened = alice.post("/v1/rooms", json!({ "kind": "direct", "with": "bob" })).await;
    let opened = opened.expect(201);
    let found = bob.post("/v1/rooms", json!({ "kind": "direct", "with": "alice" })).await;

    assert_eq!(found.expect(200)["id"], opened["id"]);
}

/// Mission C2. Mission A2.
#[tokio::test]
async fn of_fifty_who_open_a_room_at_once_one_opens_it_and_all_get_it() {
    let app = TestApp::on(Distant::new()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);

    let answers = join_all((0..50).map(|i| {
        let (user, with) = if i % 2 == 0 { (&alice, "bob") } else { (&bob, "alice") };
        user.post("/v1/rooms", json!({ "kind": "direct", "with": with }))
    }));
    let answers = answers.await;

    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let found = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((created, found), (1, 49));
    let ids: HashSet<_> = answers.iter().map(|answer| answer.json["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

/// Mission A3.
#[tokio::test]
async fn another_pair_has_another_room() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);

    let rooms = [
        alice.opens_direct("bob").await,
        alice.opens_direct("carol").await,
        bob.opens_direct("carol").await,
    ];

    let ids: HashSet<&str> = rooms.iter().map(|room| room.id.as_str()).collect();
    let channels: HashSet<&str> = rooms.iter().map(|room| room.channel.as_str()).collect();
    assert_eq!((ids.len(), channels.len()), (3, 3));
}

/// Mission B2. Mission B3.
#[tokio::test]
async fn a_new_room_has_every_key_and_null_for_what_was_not_yet() {
    let app = TestApp::start().await;
    app.user_with(
        json!({ "sub": "bob", "name": "Bob", "picture": "https://pictures.example/bob" }),
    )
    .await
    .me()
    .await;
    let alice = app.user_with(json!({ "sub": "alice", "name": "Alice" })).await;

    let room = alice.opens_direct("bob").await;

    assert_eq!(Uuid::parse_str(&room.id).unwrap().get_version_num(), 8);
    assert!(room.channel.starts_with("private-room-"), "{}", room.channel);
    let shown = &room.json;
    assert_eq!(shown["kind"], "direct");
    assert_eq!(shown["state"], "active");
    assert_eq!(shown["head"], 0);
    assert_eq!(shown["rev"], 0);
    assert_eq!(shown["message_count"], 0);
    for key in ["title", "last_message", "last_message_at", "archived_at", "viewed_at"] {
        assert_eq!(shown.get(key), Some(&json!(null)), "{key}: {shown}");
    }
    for key in ["created_at", "updated_at"] {
        assert!(is_time(&shown[key]), "{key}: {shown}");
    }
    let mut members = shown["members"].as_array().unwrap().clone();
    members.sort_by_key(|member| member["id"].to_string());
    let alice =
        json!({ "id": "alice", "type": "user", "name": "Alice", "picture": null, "read": 0 });
    let bob = json!({
        "id": "bob", "type": "user", "name": "Bob", "picture": "https://pictures.example/bob", "read": 0,
    });
    assert_eq!(members, [alice, bob]);
    let you = json!({
        "member_id": "alice", "read": 0, "unread": 0, "hidden": false, "muted": false, "pinned": false,
    });
    assert_eq!(shown["you"], you);
}

/// Mission C12. Mission A1.
#[tokio::test]
async fn a_direct_room_has_these_keys_and_no_others() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let posted = alice.posts(&room, "hello").await;
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    let set = |keys: &str| -> BTreeSet<String> {
        keys.split_whitespace().map(ToOwned::to_owned).collect()
    };

    for shown in [
        alice.sees(&room).await.json,
        alice.opens_direct("bob").await.json,
        app.user("bob").await.sees(&room).await.json,
        alice.inbox("").await.rooms.remove(0).json,
    ] {
        let expected = "id kind title state channel head rev members member_count you last_message \
            message_count created_at updated_at last_message_at archived_at viewed_at";
        assert_eq!(keys(&shown), set(expected), "{shown}");
        assert_eq!(keys(&shown["you"]), set("member_id read unread hidden muted pinned"));
        let last = "seq sender_id sender_type preview created_at deleted";
        assert_eq!(keys(&shown["last_message"]), set(last));
        for member in shown["members"].as_array().unwrap() {
            assert_eq!(keys(member), set("id type name picture read"));
        }
        assert_eq!(shown["last_message_at"], posted["created_at"]);
        assert_eq!(shown["updated_at"], posted["created_at"]);
    }
}

fn is_time(value: &serde_json::Value) -> bool {
    // 2024-01-29T10:00:00.123Z
    value
        .as_str()
        .is_some_and(|text| text.len() == 24 && text.as_bytes()[19] == b'.' && text.ends_with('Z'))
}

#[tokio::test]
async fn a_room_is_shown_to_each_side_from_its_own_place() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;

    // Bob's name is known once he has been here.
    let (to_bob, to_alice) = (bob.sees(&room).await.json, alice.sees(&room).await.json);

    assert_eq!(to_alice["you"]["member_id"], "alice");
    assert_eq!(to_bob["you"]["member_id"], "bob");
    assert_eq!(to_alice["members"], to_bob["members"]);
    assert_eq!(to_alice["channel"], to_bob["channel"]);
}

#[tokio::test]
async fn a_room_says_how_many_members_it_has() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;

    let shown = alice.sees(&room).await.json;

    assert_eq!(shown["members"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["member_count"], 2);
}

/// Others see a person by the name and picture of the person's own newest token.
#[tokio::test]
async fn a_new_name_is_shown_once_its_owner_was_there() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let bobs_name = async |room: &tests::Room| {
        let members = alice.sees(room).await.json["members"].as_array().unwrap().clone();
        members.into_iter().find(|member| member["id"] == "bob").unwrap()["name"].clone()
    };
    assert_eq!(bobs_name(&room).await, json!(null));

    for name in ["Bob", "Robert"] {
        let bob = app.user_with(json!({ "sub": "bob", "name": name })).await;
        bob.sees(&room).await;
        assert_eq!(bobs_name(&room).await, name);
    }
}

/// Mission C5.
#[tokio::test]
async fn nobody_opens_a_room_with_oneself() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    let answer = alice.post("/v1/rooms", json!({ "kind": "direct", "with": "alice" })).await;

    assert_eq!(answer.wrong_fields(), ["with"]);
    assert!(alice.inbox("").await.rooms.is_empty());
}

/// Nothing comes of what is wrong: no room, no message, no event.
/// Mission C5.
#[tokio::test]
async fn what_is_wrong_is_told_and_changes_nothing() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let (before, calls) = (alice.sees(&room).await.json, relay.calls());
    let hello = json!({ "body": "hello" });

    let oneself = alice.post("/v1/rooms", json!({ "kind": "direct", "with": "alice" })).await;
    assert_eq!(oneself.wrong_fields(), ["with"]);
    let unknown = alice.post(&format!("/v1/rooms/{NO_ROOM}/messages"), hello.clone()).await;
    assert_eq!(unknown.problem(404), "not_found");
    for no_uuid in ["1", "bob", "undefined", "2f1d7a3c-8c1b-4f5e-9a3e"] {
        let nowhere = alice.post(&format!("/v1/rooms/{no_uuid}/messages"), hello.clone()).await;
        assert_eq!(nowhere.problem(404), "not_found", "{no_uuid}");
        let message = json!({ "body": "hello", "client_id": no_uuid });
        let unnamed = alice.post(&room.path("/messages"), message).await;
        assert_eq!(unnamed.wrong_fields(), ["client_id"], "{no_uuid}");
    }

    assert_eq!((alice.sees(&room).await.json, relay.calls()), (before, calls));
    assert_eq!(alice.inbox("").await.ids(), [&room.id]);
}

/// Mission C5. Invariant I10.
#[tokio::test]
async fn a_room_without_somebody_to_talk_to_is_refused() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let long = "x".repeat(129);

    for body in [
        json!({ "kind": "direct" }),
        json!({ "kind": "direct", "with": null }),
        json!({ "kind": "direct", "with": 5 }),
        json!({ "kind": "direct", "with": "" }),
        json!({ "kind": "direct", "with": long }),
        json!({ "kind": "palaver", "with": "bob" }),
        json!({ "kind": 1, "with": "bob" }),
        json!({ "with": "bob" }),
        json!({}),
        json!([]),
        json!("direct"),
    ] {
        let answer = alice.post("/v1/rooms", body.clone()).await;
        assert_eq!(answer.status, 422, "{body}: {answer}");
        answer.problem(422);
    }
    assert!(alice.inbox("").await.rooms.is_empty());
}

/// Ids are any text of 1 to 128 bytes; those with a colon cannot be taken for another type's.
#[tokio::test]
async fn people_have_any_ids() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let longest = "é".repeat(64);
    for (id, member_id) in [
        ("auth0|abc", "auth0|abc"),
        ("a/b?c=d#e%20 f", "a/b?c=d#e%20 f"),
        ("R#x", "R#x"),
        ("🎁", "🎁"),
        ("merchant:1", "user:merchant:1"),
        ("user:1", "user:user:1"),
        (longest.as_str(), longest.as_str()),
    ] {
        let room = alice.opens_direct(id).await;
        let other = app.user(id).await;
        assert_eq!(other.opens_direct("alice").await.id, room.id, "{id}");
        let message = other.posts(&room, "hello").await;
        assert_eq!(message["sender_id"], member_id);
        assert_eq!(other.sees(&room).await.json["you"]["member_id"], member_id);
    }
}

/// Mission A5. Mission A6: a merchant with the id of a user is somebody else.
#[tokio::test]
async fn accounts_of_different_types_never_collide() {
    let app = TestApp::start().await;
    let (alice, user) = (app.user("alice").await, app.user("1").await);
    let merchant = app.user_with(json!({ "sub": "1", "type": "merchant" })).await;
    let room = alice.opens_direct("1").await;
    user.posts(&room, "I am the user").await;

    assert_eq!(merchant.get(&room.path("")).await.problem(404), "not_found");
    assert_eq!(merchant.get(&room.path("/messages")).await.status, 404);
    assert!(merchant.inbox("").await.rooms.is_empty());
    let colon = app.user("merchant:1").await;
    assert_eq!(colon.get(&room.path("")).await.status, 404);
}

/// Mission D19. Invariant I8.
#[tokio::test]
async fn a_room_of_others_looks_like_no_room() {
    let app = TestApp::start().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;

    let foreign = mallory.get(&room.path("")).await;
    let absent = mallory.get(&format!("/v1/rooms/{NO_ROOM}")).await;

    foreign.problem(404);
    assert_eq!(foreign.text, absent.text);
    for id in ["x", "2f1d7a3c-8c1b-4f5e-9a3e-1c2d3e4f5a6b", "%00", "%FF", "..%2f", "🎁"] {
        let answer = mallory.get(&format!("/v1/rooms/{id}")).await;
        assert!((400..500).contains(&answer.status), "{answer}");
        answer.problem(answer.status);
    }
}

/// Invariant I6.
#[tokio::test]
async fn the_inbox_shows_the_newest_activity_first_with_preview_and_unread() {
    let app = TestApp::start().await;
    let (alice, bob, carol) =
        (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    let with_bob = alice.opens_direct("bob").await;
    let with_carol = alice.opens_direct("carol").await;
    bob.posts_all(&with_bob, ["one", "two"]).await;
    tick(&app).await;
    carol.posts(&with_carol, "three").await;
    tick(&app).await;
    let newest = bob.posts(&with_bob, "four").await;

    let inbox = alice.inbox("").await;

    assert_eq!(inbox.ids(), [with_bob.id.as_str(), &with_carol.id]);
    assert_eq!(inbox.next, None);
    let row = &inbox.rooms[0].json;
    assert_eq!(row["you"]["unread"], 3);
    assert_eq!(row["message_count"], 3);
    let preview = json!({
        "seq": 3, "sender_id": "bob", "sender_type": "user", "preview": "four",
        "created_at": newest["created_at"], "deleted": false,
    });
    assert_eq!(row["last_message"], preview);
    assert_eq!(inbox.rooms[1].json["you"]["unread"], 1);
}

/// Mission B6.
#[tokio::test]
async fn the_last_activity_is_the_newest_messages_time() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "first").await;
    tick(&app).await;

    let newest = alice.posts(&room, "second").await;

    assert_eq!(alice.sees(&room).await.json["last_message_at"], newest["created_at"]);
}

/// Moves the clock by a little, so that two activities are not of the same millisecond.
async fn tick(app: &TestApp) {
    app.advance_clock(Duration::from_millis(5)).await;
}

#[tokio::test]
async fn a_room_is_in_both_inboxes_once_it_is_open() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    assert!(bob.inbox("").await.rooms.is_empty());

    let room = alice.opens_direct("bob").await;

    assert_eq!(alice.inbox("").await.ids(), [&room.id]);
    assert_eq!(bob.inbox("").await.ids(), [&room.id]);
}

/// Mission B13.
#[tokio::test]
async fn a_preview_of_more_than_100_characters_is_cut() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let preview = async || alice.inbox("").await.rooms[0].json["last_message"]["preview"].clone();

    alice.posts(&room, &"é".repeat(100)).await;
    assert_eq!(preview().await, "é".repeat(100));
    alice.posts(&room, &"é".repeat(101)).await;
    assert_eq!(preview().await, "é".repeat(97) + "...");
}

/// Mission B14. Mission C11: 45 rooms that were all active within one stretch that the index does not
/// tell apart, in exact order, whatever the size of a page.
#[tokio::test]
async fn an_inbox_is_paged_in_exact_order() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let alice = app.user("alice").await;
    let mut newest_first = Vec::new();
    for i in 0..45 {
        let room = alice.opens_direct(&format!("friend-{i}")).await;
        tick(&app).await;
        newest_first.insert(0, room.id);
    }
    // Whoever speaks moves up.
    for i in [44, 7, 30] {
        let room = app.user(&format!("friend-{i}")).await.opens_direct("alice").await;
        app.user(&format!("friend-{i}")).await.posts(&room, "hello").await;
        tick(&app).await;
        newest_first.retain(|id| *id != room.id);
        newest_first.insert(0, room.id);
    }

    for limit in [7, 20, 44, 45, 46, 100] {
        assert_eq!(ids_of_all_pages(&alice, limit).await, newest_first, "limit={limit}");
    }
}

/// The rooms' ids of all pages; each page but the last is full.
async fn ids_of_all_pages(user: &User, limit: usize) -> Vec<String> {
    let (mut ids, mut query) = (Vec::new(), format!("?limit={limit}"));
    loop {
        let Inbox { rooms, next } = user.inbox(&query).await;
        assert!(rooms.len() == limit || next.is_none(), "a page of {} of {limit}", rooms.len());
        ids.extend(rooms.into_iter().map(|room| room.id));
        let Some(next) = next else { return ids };
        assert!(ids.len() < 1_000, "pages without an end");
        query = format!("?limit={limit}&cursor={next}");
    }
}

/// Mission B14: 200 rooms that were all active within a minute.
#[tokio::test]
async fn an_inbox_of_a_busy_minute_is_paged_in_exact_order() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let alice = app.user("alice").await;
    let mut newest_first = Vec::new();
    for i in 0..200 {
        let room = alice.opens_direct(&format!("{}-{i}", ["Aaron", "zoe"][i % 2])).await;
        newest_first.insert(0, room.id);
        app.advance_clock(Duration::from_millis(300)).await;
    }
    for limit in [7, 50, 100] {
        assert_eq!(ids_of_all_pages(&alice, limit).await, newest_first, "limit={limit}");
    }
}

/// More rooms at one time than the list sorts as a whole: each is on exactly one page.
#[tokio::test]
async fn a_crowd_of_rooms_at_one_time_is_listed_once() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let alice = app.user("alice").await;
    let friends: Vec<String> = (0..1_200).map(|i| format!("friend-{i}")).collect();
    let opened = join_all(friends.iter().map(|friend| alice.opens_direct(friend))).await;
    let opened: HashSet<String> = opened.into_iter().map(|room| room.id).collect();

    let (mut listed, mut query) = (Vec::new(), "?limit=100".to_owned());
    loop {
        let Inbox { rooms, next } = alice.inbox(&query).await;
        listed.extend(rooms.into_iter().map(|room| room.id));
        let Some(next) = next else { break };
        assert!(listed.len() <= 1_200, "pages without an end");
        query = format!("?limit=100&cursor={next}");
    }

    assert_eq!(listed.len(), 1_200);
    assert_eq!(listed.into_iter().collect::<HashSet<_>>(), opened);
}

/// Rooms of several stretches of time, some of which hold several rooms.
#[tokio::test]
async fn an_inbox_is_paged_over_hours() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let alice = app.user("alice").await;
    let mut newest_first = Vec::new();
    for i in 0..24 {
        // Ids on both sides of hers: she is the first side of some rooms, the second of others.
        let other = format!("{}-{i}", if i % 2 == 0 { "Aaron" } else { "zoe" });
        newest_first.insert(0, alice.opens_direct(&other).await.id);
        let pause =
            if i % 3 == 0 { Duration::from_secs(20 * 60) } else { Duration::from_millis(5) };
        app.advance_clock(pause).await;
    }

    for limit in [1, 5, 24] {
        assert_eq!(ids_of_all_pages(&alice, limit).await, newest_first, "limit={limit}");
    }
}

#[tokio::test]
async fn an_inbox_is_filtered_by_kind() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;

    assert_eq!(alice.inbox("?kind=direct").await.ids(), [&room.id]);
    assert_eq!(alice.get("/v1/rooms?kind=palaver").await.wrong_fields(), ["kind"]);
}

/// Invariant I10.
#[tokio::test]
async fn an_inbox_page_has_1_to_100_rooms_and_a_cursor_that_we_gave_out() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    for limit in ["0", "101", "-1", "x", "", "99999999999999999999"] {
        let answer = alice.get(&format!("/v1/rooms?limit={limit}")).await;
        assert_eq!(answer.wrong_fields(), ["limit"], "{limit}");
    }
    for cursor in ["x", "AAAA", "%00", "MSAyIDM"] {
        let answer = alice.get(&format!("/v1/rooms?cursor={cursor}")).await;
        assert_eq!(answer.wrong_fields(), ["cursor"], "{cursor}");
    }
    alice.inbox("?limit=1").await;
    alice.inbox("?limit=100").await;
}
