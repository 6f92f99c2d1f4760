//! The store and the relay misbehave; clients repeat themselves and each other.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::realtime::publisher::Deadlines;
use tests::{Answer, Call, Distant, FakeRelay, Fault, Faulty, Mood, PATIENCE, Room, TestApp, User};
use tokio::time::timeout;
use uuid::Uuid;

/// How often the store is tried before a request is given up.
const TRIES: usize = 3;

/// A room over a network that behaves until told otherwise.
async fn room_over(store: &Faulty) -> (TestApp, User, User, Room) {
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    bob.posts(&room, "before").await;
    (app, alice, bob, room)
}

/// The messages of a log whose text is this.
fn with_body<'a>(log: &'a [Value], body: &str) -> Vec<&'a Value> {
    log.iter().filter(|message| message["body"] == body).collect()
}

/// Closes what was left behind: it counts as abandoned once it is two seconds old.
async fn whole_log_later(app: &TestApp, reader: &User, room: &Room) -> Vec<Value> {
    app.advance_clock(Duration::from_secs(10)).await;
    reader.whole_log(room).await
}

/// The store did what the n-th call of a post asked for, and its answer is lost: once, so that it
/// is tried again at once, and for good, so that the client must repeat its post.
async fn a_post_loses_the_answer_of_its_call(number: usize, times: usize) {
    let store = Faulty::new();
    let (app, alice, bob, room) = room_over(&store).await;
    let client_id = Uuid::new_v4();
    store.follow(move |call| {
        (call.number == number && call.attempt <= times).then_some(Fault::LoseAnswer)
    });

    let mut answer = alice.tries_to_post(&room, "once", client_id).await;
    assert!(store.calls() >= number, "a post has no call {number}");
    if times >= TRIES {
        answer.problem(503);
        store.heal();
        answer = alice.retries(&room, "once", client_id).await;
    }

    assert!(matches!(answer.status, 200 | 201), "{answer}");
    let log = whole_log_later(&app, &bob, &room).await;
    let found = with_body(&log, "once");
    assert_eq!(found.len(), 1, "{log:#?}");
    assert_eq!(found[0]["seq"], answer.json["seq"]);
    assert_eq!(found[0]["client_id"], json!(client_id));
    // And it stays so, however often it is repeated.
    for _ in 0..2 {
        let again = alice.tries_to_post(&room, "once", client_id).await.expect(200);
        assert_eq!(again["seq"], answer.json["seq"]);
    }
    assert_eq!(with_body(&whole_log_later(&app, &bob, &room).await, "once").len(), 1);
}

/// Fault F7. Invariant I1. Invariant I3.
#[tokio::test]
async fn a_post_that_loses_an_answer_of_the_store_is_stored_once() {
    join_all((1..=3).map(|number| a_post_loses_the_answer_of_its_call(number, 1))).await;
}

/// Fault F7. Invariant I1. Invariant I3.
#[tokio::test]
async fn a_post_that_loses_the_store_is_stored_once_when_it_is_repeated() {
    join_all((1..=3).map(|number| a_post_loses_the_answer_of_its_call(number, TRIES))).await;
}

