//! The publisher against a relay that does what a script says, over real loopback connections.

#![allow(clippy::unwrap_used, reason = "a test may fail right where it stands")]

mod scripted;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::scripted::{ScriptedRelay, Step};
use super::{BrokenLimit, Deadlines, MAX_EVENT_DATA, PublishError, Publisher, Trigger};

fn event(number: usize) -> Trigger {
    Trigger {
        channels: vec![format!("private-room-{number}")],
        name: "message.created".into(),
        data: r#"{"seq":1}"#.into(),
    }
}

fn publisher(relay: &ScriptedRelay) -> Publisher {
    // Generous, so that a busy machine does not turn an expected answer into a timeout.
    publisher_within(relay, Duration::from_secs(20))
}

fn publisher_within(relay: &ScriptedRelay, publish: Duration) -> Publisher {
    Publisher::new(relay.config(), Deadlines { publish, ..Deadlines::default() }).unwrap()
}

#[tokio::test]
async fn an_event_is_sent_signed_and_in_the_form_of_a_batch() {
    let relay = ScriptedRelay::start([Step::Answer(200)]).await;
    publisher(&relay).publish(vec![event(1)]).await.unwrap();
    let calls = relay.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].is_signed);
    assert_eq!(calls[0].target, "POST /apps/app/batch_events");
    let sent: Value = serde_json::from_slice(&calls[0].body).unwrap();
    let expected =
        json!({"channel": "private-room-1", "name": "message.created", "data": "{\"seq\":1}"});
    assert_eq!(sent, json!({ "batch": [expected] }));
}

#[tokio::test]
async fn an_event_for_many_channels_is_one_call_for_each_hundred_of_them() {
    let relay = ScriptedRelay::start([Step::Answer(200); 4]).await;
    let channels: Vec<String> = (0..250).map(|i| format!("private-user-{i}")).collect();
    let wide = Trigger { channels: channels.clone(), ..event(0) };

    publisher(&relay).publish(vec![event(1), wide]).await.unwrap();

    let calls = relay.calls();
    let target = |end: &str| calls.iter().filter(|call| call.target.ends_with(end)).count();
    assert_eq!((target("/batch_events"), target("/events")), (1, 3));
    let bodies = calls.iter().map(|call| serde_json::from_slice::<Value>(&call.body).unwrap());
    let mut sent: Vec<Vec<String>> =
        bodies.filter_map(|body| serde_json::from_value(body["channels"].clone()).ok()).collect();
    sent.sort_by_key(|channels| channels.first().cloned());
    assert!(sent.iter().all(|channels| channels.len() <= 100));
    let mut sent = sent.concat();
    sent.sort_by_key(|channel| channel.len());
    assert_eq!(sent.len(), channels.len());
    assert!(channels.iter().all(|channel| sent.contains(channel)));
}

#[tokio::test]
async fn a_relay_that_answers_202_has_accepted() {
    let relay = ScriptedRelay::start([Step::Answer(202)]).await;
    publisher(&relay).publish(vec![event(1)]).await.unwrap();
    assert_eq!(relay.calls().len(), 1);
}

#[tokio::test]
async fn no_events_are_no_call() {
    let relay = ScriptedRelay::start([]).await;
    publisher(&relay).publish(Vec::new()).await.unwrap();
    assert_eq!(relay.calls().len(), 0);
}

#[tokio::test]
async fn twenty_three_events_are_three_calls_that_hold_each_event_once() {
    let relay = ScriptedRelay::start([]).await;
    publisher(&relay).publish((0..23).map(event).collect()).await.unwrap();
    let mut sizes = Vec::new();
    let mut channels = Vec::new();
    for call in relay.calls() {
        let sent: Value = serde_json::from_slice(&call.body).unwrap();
        let batch = sent["batch"].as_array().unwrap();
        sizes.push(batch.len());
        channels.extend(batch.iter().map(|event| event["channel"].as_str().unwrap().to_owned()));
    }
    sizes.sort_unstable();
    channels.sort_unstable();
    let mut expected: Vec<_> = (0..23).flat_map(|number| event(number).channels).collect();
    expected.sort_unstable();
    assert_eq!((sizes, channels), (vec![3, 10, 10], expected));
}

#[tokio::test]
async fn a_failing_relay_is_tried_again_and_each_try_is_signed() {
    let relay =
        ScriptedRelay::start([Step::Answer(500), Step::Answer(503), Step::Answer(200)]).await;
    publisher(&relay).publish(vec![event(1)]).await.unwrap();
    let calls = relay.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.is_signed && call.body == calls[0].body));
}

