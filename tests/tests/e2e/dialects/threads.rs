//! Threads: `/chat_threads`, and what its Socket.IO clients say.

use serde_json::{Value, json};
use tests::{TestApp, User};

use super::{channels, keys, listens, only, said, says};

const MESSAGE: [&str; 8] =
    ["content", "createdAt", "id", "reactions", "read", "receiverId", "senderId", "threadId"];
const THREAD: [&str; 6] = ["createdAt", "id", "messages", "unreadCount", "updatedAt", "users"];

async fn starts(user: &User, with: &str) -> Value {
    let answer = user.post("/chat_threads", json!({ "receiverId": with })).await.expect(200);
    assert_eq!(keys(&answer), ["chatThread"]);
    answer["chatThread"].clone()
}

fn path(thread: &Value, rest: &str) -> String {
    format!("/chat_threads/{}{rest}", thread["id"].as_str().expect("an id"))
}

async fn sends(user: &User, thread: &Value, content: &str) -> Value {
    user.post(&path(thread, "/messages"), json!({ "content": content })).await.expect(200)
}

/// Mission D18 (dialect). Mission D19 (dialect). Mission D20 (dialect).
#[tokio::test]
async fn each_start_makes_a_new_thread_which_both_list_and_open() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);

    let (first, second) = (starts(&alice, "bob").await, starts(&alice, "bob").await);

    assert_ne!(first["id"], second["id"]);
    assert_eq!((keys(&first), &first["messages"]), (THREAD.to_vec(), &json!([])));
    let users = first["users"].as_array().unwrap();
    assert!(users.iter().all(|user| keys(user) == ["id", "profileImg", "username"]), "{first}");
    sends(&alice, &first, "hello").await;
    for user in [&alice, &bob] {
        let list = user.get("/chat_threads").await.expect(200);
        assert_eq!(keys(&list), ["ChatThreads"]);
        assert_eq!(list["ChatThreads"].as_array().unwrap().len(), 2);
        let thread = user.get(&path(&first, "")).await.expect(200);
        assert_eq!(keys(&thread), THREAD);
        assert_eq!(keys(&thread["messages"][0]), MESSAGE);
        assert_eq!(thread["messages"][0]["content"], "hello");
    }
    let numbered = alice.post("/chat_threads", json!({ "receiverId": 7 })).await.expect(200);
    assert_eq!(numbered["chatThread"]["users"].as_array().unwrap().len(), 2);
}

/// Mission D19 (dialect).
#[tokio::test]
async fn a_thread_that_is_not_there_or_somebody_elses_is_not_found_with_200() {
    let app = TestApp::start().await;
    let (alice, eve) = (app.user("alice").await, app.user("eve").await);
    let thread = starts(&alice, "bob").await;

    for path in [path(&thread, ""), "/chat_threads/7".into()] {
        let answer = eve.get(&path).await.expect(200);
        assert_eq!(answer, json!({ "message": "Chat not found" }), "{path}");
    }
    for path in [path(&thread, "/read"), path(&json!({ "id": "7" }), "/read")] {
        assert_eq!(eve.put(&path, json!({})).await.status, 404);
    }
    let posted = eve.post(&path(&thread, "/messages"), json!({ "content": "hello" })).await;
    assert_eq!((posted.status, keys(&posted.json)), (404, vec!["message"]));
}

/// Mission D18 (dialect). Mission D20 (dialect).
#[tokio::test]
async fn without_a_login_there_is_nothing() {
    let app = TestApp::start().await;
    let thread = starts(&app.user("alice").await, "bob").await;
    let nobody = app.anonymous();

    for answer in [
        nobody.get("/chat_threads").await,
        nobody.get(&path(&thread, "")).await,
        nobody.post("/chat_threads", json!({ "receiverId": "bob" })).await,
        nobody.post(&path(&thread, "/messages"), json!({ "content": "hello" })).await,
        nobody.put(&path(&thread, "/read"), json!({})).await,
    ] {
        assert_eq!((answer.status, keys(&answer.json)), (401, vec!["message"]));
    }
}

/// Mission D21 (dialect). Mission D10 (dialect).
#[tokio::test]
async fn a_message_is_changed_or_deleted_by_its_text() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let thread = starts(&alice, "bob").await;
    let sent = sends(&alice, &thread, "secret").await;
    assert_eq!((keys(&sent), &sent["receiverId"]), (MESSAGE.to_vec(), &json!("bob")));
    assert_eq!((&sent["senderId"], &sent["read"]), (&json!("alice"), &json!(false)));
    let message = format!("/chat_threads/messages/{}", sent["id"].as_str().unwrap());

    let edited = alice.put(&message, json!({ "content": "better" })).await.expect(200);
    assert_eq!(edited["content"], "better");
    assert_eq!(bob.put(&message, json!({ "content": "mine" })).await.status, 403);
    let deleted = alice.put(&message, json!({ "content": "[message deleted]" })).await.expect(200);

    assert_eq!((&deleted["id"], &deleted["content"]), (&sent["id"], &json!("[message deleted]")));
    let seen = bob.get(&path(&thread, "")).await.expect(200);
    assert_eq!(seen["messages"][0]["content"], "[message deleted]");
    assert!(!seen.to_string().contains("better"));
    let other = sends(&alice, &thread, "no body").await;
    let message = format!("/chat_threads/messages/{}", other["id"].as_str().unwrap());
    alice.put(&message, json!({})).await.expect(200);
    for id in ["7", "00000000-0000-8500-8000-000000000000-1"] {
        let answer = alice.put(&format!("/chat_threads/messages/{id}"), json!({})).await;
        assert_eq!(answer.status, 404, "{id}");
    }
}

