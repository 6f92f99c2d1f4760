//! The HTTP API's questions.

use serde_json::json;

use super::{Settings, TestHub};

fn counting() -> Settings {
    Settings { subscription_counts: true, ..Settings::default() }
}

#[tokio::test]
async fn the_occupied_channels_are_listed_and_no_users_own() {
    let hub = TestHub::start().await;
    let _readers = [hub.client(&["news"]).await, hub.client(&["news", "weather"]).await];
    let mut alice = hub.user(&json!({ "id": "alice" })).await;
    alice.ask("#server-to-user-alice", None).await;
    let (status, answer) = hub.get("/apps/app/channels", "").await;
    assert_eq!(status, 200);
    assert_eq!(answer, json!({ "channels": { "marker": {}, "news": {}, "weather": {} } }));
    let (_, answer) = hub.get("/apps/app/channels", "filter_by_prefix=we").await;
    assert_eq!(answer, json!({ "channels": { "weather": {} } }));
}

#[tokio::test]
async fn presence_channels_are_listed_with_their_users_counted() {
    let hub = TestHub::start_with(counting()).await;
    let _members = [
        hub.member("presence-1", "alice").await,
        hub.member("presence-1", "alice").await,
        hub.member("presence-2", "bob").await,
    ];
    let query = "filter_by_prefix=presence-&info=user_count,subscription_count";
    let (_, answer) = hub.get("/apps/app/channels", query).await;
    let expected = json!({ "channels": {
        "presence-1": { "user_count": 1, "subscription_count": 2 },
        "presence-2": { "user_count": 1, "subscription_count": 1 },
    } });
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn one_channel_is_told_of_whether_or_not_anybody_is_there() {
    let hub = TestHub::start_with(counting()).await;
    let _reader = hub.client(&["news"]).await;
    let (_, answer) = hub.get("/apps/app/channels/news", "info=subscription_count").await;
    assert_eq!(answer, json!({ "occupied": true, "subscription_count": 1 }));
    let (_, answer) = hub.get("/apps/app/channels/weather", "").await;
    assert_eq!(answer, json!({ "occupied": false }));
    let (_, answer) = hub.get("/apps/app/channels/presence-empty", "info=user_count").await;
    assert_eq!(answer, json!({ "occupied": false, "user_count": 0 }));
}

#[tokio::test]
async fn the_users_of_a_presence_channel_are_listed_once_each() {
    let hub = TestHub::start().await;
    let _members = [
        hub.member("presence-room", "bob").await,
        hub.member("presence-room", "alice").await,
        hub.member("presence-room", "bob").await,
    ];
    let (_, answer) = hub.get("/apps/app/channels/presence-room/users", "").await;
    assert_eq!(answer, json!({ "users": [{ "id": "alice" }, { "id": "bob" }] }));
    let (_, answer) = hub.get("/apps/app/channels/presence-empty/users", "").await;
    assert_eq!(answer, json!({ "users": [] }));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let hub = TestHub::start().await;
    let refused = [
        ("/apps/app/channels", "info=user_count", 400),
        ("/apps/app/channels", "info=user_count&filter_by_prefix=private-", 400),
        ("/apps/app/channels", "info=subscription_count", 400),
        ("/apps/app/channels", "info=cache", 400),
        ("/apps/app/channels", "info=color", 400),
        ("/apps/app/channels/news", "info=user_count", 400),
        ("/apps/app/channels/news", "info=cache", 400),
        ("/apps/app/channels/news", "info=subscription_count", 400),
        ("/apps/app/channels/news:today", "", 400),
        ("/apps/app/channels/%23server-to-user-alice", "", 400),
        ("/apps/app/channels/news/users", "", 400),
        ("/apps/other/channels", "", 404),
    ];
    for (path, query, expected) in refused {
        assert_eq!(hub.get(path, query).await.0, expected, "{path}?{query}");
    }
    let url = format!("http://{}/apps/app/channels", hub.address);
    assert_eq!(hub.http.get(url).send().await.unwrap().status(), 401);
}

/// Some libraries sign the MD5 of an empty body with each question.
#[tokio::test]
async fn a_question_may_carry_the_md5_of_nothing_and_of_nothing_else() {
    let hub = TestHub::start().await;
    let nothing = "body_md5=d41d8cd98f00b204e9800998ecf8427e";
    assert_eq!(hub.get("/apps/app/channels", nothing).await.0, 200);
    let other = "body_md5=ec365a775a4cd0599faeb73354201b6f";
    assert_eq!(hub.get("/apps/app/channels", other).await.0, 401);
}
