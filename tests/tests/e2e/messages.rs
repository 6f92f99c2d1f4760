//! `/v1/rooms/{id}/messages`.

use serde_json::{Value, json};
use tests::{Room, TestApp, User};
use uuid::Uuid;

/// A room of alice and bob with so many messages, `1` to `n`.
async fn room_with(app: &TestApp, messages: u64) -> (User, User, Room) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts_all(&room, (1..=messages).map(|i| i.to_string())).await;
    (alice, bob, room)
}

/// Mission C4. Mission B11.
#[tokio::test]
async fn history_is_the_newest_fifty_ascending() {
    let app = TestApp::start().await;
    let (_, bob, room) = room_with(&app, 120).await;

    let page = bob.history(&room).await;

    assert_eq!(page.seqs(), (71..=120).collect::<Vec<_>>());
    assert_eq!(page.bodies(), (71..=120).map(|i| i.to_string()).collect::<Vec<_>>());
    assert_eq!((page.head, page.has_more), (120, true));
}

/// Mission C4.
#[tokio::test]
async fn a_short_history_is_all_there_is() {
    let app = TestApp::start().await;
    let (_, bob, room) = room_with(&app, 3).await;

    let page = bob.history(&room).await;

    assert_eq!(page.seqs(), [1, 2, 3]);
    assert_eq!((page.head, page.has_more), (3, false));
}

/// Who opens a room gets the room, and with what it says asks for the newest messages: fifty of 120,
/// and three of three.
/// Mission C3. Mission C4.
#[tokio::test]
async fn who_opens_a_room_gets_it_and_then_its_newest_messages() {
    for (stored, shown) in [(120, 71..=120), (3, 1..=3)] {
        let app = TestApp::start().await;
        let (_, bob, room) = room_with(&app, stored).await;

        let joined = bob.opens_direct("alice").await;
        let page = bob.history(&joined).await;

        assert_eq!((&joined.id, &joined.json["head"]), (&room.id, &json!(stored)));
        assert_eq!(joined.json["you"]["unread"], stored);
        assert_eq!(page.seqs(), shown.collect::<Vec<u64>>());
        assert_eq!(page.head, stored);
    }
}

/// Each page says where the next one goes on: before its first message. Past the end it is empty.
/// Mission C9. Mission C10.
#[tokio::test]
async fn older_messages_come_twenty_at_a_time_until_a_page_is_empty() {
    let app = TestApp::start().await;
    let (_, bob, room) = room_with(&app, 50).await;

    let mut before = 51;
    for expected in [31..=50, 11..=30, 1..=10] {
        let page = bob.page(&room, &format!("?before={before}&limit=20")).await;
        assert_eq!(page.seqs(), expected.collect::<Vec<u64>>());
        before = page.seqs()[0];
        assert_eq!(page.has_more, before > 1);
    }
    let end = bob.page(&room, &format!("?before={before}&limit=20")).await;
    assert_eq!((end.messages, end.has_more), (vec![], false));
    // Without a limit a page has fifty.
    assert_eq!(bob.page(&room, "?before=51").await.messages.len(), 50);
}

/// A client that scrolls up while both write puts older pages before and events behind: nothing is
/// there twice and nothing is left out.
/// Mission C11. Invariant I2.
#[tokio::test]
async fn who_scrolls_up_while_messages_come_has_each_once() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 45).await;
    let mut listener = bob.listens_to(&room).await;
    let mut held: Vec<u64> = bob.page(&room, "?limit=10").await.seqs();

    while held[0] > 1 {
        alice.posts(&room, "meanwhile").await;
        let page = bob.page(&room, &format!("?before={}&limit=10", held[0])).await;
        bob.posts(&room, "meanwhile too").await;
        held.splice(0..0, page.seqs());
        held.extend(listener.hears_so_far().await.iter().map(|e| e.data["seq"].as_u64().unwrap()));
    }

    assert_eq!(
        held,
        (1..=bob.sees(&room).await.json["head"].as_u64().unwrap()).collect::<Vec<_>>()
    );
    assert!(held.len() > 45, "nothing came meanwhile: this tests nothing");
}

#[tokio::test]
async fn the_history_of_a_new_room_is_empty() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 0).await;

    for query in ["", "?before=1", "?after=0", "?around=1"] {
        let page = alice.page(&room, query).await;
        assert!(page.messages.is_empty(), "{query}: {page:?}");
        assert_eq!((page.head, page.has_more), (0, false), "{query}");
    }
}

