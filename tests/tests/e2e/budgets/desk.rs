//! What rooms with a desk may cost, and the rest of what is done to rooms.

use std::time::Duration;

use futures_util::future::join_all;
use local::ALL_FEATURES;
use serde_json::json;
use shared::config::Features;
use tests::{Bill, Meter, Room, TestApp, User};
use uuid::Uuid;

use super::{Budget, item_size};

/// A user and an agent in the user's support room, all of whom have been there before.
struct Scene {
    meter: Meter,
    app: TestApp,
    user: User,
    agent: User,
    room: Room,
}

impl Scene {
    async fn set() -> Self {
        let meter = Meter::new();
        Self::over(TestApp::on(meter.clone()).await, meter).await
    }

    async fn over(app: TestApp, meter: Meter) -> Self {
        app.fix_clock().await;
        let (user, agent) = (app.user("una").await, app.admin("agnes").await);
        let room = user.opens_support().await;
        user.posts(&room, "hello").await;
        agent.posts(&room, "hello").await;
        for caller in [&user, &agent] {
            caller.sees(&room).await;
            caller.me().await;
        }
        meter.take();
        Self { meter, app, user, agent, room }
    }

    /// What something costs.
    async fn cost<T>(&self, something: impl Future<Output = T>) -> Bill {
        self.meter.take();
        something.await;
        self.meter.take()
    }

    async fn posts(&self, by: &User) -> Bill {
        self.cost(by.tries_to_post(&self.room, &"x".repeat(700), Uuid::new_v4())).await
    }

    async fn archives(&self) -> Bill {
        self.cost(self.agent.post(&self.room.path("/archive"), json!({}))).await
    }
}

/// Invariant I12: a message costs what it costs in any room; one unit more when the desk begins or ends to
/// have something to attend to.
#[tokio::test]
async fn a_post_before_a_desk_takes_a_unit_more_when_the_desks_attention_changes() {
    let scene = Scene::set().await;
    let three = |writes| Budget { calls: 3, rounds: 3, reads: 0.0, writes };

    three(4.0).holds("a user's first message", &scene.posts(&scene.user).await);
    three(3.0).holds("a user's second message", &scene.posts(&scene.user).await);
    three(4.0).holds("the agent's answer", &scene.posts(&scene.agent).await);
    three(3.0).holds("more of the agent", &scene.posts(&scene.agent).await);
    // A minute later the room moves in the queue, and stays where it is in the user's inbox.
    scene.app.advance_clock(Duration::from_secs(60)).await;
    three(5.0).holds("a message of the next minute", &scene.posts(&scene.agent).await);
}

