//! `/v1/realtime` and what listeners hear, over real sockets.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};
use shared::realtime::sign::{ChannelName, Signer, SocketId};
use shared::secret::Secret;
use tests::{FakeRelay, Mood, RELAY_KEY, RELAY_SECRET, TestApp};
use uuid::Uuid;

/// Somebody who has never talked to anyone subscribes to the own channel, and then hears of the first
/// message that somebody writes, in a room that was not there before.
/// Mission C1. Mission C8.
#[tokio::test]
async fn who_listens_to_the_own_channel_hears_of_rooms_that_others_open() {
    let app = TestApp::start().await;
    let bob = app.user("bob").await;
    let mut at_bob = bob.listens_to_own_channel().await;
    let alice = app.user("alice").await;

    let room = alice.opens_direct("bob").await;
    let posted = alice.posts(&room, "hello").await;

    let heard = at_bob.hears_only(&["chat_list_update"]).await.remove(0).data;
    let expected = json!({
        "room_id": room.id, "seq": 1, "rev": 0, "last_message": "hello", "sender_id": "alice",
        "updated_at": posted["created_at"], "unread": 1,
    });
    assert_eq!(heard, expected);
    assert_eq!(bob.sees(&room).await.json["last_message"]["preview"], "hello");
}

/// Mission C6. Mission C7. Mission C13. Mission A13. Invariant I4.
#[tokio::test]
async fn both_sides_hear_the_message_that_is_stored() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut at_alice = alice.listens_to(&room).await;
    let mut at_bob = bob.listens_to(&room).await;

    let mut posted = alice.posts(&room, "hello \u{1F381} \"<&>\"").await;

    let heard = at_alice.next().await;
    assert_eq!((heard.name.as_str(), &heard.channel), ("new_message", &room.channel));
    assert_eq!(at_bob.next().await, heard);
    posted.as_object_mut().unwrap().remove("delivered");
    assert_eq!(heard.data, posted);
    assert_eq!(bob.history(&room).await.messages, [heard.data]);
}

/// Mission C8. Mission C1.
#[tokio::test]
async fn the_receivers_list_is_told_and_the_senders_is_not() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut at_alice = alice.listens_to_own_channel().await;
    let mut at_bob = bob.listens_to_own_channel().await;
    at_alice.hears_so_far().await;
    at_bob.hears_so_far().await;
    alice.posts(&room, "first").await;

    let second = alice.posts(&room, &"x".repeat(101)).await;

    let heard = at_bob.hears_only(&["chat_list_update", "chat_list_update"]).await;
    assert_eq!(heard[0].data["unread"], 1);
    let expected = json!({
        "room_id": room.id, "seq": 2, "rev": 0, "last_message": "x".repeat(97) + "...",
        "sender_id": "alice", "updated_at": second["created_at"], "unread": 2,
    });
    assert_eq!(heard[1].data, expected);
    at_alice.saw_nothing_of("chat_list_update").await;
}

#[tokio::test]
async fn both_sides_hear_how_far_one_has_read() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts_all(&room, ["1", "2", "3"]).await;
    let mut at_alice = alice.listens_to(&room).await;

    bob.marks_read(&room, 2).await;

    let heard = at_alice.hears_only(&["messages_read"]).await;
    let expected =
        json!({ "room_id": room.id, "member_id": "bob", "read": 2, "head": 3, "rev": 0 });
    assert_eq!(heard[0].data, expected);

    // A mark that does not move is no news.
    bob.marks_read(&room, 1).await;
    at_alice.saw_nothing().await;
}

/// Mission A14. Invariant I8.
#[tokio::test]
async fn nobody_hears_another_room() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let with_bob = alice.opens_direct("bob").await;
    let with_carol = alice.opens_direct("carol").await;
    let mut at_bob = bob.listens_to(&with_bob).await;
    at_bob.subscribe(&bob.own_channel().await).await;
    at_bob.hears_so_far().await;

    alice.posts(&with_carol, "about bob").await;
    alice.marks_read(&with_carol, 1).await;

    at_bob.saw_nothing().await;
}