/// Mission C9. Mission C10. Mission C11.
#[tokio::test]
async fn older_messages_come_page_by_page_until_there_are_none() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 120).await;
    let (mut seqs, mut before) = (Vec::new(), 121);
    loop {
        let page = bob.page(&room, &format!("?before={before}&limit=35")).await;
        // New ones arrive meanwhile, and neither double nor skip anything.
        alice.posts(&room, "meanwhile").await;
        before = page.seqs()[0];
        seqs.splice(0..0, page.seqs());
        assert_eq!(page.has_more, before > 1);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(seqs, (1..=120).collect::<Vec<_>>());

    let past_the_end = bob.page(&room, "?before=1").await;
    assert!(past_the_end.messages.is_empty());
    assert!(!past_the_end.has_more);
}

#[tokio::test]
async fn newer_messages_come_page_by_page_until_the_head() {
    let app = TestApp::start().await;
    let (_, bob, room) = room_with(&app, 12).await;

    let page = bob.page(&room, "?after=4&limit=5").await;
    assert_eq!((page.seqs(), page.has_more), ((5..=9).collect(), true));
    let page = bob.page(&room, "?after=9&limit=5").await;
    assert_eq!((page.seqs(), page.has_more), ((10..=12).collect(), false));
    for beyond in ["12", "13", "18446744073709551615"] {
        let page = bob.page(&room, &format!("?after={beyond}")).await;
        assert!(page.messages.is_empty() && !page.has_more, "{beyond}: {page:?}");
    }
}

#[tokio::test]
async fn a_message_is_shown_amid_its_neighbours() {
    let app = TestApp::start().await;
    let (_, bob, room) = room_with(&app, 20).await;

    let seqs = bob.page(&room, "?around=10&limit=5").await.seqs();
    assert!(seqs.contains(&10), "{seqs:?}");
    assert_eq!(seqs.len(), 5);
    assert!(seqs.iter().any(|seq| *seq < 10) && seqs.iter().any(|seq| *seq > 10), "{seqs:?}");
}

#[tokio::test]
async fn beyond_both_ends_there_is_nothing() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 3).await;

    for query in ["?before=0", "?around=18446744073709551615", "?after=3"] {
        let page = alice.page(&room, query).await;
        assert!(page.messages.is_empty() && !page.has_more, "{query}: {page:?}");
    }
    assert_eq!(alice.page(&room, "?before=18446744073709551615").await.seqs(), [1, 2, 3]);
    assert_eq!(alice.page(&room, "?around=0").await.seqs(), [1, 2, 3]);
}

/// A page of the store holds a megabyte. A page of long messages may be short, and nothing is
/// skipped or doubled where it ends.
#[tokio::test]
async fn pages_of_the_longest_messages_follow_on_each_other() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 0).await;
    let longest = "🎁".repeat(9_990);
    alice.posts_all(&room, (1..=60).map(|i| format!("{i}{longest}"))).await;

    let (mut seqs, mut before, mut pages) = (Vec::new(), 61, 0);
    while before > 1 {
        let page = bob.page(&room, &format!("?before={before}&limit=200")).await;
        assert!(!page.messages.is_empty(), "stuck before {before}");
        before = page.seqs()[0];
        assert_eq!(page.has_more, before > 1);
        seqs.splice(0..0, page.seqs());
        pages += 1;
    }
    assert_eq!(seqs, (1..=60).collect::<Vec<_>>());
    assert!(pages > 1, "2.4 MB came at once: this tests nothing");

    let log = bob.whole_log(&room).await;
    assert_eq!(log.len(), 60);
    for (i, message) in (1..).zip(&log) {
        assert_eq!(message["body"], format!("{i}{longest}"));
    }
    let around = bob.page(&room, "?around=30&limit=60").await.seqs();
    assert!(around.windows(2).all(|pair| pair[1] == pair[0] + 1), "{around:?}");
}

/// Invariant I10.
#[tokio::test]
async fn a_page_is_asked_for_in_one_way_with_1_to_200_messages() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 1).await;
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "before=-1",
        "before=x",
        "after=1.5",
        "around=",
        "before=18446744073709551616",
        "before=1&after=1",
        "before=1&around=1",
        "after=1&around=1",
        "before=1&after=1&around=1",
    ] {
        let answer = alice.get(&room.path(&format!("/messages?{query}"))).await;
        assert!(!answer.wrong_fields().is_empty(), "{query}");
    }
    assert_eq!(alice.page(&room, "?limit=200").await.seqs(), [1]);
    assert_eq!(alice.page(&room, "?limit=1").await.seqs(), [1]);
}

