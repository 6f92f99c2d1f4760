//! Whom the application's server is told to notify.

use local::{ALL_FEATURES, embedded::Engine};
use serde_json::{Value, json};
use shared::{config::Features, domain::webhook::HookKind};
use tests::{Hook, Receiver, Reply, Room, TestApp, Traces, User};

use super::{only, told};
use crate::webhooks::tells;

/// The clock of these tests, in milliseconds since 1970.
const NOW: i64 = 1_935_748_830_000;

/// Somebody comes to its own channel, as the relay tells it.
async fn comes_online(app: &TestApp, user: &User) {
    tells(app, NOW, &[("channel_occupied", &user.own_channel().await)]).await;
}

/// The ids of those who are to be notified, sorted.
fn notified(hook: &Hook) -> Vec<String> {
    let recipients = hook.body["data"]["offline_recipients"].as_array().expect("recipients");
    let ids = recipients.iter().map(|one| {
        let text = |key: &str| one[key].as_str().expect("a text").to_owned();
        format!("{} {}", text("type"), text("id"))
    });
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids
}

/// Who is to be notified of a post.
async fn notified_of_post(receiver: &Receiver, by: &User, room: &Room) -> Vec<String> {
    receiver.take();
    by.posts(room, "hello").await;
    notified(&only(receiver, HookKind::MessageCreated))
}

#[tokio::test]
async fn whoever_is_online_or_has_muted_the_room_is_left_out() {
    let (app, receiver) = told().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    assert_eq!(notified_of_post(&receiver, &alice, &room).await, ["user bob"]);
    assert_eq!(notified_of_post(&receiver, &bob, &room).await, ["user alice"]);

    bob.changes(&room, json!({ "muted": true })).await;
    assert!(notified_of_post(&receiver, &alice, &room).await.is_empty());
    bob.changes(&room, json!({ "muted": false })).await;
    comes_online(&app, &bob).await;
    assert!(notified_of_post(&receiver, &alice, &room).await.is_empty());

    let channel = bob.own_channel().await;
    tells(&app, NOW + 1, &[("channel_vacated", &channel)]).await;
    assert_eq!(notified_of_post(&receiver, &alice, &room).await, ["user bob"]);
}

/// Who is online is written down for this, and shown to nobody.
#[tokio::test]
async fn presence_counts_also_where_people_do_not_see_it() {
    let receiver = Receiver::start().await;
    let hidden = Features { presence: false, ..ALL_FEATURES };
    let store = Engine::memory().expect("an empty store");
    let app = TestApp::telling_and_offering(store, receiver.settings(), hidden).await;
    app.fix_clock().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;

    comes_online(&app, &bob).await;

    assert!(notified_of_post(&receiver, &alice, &room).await.is_empty());
    let seen = alice.looks_up("bob").await.expect(200);
    assert_eq!((seen.get("online"), seen.get("last_seen")), (None, None), "{seen}");
}

/// A relay that died tells of no end.
#[tokio::test]
async fn whoever_came_more_than_a_day_ago_does_not_count_as_online() {
    let (app, receiver) = told().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    comes_online(&app, &bob).await;

    app.advance_clock(std::time::Duration::from_secs(25 * 3_600)).await;

    assert_eq!(notified_of_post(&receiver, &alice, &room).await, ["user bob"]);
}

#[tokio::test]
async fn whoever_is_blocked_or_erased_is_left_out() {
    let (app, receiver) = told().await;
    let (alice, bob, server) =
        (app.user("alice").await, app.user("bob").await, app.service().await);
    let room = alice.opens_direct("bob").await;
    bob.posts(&room, "hello").await;

    alice.blocks("bob").await;
    assert!(notified_of_post(&receiver, &alice, &room).await.is_empty());
    assert_eq!(notified_of_post(&receiver, &server, &room).await, ["user alice"]);
    alice.unblocks("bob").await;
    assert_eq!(server.delete("/v1/users/bob").await.status, 204);
    assert!(notified_of_post(&receiver, &alice, &room).await.is_empty());
}

#[tokio::test]
async fn the_agents_of_the_support_desk_are_nobodys_phone() {
    let (app, receiver) = told().await;
    let (una, agent) = (app.user("auth0|una").await, app.admin("agnes").await);
    let room = una.opens_support().await;

    assert!(notified_of_post(&receiver, &una, &room).await.is_empty());
    assert_eq!(notified_of_post(&receiver, &agent, &room).await, ["user auth0|una"]);
}

#[tokio::test]
async fn a_guest_who_signed_in_is_told_by_its_own_id() {
    let (app, receiver) = told().await;
    let agent = app.admin("agnes").await;
    let guest = app.anonymous().post("/v1/guests", json!({})).await.expect(201);
    let token = guest["token"].as_str().expect("a token").to_owned();
    let room = app.holder_of(token.clone()).opens_support().await;
    let as_guest = format!("guest {}", guest["id"].as_str().expect("an id"));
    assert_eq!(notified_of_post(&receiver, &agent, &room).await, [as_guest]);

    let una = app.user("una").await;
    una.post("/v1/guests/merge", json!({ "token": token })).await.expect(200);

    assert_eq!(notified_of_post(&receiver, &agent, &room).await, ["user una"]);
    comes_online(&app, &una).await;
    assert!(notified_of_post(&receiver, &agent, &room).await.is_empty());
}