/// Mission A14. Mission B17. Invariant I8.
#[tokio::test]
async fn a_channel_of_others_is_refused() {
    let app = TestApp::start().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;
    let listener = mallory.connects().await;
    let merchant = app.user_with(json!({ "sub": "alice", "type": "merchant" })).await;

    for channel in [
        room.channel.as_str(),
        &alice.own_channel().await,
        &format!("private-room-{}", crate::NO_ROOM),
        "private-room-x",
        "private-user-mallory",
        "private-user-",
        "private-desk-support",
        "private-everything",
        "presence-room",
        "public",
        "",
    ] {
        for user in [&mallory, &merchant] {
            let answer = user.asks_to_hear(&listener.socket_id, channel).await;
            answer.problem(403);
            assert!(!answer.text.contains(RELAY_KEY), "{channel}: {answer}");
        }
    }
}

/// Mission A14: a signature for one socket and channel is none for another.
#[tokio::test]
async fn a_grant_is_for_one_socket_and_one_channel() {
    let app = TestApp::start().await;
    let (alice, secret) = (app.user("alice").await, Secret::new(RELAY_SECRET));
    let room = alice.opens_direct("bob").await;
    let signer = Signer::new(RELAY_KEY, &secret);

    for channel in [room.channel.as_str(), &alice.own_channel().await] {
        let grant = alice.asks_to_hear("123.456", channel).await.expect(200);
        let expected = signer.channel_auth(
            &SocketId::parse("123.456").unwrap(),
            ChannelName::parse(channel).unwrap(),
            None,
        );
        assert_eq!(grant["auth"], expected);
    }
}

/// Mission A14: no two accounts are one user at the relay, whatever their ids and types.
#[tokio::test]
async fn a_socket_signs_in_as_the_account_and_as_no_other() {
    let app = TestApp::start().await;
    let secret = Secret::new(RELAY_SECRET);
    let signer = Signer::new(RELAY_KEY, &secret);
    let socket = SocketId::parse("123.456").unwrap();
    let people = [
        app.user("1").await,
        app.merchant("1").await,
        app.user("merchant:1").await,
        app.user_with(json!({ "sub": "1", "type": "guest" })).await,
    ];
    let mut ids = HashSet::new();
    for person in &people {
        let grant = person.signs_in("123.456").await.expect(200);
        let user_data = grant["user_data"].as_str().unwrap();
        assert_eq!(grant["auth"], signer.user_auth(&socket, user_data));
        let user: Value = serde_json::from_str(user_data).unwrap();
        let id = user["id"].as_str().unwrap().to_owned();
        assert_eq!(person.own_channel().await, format!("private-user-{id}"));
        assert!(ids.insert(id));
        assert_eq!(person.signs_in("123.456").await.expect(200), grant, "the same each time");
    }
    let form = people[0].request(Method::POST, "/v1/realtime/user");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let by_form = people[0].send(form.body("socket_id=123.456")).await.expect(200);
    assert_eq!(by_form, people[0].signs_in("123.456").await.expect(200));
    app.anonymous().signs_in("123.456").await.problem(401);
}

/// The official clients send a form, others JSON.
#[tokio::test]
async fn a_grant_is_asked_for_by_form_or_by_json() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let by_json = alice.asks_to_hear("123.456", &room.channel).await.expect(200);

    let form = format!("socket_id=123.456&channel_name={}", room.channel);
    let request = alice.request(Method::POST, "/v1/realtime/auth");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(alice.send(request).await.expect(200), by_json);

    let request = alice.request(Method::POST, "/v1/realtime/auth");
    let request = request.header("content-type", "text/plain").body("socket_id=1.1");
    alice.send(request).await.problem(415);
}

