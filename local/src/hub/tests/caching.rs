//! Cache channels: who comes later hears what was last said.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, Settings, TestHub};

async fn hears_a_miss(client: &mut Client, channel: &str) {
    let miss = json!({ "event": "pusher:cache_miss", "channel": channel, "data": "{}" });
    assert_eq!(client.hear().await, miss);
}

#[tokio::test]
async fn who_subscribes_hears_the_last_event_or_that_there_is_none() {
    let hub = TestHub::start().await;
    let mut early = hub.client(&[]).await;
    early.subscribe("cache-news", None).await;
    hears_a_miss(&mut early, "cache-news").await;
    hub.trigger("cache-news", "first").await;
    hub.trigger("cache-news", "second").await;
    let mut late = hub.client(&[]).await;
    late.subscribe("cache-news", None).await;
    let last = json!({ "event": "second", "channel": "cache-news", "data": "{}" });
    assert_eq!(late.hear().await, last);
    hub.assert_silent(&mut late).await;
    for expected in ["first", "second", "marker"] {
        assert_eq!(early.hear().await["event"], expected);
    }
}

#[tokio::test]
async fn the_last_event_is_kept_while_nobody_is_there() {
    let hub = TestHub::start().await;
    hub.trigger("cache-news", "headline").await;
    let mut client = hub.client(&[]).await;
    client.subscribe("cache-news", None).await;
    assert_eq!(client.hear().await["event"], "headline");
    let (_, answer) = hub.get("/apps/app/channels/cache-news", "info=cache").await;
    assert_eq!(answer["cache"]["data"], "{}");
    assert!(answer["cache"]["ttl"].as_u64().unwrap() <= 30 * 60, "{answer}");
}

#[tokio::test]
async fn the_last_event_is_forgotten_after_its_time() {
    let hub =
        TestHub::start_with(Settings { cache_for: Duration::ZERO, ..Settings::default() }).await;
    hub.trigger("cache-news", "headline").await;
    let mut client = hub.client(&[]).await;
    client.subscribe("cache-news", None).await;
    hears_a_miss(&mut client, "cache-news").await;
    let (_, answer) = hub.get("/apps/app/channels/cache-news", "info=cache").await;
    assert_eq!(answer["cache"], Value::Null);
}

#[tokio::test]
async fn private_encrypted_and_presence_channels_can_be_cache_channels_too() {
    let hub = TestHub::start().await;
    for channel in ["private-cache-news", "private-encrypted-cache-news"] {
        let mut client = hub.private_client(channel).await;
        hears_a_miss(&mut client, channel).await;
    }
    let mut client = hub.member("presence-cache-news", "alice").await;
    hears_a_miss(&mut client, "presence-cache-news").await;
}

#[tokio::test]
async fn a_client_event_is_not_kept() {
    let hub = TestHub::start().await;
    let channel = "private-cache-news";
    let mut sender = hub.private_client(channel).await;
    hears_a_miss(&mut sender, channel).await;
    sender.say(json!({ "event": "client-typing", "channel": channel, "data": {} })).await;
    hub.assert_silent(&mut sender).await;
    let mut late = hub.private_client(channel).await;
    hears_a_miss(&mut late, channel).await;
}
