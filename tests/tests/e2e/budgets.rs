//! What each operation may cost, counted at the store. A budget that grows fails here.

mod changes;
mod desk;
mod groups;
mod hooks;
mod people;
mod reports;

use std::time::Duration;

use futures_util::future::join_all;
use local::ALL_FEATURES;
use serde_json::{Value, json};
use shared::config::{Features, Limits};
use tests::{Bill, Meter, Room, TestApp, User};
use uuid::Uuid;

/// What an operation may cost at most, and how many calls and rounds it takes at most.
#[derive(Debug)]
struct Budget {
    calls: usize,
    rounds: usize,
    reads: f64,
    writes: f64,
}

impl Budget {
    #[track_caller]
    fn holds(&self, what: &str, bill: &Bill) {
        let spent = [bill.calls() as f64, bill.rounds() as f64, bill.reads(), bill.writes()];
        let most = [self.calls as f64, self.rounds as f64, self.reads, self.writes];
        let within = spent.iter().zip(most).all(|(spent, most)| *spent <= most);
        assert!(within && bill.count("Scan") == 0, "{what} is beyond {self:?}: {bill}");
    }
}

/// Alice and bob in a room that both have used before, in the middle of a stretch of time in which
/// the room does not move in an inbox.
struct Scene {
    meter: Meter,
    app: TestApp,
    alice: User,
    bob: User,
    room: Room,
}

impl Scene {
    async fn set() -> Self {
        let meter = Meter::new();
        Self::over(TestApp::on(meter.clone()).await, meter).await
    }

    async fn over(app: TestApp, meter: Meter) -> Self {
        app.fix_clock().await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        let room = alice.opens_direct("bob").await;
        // Whatever is done once for each caller has been done.
        for user in [&alice, &bob] {
            user.posts(&room, "hello").await;
            user.inbox("").await;
            user.history(&room).await;
            user.sees(&room).await;
            user.me().await;
        }
        meter.take();
        Self { meter, app, alice, bob, room }
    }

    /// What something costs.
    async fn cost<T>(&self, something: impl Future<Output = T>) -> Bill {
        self.meter.take();
        something.await;
        self.meter.take()
    }

    /// Opens one more room of alice's. Every so many, her inbox is the other index's.
    async fn opens_with_stranger(&self, i: u32, every: u32) {
        let name = if i.is_multiple_of(every) { "Aaron" } else { "zoe" };
        self.alice.opens_direct(&format!("{name}-{i}")).await;
    }

    async fn posts_with_client_id(&self, body: &str) {
        self.alice.tries_to_post(&self.room, body, Uuid::new_v4()).await.expect(201);
    }
}

