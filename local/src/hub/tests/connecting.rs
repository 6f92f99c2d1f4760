//! The handshake, signs of life, and the ways a connection ends.

use std::time::Duration;

use serde_json::{Value, json};
use shared::realtime::sign::SocketId;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Settings, TestHub};

fn impatient() -> Settings {
    let moment = Duration::from_millis(50);
    Settings { activity_timeout: moment, pong_timeout: moment, ..Settings::default() }
}

#[tokio::test]
async fn a_client_is_greeted_with_its_socket_id_in_a_string_of_json() {
    let hub = TestHub::start().await;
    let mut client =
        Client::knock(hub.address, "/app/key?protocol=7&client=js&version=8.4.0&flash=false").await;
    let greeting = client.hear().await;
    assert_eq!(greeting["event"], "pusher:connection_established");
    let data: Value = serde_json::from_str(greeting["data"].as_str().unwrap()).unwrap();
    assert_eq!(data["activity_timeout"], 120);
    SocketId::parse(data["socket_id"].as_str().unwrap()).unwrap();
}

#[tokio::test]
async fn a_client_that_asks_for_an_older_version_is_greeted_as_well() {
    let hub = TestHub::start().await;
    for version in 5..=7 {
        let path = format!("/app/key?client=java-client&protocol={version}&version=2.4.4");
        let mut client = Client::knock(hub.address, &path).await;
        assert_eq!(client.hear().await["event"], "pusher:connection_established", "{version}");
    }
}

#[tokio::test]
async fn two_clients_have_two_socket_ids() {
    let hub = TestHub::start().await;
    assert_ne!(hub.client(&[]).await.id, hub.client(&[]).await.id);
}

#[tokio::test]
async fn a_wrong_handshake_is_refused_with_its_own_code() {
    let hub = TestHub::start().await;
    let refused = [
        ("/app/other?protocol=7", 4001),
        ("/app?protocol=7", 4005),
        ("/app/key/more?protocol=7", 4005),
        ("/app/key?protocol=seven", 4006),
        ("/app/key?protocol=7.0", 4006),
        ("/app/key?protocol=4", 4007),
        ("/app/key?protocol=8", 4007),
        ("/app/key", 4008),
        ("/app/key?protocol=", 4008),
    ];
    for (path, expected) in refused {
        let (last, code) = Client::knock(hub.address, path).await.hear_the_end().await;
        assert_eq!(code, expected, "{path}");
        assert_eq!(
            (&last["event"], &last["data"]["code"]),
            (&json!("pusher:error"), &json!(expected)),
            "{path}"
        );
    }
    assert_eq!(hub.hub.connected(), 0);
}

#[tokio::test]
async fn a_ping_is_answered_with_a_pong() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    client.say(json!({ "event": "pusher:ping", "data": {} })).await;
    assert_eq!(client.hear().await["event"], "pusher:pong");
    client.say(json!({ "event": "pusher:ping" })).await;
    assert_eq!(client.hear().await["event"], "pusher:pong");
}

#[tokio::test]
async fn a_silent_client_is_pinged_and_then_closed() {
    let hub = TestHub::start_with(impatient()).await;
    let mut client = Client::connect(hub.address).await;
    assert_eq!(client.hear().await["event"], "pusher:ping");
    let (_, code) = client.hear_the_end().await;
    assert_eq!(code, 4201);
}

#[tokio::test]
async fn a_client_that_answers_pings_stays() {
    let hub =
        TestHub::start_with(Settings { pong_timeout: Duration::from_secs(20), ..impatient() })
            .await;
    let mut client = Client::connect(hub.address).await;
    for _ in 0..3 {
        assert_eq!(client.hear().await["event"], "pusher:ping");
        client.say(json!({ "event": "pusher:pong", "data": {} })).await;
    }
    assert_eq!(hub.hub.connected(), 1);
}