#[tokio::test]
async fn a_relay_that_keeps_failing_is_given_up_after_two_retries() {
    let relay = ScriptedRelay::start([500, 500, 502, 200].map(Step::Answer)).await;
    let error = publisher(&relay).publish(vec![event(1)]).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable { status: 502 }), "{error:?}");
    assert_eq!(relay.calls().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_never_tried_again() {
    for status in [400, 401, 403, 404, 413, 429, 301] {
        let relay = ScriptedRelay::start([Step::Answer(status)]).await;
        let error = publisher(&relay).publish(vec![event(1)]).await.unwrap_err();
        assert!(matches!(error, PublishError::Refused { .. }), "{error:?}");
        assert_eq!((error.status(), relay.calls().len()), (Some(status), 1));
    }
}

#[tokio::test]
async fn a_relay_that_hangs_costs_no_more_than_the_deadline() {
    let relay = ScriptedRelay::start([Step::Hang, Step::Hang, Step::Hang]).await;
    let publisher = publisher_within(&relay, Duration::from_millis(600));
    let started = Instant::now();
    let error = publisher.publish(vec![event(1)]).await.unwrap_err();
    assert!(matches!(error, PublishError::TimedOut), "{error:?}");
    // Far above the deadline for a machine that is busy, far below a client's own timeout.
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(relay.calls().len(), 2);
}

#[tokio::test]
async fn a_relay_that_hangs_once_is_reached_by_the_second_try() {
    let relay = ScriptedRelay::start([Step::Hang, Step::Answer(200)]).await;
    publisher_within(&relay, Duration::from_secs(2)).publish(vec![event(1)]).await.unwrap();
    assert_eq!(relay.calls().len(), 2);
}

#[tokio::test]
async fn a_pooled_connection_that_has_gone_stale_gets_one_more_try() {
    let relay = ScriptedRelay::start([Step::Answer(200), Step::Close, Step::Answer(200)]).await;
    let publisher = publisher(&relay);
    publisher.publish(vec![event(1)]).await.unwrap();
    publisher.publish(vec![event(2)]).await.unwrap();
    let calls = relay.calls();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[1].body, calls[2].body);
    assert_eq!(relay.connections(), 2);
}

#[tokio::test]
async fn a_relay_that_cannot_be_reached_is_an_error_that_shows_no_url() {
    let relay = ScriptedRelay::start([]).await;
    let mut config = relay.config();
    config.api.port = relay.free_port().await;
    let publisher = Publisher::new(config, Deadlines::default()).unwrap();
    let error = publisher.publish(vec![event(1)]).await.unwrap_err();
    assert!(matches!(error, PublishError::Unreachable(_)), "{error:?}");
    let shown = format!("{error} {error:?} {publisher:?}");
    for hidden in
        ["auth_signature", "auth_key", "batch_events?", "seq", relay.config().secret.expose()]
    {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[tokio::test]
async fn connecting_at_the_start_leaves_a_connection_for_the_first_event() {
    let relay = ScriptedRelay::start([Step::Answer(404), Step::Answer(200)]).await;
    let publisher = publisher(&relay);
    publisher.connect().await;
    publisher.publish(vec![event(1)]).await.unwrap();
    assert_eq!((relay.calls().len(), relay.connections()), (2, 1));
}

#[tokio::test]
async fn connecting_to_a_relay_that_is_down_or_hangs_is_no_failure() {
    let relay = ScriptedRelay::start([Step::Hang, Step::Answer(200)]).await;
    let deadlines =
        Deadlines { connect: Duration::from_millis(50), publish: Duration::from_secs(20) };
    let publisher = Publisher::new(relay.config(), deadlines).unwrap();
    publisher.connect().await;
    publisher.publish(vec![event(1)]).await.unwrap();
}

#[tokio::test]
async fn what_breaks_a_limit_is_refused_before_anything_is_sent() {
    let relay = ScriptedRelay::start([]).await;
    let publisher = publisher(&relay);
    let data = |text: &str, times: usize| Trigger { data: text.repeat(times), ..event(1) };
    let broken = [
        data("x", MAX_EVENT_DATA + 1),
        data("é", MAX_EVENT_DATA / 2 + 1),
        Trigger { name: "n".repeat(201).into(), ..event(1) },
        Trigger { name: "".into(), ..event(1) },
        Trigger { channels: vec!["c".repeat(165)], ..event(1) },
        Trigger { channels: vec!["private-room:1".into()], ..event(1) },
    ];
    for trigger in broken {
        let mut events: Vec<_> = (0..15).map(event).collect();
        events.push(trigger);
        let error = publisher.publish(events).await.unwrap_err();
        assert!(matches!(error, PublishError::Limit(_)), "{error:?}");
    }
    assert_eq!(relay.calls().len(), 0);
    let widest = Trigger {
        channels: vec!["c".repeat(164)],
        name: "n".repeat(200).into(),
        ..data("é", MAX_EVENT_DATA / 2)
    };
    publisher.publish(vec![widest]).await.unwrap();
    assert_eq!(relay.calls().len(), 1);
}

#[test]
fn a_limit_says_how_much_was_too_much_and_not_what() {
    let error = PublishError::from(BrokenLimit::Data { bytes: 10_241 });
    assert_eq!(
        error.to_string(),
        "an event breaks a limit: the data is 10241 bytes, more than 10240"
    );
}

#[test]
fn a_host_that_is_no_host_is_noticed_at_the_start() {
    let config = scripted::config(80);
    let endpoint =
        crate::realtime::relay::Endpoint { host: "no host".into(), ..config.api.clone() };
    assert!(
        Publisher::new(
            crate::realtime::relay::Relay { api: endpoint, ..config },
            Deadlines::default()
        )
        .is_err()
    );
}