#[tokio::test]
async fn a_user_and_a_merchant_notify_each_other() {
    let (app, receiver) = told().await;
    let bike = json!({ "title": "A red bike", "merchant_id": "wheels" });
    app.service().await.put("/v1/listings/bike", bike).await.expect(200);
    let (una, wheels) = (app.user("una").await, app.merchant("wheels").await);
    let room = una.opens_listing("bike").await;

    assert_eq!(notified_of_post(&receiver, &una, &room).await, ["merchant wheels"]);
    assert_eq!(notified_of_post(&receiver, &wheels, &room).await, ["user una"]);
}

/// The giver hides from the receiver, not from the application that drew; and nothing that a
/// notification's text could be made of names the giver.
///
/// Fault F22.
#[tokio::test]
async fn a_hidden_giver_is_told_as_recipient_and_nowhere_as_sender() {
    let (app, receiver) = told().await;
    let giver = "idp|giver-7f3a9c";
    let server = app.service().await;
    server.draws("family", "2031-12-24T18:00:00.000Z", json!({ giver: "bob", "bob": giver })).await;
    let claims = json!({
        "sub": giver, "name": "Genevieve Liverly", "email": "genevieve@mail.example",
        "picture": "https://pictures.example/genevieve",
    });
    let (giving, bob) = (app.user_with(claims).await, app.user("bob").await);
    let room = giving.opens_match("family").await;
    receiver.take();

    giving.posts(&room, "What do you wish for?").await;
    let asked = only(&receiver, HookKind::MessageCreated);
    bob.posts(&room, "A bike").await;
    let answered = only(&receiver, HookKind::MessageCreated);

    let alias = &room.json["you"]["member_id"];
    assert_eq!(&asked.body["data"]["message"]["sender_id"], alias);
    assert_eq!(asked.body["data"]["room"]["group_id"], "family");
    let traces =
        Traces::of([giver, "Genevieve Liverly", "genevieve@mail.example", "pictures.example"]);
    assert_eq!(traces.found_in(&asked.body.to_string()), [""; 0]);
    assert_eq!(notified(&asked), ["user bob"]);
    let recipient = json!([{ "id": giver, "type": "user", "member_id": alias }]);
    assert_eq!(answered.body["data"]["offline_recipients"], recipient);
    for part in ["room", "message"] {
        assert_eq!(traces.found_in(&answered.body["data"][part].to_string()), [""; 0], "{part}");
    }
    comes_online(&app, &giving).await;
    assert!(notified_of_post(&receiver, &bob, &room).await.is_empty());
}

#[tokio::test]
async fn of_a_group_of_many_everybody_is_notified_who_should_be() {
    let (app, receiver) = told().await;
    let ids: Vec<String> = (0..130).map(|i| format!("member-{i:03}")).collect();
    let owner = app.user(&ids[0]).await;
    let others: Vec<&str> = ids[1..].iter().map(String::as_str).collect();
    let room = owner.opens_group(&others).await;
    app.user(&ids[1]).await.changes(&room, json!({ "muted": true })).await;
    comes_online(&app, &app.user(&ids[2]).await).await;
    owner.removes(&room, &ids[3]).await;

    let told = notified_of_post(&receiver, &owner, &room).await;

    let expected: Vec<String> = ids[4..].iter().map(|id| format!("user {id}")).collect();
    assert_eq!(told, expected);
    let member = app.user(&ids[5]).await;
    let told = notified_of_post(&receiver, &member, &room).await;
    assert!(told.contains(&format!("user {}", ids[0])));
    assert!(!told.contains(&format!("user {}", ids[5])));
}

#[tokio::test]
async fn what_the_application_says_itself_is_told_to_all_sides() {
    let (app, receiver) = told().await;
    let (alice, server) = (app.user("alice").await, app.service().await);
    let room = alice.opens_direct("bob").await;
    receiver.take();

    server.posts(&room, "Your order is on its way").await;

    let hook = only(&receiver, HookKind::MessageCreated);
    assert_eq!(notified(&hook), ["user alice", "user bob"]);
    assert_eq!(hook.body["data"]["message"]["sender_type"], "system");
}

/// A message is told as it is when it is told.
#[tokio::test]
async fn nobody_is_notified_late_of_what_was_read_or_deleted_meanwhile() {
    let (app, receiver) = told().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    receiver.replies(Reply::Status(500));
    for body in ["read", "deleted", "edited"] {
        alice.posts(&room, body).await;
    }
    bob.marks_read(&room, 1).await;
    alice.deletes(&room, 2).await.expect(200);
    alice.edits(&room, 3, "another text").await.expect(200);
    receiver.take();
    receiver.replies(Reply::Status(200));

    app.advance_clock(std::time::Duration::from_secs(70)).await;
    app.dispatches().await;

    let mut hooks = receiver.take_kind(HookKind::MessageCreated);
    hooks.sort_by_key(|hook| hook.body["data"]["message"]["seq"].as_u64());
    let bodies = hooks.iter().map(|hook| hook.body["data"]["message"]["body"].clone());
    let bodies: Vec<Value> = bodies.collect();
    assert_eq!(bodies, [json!("read"), Value::Null, json!("another text")]);
    let notified: Vec<_> = hooks.iter().map(notified).collect();
    assert_eq!(notified, [vec![], vec![], vec!["user bob".to_owned()]]);
}
