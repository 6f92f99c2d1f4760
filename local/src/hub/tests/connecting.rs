//! The handshake, signs of life, and the ways a connection ends.

use std::time::Duration;

use serde_json::{Value, json};
use shared::realtime::sign::SocketId;

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
        ("/app/key?protocol=6", 4007),
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
async fn disconnecting_all_tells_clients_to_come_back_at_once() {
    let hub = TestHub::start().await;
    let mut clients = [hub.client(&[]).await, hub.client(&["news"]).await];
    hub.hub.disconnect_all();
    for client in &mut clients {
        assert_eq!(client.hear_the_end().await.1, 4200);
    }
    assert_eq!(hub.hub.connected(), 0);
}
