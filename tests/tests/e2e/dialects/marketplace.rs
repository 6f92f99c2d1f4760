//! The marketplace: `/chat_rooms`.

use serde_json::{Value, json};
use tests::{TestApp, User};

use super::{keys, only};

const PATH: &str = "/chat_rooms";

/// A user and the merchant of a listing, whose ids are the same.
struct Shop {
    app: TestApp,
    user: User,
    merchant: User,
    /// The path of their room's messages.
    messages: String,
    /// The room's id.
    id: String,
}

impl Shop {
    async fn with_a_room() -> Self {
        let app = TestApp::start().await;
        let listing = json!({ "title": "A bike", "merchant_id": "1" });
        app.service().await.put("/v1/listings/9", listing).await.expect(200);
        let (user, merchant) = (app.user("1").await, app.merchant("1").await);
        let opening = json!({ "chat_room": { "listing_id": 9 } });
        let room = user.post(PATH, opening).await.expect(200);
        let id = room["id"].as_str().expect("an id").to_owned();
        Self { app, user, merchant, messages: format!("{PATH}/{id}/chat_messages"), id }
    }
}

/// A message from the user to the merchant, with the system's own numbers for ids.
fn message(content: &str) -> Value {
    json!({ "chat_message": {
        "content": content,
        "sender_id": 1,
        "sender_type": "User",
        "receiver_id": 1,
        "receiver_type": "Merchant",
    } })
}

/// Mission A8 (dialect). Mission A5 (dialect). Mission A6 (dialect).
#[tokio::test]
async fn a_message_is_answered_as_this_system_shows_it() {
    let shop = Shop::with_a_room().await;

    let sent = shop.user.post(&shop.messages, message("Still there?")).await.expect(200);

    assert_eq!(
        keys(&sent),
        [
            "chat_room_id",
            "content",
            "created_at",
            "id",
            "receiver_id",
            "receiver_type",
            "sender_id",
            "sender_type"
        ]
    );
    assert_eq!(
        (&sent["chat_room_id"], &sent["content"]),
        (&json!(shop.id), &json!("Still there?"))
    );
    assert_eq!((&sent["sender_type"], &sent["sender_id"]), (&json!("User"), &json!("1")));
    assert_eq!((&sent["receiver_type"], &sent["receiver_id"]), (&json!("Merchant"), &json!("1")));
    let answer = json!({ "chat_message": {
        "content": "Yes", "sender_id": "1", "sender_type": "Merchant", "receiver_id": "1", "receiver_type": "User",
    } });
    let answered = shop.merchant.post(&shop.messages, answer).await.expect(200);
    assert_eq!(
        (&answered["sender_type"], &answered["receiver_type"]),
        (&json!("Merchant"), &json!("User"))
    );
}

/// Mission A9 (dialect).
#[tokio::test]
async fn only_the_five_attributes_are_taken_and_the_wrapper_is_required() {
    let shop = Shop::with_a_room().await;
    let mut more = message("hello");
    more["chat_message"]["id"] = json!("00000000-0000-4000-8000-000000000000");
    more["chat_message"]["created_at"] = json!("1999-01-01T00:00:00Z");

    let sent = shop.user.post(&shop.messages, more).await.expect(200);
    let bare = shop.user.post(&shop.messages, message("hello")["chat_message"].clone()).await;

    assert_ne!(sent["id"], "00000000-0000-4000-8000-000000000000");
    assert!(!sent["created_at"].as_str().expect("a time").starts_with("1999"), "{sent}");
    assert_eq!(bare.status, 400);
    assert_eq!(
        bare.json,
        json!({ "error": "param is missing or the value is empty: chat_message" })
    );
}

/// Mission A10 (dialect). Mission A11 (dialect).
#[tokio::test]
async fn what_is_wrong_is_stored_nowhere_and_told_to_nobody() {
    let shop = Shop::with_a_room().await;
    let mut at_merchant = shop.merchant.connects().await;
    at_merchant.subscribe(&format!("private-chat_{}", shop.id)).await;
    let no_room = "00000000-0000-8300-8000-000000000000";
    let elsewhere = format!("{PATH}/{no_room}/chat_messages");
    let stranger = shop.app.user("2").await;
    let mut by_stranger = message("hello");
    by_stranger["chat_message"]["sender_id"] = json!(2);

    for path in [elsewhere.as_str(), "/chat_rooms/7/chat_messages"] {
        let answer = shop.user.post(path, message("hello")).await;
        assert_eq!((answer.status, keys(&answer.json)), (404, vec!["error"]), "{path}");
    }
    assert_eq!(stranger.post(&shop.messages, by_stranger).await.status, 404);
    for key in ["content", "sender_id", "sender_type", "receiver_id", "receiver_type"] {
        let mut without = message("hello");
        without["chat_message"].as_object_mut().expect("an object").remove(key);
        let answer = shop.user.post(&shop.messages, without).await;
        assert_eq!(answer.status, 422, "without {key}: {answer}");
        assert!(answer.json["error"].as_str().is_some_and(|said| said.contains(key)), "{answer}");
    }
    for (key, other) in [("receiver_id", json!(3)), ("receiver_type", json!("User"))] {
        let mut wrong = message("hello");
        wrong["chat_message"][key] = other;
        assert_eq!(shop.user.post(&shop.messages, wrong).await.status, 422, "{key}");
    }

    at_merchant.saw_nothing().await;
    let log = shop.user.get(&format!("/v1/rooms/{}/messages", shop.id)).await.expect(200);
    assert_eq!(log["messages"], json!([]));
}

/// The sender is whoever holds the token.
#[tokio::test]
async fn nobody_writes_under_another_name() {
    let shop = Shop::with_a_room().await;
    for (key, other) in [("sender_id", json!(2)), ("sender_type", json!("Merchant"))] {
        let mut forged = message("hello");
        forged["chat_message"][key] = other;
        assert_eq!(shop.user.post(&shop.messages, forged).await.status, 403, "{key}");
    }
    let nobody = shop.app.anonymous().post(&shop.messages, message("hello")).await;
    assert_eq!((nobody.status, keys(&nobody.json)), (401, vec!["error"]));
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
}

/// Mission A13 (dialect). Mission A14 (dialect).
#[tokio::test]
async fn both_hear_new_message_with_its_three_keys_and_nobody_else_does() {
    let shop = Shop::with_a_room().await;
    let channel = format!("private-chat_{}", shop.id);
    let (mut at_user, mut at_merchant) =
        (shop.user.connects().await, shop.merchant.connects().await);
    at_user.subscribe(&channel).await;
    at_merchant.subscribe(&channel).await;
    let stranger = shop.app.user("2").await.connects().await;

    shop.user.post(&shop.messages, message("Still there?")).await.expect(200);

    let told = json!({ "message": "Still there?", "sender_id": "1", "receiver_id": "1" });
    for listener in [&mut at_user, &mut at_merchant] {
        let event = only(listener.hears_so_far().await);
        assert_eq!((event.name.as_str(), &event.data), ("new_message", &told));
    }
    let refused = shop.app.user("2").await.asks_to_hear(&stranger.socket_id, &channel).await;
    assert_eq!(refused.status, 403);
}
