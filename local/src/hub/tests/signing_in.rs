//! Signing in: a socket that is one user's.

use serde_json::{Value, json};

use super::{Secret, TestHub, data_of};
use shared::realtime::sign::Signer;

async fn subscribes_as(client: &mut super::Client, user: &str) -> Value {
    client.ask(&format!("#server-to-user-{user}"), None).await
}

#[tokio::test]
async fn who_signs_in_hears_the_identical_user_data() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    let user = json!({ "id": "alice", "user_info": { "name": "Alice" } });
    let answer = hub.sign_in(&mut client, &user).await;
    assert_eq!(answer["event"], "pusher:signin_success");
    assert_eq!(data_of(&answer), json!({ "user_data": user.to_string() }));
}

#[tokio::test]
async fn who_is_signed_with_another_secret_or_is_nobody_is_closed() {
    let hub = TestHub::start().await;
    let forged = Secret::new("another secret");
    for (user, is_forged) in [(r#"{"id":"alice"}"#, true), ("{}", false), (r#"{"id":""}"#, false)] {
        let mut client = hub.client(&[]).await;
        let signer = if is_forged { Signer::new("key", &forged) } else { hub.hub.signer() };
        let data = json!({ "auth": signer.user_auth(&client.id, user), "user_data": user });
        client.say(json!({ "event": "pusher:signin", "data": data })).await;
        assert_eq!(client.hear_the_end().await.1, 4009, "{user}");
    }
}

#[tokio::test]
async fn a_socket_is_one_users_for_as_long_as_it_lives() {
    let hub = TestHub::start().await;
    let mut client = hub.user(&json!({ "id": "alice" })).await;
    let answer = hub.sign_in(&mut client, &json!({ "id": "bob" })).await;
    assert_eq!(answer["data"]["code"], 4009, "{answer}");
    assert_eq!(subscribes_as(&mut client, "bob").await["data"]["status"], 401);
    let answer = hub.enter(&mut client, "presence-room", &json!({ "user_id": "bob" })).await;
    assert_eq!(answer["data"]["status"], 401, "{answer}");
    let answer = subscribes_as(&mut client, "alice").await;
    assert_eq!(answer["event"], "pusher_internal:subscription_succeeded");
}

#[tokio::test]
async fn what_is_sent_to_a_user_reaches_all_his_sockets_and_nobody_else() {
    let hub = TestHub::start().await;
    let alice = json!({ "id": "alice" });
    let mut sockets = [hub.user(&alice).await, hub.user(&alice).await];
    let mut bob = hub.user(&json!({ "id": "bob" })).await;
    for socket in &mut sockets {
        subscribes_as(socket, "alice").await;
    }
    subscribes_as(&mut bob, "bob").await;
    let event = json!({ "name": "nudge", "data": "{}" });
    assert_eq!(hub.post("/apps/app/users/alice/events", &event).await, 200);
    hub.trigger("#server-to-user-alice", "poke").await;
    hub.assert_silent(&mut bob).await;
    for socket in &mut sockets {
        let nudge = json!({ "event": "nudge", "channel": "#server-to-user-alice", "data": "{}" });
        assert_eq!(socket.hear().await, nudge);
        assert_eq!(socket.hear().await["event"], "poke");
    }
}

#[tokio::test]
async fn an_event_for_a_user_keeps_the_limits() {
    let hub = TestHub::start().await;
    let path = "/apps/app/users/alice/events";
    let event = |name: &str, bytes: usize| json!({ "name": name, "data": "x".repeat(bytes) });
    assert_eq!(hub.post(path, &event("nudge", 10_240)).await, 200);
    assert_eq!(hub.post(path, &event("nudge", 10_241)).await, 413);
    assert_eq!(hub.post(path, &event("", 1)).await, 400);
    let long = format!("/apps/app/users/{}/events", "x".repeat(129));
    assert_eq!(hub.post(&long, &event("nudge", 1)).await, 400);
    assert_eq!(hub.post("/apps/app/users/a%20b/events", &event("nudge", 1)).await, 200);
}

#[tokio::test]
async fn terminating_a_users_connections_closes_all_of_them_and_no_other() {
    let hub = TestHub::start().await;
    let alice = json!({ "id": "alice" });
    let mut sockets = [hub.user(&alice).await, hub.user(&alice).await];
    let mut bob = hub.user(&json!({ "id": "bob" })).await;
    let path = "/apps/app/users/alice/terminate_connections";
    assert_eq!(hub.post(path, &json!({})).await, 200);
    for socket in &mut sockets {
        assert_eq!(socket.hear_the_end().await.1, 4009);
    }
    hub.assert_silent(&mut bob).await;
    assert_eq!(hub.post(path, &json!({})).await, 200, "nobody is there any more");
}

#[tokio::test]
async fn who_is_signed_in_is_a_member_by_that() {
    let hub = TestHub::start().await;
    let mut alice = hub.user(&json!({ "id": "alice", "user_info": { "name": "Alice" } })).await;
    let auth = hub.auth(&alice.id, "presence-room");
    let answer = alice.ask("presence-room", Some(&auth)).await;
    assert_eq!(data_of(&answer)["presence"]["hash"], json!({ "alice": { "name": "Alice" } }));
    let mut stranger = hub.client(&[]).await;
    let auth = hub.auth(&stranger.id, "presence-room");
    let answer = stranger.ask("presence-room", Some(&auth)).await;
    assert_eq!(answer["data"]["type"], "InvalidMember", "{answer}");
}
