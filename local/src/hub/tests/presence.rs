//! Presence channels: subscribers know each other.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{TestHub, data_of};

const ROOM: &str = "presence-room";

#[tokio::test]
async fn a_new_member_hears_who_is_there_and_the_others_hear_of_the_new_member() {
    let hub = TestHub::start().await;
    let mut alice = hub.client(&[]).await;
    let about_alice = json!({ "user_id": "alice", "user_info": { "name": "Alice ☕" } });
    let answer = hub.enter(&mut alice, ROOM, &about_alice).await;
    let presence =
        json!({ "count": 1, "ids": ["alice"], "hash": { "alice": { "name": "Alice ☕" } } });
    assert_eq!(data_of(&answer), json!({ "presence": presence }));

    let mut bob = hub.client(&[]).await;
    let answer = hub.enter(&mut bob, ROOM, &json!({ "user_id": "bob" })).await;
    let hash = json!({ "alice": { "name": "Alice ☕" }, "bob": {} });
    let presence = json!({ "count": 2, "ids": ["alice", "bob"], "hash": hash });
    assert_eq!(data_of(&answer), json!({ "presence": presence }));

    let heard = alice.hear().await;
    assert_eq!(heard["event"], "pusher_internal:member_added");
    assert_eq!(heard["channel"], ROOM);
    assert_eq!(data_of(&heard), json!({ "user_id": "bob", "user_info": {} }));
    bob.leave().await;
    let heard = alice.hear().await;
    assert_eq!(heard["event"], "pusher_internal:member_removed");
    assert_eq!(data_of(&heard), json!({ "user_id": "bob" }));
    hub.assert_silent(&mut alice).await;
}

#[tokio::test]
async fn a_user_with_several_sockets_is_one_member_until_the_last_is_gone() {
    let hub = TestHub::start().await;
    let mut alice = hub.member(ROOM, "alice").await;
    let phone = hub.member(ROOM, "bob").await;
    let mut laptop = hub.member(ROOM, "bob").await;
    let tablet = hub.member(ROOM, "bob").await;
    assert_eq!(alice.hear().await["event"], "pusher_internal:member_added");
    phone.leave().await;
    laptop.unsubscribe(ROOM).await;
    hub.assert_silent(&mut laptop).await;
    assert_eq!(alice.hear().await["event"], "marker", "bob is still there");
    tablet.leave().await;
    assert_eq!(alice.hear().await["event"], "pusher_internal:member_removed");
    hub.assert_silent(&mut alice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_and_goes_nobody_is_added_twice_or_removed_twice() {
    let hub = TestHub::start().await;
    let mut observer = hub.member(ROOM, "observer").await;
    let restless = (0..8).map(|number| {
        let hub = &hub;
        async move {
            let user = json!({ "user_id": format!("user-{}", number % 3) });
            let mut client = hub.client(&[]).await;
            for _ in 0..20 {
                hub.enter(&mut client, ROOM, &user).await;
                client.unsubscribe(ROOM).await;
                client.say(json!({ "event": "pusher:ping" })).await;
                while client.hear().await["event"] != "pusher:pong" {}
            }
        }
    });
    join_all(restless).await;
    assert_eq!(hub.hub.channels().audience(ROOM).users, 1);
    hub.trigger(ROOM, "end").await;
    let mut present = BTreeSet::new();
    loop {
        let heard = observer.hear().await;
        let user = data_of(&heard)["user_id"].to_string();
        match heard["event"].as_str().unwrap() {
            "pusher_internal:member_added" => assert!(present.insert(user), "{heard}"),
            "pusher_internal:member_removed" => assert!(present.remove(&user), "{heard}"),
            _ => break,
        }
    }
    assert!(present.is_empty(), "{present:?}");
}

#[tokio::test]
async fn a_member_must_be_signed_to_the_letter() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    let other = r#"{"user_id":"alice"}"#;
    let ask = |channel_data: Value, auth: String| json!({ "event": "pusher:subscribe", "data": { "channel": ROOM, "auth": auth, "channel_data": channel_data } });
    let right = hub.auth(&client.id, ROOM);
    for data in [json!(other), json!(null), json!("")] {
        client.say(ask(data, right.clone())).await;
        let answer = client.hear().await;
        assert_eq!(answer["event"], "pusher:subscription_error", "{answer}");
    }
    assert_eq!(hub.hub.channels().audience(ROOM).sockets, 0);
}

#[tokio::test]
async fn a_member_that_is_none_or_too_large_is_refused() {
    let hub = TestHub::start().await;
    let mut client = hub.client(&[]).await;
    let sized = |bytes: usize| {
        let empty = json!({ "user_id": "a", "user_info": "" }).to_string().len();
        json!({ "user_id": "a", "user_info": "x".repeat(bytes - empty) })
    };
    let wrong = [
        json!({}),
        json!({ "user_id": 7 }),
        json!({ "user_id": "" }),
        json!({ "user_id": "x".repeat(129) }),
        json!([]),
        sized(1025),
    ];
    for member in wrong {
        let answer = hub.enter(&mut client, ROOM, &member).await;
        assert_eq!(answer["event"], "pusher:subscription_error", "{member}");
        assert_eq!(answer["data"]["status"], 400, "{member}");
    }
    for (room, member) in
        [("presence-1", sized(1024)), ("presence-2", json!({ "user_id": "x".repeat(128) }))]
    {
        let answer = hub.enter(&mut client, room, &member).await;
        assert_eq!(answer["event"], "pusher_internal:subscription_succeeded", "{member}");
    }
}

#[tokio::test]
async fn the_hundred_and_first_member_is_refused_but_a_second_socket_of_a_member_is_not() {
    let hub = TestHub::start().await;
    let mut members = Vec::new();
    for number in 0..100 {
        members.push(hub.member(ROOM, &format!("user-{number}")).await);
    }
    let mut late = hub.client(&[]).await;
    let answer = hub.enter(&mut late, ROOM, &json!({ "user_id": "late" })).await;
    assert_eq!(answer["data"]["type"], "LimitReached", "{answer}");
    hub.member(ROOM, "user-7").await.leave().await;
    members.pop().unwrap().leave().await;
    hub.member(ROOM, "late").await;
}
