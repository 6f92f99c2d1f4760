//! Events from client to client.

use serde_json::{Value, json};

use super::{Client, TestHub};

const ROOM: &str = "private-room-1";

fn typing(channel: &str) -> Value {
    json!({ "event": "client-typing", "channel": channel, "data": { "on": true } })
}

async fn assert_complaint(client: &mut Client, code: Value) {
    let answer = client.hear().await;
    assert_eq!(
        (&answer["event"], &answer["data"]["code"]),
        (&json!("pusher:error"), &code),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_event_reaches_the_others_as_it_was_said_and_not_its_sender() {
    let hub = TestHub::start().await;
    let mut sender = hub.private_client(ROOM).await;
    let mut others = [hub.private_client(ROOM).await, hub.private_client(ROOM).await];
    let mut elsewhere = hub.private_client("private-room-2").await;
    sender.say_text(r#"{"event":"client-typing","channel":"private-room-1","data":{"z":1.0,"a":12345678901234567890123}}"#).await;
    for other in &mut others {
        let expected = r#"{"event":"client-typing","channel":"private-room-1","data":{"z":1.0,"a":12345678901234567890123}}"#;
        assert_eq!(other.hear_text().await, expected);
    }
    hub.assert_silent(&mut sender).await;
    // The marker of the line above has come to all.
    assert_eq!(elsewhere.hear().await["event"], "marker");
}

#[tokio::test]
async fn client_events_are_refused_on_public_channels_and_where_the_sender_is_not_subscribed() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&["news"]).await;
    let mut listener = hub.private_client(ROOM).await;
    client.say(typing("news")).await;
    assert_complaint(&mut client, Value::Null).await;
    client.say(typing(ROOM)).await;
    assert_complaint(&mut client, json!(4009)).await;
    hub.assert_silent(&mut listener).await;
}

#[tokio::test]
async fn client_events_are_refused_on_encrypted_channels_and_to_a_user() {
    let hub = TestHub::start().await;
    let channel = "private-encrypted-room";
    let mut client = hub.private_client(channel).await;
    for channel in [channel, "#server-to-user-alice", "private-encrypted-cache-room", "cache-room"]
    {
        client.say(typing(channel)).await;
        assert_complaint(&mut client, Value::Null).await;
    }
}

#[tokio::test]
async fn on_a_presence_channel_a_client_event_says_who_sent_it() {
    let hub = TestHub::start().await;
    let mut alice = hub.member("presence-room", "alice").await;
    let mut bob = hub.member("presence-room", "bob").await;
    bob.say(typing("presence-room")).await;
    assert_eq!(alice.hear().await["event"], "pusher_internal:member_added");
    let mut expected = typing("presence-room");
    expected["user_id"] = "bob".into();
    assert_eq!(alice.hear().await, expected);
    // What a client says about itself counts for nothing.
    let mut forged = typing("presence-room");
    forged["user_id"] = "alice".into();
    bob.say(forged).await;
    assert_eq!(alice.hear().await, expected);
    hub.assert_silent(&mut bob).await;
}

#[tokio::test]
async fn the_eleventh_client_event_in_a_second_is_refused() {
    let hub = TestHub::start().await;
    let mut sender = hub.private_client(ROOM).await;
    let mut listener = hub.private_client(ROOM).await;
    for _ in 0..11 {
        sender.say(typing(ROOM)).await;
    }
    assert_complaint(&mut sender, json!(4301)).await;
    for _ in 0..10 {
        assert_eq!(listener.hear().await["event"], "client-typing");
    }
    hub.assert_silent(&mut listener).await;
}

#[tokio::test]
async fn a_client_event_that_is_too_large_is_refused() {
    let hub = TestHub::start().await;
    let mut sender = hub.private_client(ROOM).await;
    let mut listener = hub.private_client(ROOM).await;
    let event = |name: &str, bytes: usize| json!({ "event": name, "channel": ROOM, "data": "x".repeat(bytes - 2) });
    sender.say(event("client-large", 10_241)).await;
    assert_complaint(&mut sender, Value::Null).await;
    sender.say(event(&format!("client-{}", "n".repeat(194)), 10)).await;
    assert_complaint(&mut sender, Value::Null).await;
    sender.say(event("client-just-fits", 10_240)).await;
    assert_eq!(listener.hear().await["event"], "client-just-fits");
}