/// Invariant I12.
#[tokio::test]
async fn putting_away_and_taking_back_take_one_round_trip_and_the_move_in_the_queue() {
    let scene = Scene::set().await;
    // The answer shows the room, names included.
    let budget = Budget { calls: 2, rounds: 1, reads: 0.5, writes: 3.0 };

    budget.holds("archiving", &scene.archives().await);
    let again = Budget { calls: 2, rounds: 1, reads: 0.5, writes: 1.0 };
    again.holds("archiving again", &scene.archives().await);
    let back = scene.cost(scene.agent.post(&scene.room.path("/unarchive"), json!({}))).await;
    budget.holds("taking back", &back);
    // A user's message does all of it at once.
    scene.archives().await;
    let bill = scene.posts(&scene.user).await;
    Budget { calls: 3, rounds: 3, reads: 0.0, writes: 6.0 }
        .holds("a message that takes back", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn an_agents_reading_takes_one_call() {
    let scene = Scene::set().await;
    scene.posts(&scene.user).await;

    let bill = scene.cost(scene.agent.marks_read(&scene.room, 3)).await;

    Budget { calls: 1, rounds: 1, reads: 0.0, writes: 2.0 }.holds("an agent's reading", &bill);
}

/// Invariant I12. Mission B5.
#[tokio::test]
async fn a_page_of_fifty_of_the_queue_takes_two_round_trips_and_51_read_units() {
    let meter = Meter::new();
    let alone = Features { presence: false, ..ALL_FEATURES };
    let scene = Scene::over(TestApp::offering_on(meter.clone(), alone).await, meter).await;
    for minute in 0..40 {
        scene.app.advance_clock(Duration::from_secs(60)).await;
        join_all((0..5).map(|i| one_more_asks(&scene, minute * 5 + i))).await;
    }

    for query in ["", "?state=active&limit=50"] {
        let bill = scene.cost(async { assert_eq!(scene.agent.desk(query).await.rooms.len(), 50) });
        Budget { calls: 3, rounds: 2, reads: 56.0, writes: 0.0 }.holds("50 of 200", &bill.await);
    }

    // To tell who of the users is there takes half a unit for each.
    let telling = TestApp::beside(&scene.app, scene.meter.clone()).await;
    telling.set_clock("2031-05-05T12:40:30.000Z").await;
    let agent = telling.admin("agnes").await;
    agent.me().await;
    let bill = scene.cost(async { assert_eq!(agent.desk("").await.rooms.len(), 50) });
    Budget { calls: 4, rounds: 3, reads: 81.0, writes: 0.0 }.holds("who is there", &bill.await);
}

async fn one_more_asks(scene: &Scene, number: usize) {
    let user = scene.app.user(&format!("user-{number}")).await;
    let room = user.opens_support().await;
    user.posts(&room, "hello").await;
}

/// Invariant I12.
#[tokio::test]
async fn the_other_things_that_are_done_to_a_room_take_what_they_must() {
    let scene = Scene::set().await;
    let hides = scene.cost(scene.user.patch(&scene.room.path(""), json!({ "hidden": true }))).await;
    Budget { calls: 2, rounds: 2, reads: 2.0, writes: 1.0 }.holds("hiding", &hides);

    let opens = scene.cost(scene.user.opens_support()).await;
    Budget { calls: 1, rounds: 1, reads: 2.0, writes: 0.0 }.holds("opening again", &opens);

    let rooms = json!({ "rooms": { scene.room.id.as_str(): [0, 0] } });
    let syncs = scene.cost(scene.user.post("/v1/sync", rooms)).await;
    Budget { calls: 5, rounds: 2, reads: 4.0, writes: 0.0 }.holds("a sync of one room", &syncs);

    let me = scene.cost(scene.agent.me()).await;
    Budget { calls: 4, rounds: 1, reads: 2.5, writes: 0.0 }.holds("an agent's own account", &me);
}

/// The item that every message touches stays below one kilobyte also in the largest room of two sides,
/// with the longest ids, a long preview, and everything set that can be. (The longest preview of all, a
/// hundred characters of four bytes each, beside two of the longest ids costs a unit more.)
#[tokio::test]
async fn the_head_of_a_listings_room_stays_below_a_kilobyte() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    let id = |letter: &str| format!("{}:", letter.repeat(127));
    let listing = json!({ "title": "t".repeat(200), "merchant_id": id("m") });
    app.service().await.put("/v1/listings/x", listing).await.expect(200);
    let (user, merchant) = (app.user(&id("u")).await, app.merchant(&id("m")).await);
    let room = user.opens_listing("x").await;
    for caller in [&user, &merchant] {
        let all = json!({ "hidden": true, "muted": true, "pinned": true });
        caller.patch(&room.path(""), all).await.expect(200);
    }
    merchant.posts(&room, "x").await;
    user.posts(&room, &"語".repeat(100)).await;
    let waiting = item_size(&meter.item(&format!("R#{}", room.id), "#"));
    merchant.post(&room.path("/archive"), json!({})).await.expect(200);

    let archived = item_size(&meter.item(&format!("R#{}", room.id), "#"));

    for size in [waiting, archived] {
        assert!((500..=1_024).contains(&size), "{size} bytes");
    }
}
