//! 1-on-1 chat: what its Socket.IO clients say.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{TestApp, User};

use super::{channels, keys, listens, only, said, says};

const ALICE: &str = "11111111-1111-4111-8111-111111111111";
const BOB: &str = "22222222-2222-4222-8222-222222222222";
const CAROL: &str = "33333333-3333-4333-8333-333333333333";

async fn joins(user: &User, me: &str, other: &str) -> Value {
    let payload = json!({ "userId": me, "targetUserId": other });
    says(user, "direct/join_chat", payload).await.expect(200)
}

async fn sends(user: &User, me: &str, room: &Value, body: &str) -> Value {
    let payload = json!({ "roomId": room, "senderId": me, "body": body });
    let reply = says(user, "direct/send_message", payload).await.expect(200);
    said(&reply, "new_message").clone()
}

async fn more(user: &User, room: &Value, asked: Value) -> Value {
    let mut payload = json!({ "roomId": room });
    for (key, value) in asked.as_object().expect("an object") {
        payload[key] = value.clone();
    }
    let reply = says(user, "direct/fetch_messages", payload).await.expect(200);
    said(&reply, "more_messages").clone()
}

fn bodies(list: &Value) -> Vec<&str> {
    let messages = list["messages"].as_array().expect("a list");
    messages.iter().filter_map(|message| message["body"].as_str()).collect()
}

/// Mission C2 (dialect). Mission C3 (dialect). Mission C12 (dialect).
#[tokio::test]
async fn two_people_have_one_room_whoever_joins_it() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user(ALICE).await, app.user(BOB).await);

    let (ours, theirs) = futures_util::join!(
        join_all((0..10).map(|_| joins(&alice, ALICE, BOB))),
        join_all((0..10).map(|_| joins(&bob, BOB, ALICE))),
    );

    let joined = said(&ours[0], "room_joined");
    assert_eq!(keys(joined), ["room", "roomId"]);
    for reply in ours.iter().chain(&theirs) {
        assert_eq!(said(reply, "room_joined")["roomId"], joined["roomId"]);
    }
    let room = &joined["room"];
    assert_eq!(
        keys(room),
        ["created_at", "id", "last_message_at", "participant1", "participant2", "updated_at"]
    );
    assert_eq!((&room["id"], &room["last_message_at"]), (&joined["roomId"], &Value::Null));
    let mut people = [&room["participant1"], &room["participant2"]].map(|id| id.as_str().unwrap());
    people.sort_unstable();
    assert_eq!(people, [ALICE, BOB]);
    let other = joins(&alice, ALICE, CAROL).await;
    assert_ne!(said(&other, "room_joined")["roomId"], joined["roomId"]);
}

/// Mission C4 (dialect).
#[tokio::test]
async fn whoever_joins_sees_the_last_fifty_messages() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user(ALICE).await, app.user(BOB).await);
    let room = said(&joins(&alice, ALICE, BOB).await, "room_joined")["roomId"].clone();
    for number in 1..=3 {
        sends(&alice, ALICE, &room, &number.to_string()).await;
    }
    let reply = joins(&bob, BOB, ALICE).await;
    assert_eq!(bodies(said(&reply, "message_history")), ["1", "2", "3"]);
    for number in 4..=120 {
        sends(&alice, ALICE, &room, &number.to_string()).await;
    }

    let reply = joins(&bob, BOB, ALICE).await;

    let newest: Vec<String> = (71..=120).map(|number: u32| number.to_string()).collect();
    assert_eq!(bodies(said(&reply, "message_history")), newest);
}

/// Mission C9 (dialect). Mission C10 (dialect).
#[tokio::test]
async fn older_messages_come_by_how_many_are_there_already() {
    let app = TestApp::start().await;
    let alice = app.user(ALICE).await;
    let room = said(&joins(&alice, ALICE, BOB).await, "room_joined")["roomId"].clone();
    for number in 1..=75 {
        sends(&alice, ALICE, &room, &number.to_string()).await;
    }

    let first = more(&alice, &room, json!({ "offset": 50 })).await;
    assert_eq!((keys(&first), &first["offset"]), (vec!["messages", "offset"], &json!(70)));
    let expected: Vec<String> = (6..=25).map(|number: u32| number.to_string()).collect();
    assert_eq!(bodies(&first), expected);
    let last = more(&alice, &room, json!({ "limit": 20, "offset": 70 })).await;
    assert_eq!((bodies(&last), &last["offset"]), (vec!["1", "2", "3", "4", "5"], &json!(75)));
    for offset in [75, 76, 10_000] {
        let end = more(&alice, &room, json!({ "offset": offset })).await;
        assert_eq!(end, json!({ "messages": [], "offset": offset }));
    }
}

