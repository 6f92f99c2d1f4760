//! What the application's own server is told (`PARLOUR_APP_WEBHOOK_URL`), and `/v1/webhooks`.

mod calls;
mod recipients;
mod retries;

use local::embedded::{Engine, Wire};
use serde_json::{Value, json};
use shared::domain::webhook::HookKind;
use tests::{Fault, Faulty, Hook, Meter, Receiver, Reply, TestApp};
use uuid::Uuid;

/// Parlour with a store of the test's own, and the application's server.
async fn told_on(store: impl Wire) -> (TestApp, Receiver) {
    let receiver = Receiver::start().await;
    let app = TestApp::telling(store, receiver.settings()).await;
    app.fix_clock().await;
    (app, receiver)
}

/// Parlour and the application's server.
async fn told() -> (TestApp, Receiver) {
    told_on(Engine::memory().expect("an empty store")).await
}

/// The only webhook of a kind that has come since the last look.
#[track_caller]
fn only(receiver: &Receiver, kind: HookKind) -> Hook {
    let mut hooks = receiver.take_kind(kind);
    assert_eq!(hooks.len(), 1, "{kind:?}: {hooks:?}");
    hooks.remove(0)
}

#[tokio::test]
async fn a_message_is_told_with_its_room_and_whom_to_notify() {
    let (app, receiver) = told().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;

    let posted = alice.posts(&room, "Hello, Bob").await;

    let hook = only(&receiver, HookKind::MessageCreated);
    let mut message = posted.clone();
    message.as_object_mut().expect("a message").remove("delivered");
    let data = json!({
        "room": { "id": room.id, "kind": "direct" },
        "message": message,
        "offline_recipients": [{ "id": "bob", "type": "user", "member_id": "bob" }],
    });
    let body = json!({
        "type": "message.created", "timestamp": posted["created_at"], "data": data,
    });
    assert_eq!(hook.body, body);
}

#[tokio::test]
async fn a_room_is_told_when_it_is_opened_and_when_its_desk_puts_it_away() {
    let (app, receiver) = told().await;
    let (una, agent) = (app.user("una").await, app.admin("agnes").await);

    let room = una.opens_support().await;

    let opened = only(&receiver, HookKind::RoomOpened).body;
    let una_in_it = json!([{ "id": "una", "type": "user", "member_id": "una" }]);
    let data = json!({
        "room": { "id": room.id, "kind": "support" }, "members": una_in_it, "member_count": 2,
    });
    assert_eq!((&opened["data"], &opened["timestamp"]), (&data, &room.json["created_at"]));
    let archived = agent.post(&room.path("/archive"), json!({})).await.expect(200);
    let hook = only(&receiver, HookKind::RoomArchived).body;
    let at = &archived["archived_at"];
    let data = json!({ "room": { "id": room.id, "kind": "support" }, "archived_at": at });
    assert_eq!((&hook["data"], &hook["timestamp"]), (&data, at));
    agent.post(&room.path("/unarchive"), json!({})).await.expect(200);
    assert!(receiver.take().is_empty(), "that it is taken back is not told");
}

