//! `/v1/me`.

use serde_json::{Value, json};
use tests::TestApp;

#[tokio::test]
async fn the_api_says_who_the_token_is_for() {
    let app = TestApp::start().await;
    let claims = json!({
        "sub": "auth0|abc", "name": "Alice", "email": "alice@mail.example",
        "picture": "https://pictures.example/alice",
    });
    let alice = app.user_with(claims).await;

    let mut me = alice.me().await;

    let channel = me.as_object_mut().unwrap().remove("channel");
    let channel = channel.as_ref().and_then(Value::as_str).unwrap();
    assert!(channel.starts_with("private-user-"), "{channel}");
    let expected = json!({
        "id": "auth0|abc", "type": "user", "name": "Alice", "email": "alice@mail.example",
        "picture": "https://pictures.example/alice", "roles": [], "unread_rooms": 0, "unread_messages": 0,
    });
    assert_eq!(me, expected);
}

#[tokio::test]
async fn what_a_token_leaves_out_is_null() {
    let app = TestApp::start().await;

    let me = app.user_with(json!({ "sub": "alice" })).await.me().await;

    for key in ["name", "email", "picture"] {
        assert_eq!(me.get(key), Some(&Value::Null), "{key}: {me}");
    }
}

/// Mission E6.
#[tokio::test]
async fn unread_rooms_are_counted() {
    let app = TestApp::start().await;
    let (alice, bob, carol) =
        (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    let with_bob = bob.opens_direct("alice").await;
    let with_carol = carol.opens_direct("alice").await;
    carol.opens_direct("bob").await;
    bob.posts_all(&with_bob, ["1", "2"]).await;
    carol.posts(&with_carol, "1").await;
    assert_eq!(alice.me().await["unread_rooms"], 2);
    assert_eq!(bob.me().await["unread_rooms"], 0);

    alice.marks_read(&with_bob, 2).await;

    assert_eq!(alice.me().await["unread_rooms"], 1);
}

/// Everyone's channel is one's own, the same each time, and cannot be guessed from the id.
#[tokio::test]
async fn channels_are_as_different_as_accounts() {
    let app = TestApp::start().await;
    let merchant = app.user_with(json!({ "sub": "alice", "type": "merchant" })).await;
    let channels = [
        app.user("alice").await.own_channel().await,
        app.user("alice").await.own_channel().await,
        app.user("Alice").await.own_channel().await,
        merchant.own_channel().await,
    ];

    assert_eq!(channels[0], channels[1]);
    assert_ne!(channels[0], channels[2]);
    assert_ne!(channels[0], channels[3]);
    assert!(!channels[0].contains("alice"), "{}", channels[0]);
}