/// Mission C1 (dialect). Mission C6 (dialect). Mission C7 (dialect). Mission C8 (dialect). Mission C13 (dialect).
#[tokio::test]
async fn both_hear_a_message_and_the_receiver_alone_that_its_list_moved() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user(ALICE).await, app.user(BOB).await);
    let (mut lists, mut rooms) = (Vec::new(), Vec::new());
    let mut room = Value::Null;
    for (user, me, other) in [(&alice, ALICE, BOB), (&bob, BOB, ALICE)] {
        let registered = says(user, "direct/register_user", json!(me)).await.expect(200);
        lists.push(listens(user, &registered).await);
        let joined = joins(user, me, other).await;
        room = said(&joined, "room_joined")["roomId"].clone();
        rooms.push(listens(user, &joined).await);
    }

    let sent = sends(&alice, ALICE, &room, "Hello world!").await;

    assert_eq!(keys(&sent), ["body", "created_at", "id", "room_id", "sender_id"]);
    assert_eq!((&sent["body"], &sent["sender_id"]), (&json!("Hello world!"), &json!(ALICE)));
    for listener in &mut rooms {
        let event = only(listener.hears_so_far().await);
        assert_eq!((event.name.as_str(), &event.data), ("new_message", &sent));
    }
    lists[0].saw_nothing().await;
    let update = only(lists[1].hears_so_far().await);
    assert_eq!(update.name, "chat_list_update");
    let expected = json!({
        "room_id": room,
        "last_message": "Hello world!",
        "sender_id": ALICE,
        "updated_at": sent["created_at"],
    });
    assert_eq!(update.data, expected);
}

/// Mission C5 (dialect).
#[tokio::test]
async fn what_cannot_be_is_an_error_and_changes_nothing() {
    let app = TestApp::start().await;
    let (alice, carol) = (app.user(ALICE).await, app.user(CAROL).await);
    let joined = joins(&alice, ALICE, BOB).await;
    let room = said(&joined, "room_joined")["roomId"].clone();
    let no_room = "00000000-0000-8100-8000-000000000000";
    let message = |room: &Value, me: &str, body: &str| json!({ "roomId": room, "senderId": me, "body": body });
    for (event, payload, status) in [
        ("register_user", json!(BOB), 403),
        ("register_user", json!({}), 422),
        ("join_chat", json!({ "userId": ALICE, "targetUserId": "bob" }), 422),
        ("join_chat", json!({ "userId": "alice", "targetUserId": BOB }), 422),
        ("join_chat", json!({ "userId": ALICE, "targetUserId": ALICE }), 422),
        ("join_chat", json!({ "userId": BOB, "targetUserId": CAROL }), 403),
        ("join_chat", json!({ "userId": ALICE }), 422),
        ("join_chat", Value::Null, 422),
        ("send_message", message(&json!(no_room), ALICE, "hello"), 404),
        ("send_message", message(&json!("7"), ALICE, "hello"), 404),
        ("send_message", message(&room, BOB, "hello"), 403),
        ("send_message", message(&room, ALICE, " \n"), 422),
        ("send_message", message(&room, ALICE, &"x".repeat(10_001)), 422),
        ("fetch_messages", json!({ "roomId": no_room }), 404),
        ("fetch_messages", json!({ "roomId": room, "limit": 0 }), 422),
        ("fetch_messages", json!({ "roomId": room, "offset": -1 }), 422),
    ] {
        let answer = says(&alice, &format!("direct/{event}"), payload.clone()).await;
        assert_eq!(answer.status, status, "{event} {payload}: {answer}");
        assert_eq!(keys(&answer.json), ["message"], "{event} {payload}");
    }
    let by_stranger = says(&carol, "direct/send_message", message(&room, CAROL, "hello")).await;
    assert_eq!(by_stranger.status, 404);
    let socket = carol.connects().await;
    for channel in channels(&joined) {
        assert_eq!(carol.asks_to_hear(&socket.socket_id, channel).await.status, 403);
    }
    let reply = joins(&alice, ALICE, BOB).await;
    assert!(bodies(said(&reply, "message_history")).is_empty());
    assert_eq!(alice.inbox("").await.rooms.len(), 1);
}

#[tokio::test]
async fn a_message_that_is_repeated_under_its_key_is_sent_once() {
    let app = TestApp::start().await;
    let alice = app.user(ALICE).await;
    let room = said(&joins(&alice, ALICE, BOB).await, "room_joined")["roomId"].clone();
    let payload = json!({ "roomId": room, "senderId": ALICE, "body": "once" });
    let request = || {
        alice
            .request(reqwest::Method::POST, "/socket/direct/send_message")
            .header("idempotency-key", "\"8a5f3a8e-38c4-4c1b-9a34-0d3f4d5a3f11\"")
            .header("content-type", "application/json")
            .body(json!({ "payload": payload }).to_string())
    };

    let (first, second) = (alice.send(request()).await, alice.send(request()).await);

    assert_eq!(first.expect(200), second.expect(200));
    let reply = joins(&alice, ALICE, BOB).await;
    assert_eq!(bodies(said(&reply, "message_history")), ["once"]);
    let wrong = alice
        .request(reqwest::Method::POST, "/socket/direct/send_message")
        .header("idempotency-key", "once")
        .header("content-type", "application/json")
        .body(json!({ "payload": payload }).to_string());
    assert_eq!(alice.send(wrong).await.status, 422);
}