/// Fault F19.
#[tokio::test]
async fn crafted_values_are_never_signed() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let channel = alice.opens_direct("bob").await.channel;
    let mine = alice.own_channel().await;

    for socket_id in [
        "1.1:private-other",
        "1.1:",
        "1.1\n",
        "\n1.1",
        "1.1\0",
        " 1.1",
        "1",
        "1.",
        ".1",
        "1.1.1",
        "1,1",
        "-1.1",
        "0x1.1",
        "١.١",
        "１.１",
        "",
        &format!("{}.1", "1".repeat(100)),
    ] {
        for answer in
            [alice.asks_to_hear(socket_id, &channel).await, alice.signs_in(socket_id).await]
        {
            answer.problem(400);
            assert!(!answer.text.contains("auth\":"), "{socket_id:?}: {answer}");
        }
    }
    for channel in [
        format!("{channel}:x"),
        format!("{mine}:{{\"user_id\":\"bob\"}}"),
        r#":user::{"id":"45678"}"#.to_owned(),
        format!("{channel}\n"),
        format!("{channel}\0"),
        format!("{channel}\u{200b}"),
        channel.replace("private-", "presence-"),
        channel.replace("private-", "private-encrypted-"),
        channel.replace("private-", "private-cache-"),
        channel.replacen('-', "\u{2010}", 1),
        format!("#server-to-{}", mine.trim_start_matches("private-")),
        format!(" {channel}"),
        channel.to_uppercase(),
        format!("{channel}{}", "x".repeat(200)),
    ] {
        let answer = alice.asks_to_hear("1.1", &channel).await;
        assert!(matches!(answer.status, 400 | 403), "{channel}: {answer}");
        assert!(!answer.text.contains("auth\":"), "{channel:?}: {answer}");
    }
    for ask in
        [json!({}), json!({ "socket_id": "1.1" }), json!({ "channel_name": channel }), json!([])]
    {
        let answer = alice.post("/v1/realtime/auth", ask.clone()).await;
        assert!(matches!(answer.status, 400 | 422), "{ask}: {answer}");
        answer.problem(answer.status);
    }
}

#[tokio::test]
async fn clients_are_told_where_the_relay_is() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    let relay = alice.get("/v1/realtime").await.expect(200);

    assert_eq!(relay["key"], RELAY_KEY);
    assert_eq!(relay["tls"], false);
    let base = format!("http://{}:{}", relay["host"].as_str().unwrap(), relay["port"]);
    assert_eq!(base, app.url(""));
    assert_eq!(relay["auth_url"], app.url("/v1/realtime/auth"));
    assert!(relay["user_auth_url"].is_string(), "{relay}");
    assert!(!relay.to_string().contains(RELAY_SECRET));
}

/// Fault F2.
#[tokio::test]
async fn a_message_too_large_for_an_event_is_announced_without_its_body() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut at_bob = bob.listens_to(&room).await;
    // Around the edge of 10 KB: plain, many bytes to a character, many characters to a byte.
    let bodies =
        ["x".repeat(9_000), "x".repeat(10_000), "🎁".repeat(10_000), "\u{1}".repeat(2_000)];

    for (i, body) in bodies.iter().enumerate() {
        let posted = alice.posts(&room, body).await;
        assert_eq!(posted["delivered"], true);
        let event = at_bob.next().await.data;
        assert_eq!(event["seq"], i + 1);
        assert_eq!(event["id"], posted["id"]);
        if i == 0 {
            assert_eq!(event["body"], json!(body));
            assert_eq!(event.get("truncated"), None);
        } else {
            assert_eq!(event["body"], Value::Null);
            assert_eq!(event["truncated"], true);
        }
        let fetched = bob.page(&room, &format!("?after={i}")).await;
        assert_eq!(fetched.messages[0]["body"], json!(body));
    }
}

/// An event of exactly 10,240 bytes goes whole; one byte more does not.
/// Fault F2.
#[tokio::test]
async fn an_event_goes_whole_up_to_the_last_byte() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let mut at_alice = alice.listens_to(&room).await;
    alice.posts(&room, "x").await;
    let besides_the_body = at_alice.next().await.data.to_string().len() - 1;

    for (length, whole) in [(10_240, true), (10_241, false)] {
        alice.posts(&room, &"x".repeat(length - besides_the_body)).await;
        let event = at_alice.next().await.data;
        assert_eq!(event["body"].is_string(), whole, "{length} bytes");
    }
}