#[tokio::test]
async fn what_a_room_is_about_is_told_with_it() {
    let (app, receiver) = told().await;
    let bike = json!({ "title": "A red bike", "merchant_id": "wheels" });
    app.service().await.put("/v1/listings/bike", bike).await.expect(200);
    let una = app.user("una").await;

    una.opens_listing("bike").await;
    let hook = only(&receiver, HookKind::RoomOpened).body;
    assert_eq!(hook["data"]["room"]["listing"], json!({ "id": "bike", "title": "A red bike" }));

    let group = json!({ "kind": "group", "members": ["bob"], "title": "Us" });
    una.post("/v1/rooms", group).await.expect(201);
    let hook = only(&receiver, HookKind::RoomOpened).body;
    assert_eq!(hook["data"]["room"]["title"], "Us");
    let ids = |hook: &Value| {
        let members = hook["data"]["members"].as_array().expect("members").iter();
        let mut ids: Vec<_> = members.map(|member| member["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        ids
    };
    assert_eq!(ids(&hook), ["bob", "una"]);
}

#[tokio::test]
async fn a_report_is_told_without_what_was_said_and_who_told() {
    let (app, receiver) = told().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "You fool").await;
    receiver.take();

    let path = room.path("/messages/1/report");
    let report = bob.post(&path, json!({ "reason": "Rude" })).await.expect(201);

    let hook = only(&receiver, HookKind::ReportFiled).body;
    let data = json!({ "room": { "id": room.id, "kind": "direct" }, "report": report });
    assert_eq!((&hook["data"], &hook["timestamp"]), (&data, &report["created_at"]));
}

#[tokio::test]
async fn that_a_person_is_erased_is_told_once_it_is_and_a_new_life_has_an_end_of_its_own() {
    let (app, receiver) = told().await;
    let (server, una) = (app.service().await, app.user("una").await);
    let room = una.opens_direct("bob").await;
    una.posts(&room, "Bye").await;
    receiver.take();
    let erase = async || {
        assert_eq!(server.delete("/v1/users/una").await.status, 204);
        only(&receiver, HookKind::PersonErased)
    };

    let first = erase().await;
    let again = erase().await;

    let person = json!({ "person": { "id": "una", "type": "user" } });
    assert_eq!(first.body["data"], person);
    assert_eq!((&first.id, &first.body), (&again.id, &again.body));
    server.describes("una", json!({ "name": "Una" })).await.expect(200);
    app.advance_clock(std::time::Duration::from_secs(1)).await;
    assert_ne!(erase().await.id, first.id);
}

/// What was not answered is done again, and the receiver tells what came twice.
#[tokio::test]
async fn a_repeat_is_told_under_the_same_id() {
    let (app, receiver) = told().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let opened = only(&receiver, HookKind::RoomOpened);
    alice.opens_direct("bob").await;
    assert_eq!(only(&receiver, HookKind::RoomOpened).id, opened.id);
    let client_id = Uuid::new_v4();
    alice.tries_to_post(&room, "hello", client_id).await.expect(201);
    let posted = only(&receiver, HookKind::MessageCreated);
    alice.retries(&room, "hello", client_id).await.expect(200);
    let again = only(&receiver, HookKind::MessageCreated);
    assert_eq!((&again.id, &again.body), (&posted.id, &posted.body));
    alice.posts(&room, "hello").await;
    assert_ne!(only(&receiver, HookKind::MessageCreated).id, posted.id);
}

/// It is news for a minute, or until somebody writes.
#[tokio::test]
async fn a_room_that_has_long_been_open_is_not_told_again() {
    let (app, receiver) = told().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    alice.opens_direct("bob").await;
    app.advance_clock(std::time::Duration::from_secs(61)).await;
    let room = alice.opens_direct("carol").await;
    bob.posts(&bob.opens_direct("alice").await, "hello").await;
    receiver.take();

    bob.opens_direct("alice").await;
    alice.posts(&room, "hello").await;
    alice.opens_direct("carol").await;

    assert!(receiver.take_kind(HookKind::RoomOpened).is_empty());
}

/// Neither told nor noted, so not answered; the repeat finds it done, and tells it all the same.
#[tokio::test]
async fn an_archive_and_a_report_that_were_not_answered_are_told_by_the_repeat() {
    let store = Faulty::new();
    let (app, receiver) = told_on(store.clone()).await;
    let (una, agent) = (app.user("una").await, app.admin("agnes").await);
    let room = una.opens_support().await;
    una.posts(&room, "hello").await;
    receiver.take();
    let report = json!({ "reason": "Rude" });
    for (path, body, kind) in [
        (room.path("/messages/1/report"), report, HookKind::ReportFiled),
        (room.path("/archive"), json!({}), HookKind::RoomArchived),
    ] {
        receiver.replies(Reply::Status(500));
        store.follow(|call| {
            let pk = call.request["Item"]["pk"]["S"].as_str().unwrap_or_default();
            pk.starts_with("W#").then_some(Fault::Refuse(400, "ThrottlingException"))
        });
        agent.post(&path, body.clone()).await.problem(503);
        let refused = only(&receiver, kind);
        store.heal();
        receiver.replies(Reply::Status(200));

        agent.post(&path, body).await.expect(200);

        let told = only(&receiver, kind);
        assert_eq!((told.id, told.body), (refused.id, refused.body));
    }
}

#[tokio::test]
async fn only_what_is_wanted_is_told() {
    let receiver = Receiver::start().await;
    let wanted = receiver.wanting([HookKind::RoomArchived]);
    let app = TestApp::telling(Meter::new(), wanted).await;
    let (una, agent) = (app.user("una").await, app.admin("agnes").await);
    let room = una.opens_support().await;
    una.posts(&room, "hello").await;
    agent.post(&room.path("/messages/1/report"), json!({ "reason": "Rude" })).await.expect(201);
    assert!(receiver.take().is_empty());

    agent.post(&room.path("/archive"), json!({})).await.expect(200);

    assert_eq!(only(&receiver, HookKind::RoomArchived).body["data"]["room"]["id"], json!(room.id));
}

/// What is refused happened to nobody.
#[tokio::test]
async fn what_did_not_happen_is_not_told() {
    let (app, receiver) = told().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;
    receiver.take();

    mallory.post(&room.path("/messages"), json!({ "body": "x" })).await.problem(404);
    mallory.post(&room.path("/archive"), json!({})).await.problem(404);
    alice.post(&room.path("/archive"), json!({})).await.problem(403);
    mallory.post(&room.path("/messages/1/report"), json!({ "reason": "x" })).await.problem(404);
    mallory.delete("/v1/users/alice").await.problem(403);

    assert!(receiver.take().is_empty());
}

/// A message that can neither be told nor noted is not answered, so that the client's repeat does it all
/// again.
#[tokio::test]
async fn a_post_that_can_neither_be_told_nor_noted_is_not_answered() {
    let store = Faulty::new();
    let (app, receiver) = told_on(store.clone()).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    receiver.take();
    receiver.replies(Reply::Status(500));
    let of_a_webhook = |request: &Value| {
        request["Item"]["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("W#"))
    };
    store.follow(move |call| {
        of_a_webhook(call.request).then_some(Fault::Refuse(400, "ThrottlingException"))
    });
    let client_id = Uuid::new_v4();

    let answer = alice.tries_to_post(&room, "hello", client_id).await;

    assert_eq!(answer.problem(503), "store_unavailable");
    let refused = only(&receiver, HookKind::MessageCreated);
    store.heal();
    receiver.replies(Reply::Status(200));
    alice.retries(&room, "hello", client_id).await.expect(200);
    assert_eq!(only(&receiver, HookKind::MessageCreated).id, refused.id);
    assert_eq!(alice.history(&room).await.seqs(), [1]);
}
