//! Messages that are kept only so long: shown no more, and then gone from the table as well.

use std::time::Duration;

use serde_json::json;
use shared::domain::time::Timestamp;
use tests::{Meter, Room, TestApp, User};
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 3600);
const START: &str = "2031-05-05T12:00:30.000Z";

struct Scene {
    meter: Meter,
    app: TestApp,
    alice: User,
    bob: User,
    room: Room,
    days: u32,
}

impl Scene {
    /// A room whose messages are kept for 30 days: 27 to 30, since days go by in stretches of four.
    async fn set() -> Self {
        let meter = Meter::new();
        let app = TestApp::keeping(meter.clone(), "direct=30,group=30").await;
        app.set_clock(START).await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        let room = alice.opens_direct("bob").await;
        Self { meter, app, alice, bob, room, days: 0 }
    }

    async fn days_go_by(&mut self, days: u32) {
        self.app.advance_clock(DAY * days).await;
        self.days += days;
    }

    fn partition(&self) -> String {
        format!("R#{}", self.room.id)
    }

    /// What DynamoDB's time to live deletes; a call names the table first.
    async fn deletes_what_is_over(&self) -> usize {
        self.bob.me().await;
        let start = Timestamp::parse(START).expect("a time").seconds();
        self.meter.expire(&self.partition(), start + i64::from(self.days) * 24 * 3600)
    }

    /// Whether the table holds a text in any item of the room.
    async fn holds(&self, text: &str) -> bool {
        self.bob.me().await;
        self.meter.items(&self.partition()).iter().any(|item| item.to_string().contains(text))
    }
}

/// Fault F23.
#[tokio::test]
async fn what_is_too_old_is_shown_nowhere_and_then_gone_from_the_table() {
    let mut scene = Scene::set().await;
    scene.alice.posts(&scene.room, "an old secret").await;
    scene.days_go_by(26).await;
    assert_eq!(scene.bob.history(&scene.room).await.bodies(), ["an old secret"]);
    assert_eq!(scene.bob.sees(&scene.room).await.json["you"]["unread"], 1);

    scene.days_go_by(4).await;

    let seen = scene.bob.sees(&scene.room).await.json;
    assert_eq!((&seen["head"], &seen["message_count"]), (&json!(1), &json!(0)));
    assert_eq!((&seen["last_message"], &seen["you"]["unread"]), (&json!(null), &json!(0)));
    assert_eq!(scene.bob.inbox("").await.rooms[0].json["last_message"], json!(null));
    let sync = scene.bob.post("/v1/sync", json!({ "rooms": {} })).await.expect(200);
    assert!(!sync.to_string().contains("secret"), "{sync}");
    for window in ["", "?after=0", "?before=2", "?around=1"] {
        let path = scene.room.path(&format!("/messages{window}"));
        let page = scene.bob.get(&path).await.expect(200);
        assert_eq!((&page["messages"], &page["has_more"]), (&json!([]), &json!(false)), "{window}");
    }
    let message = scene.room.path("/messages/1");
    for answer in [
        scene.alice.patch(&message, json!({ "body": "another" })).await,
        scene.alice.delete(&message).await,
        scene.bob.put(&format!("{message}/reactions/%F0%9F%91%8D"), json!({})).await,
        scene.bob.post(&format!("{message}/report"), json!({ "reason": "old" })).await,
    ] {
        assert_eq!(answer.problem(404), "not_found");
    }
    // Only DynamoDB's time to live is still to come.
    scene.days_go_by(2).await;
    assert_eq!(scene.deletes_what_is_over().await, 1);
    assert!(!scene.holds("an old secret").await);
}

#[tokio::test]
async fn a_room_goes_on_with_its_numbers_behind_what_is_gone() {
    let mut scene = Scene::set().await;
    for body in ["one", "two"] {
        scene.alice.posts(&scene.room, body).await;
    }
    scene.days_go_by(20).await;
    scene.bob.posts(&scene.room, "three").await;
    scene.days_go_by(10).await;

    let page = scene.alice.history(&scene.room).await;
    assert_eq!((page.seqs(), page.bodies(), page.has_more), (vec![3], vec!["three"], false));
    assert_eq!(scene.alice.sees(&scene.room).await.json["message_count"], 1);
    scene.days_go_by(1).await;
    assert_eq!(scene.deletes_what_is_over().await, 2);
    assert_eq!(scene.alice.posts(&scene.room, "four").await["seq"], 4);
    let log = scene.alice.get(&scene.room.path("/messages?after=0&limit=1")).await.expect(200);
    assert_eq!((&log["messages"][0]["seq"], &log["has_more"]), (&json!(3), &json!(true)), "{log}");
    let page = scene.alice.history(&scene.room).await;
    assert_eq!(page.seqs(), [3, 4], "no void stands where messages were: {page:?}");
    assert_eq!(scene.meter.item(&scene.partition(), "M000000000001"), json!(null));
}

#[tokio::test]
async fn a_slot_that_a_post_left_empty_is_told_from_those_whose_messages_are_gone() {
    let mut scene = Scene::set().await;
    for body in ["one", "two"] {
        scene.alice.posts(&scene.room, body).await;
    }
    scene.days_go_by(40).await;
    assert_eq!(scene.deletes_what_is_over().await, 2);
    scene.alice.posts(&scene.room, "three").await;
    scene.meter.delete_item(&scene.partition(), "M000000000003");
    scene.alice.posts(&scene.room, "four").await;
    scene.app.advance_clock(Duration::from_secs(3)).await;

    let log = scene.bob.history(&scene.room).await;

    assert_eq!((log.seqs(), log.bodies()), (vec![3, 4], vec!["four"]));
    assert_eq!(log.messages[0], json!({ "seq": 3, "void": true }));
}