/// A repeat may come because the first event was lost, so it is sent again; clients drop it by seq.
#[tokio::test]
async fn a_repeat_is_announced_again_as_the_same_message() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let mut at_alice = alice.listens_to(&room).await;
    let client_id = Uuid::new_v4();

    alice.tries_to_post(&room, "hello", client_id).await.expect(201);
    alice.tries_to_post(&room, "hello", client_id).await.expect(200);

    let heard = at_alice.hears_only(&["new_message", "new_message"]).await;
    assert_eq!(heard[0].data["seq"], heard[1].data["seq"]);
    assert_eq!(heard[0].data["id"], heard[1].data["id"]);
}

/// What is refused is not announced.
/// Mission B18. Mission A10.
#[tokio::test]
async fn a_refused_post_sends_nothing() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;
    let calls = relay.calls();

    for body in ["  \n", "", "a\0b"] {
        alice.post(&room.path("/messages"), json!({ "body": body })).await.problem(422);
    }
    mallory.post(&room.path("/messages"), json!({ "body": "hello" })).await.problem(404);

    assert_eq!(relay.calls(), calls);
}

/// Mission A15: any Pusher-compatible server, by its address alone. It sees calls that are signed.
#[tokio::test]
async fn events_go_to_whatever_relay_is_configured() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let before = relay.triggers().len();

    let posted = alice.posts(&room, "hello").await;

    assert_eq!(posted["delivered"], true);
    assert!(relay.refused().is_empty(), "{:?}", relay.refused());
    let triggers = relay.triggers().split_off(before);
    let on = |channel: &str| triggers.iter().find(|trigger| trigger.channel == channel).unwrap();
    assert_eq!(on(&room.channel).name, "new_message");
    assert_eq!(on(&room.channel).data["body"], "hello");
    assert_eq!(on(&bob.own_channel().await).name, "chat_list_update");
    assert_eq!(triggers.len(), 2);

    // Some of them answer 202.
    relay.becomes(Mood::Answers(202));
    assert_eq!(alice.posts(&room, "hello").await["delivered"], true);
}

/// One message is one call, whatever it is announced on.
#[tokio::test]
async fn a_message_is_published_by_one_call() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let before = relay.calls();

    alice.posts(&room, "hello").await;

    assert_eq!(relay.calls() - before, 1);
}

/// Invariant I4: whatever was announced is in the log, as it was announced.
#[tokio::test]
async fn what_is_announced_is_stored() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    for i in 0..10 {
        alice.posts(&room, &format!("alice {i}")).await;
        bob.tries_to_post(&room, &format!("bob {i}"), Uuid::new_v4()).await.expect(201);
    }

    let log = alice.whole_log(&room).await;

    let announced: Vec<Value> = relay
        .triggers()
        .into_iter()
        .filter(|trigger| trigger.name == "new_message")
        .map(|trigger| trigger.data)
        .collect();
    let ids: HashSet<String> = announced.iter().map(|message| message["id"].to_string()).collect();
    assert_eq!((announced.len(), ids.len()), (20, 20));
    for message in announced {
        let seq = usize::try_from(message["seq"].as_u64().unwrap()).unwrap();
        let mut stored = log[seq - 1].clone();
        stored.as_object_mut().unwrap().remove("read_at");
        assert_eq!(message, stored);
    }
}

/// A listener that was cut off misses events and finds the messages in the log.
#[tokio::test]
async fn what_a_listener_missed_is_in_the_log() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut at_bob = bob.listens_to(&room).await;
    alice.posts(&room, "heard").await;
    let last = at_bob.next().await.data["seq"].as_u64().unwrap();

    app.disconnect_listeners();
    alice.posts(&room, "missed").await;
    let mut at_bob = bob.listens_to(&room).await;
    at_bob.saw_nothing().await;
    let missed = bob.page(&room, &format!("?after={last}")).await;
    alice.posts(&room, "heard again").await;

    assert_eq!(missed.bodies(), ["missed"]);
    assert_eq!(at_bob.next().await.data["body"], "heard again");
}
