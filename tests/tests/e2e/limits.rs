//! How often things may be done: 429 for more, with the time to wait. Rates here are slow, so that the
//! machine's own time does not matter; the clock is moved on by hand.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shared::config::Limits;
use tests::{Answer, Meter, Room, TestApp, User};
use uuid::Uuid;

/// One in a thousand seconds, three at once.
const SLOW: &str = "0.001/3";
const INTERVAL: Duration = Duration::from_secs(1_000);

fn limits() -> Limits {
    let slow = SLOW.parse().ok();
    Limits { posts: slow, openings: slow, searches: slow, guests: slow }
}

async fn app() -> (Meter, TestApp) {
    let meter = Meter::new();
    let app = TestApp::limiting(meter.clone(), limits()).await;
    app.fix_clock().await;
    (meter, app)
}

async fn tries_to_post(user: &User, room: &Room) -> Answer {
    user.post(&room.path("/messages"), json!({ "body": "hello" })).await
}

/// How many of so many posts at once got through; all others were too many.
async fn get_through(user: &User, room: &Room, posts: usize) -> usize {
    let answers = join_all((0..posts).map(|_| tries_to_post(user, room))).await;
    let through = answers.iter().filter(|answer| answer.status == 201).count();
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 429)), "{answers:?}");
    through
}

#[track_caller]
fn is_too_many(answer: Answer) -> u64 {
    let wait = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
    assert_eq!(answer.problem(429), "too_many_requests");
    wait.expect("a time to wait")
}

#[tokio::test]
async fn a_burst_of_posts_gets_through_and_then_one_in_an_interval() {
    let (_, app) = app().await;
    let (alice, room) =
        (app.user("alice").await, app.user("alice").await.opens_direct("bob").await);
    for _ in 0..3 {
        tries_to_post(&alice, &room).await.expect(201);
    }

    let wait = is_too_many(tries_to_post(&alice, &room).await);
    assert!((990..=1_000).contains(&wait), "{wait}");
    assert_eq!(alice.history(&room).await.head, 3, "it took no slot");

    app.advance_clock(INTERVAL).await;
    tries_to_post(&alice, &room).await.expect(201);
    is_too_many(tries_to_post(&alice, &room).await);
}

#[tokio::test]
async fn of_many_posts_at_once_exactly_the_burst_gets_through() {
    let (_, app) = app().await;
    let alice = app.user("alice").await;
    for room in [alice.opens_direct("bob").await, alice.opens_group(&["bob", "carol"]).await] {
        assert_eq!(get_through(&alice, &room, 40).await, 3);
        assert_eq!(alice.history(&room).await.head, 3);
    }
}

#[tokio::test]
async fn senders_and_rooms_do_not_slow_each_other() {
    let (_, app) = app().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    assert_eq!(get_through(&alice, &room, 5).await, 3);

    assert_eq!(get_through(&bob, &room, 5).await, 3, "the other side");
    let other = alice.opens_direct("carol").await;
    assert_eq!(get_through(&alice, &other, 5).await, 3, "another room");
    let server = app.service().await;
    assert_eq!(get_through(&server, &room, 20).await, 20, "the application itself");
}

#[tokio::test]
async fn a_desks_agents_are_one_sender() {
    let (_, app) = app().await;
    let room = app.user("alice").await.opens_support().await;
    let (ann, ben) = (app.admin("ann").await, app.admin("ben").await);
    for agent in [&ann, &ben, &ann] {
        tries_to_post(agent, &room).await.expect(201);
    }
    is_too_many(tries_to_post(&ben, &room).await);
}

#[tokio::test]
async fn a_repeat_of_what_was_posted_is_never_too_many() {
    let (_, app) = app().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let client_id = Uuid::new_v4();
    let first = alice.tries_to_post(&room, "hello", client_id).await.expect(201);
    get_through(&alice, &room, 5).await;

    for again in [
        alice.retries(&room, "hello", client_id).await.expect(200),
        alice.tries_to_post(&room, "hello", client_id).await.expect(200),
    ] {
        assert_eq!(again["seq"], first["seq"]);
    }
    is_too_many(alice.tries_to_post(&room, "hello", Uuid::new_v4()).await);
}

