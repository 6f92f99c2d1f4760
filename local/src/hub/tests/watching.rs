//! Watchlists: who comes and who goes.

use serde_json::{Value, json};

use super::{Client, TestHub, data_of};

async fn hears(client: &mut Client, events: Value) {
    let heard = client.hear().await;
    assert_eq!(heard["event"], "pusher_internal:watchlist_events", "{heard}");
    assert_eq!(data_of(&heard), json!({ "events": events }));
}

fn event(name: &str, users: &[&str]) -> Value {
    json!({ "name": name, "user_ids": users })
}

#[tokio::test]
async fn who_signs_in_hears_at_once_who_of_the_watched_is_there() {
    let hub = TestHub::start().await;
    let _bob = hub.user(&json!({ "id": "bob" })).await;
    let mut alice = hub.user(&json!({ "id": "alice", "watchlist": ["bob", "carol", "bob"] })).await;
    hears(&mut alice, json!([event("online", &["bob"]), event("offline", &["carol"])])).await;
    hub.assert_silent(&mut alice).await;
}

#[tokio::test]
async fn a_user_is_online_from_his_first_socket_to_his_last() {
    let hub = TestHub::start().await;
    let mut alice = hub.user(&json!({ "id": "alice", "watchlist": ["bob"] })).await;
    hears(&mut alice, json!([event("offline", &["bob"])])).await;
    let phone = hub.user(&json!({ "id": "bob" })).await;
    hears(&mut alice, json!([event("online", &["bob"])])).await;
    let laptop = hub.user(&json!({ "id": "bob" })).await;
    phone.leave().await;
    hub.assert_silent(&mut alice).await;
    laptop.leave().await;
    hears(&mut alice, json!([event("offline", &["bob"])])).await;
}

#[tokio::test]
async fn who_watches_nobody_hears_nothing_and_who_left_is_not_told() {
    let hub = TestHub::start().await;
    let mut carol = hub.user(&json!({ "id": "carol" })).await;
    hub.user(&json!({ "id": "alice", "watchlist": ["bob"] })).await.leave().await;
    hub.user(&json!({ "id": "bob" })).await.leave().await;
    hub.assert_silent(&mut carol).await;
}
