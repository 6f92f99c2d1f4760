//! The publisher against a relay that does what a script says, over real loopback connections.

#![allow(clippy::unwrap_used, reason = "a test may fail right where it stands")]

mod scripted;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::scripted::{ScriptedRelay, Step};
use super::{
    Batch, BatchEvent, BrokenLimit, Call, ChannelState, Deadlines, MAX_EVENT_DATA, PublishError,
    Publisher, Trigger,
};
use crate::{
    domain::ids::SideKey,
    realtime::sign::{ChannelName, Signer},
    secret::Secret,
};

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

fn user() -> SideKey {
    SideKey::parse("abcdefghijklmnopqr-_AA").unwrap()
}

/// The whole URL of a call at the time, and with the key and secret, of the official documentation.
fn signed_url(call: &Call) -> String {
    let secret = Secret::new("7ad3773142a6692b25b8");
    let signer = Signer::new("278d425bdf160c739803", &secret);
    let base = "https://relay.example/apps/3/".parse().unwrap();
    call.signed_url(&base, signer, 1_353_088_179).into()
}

/// Signatures computed with another language's HMAC and MD5.
#[test]
fn each_call_has_the_known_signed_url() {
    let event = BatchEvent { channel: "project-3", name: "foo", data: r#"{"some":"data"}"# };
    for (call, expected) in [
        (
            Call::post("batch_events", &Batch { batch: &[event] }),
            "https://relay.example/apps/3/batch_events?\
                 auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=39e691c1f6a83daf77df2397111bfd98\
                 &auth_signature=9df3472fb01f5d693bc9bd922118eb51e8268ac59841d3c6e3c37d488a837534",
        ),
        (
            Call::post("users/u-1/terminate_connections", &super::Nothing {}),
            "https://relay.example/apps/3/users/u-1/terminate_connections?\
                 auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=99914b932bd37a50b983c5e7c90ae93b\
                 &auth_signature=7c997da6925b3a3f458062d931c8c6a6a312be47e26f975d96c44c3cf9739747",
        ),
        (
            Call::get("channels", super::query(&[("filter_by_prefix", "private-room-")])),
            "https://relay.example/apps/3/channels?\
                 filter_by_prefix=private-room-&auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
                 &auth_signature=e37173fa1beed9303584f7868620b82d84e7e91ec6340519e2c69137b1997618",
        ),
        (
            Call::get(
                "channels/presence-a",
                super::query(&[("info", "user_count,subscription_count")]),
            ),
            "https://relay.example/apps/3/channels/presence-a?\
                 info=user_count%2Csubscription_count&auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
                 &auth_signature=cb95e8fdce356a7c0822801195ea86a96b35fda672140e65120a4cc3568caf2b",
        ),
        (
            Call::get("channels/presence-a/users", String::new()),
            "https://relay.example/apps/3/channels/presence-a/users?\
                 auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
                 &auth_signature=baf2d614368d599454434555e21511d77c16816508aaa9a364a26de9cf7813e5",
        ),
    ] {
        assert_eq!(signed_url(&call), expected);
    }
}

#[tokio::test]
async fn a_user_is_sent_an_event_and_disconnected() {
    let relay =
        ScriptedRelay::start([Step::Answer(200), Step::Answer(500), Step::Answer(200)]).await;
    let publisher = publisher(&relay);

    publisher.send_to_user(&user(), "signed_out", r#"{"why":"gone"}"#.into()).await.unwrap();
    publisher.terminate_connections(&user()).await.unwrap();

    let calls = relay.calls();
    assert!(calls.iter().all(|call| call.is_signed));
    let sent: Value = serde_json::from_slice(&calls[0].body).unwrap();
    let expected = json!({
        "channels": ["#server-to-user-abcdefghijklmnopqr-_AA"],
        "name": "signed_out", "data": "{\"why\":\"gone\"}",
    });
    assert_eq!((calls[0].target.as_str(), sent), ("POST /apps/app/events", expected));
    let expected = "POST /apps/app/users/abcdefghijklmnopqr-_AA/terminate_connections";
    assert!(calls[1..].iter().all(|call| call.target == expected && call.body == b"{}"));
    assert_eq!(calls.len(), 3, "the second try after the failure");
    let too_long = "x".repeat(MAX_EVENT_DATA + 1);
    let error = publisher.send_to_user(&user(), "signed_out", too_long).await.unwrap_err();
    assert!(matches!(error, PublishError::Limit(_)), "{error:?}");
}

#[tokio::test]
async fn the_relay_is_asked_who_listens() {
    let relay = ScriptedRelay::start([
        Step::Says(r#"{"channels":{"private-b":{},"private-a":{"user_count":1}}}"#),
        Step::Says(r#"{"occupied":true,"subscription_count":3,"more":[]}"#),
        Step::Says(r#"{"occupied":false}"#),
        Step::Says(r#"{"users":[{"id":"1"},{"id":"2"}]}"#),
    ])
    .await;
    let publisher = publisher(&relay);
    let name = ChannelName::parse("presence-a").unwrap();

    assert_eq!(publisher.channels("private-").await.unwrap(), ["private-a", "private-b"]);
    let state = |occupied, subscription_count| ChannelState {
        occupied,
        subscription_count,
        user_count: None,
    };
    let asked = publisher.channel(name, "subscription_count").await.unwrap();
    assert_eq!(asked, state(true, Some(3)));
    assert_eq!(publisher.channel(name, "").await.unwrap(), state(false, None));
    assert_eq!(publisher.users(name).await.unwrap(), ["1", "2"]);

    let calls = relay.calls();
    let asked: Vec<(&str, &str)> =
        calls.iter().map(|call| (call.target.as_str(), call.query.as_str())).collect();
    let expected = [
        ("GET /apps/app/channels", "filter_by_prefix=private-"),
        ("GET /apps/app/channels/presence-a", "info=subscription_count"),
        ("GET /apps/app/channels/presence-a", ""),
        ("GET /apps/app/channels/presence-a/users", ""),
    ];
    assert_eq!(asked, expected);
    assert!(calls.iter().all(|call| call.is_signed));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_an_error_and_no_panic() {
    let relay = ScriptedRelay::start([
        Step::Says("<html>"),
        Step::Says(r#"{"users":"all"}"#),
        Step::Answer(404),
    ])
    .await;
    let publisher = publisher(&relay);
    let name = ChannelName::parse("presence-a").unwrap();
    assert!(matches!(publisher.channels("").await, Err(PublishError::Unreadable)));
    assert!(matches!(publisher.users(name).await, Err(PublishError::Unreadable)));
    let error = publisher.channel(name, "").await.unwrap_err();
    assert_eq!((error.status(), relay.calls().len()), (Some(404), 3));
}

/// Fault F3.
#[tokio::test]
async fn a_refusal_is_logged_once_and_tells_nothing_of_the_event() {
    let relay = ScriptedRelay::start([Step::Answer(413)]).await;
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _here = tracing::subscriber::set_default(subscriber);

    publisher(&relay).publish(vec![event(1)]).await.unwrap_err();

    let logged = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    assert_eq!(logged.matches("not published").count(), 1, "{logged}");
    assert!(logged.contains("413"), "{logged}");
    for hidden in ["seq", "private-room", "auth_signature", relay.config().secret.expose()] {
        assert!(!logged.contains(hidden), "{hidden} in {logged}");
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
