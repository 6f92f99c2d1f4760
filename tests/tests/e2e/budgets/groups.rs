//! What groups may cost.

use std::time::Duration;

use serde_json::json;
use tests::{Bill, Meter, Room, TestApp, User};
use uuid::Uuid;

use super::Budget;

/// A group of twenty that alice founded, on a function that knows its members.
struct Twenty {
    meter: Meter,
    app: TestApp,
    alice: User,
    bob: User,
    room: Room,
}

impl Twenty {
    async fn meet() -> Self {
        let meter = Meter::new();
        let app = TestApp::on(meter.clone()).await;
        app.fix_clock().await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        let others: Vec<String> = (0..18).map(|i| format!("member-{i}")).collect();
        let others = others.iter().map(String::as_str).chain(["bob"]);
        let room = alice.opens_group(&others.collect::<Vec<_>>()).await;
        for user in [&alice, &bob] {
            user.posts(&room, "hello").await;
            user.history(&room).await;
            user.sees(&room).await;
            user.me().await;
        }
        meter.take();
        Self { meter, app, alice, bob, room }
    }

    async fn cost<T>(&self, something: impl Future<Output = T>) -> Bill {
        self.meter.take();
        something.await;
        self.meter.take()
    }

    async fn posts_with_client_id(&self, user: &User) {
        user.tries_to_post(&self.room, &"x".repeat(700), Uuid::new_v4()).await.expect(201);
    }
}

