//! Who may subscribe to what, and who hears it then.

use serde_json::{Value, json};

use super::TestHub;

#[tokio::test]
async fn a_subscriber_hears_the_event_and_a_subscriber_of_another_channel_does_not() {
    let hub = TestHub::start().await;
    let mut subscriber = hub.client(&["news"]).await;
    let mut other = hub.client(&["weather"]).await;
    hub.trigger("news", "headline").await;
    assert_eq!(
        subscriber.hear().await,
        json!({ "event": "headline", "channel": "news", "data": "{}" })
    );
    hub.assert_silent(&mut other).await;
}

#[tokio::test]
async fn a_client_hears_only_the_channels_it_is_still_subscribed_to() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&["news", "weather"]).await;
    client.say(json!({ "event": "pusher:unsubscribe", "data": { "channel": "news" } })).await;
    client.say(json!({ "event": "pusher:ping" })).await;
    assert_eq!(client.hear().await["event"], "pusher:pong");
    hub.trigger("news", "headline").await;
    hub.trigger("weather", "rain").await;
    assert_eq!(client.hear().await["event"], "rain");
    client.subscribe("news", None).await;
    hub.trigger("news", "headline").await;
    assert_eq!(client.hear().await["event"], "headline");
}

#[tokio::test]
async fn a_private_channel_is_heard_with_the_apps_signature() {
    let hub = TestHub::start().await;
    let mut client = hub.private_client("private-room-1").await;
    hub.trigger("private-room-1", "message").await;
    assert_eq!(client.hear().await["event"], "message");
}

#[tokio::test]
async fn a_private_channel_is_refused_without_the_right_signature_and_stays_unheard() {
    let hub = TestHub::start().await;
    let stranger = hub.client(&[]).await;
    let mut client = hub.client(&[]).await;
    let right = hub.auth(&client.id, "private-room-1");
    let wrong = [
        hub.auth(&stranger.id, "private-room-1"),
        hub.auth(&client.id, "private-room-2"),
        right.replace("key:", "other:"),
        right.replace("key:", ""),
        right.to_uppercase(),
        format!("{right}0"),
        String::new(),
    ];
    for auth in wrong.iter().map(|auth| Some(auth.as_str())).chain([None]) {
        let answer = client.ask("private-room-1", auth).await;
        assert_eq!(
            (&answer["event"], &answer["channel"]),
            (&json!("pusher:subscription_error"), &json!("private-room-1"))
        );
        assert_eq!(
            (&answer["data"]["type"], &answer["data"]["status"]),
            (&json!("AuthError"), &json!(401)),
            "{auth:?}"
        );
    }
    hub.trigger("private-room-1", "message").await;
    hub.assert_silent(&mut client).await;
    client.subscribe("private-room-1", Some(&right)).await;
}

/// Fault F19.
#[tokio::test]
async fn a_subscription_that_is_signed_like_a_login_is_refused() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    // Joined with colons, both texts are the same; so the channel's name must have none.
    let auth = hub.hub.signer().user_auth(&client.id, r#"{"id":"alice"}"#);
    let answer = client.ask(r#":user::{"id":"alice"}"#, Some(&auth)).await;
    assert_eq!(answer["data"]["status"], 400, "{answer}");
    // And the other way: what lets a socket onto a channel signs nobody in.
    let channel = format!("private-{}", client.id);
    let auth = hub.auth(&client.id, &channel);
    let data = json!({ "auth": auth, "user_data": channel });
    client.say(json!({ "event": "pusher:signin", "data": data })).await;
    assert_eq!(client.hear_the_end().await.1, 4009);
}

#[tokio::test]
async fn names_that_are_none_and_kinds_without_a_signature_are_refused() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    let long = "c".repeat(165);
    let refused = [
        ("presence-room", 401),
        ("presence-cache-room", 401),
        ("private-encrypted-room", 401),
        ("private-encrypted-cache-room", 401),
        ("private-cache-room", 401),
        ("#server-to-user-1", 401),
        ("", 400),
        ("room:1", 400),
        ("room\n", 400),
        ("#server-to-user-", 400),
        ("#other", 400),
        (&long, 400),
    ];
    for (channel, status) in refused {
        let answer = client.ask(channel, Some(&format!("key:{}", "0".repeat(64)))).await;
        assert_eq!(answer["event"], "pusher:subscription_error", "{channel}");
        assert_eq!(answer["data"]["status"], status, "{channel}");
    }
}

#[tokio::test]
async fn a_second_subscription_to_a_channel_is_an_error_and_events_still_come_once() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&["news"]).await;
    let answer = client.ask("news", None).await;
    assert_eq!((&answer["event"], &answer["data"]["code"]), (&json!("pusher:error"), &Value::Null));
    hub.trigger("news", "headline").await;
    assert_eq!(client.hear().await["event"], "headline");
    hub.assert_silent(&mut client).await;
}