/// Mission D17 (dialect). Mission D21 (dialect).
#[tokio::test]
async fn a_message_has_ten_thousand_characters_and_is_not_read_at_first() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let thread = starts(&alice, "bob").await;
    let to = path(&thread, "/messages");

    assert_eq!(sends(&alice, &thread, &"x".repeat(10_000)).await["read"], false);
    for content in [json!("x".repeat(10_001)), json!(""), Value::Null] {
        assert_eq!(alice.post(&to, json!({ "content": content })).await.status, 422);
    }
    assert_eq!(
        bob.get("/chat_threads/unread_count").await.expect(200),
        json!({ "unreadCount": 1 })
    );
    let read = bob.put(&path(&thread, "/read"), json!({})).await.expect(200);
    assert_eq!(read, json!({ "threadId": thread["id"], "unreadCount": 0 }));

    let seen = alice.get(&path(&thread, "")).await.expect(200);
    assert_eq!(seen["messages"][0]["read"], true);
    assert_eq!(
        bob.get("/chat_threads/unread_count").await.expect(200),
        json!({ "unreadCount": 0 })
    );
}

/// Mission D22 (dialect). Mission D9 (dialect).
#[tokio::test]
async fn a_thread_is_told_of_messages_and_reactions_and_a_reader_that_something_is_unread() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let thread = starts(&alice, "bob").await;
    let connected = says(&bob, "threads/connect", Value::Null).await.expect(200);
    assert_eq!(said(&connected, "unread_count"), &json!({ "unreadCount": 0 }));
    let mut at_bob = listens(&bob, &connected).await;
    let of_thread = json!({ "threadId": thread["id"] });
    let joined = says(&bob, "threads/join", of_thread.clone()).await.expect(200);
    let mut in_thread = listens(&bob, &joined).await;

    let hello = json!({ "threadId": thread["id"], "content": "hello" });
    let reply = says(&alice, "threads/send_message", hello).await.expect(200);
    let sent = said(&reply, "new_message").clone();
    let message_id = sent["id"].clone();
    let heart = json!({ "messageId": message_id, "emoji": "❤️" });
    says(&bob, "threads/add_reaction", heart.clone()).await.expect(200);
    says(&bob, "threads/add_reaction", heart.clone()).await.expect(200);
    says(&bob, "threads/remove_reaction", heart).await.expect(200);
    let deletion = json!({ "messageId": message_id });
    assert_eq!(says(&bob, "threads/delete_message", deletion.clone()).await.status, 403);
    says(&alice, "threads/delete_message", deletion).await.expect(200);

    let heard = in_thread
        .hears_only(&["new_message", "reaction_added", "reaction_removed", "message_deleted"])
        .await;
    assert_eq!((&heard[0].data["id"], &heard[0].data["content"]), (&message_id, &json!("hello")));
    assert_eq!(keys(&heard[0].data), MESSAGE);
    for (event, count) in [(&heard[1], 1), (&heard[2], 0)] {
        let expected = json!({
            "threadId": thread["id"],
            "messageId": message_id,
            "emoji": "❤️",
            "userId": "bob",
            "count": count,
        });
        assert_eq!(event.data, expected, "{}", event.name);
    }
    assert_eq!(heard[3].data["content"], "[message deleted]");
    let unread = only(at_bob.hears_so_far().await);
    assert_eq!((unread.name.as_str(), &unread.data["threadId"]), ("unread", &thread["id"]));
    let read = says(&bob, "threads/read", of_thread).await.expect(200);
    assert_eq!(said(&read, "unread_count"), &json!({ "unreadCount": 0 }));
    let eve = app.user("eve").await;
    let socket = eve.connects().await;
    for channel in [channels(&joined)[0], channels(&connected)[0]] {
        assert_eq!(eve.asks_to_hear(&socket.socket_id, channel).await.status, 403);
    }
}

#[tokio::test]
async fn whoever_was_removed_hears_no_more_of_it() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let thread = starts(&alice, "bob").await;
    let joined = says(&bob, "threads/join", json!({ "threadId": thread["id"] })).await.expect(200);
    let mut at_bob = listens(&bob, &joined).await;
    let member = format!("/v1/rooms/{}/members/bob", thread["id"].as_str().unwrap());
    assert_eq!(alice.delete(&member).await.status, 204);

    sends(&alice, &thread, "about bob").await;

    at_bob.saw_nothing().await;
    let again = says(&bob, "threads/join", json!({ "threadId": thread["id"] })).await;
    assert_eq!(again.status, 404);
    let socket = bob.connects().await;
    assert_eq!(bob.asks_to_hear(&socket.socket_id, channels(&joined)[0]).await.status, 403);
}