/// The message has these keys and no others, as it is answered and as it is read.
/// Mission A8. Mission C13. Invariant I1.
#[tokio::test]
async fn the_answered_message_is_the_one_in_history() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 0).await;
    let client_id = Uuid::new_v4();

    let mut posted = alice.tries_to_post(&room, "hello", client_id).await.expect(201);

    let delivered = posted.as_object_mut().unwrap().remove("delivered");
    assert_eq!(delivered, Some(json!(true)));
    assert_eq!(bob.history(&room).await.messages, [posted.clone()]);
    assert_eq!(alice.history(&room).await.messages, [posted.clone()]);
    Uuid::parse_str(posted["id"].as_str().unwrap()).unwrap();
    let expected = json!({
        "id": posted["id"], "room_id": room.id, "seq": 1, "type": "text", "client_id": client_id,
        "sender_id": "alice", "sender_type": "user", "receiver_id": "bob", "receiver_type": "user",
        "body": "hello", "created_at": posted["created_at"], "edited_at": null, "deleted_at": null,
        "reactions": [], "rev": 0,
    });
    assert_eq!(posted, expected);
}

/// Mission A7. Mission A5. Mission A6.
#[tokio::test]
async fn both_sides_write_each_as_itself() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 0).await;

    let from_alice = alice.posts(&room, "hello").await;
    let from_bob = bob.posts(&room, "hello yourself").await;

    let people = |message: &Value| {
        ["sender_type", "sender_id", "receiver_type", "receiver_id"]
            .map(|key| message[key].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(people(&from_alice), ["user", "alice", "user", "bob"]);
    assert_eq!(people(&from_bob), ["user", "bob", "user", "alice"]);
}

/// Mission B18. Mission A9: neither the sender nor anything else is taken from the body.
#[tokio::test]
async fn the_sender_is_who_the_token_says() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 0).await;
    let forged = json!({
        "body": "hello", "sender_id": "bob", "sender_type": "admin", "receiver_id": "alice", "seq": 7,
        "id": Uuid::nil(), "room_id": Uuid::nil(), "created_at": "2001-01-01T00:00:00.000Z",
        "read_at": "2001-01-01T00:00:00.000Z", "rev": 9, "void": true, "deleted_at": "2001-01-01T00:00:00.000Z",
    });

    let message = alice.post(&room.path("/messages"), forged.clone()).await.expect(201);

    assert_eq!(message["sender_id"], "alice");
    assert_eq!(message["sender_type"], "user");
    assert_eq!(message["receiver_id"], "bob");
    assert_eq!(message["seq"], 1);
    assert_eq!(message["room_id"], room.id.as_str());
    assert_eq!(message["rev"], 0);
    for key in ["id", "created_at"] {
        assert_ne!(message[key], forged[key], "{key}");
    }
    assert_eq!(message["deleted_at"], json!(null));
    assert_eq!(alice.history(&room).await.messages[0]["sender_id"], "alice");
}

/// Mission D17.
#[tokio::test]
async fn a_body_has_1_to_10_000_characters() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 0).await;

    for body in ["🎁".repeat(10_000), "x".repeat(10_000), "\u{1}".repeat(10_000), "x".into()] {
        alice.posts(&room, &body).await;
        assert_eq!(bob.history(&room).await.messages.last().unwrap()["body"], body);
    }
    for body in ["🎁".repeat(10_001), "x".repeat(10_001), String::new()] {
        let answer = alice.post(&room.path("/messages"), json!({ "body": body })).await;
        assert_eq!(answer.wrong_fields(), ["body"]);
    }
    assert_eq!(alice.history(&room).await.head, 4);
}

/// Mission B18.
#[tokio::test]
async fn a_blank_body_is_refused() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 0).await;

    for body in ["  \n", "\t", "\u{3000}\u{2003}"] {
        let answer = alice.post(&room.path("/messages"), json!({ "body": body })).await;
        assert_eq!(answer.wrong_fields(), ["body"], "{body:?}");
    }
    assert_eq!(alice.history(&room).await.head, 0);
}

#[tokio::test]
async fn a_body_comes_back_to_the_byte() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 0).await;
    let bodies = [
        "  spaces around  ",
        "line\r\nline\u{2028}line",
        "<script>alert('x')</script>&amp;\"\\",
        "\u{feff}e\u{301} 👩‍👩‍👧 \u{202e}abc",
        "{\"a\":1}",
    ];

    alice.posts_all(&room, bodies).await;

    assert_eq!(bob.history(&room).await.bodies(), bodies);
}