#[tokio::test]
async fn whoever_may_not_post_is_told_that_and_not_to_wait() {
    let (_, app) = app().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    get_through(&bob, &room, 5).await;
    alice.blocks("bob").await;
    assert_eq!(tries_to_post(&bob, &room).await.problem(403), "blocked");
    assert_eq!(tries_to_post(&app.user("mallory").await, &room).await.problem(404), "not_found");
}

#[tokio::test]
async fn nobody_hears_of_a_post_that_was_too_many() {
    let (_, app) = app().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    get_through(&alice, &room, 3).await;
    let mut listener = bob.listens_to(&room).await;

    is_too_many(tries_to_post(&alice, &room).await);

    bob.posts(&room, "a word").await;
    let heard = listener.hears_only(&["new_message"]).await;
    assert_eq!(heard[0].data["body"], "a word");
}

/// Invariant I12.
#[tokio::test]
async fn a_rate_costs_nothing_but_a_second_try_of_whoever_is_early() {
    let (meter, app) = app().await;
    let alice = app.user("alice").await;
    for room in [alice.opens_direct("bob").await, alice.opens_group(&["bob", "carol"]).await] {
        let group = room.json["kind"] == "group";
        tries_to_post(&alice, &room).await.expect(201);
        app.advance_clock(2 * INTERVAL).await;
        alice.history(&room).await;
        let mut cost = Vec::new();
        for _ in 0..3 {
            meter.take();
            tries_to_post(&alice, &room).await.expect(201);
            let bill = meter.take();
            cost.push((bill.count("UpdateItem"), bill.writes()));
        }
        let own_mark = usize::from(group);
        let calls: Vec<_> = cost.iter().map(|(calls, _)| calls - own_mark).collect();
        assert_eq!(calls[1..], [2, 2], "{cost:?}");
        assert_eq!(
            cost[1].1,
            3.0 + f64::from(u8::from(group)),
            "a refused try costs a unit: {cost:?}"
        );
    }
}

#[tokio::test]
async fn a_caller_opens_only_so_many_rooms() {
    let (_, app) = app().await;
    let alice = app.user("alice").await;
    let open = async |user: &User, with: &str| {
        user.post("/v1/rooms", json!({ "kind": "direct", "with": with })).await
    };
    for with in ["b1", "b2", "b3"] {
        open(&alice, with).await.expect(201);
    }

    is_too_many(open(&alice, "b4").await);

    open(&app.user("bob").await, "b4").await.expect(201);
    app.advance_clock(INTERVAL).await;
    open(&alice, "b4").await.expect(201);
    assert_eq!(alice.inbox("").await.rooms.len(), 4);
}

#[tokio::test]
async fn of_many_rooms_opened_at_once_exactly_the_burst_is() {
    let (_, app) = app().await;
    let alice = app.user("alice").await;
    let open =
        |i: usize| alice.post("/v1/rooms", json!({ "kind": "direct", "with": format!("b{i}") }));
    // Whoever finds that others were faster sixteen times over is told to try again.
    let answers = join_all((0..10).map(open)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3, "{answers:?}");
    assert_eq!(alice.inbox("").await.rooms.len(), 3);
}

#[tokio::test]
async fn a_caller_searches_only_so_often() {
    let (_, app) = app().await;
    let alice = app.user("alice").await;
    for _ in 0..3 {
        alice.get("/v1/users?q=b").await.expect(200);
    }
    is_too_many(alice.get("/v1/users?q=b").await);
    app.user("bob").await.get("/v1/users?q=b").await.expect(200);
    for _ in 0..5 {
        app.service().await.get("/v1/users?q=b").await.expect(200);
    }
}

#[tokio::test]
async fn guests_of_one_address_are_only_so_many_whatever_they_say_of_it() {
    let (_, app) = app().await;
    let arrives = async |from: Value| {
        let request = app.anonymous().request(Method::POST, "/v1/guests");
        let from = from.as_str().unwrap_or_default().to_owned();
        app.anonymous().send(request.header("x-forwarded-for", from)).await
    };
    for i in 0..3 {
        arrives(json!(format!("192.0.2.{i}"))).await.expect(201);
    }
    is_too_many(arrives(json!("192.0.2.99")).await);
    app.advance_clock(INTERVAL).await;
    arrives(json!("")).await.expect(201);
}
