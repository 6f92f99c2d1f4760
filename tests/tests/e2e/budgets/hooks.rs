//! What it costs to tell the application's own server.

use serde_json::json;
use tests::{Meter, Receiver, Reply, Room, TestApp, User};
use uuid::Uuid;

use super::Budget;

/// Alice in a room that has been used, and the application's server, which is told.
struct Told {
    meter: Meter,
    app: TestApp,
    receiver: Receiver,
    alice: User,
    room: Room,
}

impl Told {
    async fn of(others: &[&str]) -> Self {
        let (meter, receiver) = (Meter::new(), Receiver::start().await);
        let app = TestApp::telling(meter.clone(), receiver.settings()).await;
        app.fix_clock().await;
        let alice = app.user("alice").await;
        let room = match others {
            [one] => alice.opens_direct(one).await,
            many => alice.opens_group(many).await,
        };
        alice.posts(&room, "hello").await;
        Self { meter, app, receiver, alice, room }
    }

    async fn costs(&self, what: &str, budget: Budget) {
        self.meter.take();
        self.alice.tries_to_post(&self.room, &"x".repeat(700), Uuid::new_v4()).await.expect(201);
        let bill = self.meter.take();
        budget.holds(what, &bill);
        let writes = budget.writes;
        assert!((bill.writes() - writes).abs() < 0.1, "{what} is cheaper than {writes}: {bill}");
    }
}

/// Invariant I12: one read more, beside the relay's call, for the room and whoever is online in it.
#[tokio::test]
async fn telling_of_a_post_takes_one_call_and_a_unit_and_a_half_more() {
    let told = Told::of(&["bob"]).await;

    told.costs("a post", Budget { calls: 4, rounds: 4, reads: 1.5, writes: 3.0 }).await;

    told.receiver.replies(Reply::Status(500));
    told.costs("one that did not arrive", Budget { calls: 5, rounds: 5, reads: 1.5, writes: 6.0 })
        .await;
}

/// Nothing is read of what is not told at once.
#[tokio::test]
async fn a_post_while_the_receiver_is_silent_reads_nothing_more() {
    let told = Told::of(&["bob"]).await;
    told.receiver.replies(Reply::Hangs);
    told.alice.posts(&told.room, "hello").await;

    told.costs("a post", Budget { calls: 4, rounds: 4, reads: 0.0, writes: 6.0 }).await;
}

/// Invariant I12.
#[tokio::test]
async fn telling_of_a_post_into_a_group_of_twenty_takes_two_calls_more() {
    let others: Vec<String> = (0..19).map(|i| format!("member-{i}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let told = Told::of(&others).await;

    told.costs("a post", Budget { calls: 6, rounds: 4, reads: 14.0, writes: 4.0 }).await;
}

#[tokio::test]
async fn a_page_of_20_webhooks_takes_two_calls() {
    let told = Told::of(&["bob"]).await;
    told.receiver.replies(Reply::Status(410));
    for i in 0..25 {
        told.alice.posts(&told.room, &format!("message {i}")).await;
    }
    let server = told.app.service().await;
    told.meter.take();

    let page = server.get("/v1/webhooks").await.expect(200);

    assert_eq!(page["webhooks"].as_array().map(Vec::len), Some(20));
    let bill = told.meter.take();
    Budget { calls: 2, rounds: 2, reads: 21.0, writes: 0.0 }.holds("20 webhooks", &bill);
    let id = page["webhooks"][0]["id"].as_str().expect("an id");
    told.receiver.replies(Reply::Status(200));
    server.post(&format!("/v1/webhooks/{id}/replay"), json!({})).await.expect(200);
    let bill = told.meter.take();
    // The webhook, the message with its HEAD, who is online; and then it is gone from the lists.
    Budget { calls: 4, rounds: 4, reads: 5.0, writes: 3.0 }.holds("a replay", &bill);
}