#[tokio::test]
async fn a_sticker_and_an_answer_keep_what_they_are() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 1).await;
    let sticker = json!({ "body": "party", "type": "sticker", "reply_to": 1 });

    alice.post(&room.path("/messages"), sticker).await.expect(201);

    let message = bob.history(&room).await.messages.pop().unwrap();
    assert_eq!((&message["type"], &message["reply_to"]), (&json!("sticker"), &json!(1)));
    assert_eq!(bob.sees(&room).await.json["last_message"]["preview"], "🖼️");
}

#[tokio::test]
async fn an_answer_is_to_a_message_of_the_room() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 2).await;

    for reply_to in [0, 3, u64::MAX] {
        let message = json!({ "body": "to whom?", "reply_to": reply_to });
        let answer = alice.post(&room.path("/messages"), message).await;
        assert_eq!(answer.wrong_fields(), ["reply_to"], "{reply_to}");
    }
    assert_eq!(alice.history(&room).await.head, 2);
}

/// Mission D17. Mission B12: not read at first.
#[tokio::test]
async fn a_message_is_read_once_the_other_side_says_so() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 2).await;
    let read_at = async |user: &User| {
        let messages = user.history(&room).await.messages;
        messages.iter().map(|message| message.get("read_at").cloned()).collect::<Vec<_>>()
    };
    assert_eq!(read_at(&alice).await, [None, None]);

    bob.marks_read(&room, 1).await;

    let seen = read_at(&alice).await;
    assert!(seen[0].as_ref().is_some_and(Value::is_string), "{seen:?}");
    assert_eq!(seen[1], None);
}

/// Fault F10.
#[tokio::test]
async fn a_repeat_under_the_same_client_id_is_answered_with_the_same_message() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 0).await;
    let client_id = Uuid::new_v4();
    let first = alice.tries_to_post(&room, "hello", client_id).await.expect(201);
    bob.posts(&room, "meanwhile").await;

    let repeat = alice.tries_to_post(&room, "hello", client_id).await.expect(200);
    let retry = alice.retries(&room, "hello", client_id).await.expect(200);

    for key in ["id", "seq", "body", "client_id", "created_at"] {
        assert_eq!((&repeat[key], &retry[key]), (&first[key], &first[key]), "{key}");
    }
    let log = bob.whole_log(&room).await;
    assert_eq!(log.iter().filter(|message| message["client_id"] == json!(client_id)).count(), 1);
}

/// Fault F10.
#[tokio::test]
async fn a_client_id_belongs_to_one_body() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 0).await;
    let client_id = Uuid::new_v4();
    alice.tries_to_post(&room, "hello", client_id).await.expect(201);

    let other_body = alice.tries_to_post(&room, "hello!", client_id).await;
    assert_eq!(other_body.problem(409), "client_id_reused");
    let other_type = json!({ "body": "hello", "type": "sticker", "client_id": client_id });
    let other_type = alice.post(&room.path("/messages"), other_type).await;
    assert_eq!(other_type.problem(409), "client_id_reused");
    assert_eq!(alice.retries(&room, "hello!", client_id).await.problem(409), "client_id_reused");

    let log = alice.whole_log(&room).await;
    let texts: Vec<&str> = log.iter().filter_map(|message| message["body"].as_str()).collect();
    assert_eq!(texts, ["hello"]);
}

#[tokio::test]
async fn a_client_id_is_its_senders_own_in_its_room() {
    let app = TestApp::start().await;
    let (alice, bob, room) = room_with(&app, 0).await;
    let other_room = alice.opens_direct("carol").await;
    let client_id = Uuid::new_v4();

    let answers = [
        alice.tries_to_post(&room, "from alice", client_id).await,
        bob.tries_to_post(&room, "from bob", client_id).await,
        alice.tries_to_post(&other_room, "elsewhere", client_id).await,
    ];

    assert_eq!(answers.map(|answer| answer.status), [201, 201, 201]);
}

/// Without a client id nobody can tell a repeat from another post.
#[tokio::test]
async fn two_posts_without_a_client_id_are_two_messages() {
    let app = TestApp::start().await;
    let (alice, _, room) = room_with(&app, 0).await;

    alice.posts_all(&room, ["same", "same"]).await;

    assert_eq!(alice.history(&room).await.bodies(), ["same", "same"]);
}
