//! The HTTP trigger API: what it accepts, what it refuses and with which status.

use serde_json::{Value, json};
use shared::realtime::{
    publisher::Trigger,
    sign::{Signer, request::Request},
};

use super::{Settings, TestHub, now};
use shared::secret::Secret;

const EVENTS: &str = "/apps/app/events";
const BATCH: &str = "/apps/app/batch_events";

#[tokio::test]
async fn what_the_publisher_sends_is_heard() {
    let hub = TestHub::start().await;
    let mut client = hub.private_client("private-room-1").await;
    let publisher = hub.publisher();
    publisher.connect().await;
    let event = |seq: usize| Trigger {
        channels: vec!["private-room-1".into()],
        name: "message".into(),
        data: format!(r#"{{"seq":{seq},"é":"\n"}}"#),
    };
    publisher.publish((0..10).map(event).collect()).await.unwrap();
    for seq in 0..10 {
        let heard = client.hear().await;
        assert_eq!(
            heard,
            json!({ "event": "message", "channel": "private-room-1", "data": event(seq).data })
        );
    }
}

#[tokio::test]
async fn a_call_that_is_not_signed_properly_is_refused_and_nobody_hears_anything() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&["news"]).await;
    let body = json!({ "name": "headline", "channel": "news", "data": "{}" }).to_string();
    let good = hub.sign(EVENTS, body.as_bytes(), now());
    let forged = Secret::new("another secret");
    let request = Request { method: "POST", path: EVENTS, query: "", body: body.as_bytes() };
    let wrong = [
        Signer::new("key", &forged).sign_request(&request, now()),
        Signer::new("other", &Secret::new("secret")).sign_request(&request, now()),
        hub.sign(EVENTS, body.as_bytes(), now() - 700),
        hub.sign(EVENTS, body.as_bytes(), now() + 700),
        hub.sign(BATCH, body.as_bytes(), now()),
        hub.sign(EVENTS, b"{}", now()),
        hub.sign(EVENTS, b"", now()),
        good.replace("auth_version=1.0", "auth_version=1.1"),
        format!("{good}&more=1"),
        String::new(),
    ];
    for query in wrong {
        assert_eq!(hub.send(EVENTS, &query, body.clone()).await, 401, "{query}");
    }
    hub.assert_silent(&mut client).await;
    assert_eq!(hub.send(EVENTS, &good, body).await, 200);
    assert_eq!(client.hear().await["event"], "headline");
}

#[tokio::test]
async fn an_app_that_is_not_here_is_not_found() {
    let hub = TestHub::start().await;
    let body = json!({ "name": "headline", "channel": "news", "data": "{}" });
    assert_eq!(hub.post("/apps/other/events", &body).await, 404);
    assert_eq!(hub.post("/apps/other/batch_events", &json!({ "batch": [body] })).await, 404);
}

#[tokio::test]
async fn the_socket_that_caused_an_event_can_be_left_out() {
    let hub = TestHub::start().await;
    let mut sender = hub.client(&["news"]).await;
    let mut other = hub.client(&["news"]).await;
    let event = |name: &str| json!({ "name": name, "channel": "news", "data": "{}", "socket_id": sender.id.as_str() });
    assert_eq!(hub.post(EVENTS, &event("one")).await, 200);
    assert_eq!(hub.post(BATCH, &json!({ "batch": [event("two")] })).await, 200);
    hub.assert_silent(&mut sender).await;
    for expected in ["one", "two", "marker"] {
        assert_eq!(other.hear().await["event"], expected);
    }
}

#[tokio::test]
async fn an_event_reaches_each_of_a_hundred_channels() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&["news-0", "news-99"]).await;
    let channels: Vec<_> = (0..100).map(|number| format!("news-{number}")).collect();
    assert_eq!(
        hub.post(EVENTS, &json!({ "name": "headline", "channels": channels, "data": "{}" })).await,
        200
    );
    assert_eq!(client.hear().await["channel"], "news-0");
    assert_eq!(client.hear().await["channel"], "news-99");
}

#[tokio::test]
async fn an_event_at_a_limit_passes_and_beyond_it_is_refused() {
    let hub = TestHub::start().await;
    let event = |change: Value| {
        let mut event = json!({ "name": "headline", "channel": "news", "data": "{}" });
        event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        event
    };
    let channels = |count: usize| json!({ "channel": null, "channels": vec!["news"; count] });
    let cases = [
        (json!({ "data": "x".repeat(10_240) }), 200),
        (json!({ "data": "x".repeat(10_241) }), 413),
        (json!({ "data": "é".repeat(5_121) }), 413),
        (json!({ "data": { "an": "object" } }), 400),
        (json!({ "data": null }), 400),
        (json!({ "name": "é".repeat(200) }), 200),
        (json!({ "name": "n".repeat(201) }), 400),
        (json!({ "name": "" }), 400),
        (json!({ "name": "pusher:error" }), 400),
        (json!({ "name": "pusher_internal:subscription_succeeded" }), 400),
        (json!({ "channel": "c".repeat(164) }), 200),
        (json!({ "channel": "c".repeat(165) }), 400),
        (json!({ "channel": "news:today" }), 400),
        (json!({ "channel": null }), 400),
        (json!({ "channels": ["news"] }), 400),
        (channels(0), 400),
        (channels(100), 200),
        (channels(101), 400),
        (json!({ "socket_id": "1.2" }), 200),
        (json!({ "socket_id": "1.1:private-other" }), 400),
    ];
    for (change, status) in cases {
        let shown: String = change.to_string().chars().take(80).collect();
        assert_eq!(hub.post(EVENTS, &event(change)).await, status, "{shown}");
    }
    assert_eq!(hub.post(EVENTS, &json!([])).await, 400);
    assert_eq!(hub.post(EVENTS, &json!("x".repeat(2_000_000))).await, 413);
}