#[tokio::test]
async fn what_cannot_be_understood_is_an_error_and_the_connection_stays() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    let nonsense = [
        "",
        "hello",
        "[]",
        "{}",
        r#"{"event":7}"#,
        r#"{"event":"no-such-event","data":{}}"#,
        r#"{"event":"pusher:subscribe"}"#,
        r#"{"event":"pusher:subscribe","data":{"auth":"key:1"}}"#,
        r#"{"event":"client-typing","data":{}}"#,
        r#"{"event":"pusher:signin","data":{"auth":"key:1"}}"#,
        r#"{"event":"pusher:signin","data":"{}"}"#,
    ];
    for text in nonsense {
        client.say_text(text).await;
        let answer = client.hear().await;
        assert_eq!(
            (&answer["event"], &answer["data"]["code"]),
            (&json!("pusher:error"), &Value::Null),
            "{text}"
        );
    }
    let deep = "[".repeat(10_000);
    client.say_text(format!(r#"{{"event":"pusher:subscribe","data":{deep}"#)).await;
    assert_eq!(client.hear().await["event"], "pusher:error");
    hub.assert_silent(&mut client).await;
}

#[tokio::test]
async fn a_client_that_left_is_forgotten() {
    let hub = TestHub::start().await;
    let client = hub.client(&["news"]).await;
    assert_eq!(hub.hub.connected(), 1);
    client.leave().await;
    assert_eq!(hub.hub.connected(), 0);
    hub.trigger("news", "nobody-hears").await;
}

#[tokio::test]
async fn a_disabled_app_closes_its_sockets_and_takes_no_more_until_it_is_enabled() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    hub.hub.set_enabled(false);
    assert_eq!(client.hear_the_end().await.1, 4003);
    let mut late = Client::knock(hub.address, "/app/key?protocol=7").await;
    assert_eq!(late.hear_the_end().await.1, 4003);
    let event = json!({ "name": "headline", "channel": "news", "data": "{}" });
    assert_eq!(hub.post("/apps/app/events", &event).await, 403);
    hub.hub.set_enabled(true);
    hub.client(&[]).await;
    assert_eq!(hub.post("/apps/app/events", &event).await, 200);
}

#[tokio::test]
async fn one_socket_too_many_is_refused_and_the_others_stay() {
    let hub = TestHub::start_with(Settings { max_connections: 2, ..Settings::default() }).await;
    let mut first = hub.client(&[]).await;
    let second = hub.client(&[]).await;
    let mut third = Client::knock(hub.address, "/app/key?protocol=7").await;
    assert_eq!(third.hear_the_end().await.1, 4004);
    second.leave().await;
    hub.client(&[]).await;
    hub.assert_silent(&mut first).await;
}

#[tokio::test]
async fn where_clients_must_be_authorized_one_that_is_not_is_closed() {
    let limit = Some(Duration::from_secs(1));
    let hub =
        TestHub::start_with(Settings { authorize_within: limit, ..Settings::default() }).await;
    let mut member = hub.private_client("private-room").await;
    let mut user = hub.user(&json!({ "id": "alice" })).await;
    let mut stranger = hub.client(&["news"]).await;
    assert_eq!(stranger.hear_the_end().await.1, 4009);
    hub.assert_silent(&mut member).await;
    hub.assert_silent(&mut user).await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_said_is_closed_though_it_gives_signs_of_life() {
    let settings = Settings {
        idle_timeout: Duration::from_millis(200),
        pong_timeout: Duration::from_secs(20),
        ..impatient()
    };
    let hub = TestHub::start_with(settings).await;
    let mut client = Client::connect(hub.address).await;
    loop {
        let heard = client.hear().await;
        if heard["event"] != "pusher:ping" {
            assert_eq!(heard["data"]["code"], 4202, "{heard}");
            break;
        }
        client.says_in_vain(Message::text(r#"{"event":"pusher:pong","data":{}}"#)).await;
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection_and_nobody_else_notices() {
    let hub = TestHub::start().await;
    let mut other = hub.client(&[]).await;
    let mut client = hub.client(&[]).await;
    let data = "x".repeat(100_000);
    client.says_in_vain(Message::text(format!(r#"{{"event":"client-x","data":"{data}"}}"#))).await;
    client.hear_it_end().await;
    assert_eq!(hub.hub.connected(), 1);
    hub.assert_silent(&mut other).await;
}

#[tokio::test]
async fn frames_that_are_none_end_the_connection_and_nobody_else_notices() {
    let hub = TestHub::start().await;
    let mut other = hub.client(&[]).await;
    let malformed: [(&str, &[u8]); 5] = [
        ("a frame without a mask", b"\x81\x02{}"),
        ("a kind of frame that there is not", b"\x83\x80\0\0\0\0"),
        ("a text that is no UTF-8", b"\x81\x82\0\0\0\0\xff\xfe"),
        ("a frame longer than anything", b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"),
        ("the end of a message that never began", b"\x80\x80\0\0\0\0"),
    ];
    for (what, bytes) in malformed {
        let mut client = hub.client(&[]).await;
        client.writes(bytes).await;
        client.hear_it_end().await;
        assert_eq!(hub.hub.connected(), 1, "{what}");
    }
    hub.assert_silent(&mut other).await;
}

#[tokio::test]
async fn a_binary_message_is_an_error_and_the_connection_stays() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    client.says_in_vain(Message::binary(vec![0; 8])).await;
    assert_eq!(client.hear().await["event"], "pusher:error");
    hub.assert_silent(&mut client).await;
}

#[tokio::test]
async fn disconnecting_all_tells_clients_to_come_back_at_once() {
    let hub = TestHub::start().await;
    let mut clients = [hub.client(&[]).await, hub.client(&["news"]).await];
    hub.hub.disconnect_all();
    for client in &mut clients {
        assert_eq!(client.hear_the_end().await.1, 4200);
    }
    assert_eq!(hub.hub.connected(), 0);
}
