//! `POST /dev/dispatch`: what the relay did not take is told to it later, by the scheduled function.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use tests::{Call, FakeRelay, Fault, Faulty, Heard, Meter, Mood, Room, TestApp, User};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);

/// Alice and bob in a room, and a relay that fails from now on.
struct Outage {
    relay: FakeRelay,
    meter: Meter,
    app: TestApp,
    alice: User,
    bob: User,
    room: Room,
}

impl Outage {
    async fn begins() -> Self {
        let (relay, meter) = (FakeRelay::start().await, Meter::new());
        let app = TestApp::between(meter.clone(), &relay).await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        let room = alice.opens_direct("bob").await;
        relay.becomes(Mood::Answers(500));
        Self { relay, meter, app, alice, bob, room }
    }

    /// The relay is back; what it is told by one run of the function.
    async fn ends(&self) -> Vec<Heard> {
        self.relay.becomes(Mood::Answers(200));
        self.is_told().await
    }

    /// What the relay is told by one run of the function.
    async fn is_told(&self) -> Vec<Heard> {
        let seen = self.relay.triggers().len();
        self.app.dispatches().await;
        self.relay.triggers_since(seen)
    }

    /// What the table notes of the room for later.
    fn noted(&self) -> Vec<Value> {
        let items = self.meter.items(&format!("R#{}", self.room.id));
        items.into_iter().filter(|item| item["sk"]["S"] == "T#P").collect()
    }
}

/// The events of this name, their channels and data.
fn named<'a>(heard: &'a [Heard], name: &str) -> Vec<&'a Heard> {
    heard.iter().filter(|event| event.name == name).collect()
}

fn seqs(heard: &[&Heard]) -> Vec<u64> {
    heard.iter().map(|event| event.data["seq"].as_u64().expect("a seq")).collect()
}

