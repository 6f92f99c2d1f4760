//! Subscribers are told how many they are, where that is enabled.

use serde_json::json;

use super::{Client, Settings, TestHub, data_of};

async fn hears_count(client: &mut Client, expected: usize) {
    let heard = client.hear_all().await;
    assert_eq!(heard["event"], "pusher_internal:subscription_count", "{heard}");
    assert_eq!(heard["channel"], "news");
    assert_eq!(data_of(&heard), json!({ "subscription_count": expected }));
}

async fn subscribed(hub: &TestHub) -> Client {
    let mut client = Client::connect(hub.address).await;
    client.subscribe("news", None).await;
    client
}

#[tokio::test]
async fn each_change_is_told_to_all_who_are_subscribed() {
    let hub =
        TestHub::start_with(Settings { subscription_counts: true, ..Settings::default() }).await;
    let mut first = subscribed(&hub).await;
    hears_count(&mut first, 1).await;
    let mut second = subscribed(&hub).await;
    hears_count(&mut second, 2).await;
    hears_count(&mut first, 2).await;
    second.leave().await;
    hears_count(&mut first, 1).await;
}

#[tokio::test]
async fn a_crowd_is_counted_now_and_then_and_in_the_end_rightly() {
    let hub =
        TestHub::start_with(Settings { subscription_counts: true, ..Settings::default() }).await;
    let mut first = subscribed(&hub).await;
    let mut crowd = Vec::new();
    for _ in 1..300 {
        crowd.push(subscribed(&hub).await);
    }
    let mut told = 0;
    let mut last = 0;
    while last < 300 {
        last = data_of(&first.hear_all().await)["subscription_count"].as_u64().unwrap();
        told += 1;
    }
    assert!(told < 200, "told {told} times");
}