/// Invariant I12.
#[tokio::test]
async fn a_post_into_a_group_of_twenty_takes_four_calls_and_four_write_units() {
    let twenty = Twenty::meet().await;

    let bill = twenty.cost(twenty.posts_with_client_id(&twenty.alice)).await;
    Budget { calls: 4, rounds: 3, reads: 0.0, writes: 4.0 }.holds("a post", &bill);
    assert_eq!((bill.calls(), bill.writes()), (4, 4.0), "the meter itself is broken: {bill}");

    let bill = twenty.cost(twenty.alice.posts(&twenty.room, "hello")).await;
    Budget { calls: 3, rounds: 2, reads: 0.0, writes: 3.0 }.holds("without a client id", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn a_function_that_does_not_know_the_members_reads_them_first() {
    let twenty = Twenty::meet().await;
    let cold = TestApp::beside(&twenty.app, twenty.meter.clone()).await;
    cold.fix_clock().await;
    let alice = cold.user("alice").await;

    let bill = twenty.cost(twenty.posts_with_client_id(&alice)).await;

    Budget { calls: 6, rounds: 5, reads: 2.0, writes: 4.0 }.holds("a cold function", &bill);
}

/// Invariant I12.
#[tokio::test]
async fn the_first_post_of_an_hour_moves_the_group_in_all_inboxes() {
    let twenty = Twenty::meet().await;
    twenty.app.advance_clock(Duration::from_secs(3600)).await;

    let bill = twenty.cost(twenty.posts_with_client_id(&twenty.alice)).await;
    Budget { calls: 25, rounds: 5, reads: 0.0, writes: 65.0 }.holds("the first post", &bill);
    let bill = twenty.cost(twenty.posts_with_client_id(&twenty.alice)).await;
    Budget { calls: 4, rounds: 3, reads: 0.0, writes: 4.0 }.holds("the next post", &bill);
}

#[tokio::test]
async fn a_strangers_post_into_a_group_takes_one_call() {
    let twenty = Twenty::meet().await;
    let mallory = twenty.app.user("mallory").await;
    mallory.me().await;

    let bill = twenty
        .cost(async {
            let message = json!({ "body": "x" });
            mallory.post(&twenty.room.path("/messages"), message).await.problem(404);
        })
        .await;

    Budget { calls: 1, rounds: 1, reads: 1.0, writes: 0.0 }.holds("a stranger's post", &bill);
}

#[tokio::test]
async fn opening_a_group_of_twenty_takes_two_write_units_for_each_member() {
    let twenty = Twenty::meet().await;
    let others: Vec<String> = (0..19).map(|i| format!("other-{i}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();

    let bill = twenty.cost(twenty.alice.opens_group(&others)).await;

    Budget { calls: 7, rounds: 7, reads: 16.0, writes: 64.0 }.holds("opening", &bill);
}

#[tokio::test]
async fn a_page_of_a_groups_history_takes_one_round_trip() {
    let twenty = Twenty::meet().await;
    twenty.alice.posts_all(&twenty.room, (0..60).map(|i| format!("a short message {i}"))).await;

    let bill = twenty.cost(twenty.bob.history(&twenty.room)).await;
    Budget { calls: 3, rounds: 1, reads: 3.5, writes: 0.0 }.holds("50 short messages", &bill);
    let bill = twenty.cost(twenty.bob.page(&twenty.room, "?after=62")).await;
    Budget { calls: 3, rounds: 1, reads: 2.5, writes: 0.0 }.holds("nothing new", &bill);
}

/// Who was removed while it looked must not see what came afterwards: so the membership is read once
/// more, after everything else, where the function does not know the members.
#[tokio::test]
async fn a_look_by_a_function_that_does_not_know_the_members_takes_a_round_trip_more() {
    let twenty = Twenty::meet().await;
    let cold = TestApp::beside(&twenty.app, twenty.meter.clone()).await;
    cold.fix_clock().await;
    let bob = cold.user("bob").await;

    let bill = twenty.cost(bob.history(&twenty.room)).await;
    Budget { calls: 4, rounds: 2, reads: 3.5, writes: 0.0 }.holds("a page of history", &bill);
    let bill = twenty.cost(bob.sees(&twenty.room)).await;
    Budget { calls: 4, rounds: 4, reads: 14.0, writes: 0.0 }.holds("a group", &bill);
}

#[tokio::test]
async fn looking_at_a_group_takes_two_round_trips_and_another_to_tell_who_is_there() {
    let twenty = Twenty::meet().await;

    let bill = twenty.cost(twenty.bob.sees(&twenty.room)).await;
    Budget { calls: 3, rounds: 3, reads: 13.0, writes: 0.0 }.holds("a group", &bill);
    let members = twenty.room.path("/members");
    let bill = twenty.cost(twenty.bob.get(&members)).await;
    Budget { calls: 2, rounds: 2, reads: 3.5, writes: 0.0 }.holds("its members", &bill);
}

#[tokio::test]
async fn a_title_takes_one_transaction() {
    let twenty = Twenty::meet().await;

    let bill = twenty.cost(twenty.bob.changes(&twenty.room, json!({ "title": "Walks" }))).await;

    assert_eq!(bill.count("TransactWriteItems"), 1, "{bill}");
    Budget { calls: 4, rounds: 4, reads: 5.0, writes: 4.0 }.holds("a title", &bill);
}

#[tokio::test]
async fn marking_a_group_as_read_takes_two_calls() {
    let twenty = Twenty::meet().await;
    let seq = twenty.alice.posts(&twenty.room, "hello").await["seq"].as_u64().unwrap();

    let bill = twenty.cost(twenty.bob.marks_read(&twenty.room, seq)).await;

    Budget { calls: 2, rounds: 2, reads: 1.0, writes: 1.0 }.holds("marking as read", &bill);
}

#[tokio::test]
async fn the_right_to_listen_to_a_group_takes_two_reads() {
    let twenty = Twenty::meet().await;

    let bill = twenty.cost(twenty.bob.asks_to_hear("1.1", &twenty.room.channel)).await;

    Budget { calls: 2, rounds: 2, reads: 2.0, writes: 0.0 }.holds("a group's channel", &bill);
}

#[tokio::test]
async fn members_come_and_go_by_one_transaction_each() {
    let twenty = Twenty::meet().await;
    let (alice, room) = (&twenty.alice, &twenty.room);

    let bill = twenty.cost(async { alice.adds(room, &["newcomer"]).await.expect(200) }).await;
    assert_eq!(bill.count("TransactWriteItems"), 1, "{bill}");
    Budget { calls: 6, rounds: 6, reads: 8.0, writes: 7.0 }.holds("adding one", &bill);
    let bill =
        twenty.cost(async { assert_eq!(alice.removes(room, "newcomer").await.status, 204) }).await;
    assert_eq!(bill.count("TransactWriteItems"), 1, "{bill}");
    Budget { calls: 5, rounds: 5, reads: 4.0, writes: 11.0 }.holds("removing one", &bill);
    let bill =
        twenty.cost(async { assert_eq!(twenty.bob.removes(room, "bob").await.status, 204) }).await;
    assert_eq!(bill.count("TransactWriteItems"), 1, "{bill}");
    Budget { calls: 5, rounds: 5, reads: 4.0, writes: 9.0 }.holds("leaving", &bill);
}