/// Fault F1. Mission A12: in the room's order, whoever wrote, and each to whom it was for.
#[tokio::test]
async fn messages_that_the_relay_did_not_take_are_told_once_it_is_back() {
    let outage = Outage::begins().await;
    let Outage { alice, bob, room, .. } = &outage;
    let mut posted = Vec::new();
    for number in 0..7 {
        let sender = if number % 3 == 0 { alice } else { bob };
        let answer = sender.posts(room, &format!("message {number}")).await;
        assert_eq!(answer["delivered"], false);
        posted.push(answer);
    }

    let told = outage.ends().await;

    let messages = named(&told, "new_message");
    assert_eq!(seqs(&messages), [1, 2, 3, 4, 5, 6, 7]);
    for (event, answer) in messages.iter().zip(&posted) {
        assert_eq!(event.channel, room.channel);
        for key in ["id", "body", "sender_id", "created_at"] {
            assert_eq!(event.data[key], answer[key]);
        }
    }
    let lists = named(&told, "chat_list_update");
    for event in &lists {
        let receiver = if event.data["sender_id"] == "alice" { bob } else { alice };
        assert_eq!(event.channel, receiver.own_channel().await);
    }
    assert_eq!(seqs(&lists), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(outage.noted(), Vec::<Value>::new());
    assert_eq!(outage.is_told().await, [], "it was told twice");
}

/// Fault F1: a relay that hangs is as good as none.
#[tokio::test]
async fn messages_are_told_again_after_a_relay_hung() {
    let outage = Outage::begins().await;
    outage.relay.becomes(Mood::Hangs);
    outage.alice.posts(&outage.room, "hello").await;

    assert_eq!(seqs(&named(&outage.ends().await, "new_message")), [1]);
}

/// Fault F1: as long as it takes, but not as often as could be.
#[tokio::test]
async fn a_relay_that_stays_down_is_tried_again_every_few_minutes() {
    let outage = Outage::begins().await;
    outage.alice.posts(&outage.room, "hello").await;
    let mut tries = 0;
    for _ in 0..120 {
        tries += usize::from(!outage.is_told().await.is_empty());
        outage.app.advance_clock(MINUTE).await;
    }

    assert!((24..=30).contains(&tries), "{tries} tries in two hours");
    outage.app.advance_clock(5 * MINUTE).await;
    assert_eq!(seqs(&named(&outage.ends().await, "new_message")), [1]);
}

/// Fault F1: news of yesterday is in the log, where everybody looks.
#[tokio::test]
async fn what_could_not_be_told_for_a_day_is_given_up() {
    let outage = Outage::begins().await;
    outage.alice.posts(&outage.room, "hello").await;
    outage.app.advance_clock(24 * 60 * MINUTE + MINUTE).await;

    assert_eq!(outage.ends().await, []);
    assert_eq!(outage.noted(), Vec::<Value>::new());
    assert_eq!(outage.bob.history(&outage.room).await.bodies(), ["hello"]);
}

/// Fault F3: what is refused as it is, is never told; what an operator can mend, later.
#[tokio::test]
async fn events_that_were_refused_are_told_again_only_if_that_can_help() {
    for (status, helps) in [(400, false), (413, false), (401, true), (403, true), (429, true)] {
        let outage = Outage::begins().await;
        outage.relay.becomes(Mood::Answers(status));
        outage.alice.posts(&outage.room, "hello").await;

        assert_eq!(outage.noted().len(), usize::from(helps), "{status}");
        assert_eq!(
            named(&outage.ends().await, "new_message").len(),
            usize::from(helps),
            "{status}"
        );
    }
}

/// Fault F3: what the relay does not want keeps nothing else back.
#[tokio::test]
async fn an_event_that_is_refused_keeps_back_none_of_the_others() {
    let outage = Outage::begins().await;
    outage.alice.posts_all(&outage.room, ["one", "unwanted", "three", "four"]).await;
    outage.alice.edits(&outage.room, 1, "first").await.expect(200);
    outage.relay.becomes(Mood::Refuses("unwanted"));

    let told = outage.is_told().await;

    assert_eq!(seqs(&named(&told, "new_message")), [1, 3, 4]);
    assert_eq!(seqs(&named(&told, "message_updated")), [1]);
    assert_eq!(outage.noted(), Vec::<Value>::new());
}

/// Fault F3: one room's try is enough to know.
#[tokio::test]
async fn a_relay_that_is_down_is_not_stormed_for_every_room() {
    let outage = Outage::begins().await;
    for number in 0..40 {
        let room = outage.alice.opens_direct(&format!("friend-{number}")).await;
        outage.alice.posts(&room, "hello").await;
    }
    outage.relay.becomes(Mood::Answers(401));
    let calls = outage.relay.calls();

    let summary = outage.app.dispatches().await;

    assert_eq!(summary["due"], 40);
    assert!(outage.relay.calls() - calls <= 16, "{} calls", outage.relay.calls() - calls);
    assert!(summary["left"].as_u64().unwrap() >= 24, "{summary}");
    outage.app.advance_clock(MINUTE).await;
    assert_eq!(named(&outage.ends().await, "new_message").len(), 40);
}

/// Fault F1. Fault F23: edits, deletions and reactions, each as the message is now.
#[tokio::test]
async fn changes_that_the_relay_did_not_take_are_told_as_they_are_now() {
    let outage = Outage::begins().await;
    let Outage { alice, bob, room, relay, .. } = &outage;
    relay.becomes(Mood::Answers(200));
    alice.posts_all(room, ["one", "two", "three", "four"]).await;
    relay.becomes(Mood::Answers(500));
    alice.edits(room, 1, "first").await.expect(200);
    alice.edits(room, 1, "FIRST").await.expect(200);
    bob.reacts(room, 2, "👍").await.expect(200);
    alice.edits(room, 3, "secret").await.expect(200);
    alice.deletes(room, 3).await.expect(200);

    let told = outage.ends().await;

    assert_eq!(named(&told, "new_message"), Vec::<&Heard>::new());
    let updated = named(&told, "message_updated");
    assert_eq!(seqs(&updated), [1, 2]);
    assert_eq!(updated[0].data["body"], "FIRST");
    assert_eq!(updated[1].data["reactions"], json!([{ "emoji": "👍", "count": 1 }]));
    assert_eq!(seqs(&named(&told, "message_deleted")), [3]);
    assert!(!format!("{told:?}").contains("secret"), "{told:?}");
}

/// Fault F23: what is noted for later holds no text, and what is told later is not what was deleted.
#[tokio::test]
async fn a_message_that_was_deleted_meanwhile_is_told_without_its_text() {
    let outage = Outage::begins().await;
    outage.alice.posts(&outage.room, "the secret").await;
    assert!(!format!("{:?}", outage.noted()).contains("secret"));
    outage.alice.deletes(&outage.room, 1).await.expect(200);

    let told = outage.ends().await;

    assert_eq!(seqs(&named(&told, "new_message")), [1]);
    assert!(!format!("{told:?}").contains("secret"), "{told:?}");
}

/// Fault F1: how far somebody has read, and how the room is.
#[tokio::test]
async fn reading_and_the_state_of_a_room_are_told_again() {
    let outage = Outage::begins().await;
    let Outage { app, relay, .. } = &outage;
    let (alice, agent) = (app.user("alice").await, app.admin("agent").await);
    let room = alice.opens_support().await;
    relay.becomes(Mood::Answers(200));
    alice.posts(&room, "hello?").await;
    relay.becomes(Mood::Answers(500));
    agent.marks_read(&room, 1).await;
    agent.post(&room.path("/archive"), json!({})).await.expect(200);
    alice.changes(&room, json!({ "muted": true })).await;

    let told = outage.ends().await;

    let read = named(&told, "messages_read");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].channel, room.channel);
    assert_eq!((&read[0].data["read"], &read[0].data["head"]), (&json!(1), &json!(1)));
    let updates = named(&told, "room_updated");
    let archived: Vec<&str> = updates
        .iter()
        .filter(|event| event.data["state"] == "archived")
        .map(|event| event.channel.as_str())
        .collect();
    let (own, desk) = (alice.own_channel().await, agent.desk_channel().await);
    for channel in [&room.channel, &own, &desk] {
        assert!(archived.contains(&channel.as_str()), "{channel} of {told:?}");
    }
    let muted: Vec<_> = updates.iter().filter(|event| event.data["muted"] == true).collect();
    assert_eq!(muted.len(), 1);
    assert_eq!(muted[0].channel, own);
}

