//! Rooms whose events the relay cannot read, where a deployment wants that.

use serde_json::{Value, json};
use tests::{FakeRelay, Heard, Room, TestApp};

fn is_sealed(event: &Heard) -> bool {
    event.data["ciphertext"].is_string() && event.data["nonce"].is_string()
}

#[tokio::test]
async fn both_sides_hear_the_message_that_is_stored() {
    let app = TestApp::encrypting().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    assert!(room.channel.starts_with("private-encrypted-room-"), "{}", room.channel);
    assert_eq!(bob.sees(&room).await.channel, room.channel);
    let (mut at_alice, mut at_bob) = (alice.listens_to(&room).await, bob.listens_to(&room).await);

    alice.posts(&room, "a secret").await;
    bob.reacts(&room, 1, "👍").await.expect(200);

    for listener in [&mut at_alice, &mut at_bob] {
        let heard = listener.hears_only(&["new_message", "reaction_added"]).await;
        assert_eq!(heard[0].data["body"], "a secret");
        assert_eq!(
            (&heard[0].data["room_id"], &heard[1].data["emoji"]),
            (&json!(room.id), &json!("👍"))
        );
        assert!(listener.frames().iter().all(|frame| !frame.contains("a secret")));
    }
}

/// Everything that the relay is given while people talk.
#[tokio::test]
async fn the_relay_reads_nothing_that_anyone_wrote() {
    const SECRETS: [&str; 6] = ["whisper", "murmur", "mumble", "hush-hush", "🤫", "alice@mail"];
    let relay = FakeRelay::start().await;
    let app = TestApp::encrypting_to(&relay).await;
    let alice = json!({ "sub": "alice", "name": "Alice", "email": "alice@mail.example" });
    let (alice, bob, server) =
        (app.user_with(alice).await, app.user("bob").await, app.service().await);
    server.put("/v1/listings/bike", json!({ "title": "A bike", "merchant_id": "wheels" })).await;
    server.draws("family", "2031-12-24T18:00:00Z", json!({ "alice": "bob" })).await;
    let rooms = [
        alice.opens_direct("bob").await,
        alice.opens_support().await,
        alice.opens_listing("bike").await,
        alice.opens_match("family").await,
        alice.opens_group(&["bob", "carol"]).await,
    ];
    for room in &rooms {
        alice.posts(room, "whisper").await;
        alice.posts(room, &"🤫".repeat(400)).await;
        alice.edits(room, 1, "murmur").await.expect(200);
        alice.reacts(room, 1, "🤫").await.expect(200);
        alice.deletes(room, 2).await.expect(200);
        bob.tries_to_post(room, "mumble", uuid::Uuid::new_v4()).await;
    }
    alice.changes(&rooms[4], json!({ "title": "hush-hush" })).await;

    let published = relay.triggers();
    assert!(published.len() > 40, "{}", published.len());
    for event in published {
        let of_room = event.channel.starts_with("private-encrypted-room-");
        assert_eq!(is_sealed(&event), of_room, "{event:?}");
        let text = event.data.to_string();
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{event:?}");
    }
}

/// A list that is told of a message and not what it says fetches it.
#[tokio::test]
async fn lists_and_desks_are_told_that_something_came() {
    let app = TestApp::encrypting().await;
    let (alice, agnes) = (app.user("alice").await, app.admin("agnes").await);
    let direct = app.user("bob").await.opens_direct("alice").await;
    let support = alice.opens_support().await;
    let (mut own, mut desk) = (alice.listens_to_own_channel().await, agnes.listens_to_desk().await);

    app.user("bob").await.posts(&direct, "a secret").await;
    alice.posts(&support, "another").await;

    let told = own.hears_only(&["chat_list_update"]).await.remove(0).data;
    assert_eq!(
        (&told["last_message"], &told["seq"], &told["unread"]),
        (&json!(""), &json!(1), &json!(1))
    );
    let told = desk.hears_only(&["new_user_message"]).await.remove(0).data;
    assert_eq!(
        (&told["message"]["body"], &told["message"]["truncated"]),
        (&Value::Null, &json!(true))
    );
    assert_eq!(agnes.history(&support).await.bodies(), ["another"]);
}

/// Fault F2: sealing makes an event longer.
#[tokio::test]
async fn a_message_too_large_when_sealed_is_announced_without_its_body() {
    let app = TestApp::encrypting().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut at_bob = bob.listens_to(&room).await;

    for (length, whole) in [(7_000, true), (7_700, false), (10_000, false)] {
        assert_eq!(alice.posts(&room, &"x".repeat(length)).await["delivered"], true);
        let heard = at_bob.next().await.data;
        assert_eq!(heard["body"].is_string(), whole, "{length}");
        assert_eq!(heard.get("truncated").is_none(), whole, "{length}");
    }
}

/// Mission A14.
#[tokio::test]
async fn only_whoever_may_listen_gets_the_key() {
    let app = TestApp::encrypting().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;
    let other = alice.opens_direct("carol").await;
    let key = async |room: &Room| {
        let grant = alice.asks_to_hear("1.1", &room.channel).await.expect(200);
        grant["shared_secret"].as_str().expect("a key").to_owned()
    };

    assert_ne!(key(&room).await, key(&other).await);
    assert_eq!(key(&room).await, key(&room).await);
    let refused = mallory.asks_to_hear("1.1", &room.channel).await;
    refused.problem(403);
    assert!(!refused.text.contains("shared_secret"));
    let own = alice.asks_to_hear("1.1", &alice.own_channel().await).await.expect(200);
    assert_eq!(own.get("shared_secret"), None);
    // A room has one name: nothing is signed for the other.
    let plain = room.channel.replace("-encrypted", "");
    alice.asks_to_hear("1.1", &plain).await.problem(403);
    let plainly = TestApp::start().await;
    let alice = plainly.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let sealed = room.channel.replace("private-", "private-encrypted-");
    alice.asks_to_hear("1.1", &sealed).await.problem(403);
    let grant = alice.asks_to_hear("1.1", &room.channel).await.expect(200);
    assert_eq!(grant.get("shared_secret"), None);
}

/// Fault F25: who was removed keeps the old key, and nothing is sealed with it any more.
#[tokio::test]
async fn a_group_has_another_key_when_somebody_was_removed() {
    let app = TestApp::encrypting().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let group = alice.opens_group(&["bob", "carol"]).await;
    let before = bob.asks_to_hear("1.1", &group.channel).await.expect(200);
    let mut at_bob = bob.listens_to(&group).await;
    let mut at_alice = alice.listens_to_own_channel().await;

    assert_eq!(alice.removes(&group, "bob").await.status, 204);

    let told = at_alice.hears_only(&["room_updated"]).await.remove(0).data;
    let channel = told["channel"].as_str().expect("the new name");
    let after = alice.asks_to_hear("1.1", channel).await.expect(200);
    assert_ne!(before["shared_secret"], after["shared_secret"]);
    bob.asks_to_hear("1.1", channel).await.problem(403);
    alice.posts(&group, "without bob").await;
    at_bob.saw_nothing().await;
}