/// Fault F5. Fault F6: each write is refused at first, for each of the reasons there are.
#[tokio::test]
async fn a_store_that_is_busy_for_a_moment_is_asked_again() {
    let reasons = [
        (400, "ThrottlingException"),
        (400, "ProvisionedThroughputExceededException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ];
    let posts = reasons.map(|(status, code)| async move {
        let store = Faulty::new();
        let (app, alice, bob, room) = room_over(&store).await;
        store.follow(move |call| {
            (call.writes() && call.attempt == 1).then_some(Fault::Refuse(status, code))
        });

        let stored = alice.tries_to_post(&room, "once", Uuid::new_v4()).await.expect(201);

        store.heal();
        let log = whole_log_later(&app, &bob, &room).await;
        assert_eq!(log.len(), 2, "{code}: {log:#?}");
        is_once_in(&log, &stored);
    });
    join_all(posts).await;
}

/// Fault F6: the message's room is being edited.
#[tokio::test]
async fn a_post_that_meets_a_transaction_is_tried_again() {
    let store = Faulty::new();
    let (_app, alice, bob, room) = room_over(&store).await;
    let mut refusals = 0;
    store.follow(move |call| {
        let commits = call.operation == "UpdateItem" && refusals < 3;
        refusals += usize::from(commits);
        commits.then_some(Fault::Refuse(400, "TransactionConflictException"))
    });

    let posted = alice.posts(&room, "once").await;

    assert_eq!(posted["seq"], 2);
    assert_eq!(bob.whole_log(&room).await.len(), 2);
}

/// Fault F6: a batch comes back undone.
#[tokio::test]
async fn what_a_batch_leaves_is_asked_for_again() {
    let store = Faulty::new();
    let (_app, _, bob, room) = room_over(&store).await;
    let mut left = 2;
    store.follow(move |call| {
        let undone = call.operation == "BatchGetItem" && left > 0;
        left -= i32::from(undone);
        undone.then(|| {
            let keys = call.request["RequestItems"].clone();
            Fault::Pretend(json!({ "Responses": {}, "UnprocessedKeys": keys }))
        })
    });

    assert_eq!(bob.inbox("").await.ids(), [&room.id]);
    assert_eq!(bob.sees(&room).await.json["head"], 1);
}

/// Fault F5. Mission A12: what is not stored is not announced.
#[tokio::test]
async fn while_the_store_is_away_nothing_is_announced() {
    let (store, relay) = (Faulty::new(), FakeRelay::start().await);
    let app = TestApp::between(store.clone(), &relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let calls = relay.calls();
    store.follow(|_| Some(Fault::Refuse(500, "InternalServerError")));

    let answer = alice.tries_to_post(&room, "lost", Uuid::new_v4()).await;

    is_unavailable(&answer);
    assert_eq!(relay.calls(), calls);
    store.heal();
    assert_eq!(alice.whole_log(&room).await, Vec::<Value>::new());
}

#[track_caller]
fn is_unavailable(answer: &Answer) {
    answer.problem(503);
    let wait = answer.header("retry-after").and_then(|value| value.parse::<u64>().ok());
    assert!(wait.is_some(), "no Retry-After: {answer}");
    for word in ["dynamo", "Dynamo", "Exception", "Error", "as the test says"] {
        assert!(!answer.text.contains(word), "{word}: {answer}");
    }
}

/// Fault F5: a message that was given a slot and not stored is not announced either.
/// Mission A12.
#[tokio::test]
async fn a_message_that_is_not_put_is_not_announced() {
    let (store, relay) = (Faulty::new(), FakeRelay::start().await);
    let app = TestApp::between(store.clone(), &relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let calls = relay.calls();
    store.follow(|call: &Call<'_>| call.puts_message().then_some(Fault::LoseRequest));
    let client_id = Uuid::new_v4();

    is_unavailable(&alice.tries_to_post(&room, "later", client_id).await);
    assert_eq!(relay.calls(), calls);

    store.heal();
    let stored = alice.retries(&room, "later", client_id).await.expect(201);
    assert_eq!(stored["seq"], 1);
    assert_eq!(stored["delivered"], true);
    assert_eq!(relay.calls(), calls + 1);
}

/// Every route, while the store is away.
#[tokio::test]
async fn while_the_store_is_away_every_route_says_so() {
    let store = Faulty::new();
    let (_app, alice, _, room) = room_over(&store).await;
    store.follow(|_| Some(Fault::Refuse(400, "ThrottlingException")));

    let path = room.path("/messages");
    let (posting, marking) = (json!({ "body": "x" }), json!({ "seq": 1 }));
    let opening = json!({ "kind": "direct", "with": "carol" });
    let (room_path, read_path) = (room.path(""), room.path("/read"));
    let answers = tokio::join!(
        alice.get("/v1/rooms"),
        alice.get(&room_path),
        alice.get(&path),
        alice.post(&path, posting),
        alice.put(&read_path, marking),
        alice.post("/v1/rooms", opening),
        alice.get("/v1/me"),
        alice.asks_to_hear("1.1", &room.channel),
    );

    let (a, b, c, d, e, f, g, h) = answers;
    [a, b, c, d, e, f, g, h].iter().for_each(is_unavailable);
    store.heal();
    assert_eq!(alice.sees(&room).await.json["head"], 1);
}

/// Mission A12. Fault F1: the relay is down, fails, refuses or hangs.
#[tokio::test]
async fn a_message_is_kept_whatever_becomes_of_its_event() {
    // What follows must hold on a busy machine too.
    assert_eq!(Deadlines::default().publish, Duration::from_millis(800));
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    for mood in [500, 503, 401, 403, 413].map(Mood::Answers).into_iter().chain([Mood::Hangs]) {
        relay.becomes(mood);
        let started = Instant::now();

        let posted = alice.posts(&room, &format!("{mood:?}")).await;

        assert_eq!(posted["delivered"], false, "{mood:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{mood:?}: {:?}", started.elapsed());
        assert_eq!(alice.history(&room).await.messages.last().unwrap()["id"], posted["id"]);
    }
    relay.becomes(Mood::Answers(200));
    assert_eq!(alice.posts(&room, "and now").await["delivered"], true);
}

/// Fault F4: the relay took the events and its answers are lost. They may come twice, each
/// saying which message it is about.
#[tokio::test]
async fn events_that_come_twice_can_be_told_by_their_seq() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    relay.becomes(Mood::Hangs);

    let posted = alice.posts(&room, "hello").await;

    assert_eq!(posted["delivered"], false);
    let announced = relay.triggers().into_iter().filter(|event| event.name == "new_message");
    let announced: Vec<Value> = announced.map(|event| event.data).collect();
    assert!(announced.len() > 1, "the first answer was waited for to the end");
    for message in announced {
        assert_eq!((&message["seq"], &message["id"]), (&json!(1), &posted["id"]));
    }
}

/// Mission A12. Fault F1.
#[tokio::test]
async fn a_message_is_kept_when_no_relay_is_there() {
    let app = TestApp::without_relay().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;

    let posted = alice.posts(&room, "hello").await;

    assert_eq!(posted["delivered"], false);
    assert_eq!(bob.history(&room).await.bodies(), ["hello"]);
    assert_eq!(bob.marks_read(&room, 1).await["unread"], 0);
}

/// Fault F3: what the relay does not want is not offered again.
#[tokio::test]
async fn a_relay_that_refuses_is_not_stormed() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    for status in [400, 401, 403, 413] {
        relay.becomes(Mood::Answers(status));
        let calls = relay.calls();
        alice.posts(&room, "hello").await;
        assert_eq!(relay.calls() - calls, 1, "{status}");
    }
}

/// Fault F10. Invariant I3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_id_fifty_times_at_once_is_one_message() {
    let app = TestApp::on(Distant::new()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let client_id = Uuid::new_v4();

    let answers = join_all((0..50).map(|_| alice.tries_to_post(&room, "once", client_id))).await;

    let mut by_status: HashMap<u16, usize> = HashMap::new();
    for answer in &answers {
        *by_status.entry(answer.status).or_default() += 1;
    }
    assert_eq!(by_status, HashMap::from([(201, 1), (200, 49)]));
    let seqs: BTreeSet<u64> = answers.iter().filter_map(|a| a.json["seq"].as_u64()).collect();
    let ids: BTreeSet<String> = answers.iter().map(|a| a.json["id"].to_string()).collect();
    assert_eq!((seqs.len(), ids.len()), (1, 1));
    let other = alice.tries_to_post(&room, "twice", client_id).await;
    assert_eq!(other.problem(409), "client_id_reused");
    let log = whole_log_later(&app, &bob, &room).await;
    let messages: Vec<&Value> = log.iter().filter(|slot| slot["void"] != true).collect();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["seq"], json!(seqs.first()));
    assert_eq!(bob.sees(&room).await.json["message_count"], 1);
}

/// Fault F11. Invariant I1. Invariant I2. Invariant I3. Invariant I4.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_writers_of_one_room_get_one_dense_order_and_none_starves() {
    const WRITERS: usize = 100;
    const POSTS: usize = 20;
    let relay = FakeRelay::start().await;
    let app = TestApp::between(Distant::new(), &relay).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;

    let writers = (0..WRITERS).map(|writer| {
        let (user, room) =
            (if writer % 2 == 0 { alice.clone() } else { bob.clone() }, room.clone());
        tokio::spawn(async move {
            let mut posted = Vec::new();
            for i in 0..POSTS {
                let body = format!("{writer}/{i}");
                let answer = user.tries_to_post(&room, &body, Uuid::new_v4()).await.expect(201);
                posted.push(answer);
            }
            posted
        })
    });
    let posted: Vec<Vec<Value>> =
        join_all(writers).await.into_iter().map(|writer| writer.expect("no panic")).collect();

    let log = alice.whole_log(&room).await;
    assert_eq!(log.len(), WRITERS * POSTS);
    assert_eq!(without_read_at(&bob.whole_log(&room).await), without_read_at(&log));
    for own in &posted {
        let seqs: Vec<u64> = own.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
        assert!(seqs.is_sorted(), "a writer's own order is kept: {seqs:?}");
        for message in own {
            let slot = &log[usize::try_from(message["seq"].as_u64().unwrap()).unwrap() - 1];
            assert_eq!((&slot["id"], &slot["body"]), (&message["id"], &message["body"]));
        }
    }
    // Nobody starves: while anyone had posts left, nobody was ahead of the others by half the room.
    let last_start = posted.iter().map(|own| own[0]["seq"].as_u64().unwrap()).max().unwrap();
    assert!(last_start < (WRITERS * POSTS) as u64 / 2, "somebody first got in at {last_start}");
    // What was said to be delivered was announced, and nothing that is not in the log. On a busy
    // machine the relay may be given up on for some.
    let announced: BTreeSet<String> =
        relay.triggers().iter().map(|event| event.data["seq"].to_string()).collect();
    let seqs = |messages: &mut dyn Iterator<Item = &Value>| -> BTreeSet<String> {
        messages.map(|message| message["seq"].to_string()).collect()
    };
    let delivered = posted.iter().flatten().filter(|message| message["delivered"] == true);
    assert!(announced.is_superset(&seqs(&mut delivered.into_iter())));
    assert!(announced.is_subset(&seqs(&mut log.iter())));
}

/// A reader who follows the log while others write gets all of it, in order.
/// Invariant I1. Invariant I2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_follows_misses_nothing() {
    const WRITERS: usize = 10;
    const POSTS: usize = 30;
    let app = TestApp::on(Distant::new()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (alice, room) = (alice.clone(), room.clone());
            tokio::spawn(async move {
                alice.posts_all(&room, (0..POSTS).map(|i| format!("{writer}/{i}"))).await;
            })
        })
        .collect();

    let follow = async {
        let mut followed: Vec<Value> = Vec::new();
        while followed.len() < WRITERS * POSTS {
            let page = bob.page(&room, &format!("?after={}&limit=7", followed.len())).await;
            assert!(page.messages.iter().all(|slot| slot["body"].is_string()), "{page:?}");
            followed.extend(page.messages);
        }
        followed
    };
    let followed = timeout(PATIENCE, follow).await.expect("all of it should come");

    join_all(writers).await.into_iter().for_each(|writer| writer.expect("no panic"));
    assert_eq!(without_read_at(&followed), without_read_at(&bob.whole_log(&room).await));
}