#[tokio::test]
async fn a_client_id_is_free_again_when_its_message_is_gone() {
    let mut scene = Scene::set().await;
    let client_id = Uuid::new_v4();
    scene.alice.tries_to_post(&scene.room, "one", client_id).await.expect(201);
    scene.days_go_by(40).await;
    assert_eq!(scene.deletes_what_is_over().await, 2, "the message and its claim");

    scene.alice.tries_to_post(&scene.room, "one again", client_id).await.expect(201);

    assert_eq!(scene.bob.history(&scene.room).await.seqs(), [2]);
    assert_eq!(scene.bob.sees(&scene.room).await.json["you"]["unread"], 1);
}

#[tokio::test]
async fn a_group_forgets_as_other_rooms_do_and_other_kinds_do_not() {
    let meter = Meter::new();
    let app = TestApp::keeping(meter, "group=9").await;
    app.set_clock(START).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (group, pair) = (alice.opens_group(&["bob"]).await, alice.opens_direct("bob").await);
    for room in [&group, &pair] {
        alice.posts(room, "hello").await;
    }

    app.advance_clock(DAY * 9).await;

    assert_eq!(bob.history(&group).await.seqs(), Vec::<u64>::new());
    assert_eq!(bob.history(&pair).await.bodies(), ["hello"]);
    assert_eq!(bob.sees(&group).await.json["you"]["unread"], 0);
    alice.posts(&group, "again").await;
    assert_eq!(bob.history(&group).await.seqs(), [2]);
}

/// Whoever asks for changes of messages that are gone is brought up to date, and not sent round in
/// circles.
#[tokio::test]
async fn changes_of_what_is_gone_are_gone_and_the_client_is_up_to_date_all_the_same() {
    let mut scene = Scene::set().await;
    scene.alice.posts(&scene.room, "one").await;
    scene.alice.patch(&scene.room.path("/messages/1"), json!({ "body": "won" })).await.expect(200);
    let changes = scene.room.path("/changes?after_rev=0");
    assert_eq!(scene.bob.get(&changes).await.expect(200)["messages"][0]["body"], "won");

    scene.days_go_by(30).await;
    let told = scene.bob.get(&changes).await.expect(200);
    assert_eq!((&told["messages"], &told["has_more"]), (&json!([]), &json!(false)), "{told}");
    scene.days_go_by(2).await;
    assert_eq!(scene.deletes_what_is_over().await, 2, "the message and its change");
    let told = scene.bob.get(&changes).await.expect(200);
    let expected = json!({ "messages": [], "rev": 1, "has_more": false });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_was_reported_is_kept_no_longer_than_the_message() {
    let mut scene = Scene::set().await;
    scene.alice.posts(&scene.room, "an insult").await;
    scene.days_go_by(20).await;
    let report = scene.room.path("/messages/1/report");
    scene.bob.post(&report, json!({ "reason": "rude" })).await.expect(201);
    let admin = scene.app.admin("agnes").await;
    assert_eq!(admin.get("/v1/reports").await.expect(200)["reports"][0]["body"], "an insult");

    scene.days_go_by(12).await;

    assert_eq!(admin.get("/v1/reports").await.expect(200)["reports"], json!([]));
    assert_eq!(scene.deletes_what_is_over().await, 2);
    scene.bob.history(&scene.room).await;
    assert!(!scene.holds("insult").await);
}

/// The setting came when the room had been quiet for long: a post does not bring back what was hidden.
#[tokio::test]
async fn what_is_too_old_stays_hidden_when_the_room_goes_on() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    app.set_clock(START).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    for body in ["one", "two"] {
        alice.posts(&room, body).await;
    }
    drop(app);
    let app = TestApp::keeping(meter, "direct=30").await;
    app.set_clock(START).await;
    app.advance_clock(DAY * 60).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);

    assert_eq!(alice.posts(&room, "three").await["seq"], 3);

    assert_eq!(bob.history(&room).await.bodies(), ["three"]);
    assert_eq!(bob.sees(&room).await.json["message_count"], 1);
    app.advance_clock(DAY * 5).await;
    alice.posts(&room, "four").await;
    assert_eq!(bob.history(&room).await.bodies(), ["three", "four"]);
}

/// Fewer days hide what is older than they say, and nothing else.
#[tokio::test]
async fn a_shorter_setting_hides_nothing_that_is_younger_than_it() {
    let meter = Meter::new();
    let app = TestApp::keeping(meter.clone(), "direct=365").await;
    app.set_clock(START).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    for body in ["one", "two", "three", "four"] {
        alice.posts(&room, body).await;
        app.advance_clock(DAY * 15).await;
    }
    drop(app);
    let app = TestApp::keeping(meter, "direct=30").await;
    app.set_clock(START).await;
    app.advance_clock(DAY * 60).await;
    let bob = app.user("bob").await;

    let shown = bob.history(&room).await;
    assert!(shown.bodies().ends_with(&["three", "four"]), "{shown:?}");
}

/// Invariant I12.
#[tokio::test]
async fn keeping_messages_only_so_long_costs_a_post_nothing() {
    let scene = Scene::set().await;
    for user in [&scene.alice, &scene.bob] {
        user.posts(&scene.room, "hello").await;
    }
    scene.meter.take();

    scene.alice.tries_to_post(&scene.room, &"x".repeat(690), Uuid::new_v4()).await.expect(201);

    let bill = scene.meter.take();
    assert_eq!((bill.calls(), bill.writes(), bill.reads()), (3, 3.0, 0.0), "{bill}");
}
