//! What becomes of a webhook that does not arrive at once.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use shared::domain::webhook::HookKind;
use tests::{Hook, Meter, Reply, Room, TestApp, User};

use super::{only, told, told_on};

/// Longer than each pause with the tenth that chance may add, in minutes.
const PAUSES: [u64; 7] = [2, 6, 34, 133, 331, 661, 661];

const MINUTE: Duration = Duration::from_secs(60);

/// The webhooks of a state, as the application's server sees them.
async fn listed(app: &TestApp, state: &str) -> Vec<Value> {
    let server = app.service().await;
    let page = server.get(&format!("/v1/webhooks?state={state}&limit=100")).await.expect(200);
    page["webhooks"].as_array().expect("webhooks").clone()
}

fn ids(hooks: &[Hook]) -> Vec<&str> {
    let mut ids: Vec<&str> = hooks.iter().map(|hook| hook.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

async fn a_room(app: &TestApp) -> (User, Room) {
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    (alice, room)
}

/// Fault F1, of the application's server: it is not there, and back later.
#[tokio::test]
async fn what_a_receiver_missed_arrives_once_it_is_back_each_exactly_once() {
    let (app, mut receiver) = told().await;
    receiver.goes_down().await;
    let (alice, room) = a_room(&app).await;
    alice.posts_all(&room, ["one", "two", "three"]).await;
    assert_eq!(listed(&app, "pending").await.len(), 4);
    app.dispatches().await;
    assert!(receiver.take().is_empty());
    receiver.comes_back().await;

    app.advance_clock(2 * MINUTE).await;
    let summary = app.dispatches().await;

    assert_eq!(summary["webhooks"], json!({ "done": 4 }));
    let hooks = receiver.take();
    let mut once = ids(&hooks);
    once.dedup();
    assert_eq!((hooks.len(), once.len()), (4, 4), "{hooks:?}");
    assert_eq!(hooks.iter().filter(|hook| hook.kind == "message.created").count(), 3);
    app.advance_clock(3 * MINUTE).await;
    assert_eq!(app.dispatches().await["due"], 0);
    assert!(listed(&app, "pending").await.is_empty() && receiver.take().is_empty());
}

/// By the schedule of docs/webhooks.md.
#[tokio::test]
async fn a_webhook_is_tried_eight_times_in_more_than_a_day_and_then_listed_as_failed() {
    let (app, receiver) = told().await;
    let (alice, room) = a_room(&app).await;
    receiver.take();
    receiver.replies(Reply::Status(500));
    alice.posts(&room, "hello").await;
    let id = only(&receiver, HookKind::MessageCreated).id;

    for (attempts, pause) in (1..).zip(PAUSES) {
        let pending = listed(&app, "pending").await;
        assert_eq!((&pending[0]["id"], &pending[0]["attempts"]), (&json!(id), &json!(attempts)));
        assert_eq!(pending[0]["last_status"], 500);
        assert!(pending[0]["next_attempt_at"].is_string(), "{}", pending[0]);
        app.dispatches().await;
        assert!(receiver.take().is_empty(), "too early after {attempts}");
        app.advance_clock(Duration::from_secs(pause * 60)).await;
        app.dispatches().await;
        assert_eq!(ids(&receiver.take()), [&id], "after {attempts}");
    }

    assert!(listed(&app, "pending").await.is_empty());
    let failed = listed(&app, "failed").await;
    let expected = json!({
        "id": id, "type": "message.created", "room_id": room.id, "seq": 1, "state": "failed",
        "attempts": 8, "last_status": 500, "created_at": failed[0]["created_at"],
        "failed_at": failed[0]["failed_at"],
    });
    assert_eq!(failed, [expected]);
    app.advance_clock(Duration::from_secs(30 * 86_400)).await;
    assert_eq!(app.dispatches().await["due"], 0);
}

#[tokio::test]
async fn a_receiver_that_says_gone_is_asked_no_more() {
    let (app, receiver) = told().await;
    let (alice, room) = a_room(&app).await;
    receiver.replies(Reply::Status(410));
    receiver.take();

    alice.posts(&room, "hello").await;

    let id = only(&receiver, HookKind::MessageCreated).id;
    app.advance_clock(2 * MINUTE).await;
    assert_eq!(app.dispatches().await["due"], 0);
    let failed = listed(&app, "failed").await;
    assert_eq!((&failed[0]["id"], &failed[0]["last_status"]), (&json!(id), &json!(410)));
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn a_busy_receiver_is_left_alone_for_as_long_as_it_asks() {
    let (app, receiver) = told().await;
    let (alice, room) = a_room(&app).await;
    receiver.replies(Reply::Busy(503, 600));
    alice.posts(&room, "hello").await;
    receiver.take();

    app.advance_clock(9 * MINUTE).await;
    app.dispatches().await;
    assert!(receiver.take().is_empty());
    app.advance_clock(2 * MINUTE).await;
    app.dispatches().await;
    assert_eq!(receiver.take().len(), 1);
}

/// Counted, not timed: nobody waits for a receiver that has just been found to hang.
#[tokio::test]
async fn a_receiver_that_hangs_slows_one_post_and_not_the_next() {
    let (app, receiver) = told().await;
    let (alice, room) = a_room(&app).await;
    receiver.take();
    receiver.replies(Reply::Hangs);

    alice.posts_all(&room, ["one", "two", "three"]).await;

    assert_eq!(receiver.take().len(), 1);
    let attempts: Vec<Value> =
        listed(&app, "pending").await.iter().map(|hook| hook["attempts"].clone()).collect();
    assert_eq!(attempts.iter().filter(|attempts| **attempts == json!(0)).count(), 2);
    receiver.replies(Reply::Status(200));
    app.advance_clock(31 * Duration::from_secs(1)).await;
    alice.posts(&room, "four").await;
    assert_eq!(only(&receiver, HookKind::MessageCreated).body["data"]["message"]["body"], "four");
    app.advance_clock(2 * MINUTE).await;
    assert_eq!(app.dispatches().await["webhooks"], json!({ "done": 3 }));
}

/// Nor does a run try in vain what waits, one by one; and that counts as no attempt.
#[tokio::test]
async fn a_run_leaves_a_receiver_alone_that_has_just_been_found_to_hang() {
    let (app, receiver) = told().await;
    let (alice, room) = a_room(&app).await;
    receiver.replies(Reply::Status(500));
    alice.posts(&room, "one").await;
    app.advance_clock(2 * MINUTE).await;
    receiver.replies(Reply::Hangs);
    alice.posts(&room, "two").await;
    receiver.take();

    assert_eq!(app.dispatches().await["webhooks"], json!({ "put_off": 1 }));

    assert!(receiver.take().is_empty());
    let pending = listed(&app, "pending").await;
    assert!(pending.len() == 2 && pending.iter().all(|hook| hook["attempts"] == 1));
    receiver.replies(Reply::Status(200));
    app.advance_clock(2 * MINUTE).await;
    assert_eq!(app.dispatches().await["webhooks"], json!({ "done": 2 }));
}

#[tokio::test]
async fn what_waits_holds_no_word_that_was_said() {
    let store = Meter::new();
    let (app, receiver) = told_on(store.clone()).await;
    receiver.replies(Reply::Status(500));
    let (alice, room) = a_room(&app).await;
    alice.posts(&room, "a word that is deleted later").await;
    let bob = app.user("bob").await;
    let path = room.path("/messages/1/report");
    bob.post(&path, json!({ "reason": "a reason of bob's own" })).await.expect(201);

    let items = store.everything();

    let waiting = |item: &&Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("W#"));
    let waiting: Vec<&Value> = items.iter().filter(waiting).collect();
    assert_eq!(waiting.len(), 3, "opened, posted, reported");
    for item in waiting {
        let text = item.to_string();
        for word in ["a word", "a reason", "alice", "bob", "secret"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[tokio::test]
async fn what_is_gone_meanwhile_is_not_told() {
    let (app, receiver) = told().await;
    receiver.replies(Reply::Status(500));
    let (alice, room) = a_room(&app).await;
    alice.posts(&room, "hello").await;
    let server = app.service().await;
    assert_eq!(server.delete(&room.path("")).await.status, 204);
    receiver.take();
    receiver.replies(Reply::Status(200));

    app.advance_clock(2 * MINUTE).await;

    assert_eq!(app.dispatches().await["webhooks"], json!({ "needless": 2 }));
    assert!(receiver.take().is_empty());
    assert!(listed(&app, "pending").await.is_empty());
}

/// Each is taken by one run alone.
#[tokio::test]
async fn two_runs_at_once_send_each_webhook_once() {
    let (app, receiver) = told().await;
    receiver.replies(Reply::Status(500));
    let (alice, room) = a_room(&app).await;
    alice.posts_all(&room, (0..10).map(|i| format!("message {i}"))).await;
    receiver.take();
    receiver.replies(Reply::Status(200));
    app.advance_clock(2 * MINUTE).await;

    join(app.dispatches(), app.dispatches()).await;

    let hooks = receiver.take();
    let mut once = ids(&hooks);
    once.dedup();
    assert_eq!((hooks.len(), once.len()), (11, 11));
}

/// What still waits when nobody is to be told any more is listed, not tried for ever.
#[tokio::test]
async fn without_a_receiver_what_waits_is_given_up() {
    let store = Meter::new();
    let (app, receiver) = told_on(store.clone()).await;
    receiver.replies(Reply::Status(500));
    a_room(&app).await;

    let without = TestApp::on(store).await;
    without.set_clock("2031-05-05T12:05:00.000Z").await;
    assert_eq!(without.dispatches().await["webhooks"], json!({ "given_up": 1 }));

    assert_eq!(listed(&without, "failed").await.len(), 1);
    let id = listed(&without, "failed").await[0]["id"].as_str().expect("an id").to_owned();
    let server = without.service().await;
    for path in ["/v1/webhooks/replay".to_owned(), format!("/v1/webhooks/{id}/replay")] {
        assert_eq!(server.post(&path, json!({})).await.problem(409), "no_webhook_receiver");
    }
}