#[tokio::test]
async fn on_an_encrypted_channel_goes_only_what_is_encrypted_and_for_no_other_channel() {
    let hub = TestHub::start().await;
    let channel = "private-encrypted-room";
    let mut client = hub.private_client(channel).await;
    let secret = json!({ "nonce": "bm9uY2U=", "ciphertext": "c2VjcmV0" }).to_string();
    let event = |channels: &[&str], data: &str| json!({ "name": "message", "channels": channels, "data": data });
    assert_eq!(hub.post(EVENTS, &event(&[channel], "{}")).await, 400);
    assert_eq!(hub.post(EVENTS, &event(&[channel], "Hello")).await, 400);
    let plain =
        json!({ "nonce": "bm9uY2U=", "ciphertext": "c2VjcmV0", "body": "Hello" }).to_string();
    assert_eq!(hub.post(EVENTS, &event(&[channel], &plain)).await, 400);
    assert_eq!(hub.post(EVENTS, &event(&[channel, "news"], &secret)).await, 400);
    hub.assert_silent(&mut client).await;
    assert_eq!(hub.post(EVENTS, &event(&[channel], &secret)).await, 200);
    assert_eq!(
        client.hear().await,
        json!({ "event": "message", "channel": channel, "data": secret })
    );
}

#[tokio::test]
async fn an_answer_has_the_counts_that_are_asked_for() {
    let hub =
        TestHub::start_with(Settings { subscription_counts: true, ..Settings::default() }).await;
    let _alice =
        [hub.member("presence-room", "alice").await, hub.member("presence-room", "alice").await];
    let event = json!({
        "name": "message", "channels": ["presence-room", "news"], "data": "{}",
        "info": "user_count,subscription_count",
    });
    let counts = json!({ "channels": {
        "presence-room": { "user_count": 1, "subscription_count": 2 },
        "news": { "subscription_count": 0 },
    } });
    assert_eq!(hub.answer(EVENTS, &event).await, counts);
    let one = json!({ "name": "message", "channel": "presence-room", "data": "{}", "info": "user_count" });
    let other = json!({ "name": "message", "channel": "news", "data": "{}" });
    let counts = json!({ "batch": [{ "user_count": 1 }, {}] });
    assert_eq!(hub.answer(BATCH, &json!({ "batch": [one, other] })).await, counts);
    let plain = json!({ "name": "message", "channel": "news", "data": "{}" });
    assert_eq!(hub.answer(EVENTS, &plain).await, json!({}));
}

#[tokio::test]
async fn subscription_counts_must_be_enabled_to_be_asked_for() {
    let hub = TestHub::start().await;
    for (info, status) in
        [("subscription_count", 400), ("cache", 400), ("color", 400), ("user_count", 200)]
    {
        let event = json!({ "name": "message", "channel": "news", "data": "{}", "info": info });
        assert_eq!(hub.post(EVENTS, &event).await, status, "{info}");
    }
}

/// Fault F19.
#[tokio::test]
async fn a_socket_id_that_is_none_is_refused_as_a_whole() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&["news"]).await;
    let wrong =
        ["1.1:private-other", "1.1\n", "\n1.1", "1.1 ", "١.١", "1", "1.", "1.1.1", "-1.1", ""];
    for id in wrong {
        let event = json!({ "name": "headline", "channel": "news", "data": "{}", "socket_id": id });
        assert_eq!(hub.post(EVENTS, &event).await, 400, "{id:?}");
        assert_eq!(hub.post(BATCH, &json!({ "batch": [event] })).await, 400, "{id:?}");
    }
    hub.assert_silent(&mut client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_published_at_the_same_time_come_to_all_in_the_same_order() {
    let hub = TestHub::start().await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(hub.client(&["news"]).await);
    }
    let publishing = (0..200).map(|number| {
        let hub = &hub;
        async move { hub.trigger("news", &format!("event-{number}")).await }
    });
    futures_util::future::join_all(publishing).await;
    let mut orders = Vec::new();
    for client in &mut clients {
        let mut order = Vec::new();
        for _ in 0..200 {
            order.push(client.hear().await["event"].to_string());
        }
        orders.push(order);
    }
    assert!(orders.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_batch_is_published_as_a_whole_or_not_at_all() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&["news"]).await;
    let event = |data: &str| json!({ "name": "headline", "channel": "news", "data": data });
    let batch = |count: usize, last: Value| {
        let mut events = vec![event("{}"); count - 1];
        events.push(last);
        json!({ "batch": events })
    };
    assert_eq!(hub.post(BATCH, &batch(11, event("{}"))).await, 400);
    assert_eq!(hub.post(BATCH, &batch(10, event(&"x".repeat(10_241)))).await, 413);
    assert_eq!(hub.post(BATCH, &batch(2, json!({ "name": "headline", "data": "{}" }))).await, 400);
    hub.assert_silent(&mut client).await;
    // As large as a batch can be: each of these characters is six in JSON.
    assert_eq!(
        hub.post(BATCH, &json!({ "batch": vec![event(&"\u{1}".repeat(10_240)); 10] })).await,
        200
    );
    for _ in 0..10 {
        assert_eq!(client.hear().await["event"], "headline");
    }
    hub.assert_silent(&mut client).await;
}