/// Invariant I12.
#[tokio::test]
async fn a_post_takes_three_calls_and_three_write_units() {
    let scene = Scene::set().await;

    let bill = scene.cost(scene.posts_with_client_id(&"x".repeat(700))).await;
    Budget { calls: 3, rounds: 3, reads: 0.0, writes: 3.0 }.holds("a post", &bill);
    assert_eq!((bill.calls(), bill.writes()), (3, 3.0), "the meter itself is broken: {bill}");

    let bill = scene.cost(scene.alice.posts(&scene.room, &"x".repeat(700))).await;
    Budget { calls: 2, rounds: 2, reads: 0.0, writes: 2.0 }
        .holds("a post without a client id", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn a_post_that_moves_the_room_in_both_inboxes_takes_two_units_more_for_each() {
    let scene = Scene::set().await;
    scene.app.advance_clock(Duration::from_secs(600)).await;

    let bill = scene.cost(scene.posts_with_client_id("hello")).await;

    Budget { calls: 3, rounds: 3, reads: 0.0, writes: 7.0 }.holds("a post after a while", &bill);
    let bill = scene.cost(scene.posts_with_client_id("hello")).await;
    Budget { calls: 3, rounds: 3, reads: 0.0, writes: 3.0 }.holds("the next post", &bill);
}

/// A repeat costs what it must: it commits, finds its claim, closes the slot it took in vain, and
/// finds its message.
#[tokio::test]
async fn a_careful_retry_takes_no_slot_and_no_more_than_a_post() {
    let scene = Scene::set().await;
    let client_id = Uuid::new_v4();
    scene.alice.tries_to_post(&scene.room, "hello", client_id).await.expect(201);

    let bill = scene
        .cost(async { scene.alice.retries(&scene.room, "hello", client_id).await.expect(200) })
        .await;

    Budget { calls: 3, rounds: 2, reads: 2.0, writes: 1.0 }.holds("a careful retry", &bill);
    assert_eq!(scene.bob.history(&scene.room).await.head, 3);
}

/// A stranger costs one refused write and no read.
#[tokio::test]
async fn a_strangers_post_takes_one_call() {
    let scene = Scene::set().await;
    let mallory = scene.app.user("mallory").await;
    mallory.me().await;

    let bill = scene
        .cost(async {
            mallory.post(&scene.room.path("/messages"), json!({ "body": "x" })).await.problem(404);
        })
        .await;

    Budget { calls: 1, rounds: 1, reads: 0.0, writes: 1.0 }.holds("a stranger's post", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn a_page_of_history_takes_one_round_trip_and_three_read_units() {
    let scene = Scene::set().await;
    scene.alice.posts_all(&scene.room, (0..60).map(|i| format!("a short message {i}"))).await;

    let bill = scene.cost(scene.bob.history(&scene.room)).await;
    Budget { calls: 2, rounds: 1, reads: 3.0, writes: 0.0 }.holds("50 short messages", &bill);
    let bill = scene.cost(scene.bob.page(&scene.room, "?before=55")).await;
    Budget { calls: 2, rounds: 1, reads: 3.0, writes: 0.0 }.holds("50 older messages", &bill);
    let bill = scene.cost(scene.bob.page(&scene.room, "?after=61")).await;
    Budget { calls: 2, rounds: 1, reads: 2.0, writes: 0.0 }.holds("nothing new", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn a_page_of_long_messages_takes_seven_read_units() {
    let scene = Scene::set().await;
    scene.alice.posts_all(&scene.room, (0..50).map(|_| "x".repeat(700))).await;

    let bill = scene.cost(scene.bob.history(&scene.room)).await;

    Budget { calls: 2, rounds: 1, reads: 7.0, writes: 0.0 }
        .holds("50 messages of 700 bytes", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn an_inbox_of_twenty_rooms_takes_two_round_trips_and_22_read_units() {
    let scene = Scene::set().await;
    for i in 0..19 {
        let friend = format!("{}-{i}", if i % 2 == 0 { "Aaron" } else { "zoe" });
        let room = scene.alice.opens_direct(&friend).await;
        scene.alice.posts(&room, "hello").await;
    }

    let bill = scene
        .cost(async { assert_eq!(scene.alice.inbox("?limit=20").await.rooms.len(), 20) })
        .await;

    Budget { calls: 4, rounds: 2, reads: 22.0, writes: 0.0 }.holds("20 rooms", &bill);
}

/// Invariant I12: it does not matter how many rooms there are beside those of the page.
#[tokio::test]
async fn an_inbox_of_thousands_of_rooms_costs_as_much_as_one_of_twenty() {
    let scene = Scene::set().await;
    // Long ago in crowds, lately one now and then on either side.
    let crowds = (0..1_900).collect::<Vec<_>>();
    let lately = (1_900..2_000).collect::<Vec<_>>();
    for friends in crowds.chunks(100).chain(lately.chunks(2)) {
        scene.app.advance_clock(Duration::from_secs(11 * 60)).await;
        join_all(friends.iter().map(|i| scene.opens_with_stranger(*i, 2))).await;
        scene.meter.take();
    }

    let bill = scene.cost(scene.alice.inbox("?limit=20")).await;
    Budget { calls: 4, rounds: 2, reads: 22.0, writes: 0.0 }.holds("20 of 2,000 rooms", &bill);
    let next = scene.alice.inbox("?limit=20").await.next.expect("more rooms");
    let bill = scene.cost(scene.alice.inbox(&format!("?limit=20&cursor={next}"))).await;
    Budget { calls: 4, rounds: 2, reads: 23.0, writes: 0.0 }.holds("the next 20", &bill);
}

/// A bucket that can just be sorted as a whole, which takes all its HEADs. That it is so full is
/// found out by a round trip, which the next page does not need.
#[tokio::test]
async fn an_inbox_of_500_rooms_at_one_time_takes_290_read_units() {
    let scene = Scene::set().await;
    scene.app.advance_clock(Duration::from_secs(600)).await;
    join_all((0..500).map(|i| scene.opens_with_stranger(i, 500))).await;

    scene.meter.take();
    let first = scene.alice.inbox("?limit=50").await;
    let bill = scene.meter.take();
    Budget { calls: 11, rounds: 4, reads: 290.0, writes: 0.0 }.holds("50 of 500", &bill);

    let query = format!("?limit=50&cursor={}", first.next.expect("more rooms"));
    let bill = scene.cost(scene.alice.inbox(&query)).await;
    Budget { calls: 9, rounds: 3, reads: 290.0, writes: 0.0 }.holds("the next 50", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn marking_as_read_takes_one_call_and_at_most_two_write_units() {
    let scene = Scene::set().await;
    let seq = scene.alice.posts(&scene.room, "hello").await["seq"].as_u64().unwrap();

    let bill = scene.cost(scene.bob.marks_read(&scene.room, seq)).await;

    Budget { calls: 1, rounds: 1, reads: 0.0, writes: 2.0 }.holds("marking as read", &bill);
}

#[tokio::test]
async fn looking_at_a_room_takes_one_round_trip_and_another_to_tell_who_is_there() {
    let scene = Scene::set().await;

    let bill = scene.cost(scene.bob.sees(&scene.room)).await;

    Budget { calls: 2, rounds: 2, reads: 2.5, writes: 0.0 }.holds("a room", &bill);
    let features = Features { presence: false, ..ALL_FEATURES };
    let scene =
        Scene::over(TestApp::offering_on(scene.meter.clone(), features).await, scene.meter).await;
    let bill = scene.cost(scene.bob.sees(&scene.room)).await;
    Budget { calls: 1, rounds: 1, reads: 2.0, writes: 0.0 }.holds("a room alone", &bill);
}

#[tokio::test]
async fn the_right_to_listen_takes_one_read() {
    let scene = Scene::set().await;
    let own = scene.bob.own_channel().await;

    let bill = scene.cost(scene.bob.asks_to_hear("1.1", &scene.room.channel)).await;
    Budget { calls: 1, rounds: 1, reads: 1.0, writes: 0.0 }.holds("a room's channel", &bill);
    let bill = scene.cost(scene.bob.asks_to_hear("1.1", &own)).await;
    Budget { calls: 0, rounds: 0, reads: 0.0, writes: 0.0 }.holds("one's own channel", &bill);
}

/// Mission B5. Invariant I12.
#[tokio::test]
async fn nothing_ever_reads_the_whole_table() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts_all(&room, ["1", "2", "3"]).await;
    alice.tries_to_post(&room, "4", Uuid::new_v4()).await.expect(201);
    for query in ["", "?before=3", "?after=1", "?around=2"] {
        bob.page(&room, query).await;
    }
    for query in ["", "?kind=direct", "?limit=1"] {
        bob.inbox(query).await;
    }
    bob.marks_read(&room, 2).await;
    bob.sees(&room).await;
    bob.me().await;
    bob.listens_to(&room).await;

    let bill = meter.take();

    assert_eq!(bill.count("Scan"), 0, "{bill}");
    for call in bill.0.iter().filter(|call| call.operation == "Query") {
        let condition = call.request["KeyConditionExpression"].as_str().unwrap_or_default();
        assert!(condition.contains('='), "a query of no one key: {}", call.request);
        assert_eq!(call.request.get("FilterExpression"), None, "{}", call.request);
    }
}

/// The item that every message touches stays below one kilobyte, or each costs twice as much: with
/// the longest ids (of characters that take a prefix) and the longest preview.
#[tokio::test]
async fn the_head_of_a_room_stays_below_a_kilobyte() {
    let meter = Meter::new();
    let app = TestApp::limiting(meter.clone(), as_deployed()).await;
    let id = |letter: &str| format!("{}:", letter.repeat(127));
    let (alice, bob) = (app.user(&id("a")).await, app.user(&id("b")).await);
    let room = alice.opens_direct(&bob.id).await;
    bob.posts_all(&room, ["x", "x", "x"]).await;
    for body in ["🎁".repeat(100), "🎁".repeat(10_000)] {
        alice.posts(&room, &body).await;
        bob.marks_read(&room, 2).await;
    }

    let head = meter.item(&format!("R#{}", room.id), "#");

    let size = item_size(&head);
    assert!(head["seq"]["N"] == "5" && size > 500, "not the HEAD: {head}");
    assert!(size <= 1_024, "{size} bytes: {head}");
    // And so say the units of the last post.
    let posts = meter.take().0.into_iter().filter(|call| call.operation == "UpdateItem");
    let dearest = posts.map(|call| call.writes).fold(0.0, f64::max);
    assert_eq!(dearest, 1.0);
}

fn as_deployed() -> Limits {
    Limits { posts: "5/30".parse().ok(), ..Limits::NONE }
}

/// Also when more of its members have just posted than have a rate of their own.
/// Invariant I12.
#[tokio::test]
async fn the_head_of_a_group_stays_below_a_kilobyte_however_many_post() {
    let meter = Meter::new();
    let app = TestApp::limiting(meter.clone(), as_deployed()).await;
    let ids: Vec<String> = (0..120).map(|i| format!("member-{i}")).collect();
    let others: Vec<&str> = ids.iter().skip(1).map(String::as_str).collect();
    let room = app.user(&ids[0]).await.opens_group(&others).await;
    for id in &ids {
        app.user(id).await.posts(&room, &"🎁".repeat(100)).await;
    }

    let head = meter.item(&format!("R#{}", room.id), "#");

    let rates = head["rate"]["M"].as_object().map_or(0, serde_json::Map::len);
    assert!(rates > 25, "{rates} rates");
    let size = item_size(&head);
    assert!(size <= 1_024, "{size} bytes: {head}");
}

/// How many bytes DynamoDB counts an item as: names and values in UTF-8, a number two digits to the
/// byte and one more, a map or list three and one for each entry. Numbers are taken as if they had
/// the twelve digits that the counters of an old room have.
fn item_size(item: &Value) -> usize {
    let entries = item.as_object().expect("an item");
    entries.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let (kind, value) = value.as_object().and_then(|typed| typed.iter().next()).expect("a value");
    match kind.as_str() {
        "S" => value.as_str().expect("a text").len(),
        "N" => value.as_str().expect("digits").len().max(12).div_ceil(2) + 1,
        "M" => 3 + value.as_object().expect("a map").len() + item_size(value),
        "L" => {
            3 + value.as_array().expect("a list").iter().map(|v| 1 + value_size(v)).sum::<usize>()
        }
        "BOOL" | "NULL" => 1,
        other => panic!("a value of type {other}"),
    }
}