/// Fault F1. Mission B19. Mission B34: the desk is told who wrote, and an agent's own message not.
#[tokio::test]
async fn a_desk_is_told_what_was_written_to_it() {
    let outage = Outage::begins().await;
    let Outage { app, .. } = &outage;
    let alice = app
        .user_with(json!({ "sub": "alice", "name": "Alice", "email": "alice@mail.example" }))
        .await;
    let agent = app.admin("agent").await;
    let room = alice.opens_support().await;
    alice.posts(&room, "hello?").await;
    agent.posts(&room, "good morning").await;

    let told = outage.ends().await;

    let to_desk = named(&told, "new_user_message");
    assert_eq!(seqs(&to_desk), [1]);
    assert_eq!(to_desk[0].channel, agent.desk_channel().await);
    assert_eq!(to_desk[0].data["user"]["email"], "alice@mail.example");
    assert_eq!(to_desk[0].data["user"]["name"], "Alice");
    assert_eq!(seqs(&named(&told, "new_message")), [1, 2]);
}

/// Fault F1. Fault F25: those who are left are told the channel's new name, and whoever was removed nothing
/// but that.
#[tokio::test]
async fn whoever_was_removed_meanwhile_is_told_only_that() {
    let outage = Outage::begins().await;
    let Outage { app, alice, bob, .. } = &outage;
    let carol = app.user("carol").await;
    let room = alice.opens_group(&["bob", "carol"]).await;
    bob.posts(&room, "before").await;
    assert_eq!(alice.removes(&room, "carol").await.status, 204);
    alice.posts(&room, "after").await;
    let now = alice.sees(&room).await.channel;

    let told = outage.ends().await;

    assert_eq!(seqs(&named(&told, "new_message")), [1, 2]);
    assert!(told.iter().all(|event| event.channel != room.channel), "{told:?}");
    let (bobs, carols) = (bob.own_channel().await, carol.own_channel().await);
    let to = |channel: &str| -> Vec<&Heard> {
        told.iter().filter(|event| event.channel == channel).collect()
    };
    let to_carol = to(&carols);
    assert_eq!(to_carol.len(), 1, "{to_carol:?}");
    assert_eq!(to_carol[0].data["removed"], true);
    assert_eq!(to_carol[0].data.get("channel"), None);
    assert!(to(&bobs).iter().any(|event| event.data["channel"] == *now), "{told:?}");
    assert!(seqs(&named(&told, "chat_list_update")).contains(&2));
}