fn without_read_at(log: &[Value]) -> Vec<Value> {
    let mut log = log.to_vec();
    for message in &mut log {
        message.as_object_mut().expect("a message").remove("read_at");
    }
    log
}

/// A post whose message never got to its slot, as when a function dies there.
async fn die_before_the_put(store: &Faulty, user: &User, room: &Room, client_id: Uuid) {
    store.follow(|call: &Call<'_>| call.puts_message().then_some(Fault::LoseRequest));
    is_unavailable(&user.tries_to_post(room, "once", client_id).await);
    store.heal();
}

/// A slot is pending for two seconds, and then void.
#[tokio::test]
async fn an_abandoned_slot_is_shown_as_pending_and_then_closed() {
    let store = Faulty::new();
    let (app, alice, bob, room) = room_over(&store).await;
    app.fix_clock().await;
    store.follow(|call: &Call<'_>| call.puts_message().then_some(Fault::Hold));
    let posting = {
        let (alice, room) = (alice.clone(), room.clone());
        tokio::spawn(async move { alice.posts(&room, "slow").await })
    };
    store.holds(1).await;

    for query in ["", "?before=3", "?around=2"] {
        app.fix_clock().await;
        let pending = json!({ "seq": 2, "pending": true });
        assert_eq!(bob.page(&room, query).await.messages[1], pending, "{query}");
    }
    app.fix_clock().await;
    let after = bob.page(&room, "?after=1").await;
    assert!(after.messages.is_empty() && after.has_more, "{after:?}");

    app.advance_clock(Duration::from_secs(3)).await;
    assert_eq!(bob.page(&room, "?after=1").await.messages, [json!({ "seq": 2, "void": true })]);
    let closed = bob.sees(&room).await.json;
    assert_eq!((&closed["head"], &closed["message_count"]), (&json!(2), &json!(1)));

    // The slow one was alive after all, and takes another slot.
    store.heal();
    store.release();
    assert_eq!(posting.await.unwrap()["seq"], 3);
    let log = bob.whole_log(&room).await;
    assert_eq!(log[1], json!({ "seq": 2, "void": true }));
    assert_eq!(log[2]["body"], "slow");
}

/// Invariant I7: the preview is of the last message that is one.
#[tokio::test]
async fn a_slot_that_is_closed_is_no_preview() {
    let store = Faulty::new();
    let (app, alice, bob, room) = room_over(&store).await;
    die_before_the_put(&store, &alice, &room, Uuid::new_v4()).await;
    assert_eq!(whole_log_later(&app, &bob, &room).await.len(), 2);

    for row in [bob.sees(&room).await, bob.inbox("").await.rooms.remove(0)] {
        assert_eq!(row.json["last_message"]["preview"], "before", "{}", row.json);
        assert_eq!(row.json["last_message"]["seq"], 1);
    }
}

/// Fault F12. Invariant I1. Invariant I3.
#[tokio::test]
async fn a_retry_after_its_slot_was_closed_is_one_message() {
    let store = Faulty::new();
    let (app, alice, bob, room) = room_over(&store).await;
    let client_id = Uuid::new_v4();
    die_before_the_put(&store, &alice, &room, client_id).await;
    app.advance_clock(Duration::from_secs(10)).await;
    assert_eq!(bob.whole_log(&room).await[1], json!({ "seq": 2, "void": true }));

    let stored = alice.retries(&room, "once", client_id).await.expect(201);
    let again = alice.retries(&room, "once", client_id).await.expect(200);

    assert_eq!((&stored["seq"], &again["seq"]), (&json!(3), &json!(3)));
    is_once_in(&whole_log_later(&app, &bob, &room).await, &stored);
}

#[track_caller]
fn is_once_in(log: &[Value], message: &Value) {
    let found: Vec<&Value> =
        log.iter().filter(|slot| slot["client_id"] == message["client_id"]).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((&found[0]["seq"], &found[0]["id"]), (&message["seq"], &message["id"]));
    assert_eq!(found[0]["body"], message["body"]);
}

/// Fault F12. Invariant I1. Invariant I3.
#[tokio::test]
async fn a_retry_after_a_hundred_later_messages_is_one_message() {
    let store = Faulty::new();
    let (app, alice, bob, room) = room_over(&store).await;
    let (dead, answered) = (Uuid::new_v4(), Uuid::new_v4());
    let stored = alice.tries_to_post(&room, "answered", answered).await.expect(201);
    die_before_the_put(&store, &alice, &room, dead).await;
    bob.posts_all(&room, (0..100).map(|i| i.to_string())).await;

    let late = alice.retries(&room, "once", dead).await.expect(201);
    let again = alice.tries_to_post(&room, "answered", answered).await.expect(200);

    assert_eq!(again["seq"], stored["seq"]);
    let log = whole_log_later(&app, &bob, &room).await;
    is_once_in(&log, &late);
    is_once_in(&log, &stored);
}

/// Fault F12. Invariant I1. Invariant I3.
#[tokio::test]
async fn a_retry_an_hour_later_is_one_message() {
    let store = Faulty::new();
    let (app, alice, bob, room) = room_over(&store).await;
    let (dead, answered) = (Uuid::new_v4(), Uuid::new_v4());
    let stored = alice.tries_to_post(&room, "answered", answered).await.expect(201);
    die_before_the_put(&store, &alice, &room, dead).await;
    app.advance_clock(Duration::from_secs(3_600)).await;

    let late = alice.tries_to_post(&room, "once", dead).await.expect(201);
    let again = alice.tries_to_post(&room, "answered", answered).await.expect(200);

    assert_eq!(again["seq"], stored["seq"]);
    let log = whole_log_later(&app, &bob, &room).await;
    is_once_in(&log, &late);
    is_once_in(&log, &stored);
}

/// A post is run twice at once: anew, after it died, or after its slot was closed too.
async fn two_runs_at_once(died: bool, closed: bool) {
    let store = Faulty::new();
    let (app, alice, bob, room) = room_over(&store).await;
    let client_id = Uuid::new_v4();
    if died {
        die_before_the_put(&store, &alice, &room, client_id).await;
    }
    if closed {
        whole_log_later(&app, &bob, &room).await;
    }

    let (one, other) = tokio::join!(
        alice.retries(&room, "once", client_id),
        alice.tries_to_post(&room, "once", client_id),
    );

    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "{one} and {other}");
    assert_eq!(one.json["seq"], other.json["seq"]);
    is_once_in(&whole_log_later(&app, &bob, &room).await, &one.json);
}

/// Fault F12. Invariant I1. Invariant I3.
#[tokio::test]
async fn two_retries_at_once_are_one_message() {
    tokio::join!(
        two_runs_at_once(false, false),
        two_runs_at_once(true, false),
        two_runs_at_once(true, true),
    );
}

/// The order is the slots', whatever the clock says.
/// Fault F14. Invariant I2.
#[tokio::test]
async fn a_clock_that_runs_backwards_changes_no_order() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "now").await;
    app.fix_clock().await;
    alice.posts(&room, "years later").await;
    app.set_clock("2031-05-05T11:00:30.000Z").await;
    bob.posts(&room, "an hour before").await;
    app.set_clock("2031-05-05T13:00:30.000Z").await;
    alice.posts(&room, "an hour after").await;
    let bodies = ["now", "years later", "an hour before", "an hour after"];

    assert_eq!(alice.history(&room).await.bodies(), bodies);
    assert_eq!(bob.page(&room, "?after=0").await.bodies(), bodies);
    assert_eq!(bob.sees(&room).await.json["last_message"]["preview"], "an hour after");
    assert_eq!(bob.marks_read(&room, 4).await["unread"], 0);
}