/// Fault F1: of a room that is gone nothing is told but that.
#[tokio::test]
async fn a_room_that_was_deleted_is_told_to_be_gone() {
    let outage = Outage::begins().await;
    let Outage { app, alice, bob, room, .. } = &outage;
    alice.posts(room, "hello").await;
    let deleted = app.service().await.delete(&room.path("")).await;
    assert_eq!(deleted.status, 204, "{deleted}");

    let told = outage.ends().await;

    assert!(told.iter().all(|event| event.name == "room_updated" && event.data["deleted"] == true));
    for user in [alice, bob] {
        let own = user.own_channel().await;
        assert!(told.iter().any(|event| event.channel == own), "{told:?}");
    }
    assert_eq!(outage.noted(), Vec::<Value>::new());
}

/// Fault F1: each is taken by one run alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_tell_everything_once() {
    let outage = Outage::begins().await;
    for number in 0..20 {
        let room = outage.alice.opens_direct(&format!("friend-{number}")).await;
        outage.alice.posts(&room, "hello").await;
    }
    outage.relay.becomes(Mood::Answers(200));
    let seen = outage.relay.triggers().len();

    let (one, other) = join(outage.app.dispatches(), outage.app.dispatches()).await;

    let done = |summary: &Value| summary["pushes"]["done"].as_u64().unwrap_or_default();
    assert_eq!(done(&one) + done(&other), 20, "{one} {other}");
    let told = outage.relay.triggers_since(seen);
    assert_eq!(named(&told, "new_message").len(), 20);
}

/// Fault F1: a log of many pages.
#[tokio::test]
async fn a_long_log_is_told_in_order() {
    let outage = Outage::begins().await;
    // One failure notes from where on; the others need not fail as well.
    outage.alice.posts(&outage.room, "0").await;
    outage.relay.becomes(Mood::Answers(200));
    let bodies: Vec<String> = (1..250).map(|number| number.to_string()).collect();
    outage.alice.posts_all(&outage.room, &bodies).await;

    let told = outage.is_told().await;

    let expected: Vec<u64> = (1..=250).collect();
    assert_eq!(seqs(&named(&told, "new_message")), expected);
}

/// Fault F1. Fault F8. Invariant I5: what stands behind a slot that may still be written waits for that.
#[tokio::test]
async fn a_message_behind_an_open_slot_is_told_once_that_is_closed() {
    let (relay, store) = (FakeRelay::start().await, Faulty::new());
    let app = TestApp::between(store.clone(), &relay).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    relay.becomes(Mood::Answers(500));
    app.set_clock("2031-05-05T12:00:29.000Z").await;
    bob.posts(&room, "before it").await;
    store.follow(|call: &Call<'_>| call.puts_message().then_some(Fault::LoseRequest));
    alice.tries_to_post(&room, "given up", Uuid::new_v4()).await.problem(503);
    store.heal();
    app.set_clock("2031-05-05T12:00:30.000Z").await;
    bob.posts(&room, "behind it").await;
    relay.becomes(Mood::Answers(200));
    let outage = relay.triggers().len();

    app.set_clock("2031-05-05T12:00:31.000Z").await;
    app.dispatches().await;
    assert_eq!(seqs(&named(&relay.triggers_since(outage), "new_message")), [1]);
    app.advance_clock(MINUTE).await;
    app.dispatches().await;

    assert_eq!(seqs(&named(&relay.triggers_since(outage), "new_message")), [1, 3]);
}

/// Invariant I12: nothing runs, or costs, while nothing is due.
#[tokio::test]
async fn a_run_with_nothing_due_costs_one_query() {
    let outage = Outage::begins().await;
    outage.relay.becomes(Mood::Answers(200));
    outage.alice.posts(&outage.room, "hello").await;
    outage.meter.take();

    let summary = outage.app.dispatches().await;

    let bill = outage.meter.take();
    assert_eq!((bill.calls(), bill.count("Query")), (1, 1), "{bill}");
    assert!(bill.reads() <= 0.5, "{bill}");
    assert_eq!(summary["due"], 0);
}

/// Invariant I12: the relay's outage costs a post two units and a round at first, and one after that.
#[tokio::test]
async fn a_post_while_the_relay_is_down_costs_little_more() {
    let outage = Outage::begins().await;
    let writes = async || {
        outage.meter.take();
        outage.alice.posts(&outage.room, "hello").await;
        outage.meter.take().writes()
    };
    outage.relay.becomes(Mood::Answers(200));
    let usual = writes().await;
    outage.relay.becomes(Mood::Answers(500));

    let first = writes().await - usual;
    let next = writes().await - usual;

    assert!(first <= 3.0 && next <= 1.0, "{first} {next}");
}
