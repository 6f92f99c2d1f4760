//! Somebody is removed, and what was written before is edited, while a slow function is about to tell of it: whoever
//! was removed must not hear what was written after that.

use serde_json::Value;
use tests::{Answer, Call, FakeRelay, Fault, Faulty, Mood, Room, Site, TestApp, User};
use tokio::task::JoinHandle;
use uuid::Uuid;

const SECRET: &str = "among those who stayed";

/// Alice, bob and carol in a group, over a store and beside a relay of the test's own.
struct Slow {
    store: Faulty,
    relay: FakeRelay,
    app: TestApp,
    alice: User,
    room: Room,
}

impl Slow {
    async fn begins() -> Self {
        let (store, relay) = (Faulty::new(), FakeRelay::start().await);
        let app = TestApp::between(store.clone(), &relay).await;
        let alice = app.user("alice").await;
        let room = alice.opens_group(&["bob", "carol"]).await;
        Self { store, relay, app, alice, room }
    }

    /// From now on the first call of this sort waits on its way to the store.
    fn holds_first(&self, is_it: fn(&Call<'_>) -> bool) {
        let mut held = false;
        self.store.follow(move |call| {
            let holds = !held && is_it(call);
            held |= holds;
            holds.then_some(Fault::Hold)
        });
    }

    /// Once the call waits, bob is removed and this message edited; then it goes on. What the relay was told from
    /// the removal on, on the channel that bob listens to and on the one that there is then.
    async fn overtaken<T>(&self, edited: u64, slow: JoinHandle<T>) -> (T, [Vec<Value>; 2]) {
        self.store.holds(1).await;
        self.store.follow(|_| None);
        assert_eq!(self.alice.removes(&self.room, "bob").await.status, 204);
        let seen = self.relay.triggers().len();
        self.alice.edits(&self.room, edited, SECRET).await.expect(200);
        self.store.release();
        let answer = slow.await.expect("an answer");
        let now = self.alice.sees(&self.room).await.channel;
        let told = self.relay.triggers_since(seen);
        let on = |channel: &str| {
            told.iter().filter(|e| e.channel == channel).map(|e| e.data.clone()).collect()
        };
        (answer, [on(&self.room.channel), on(&now)])
    }
}

fn tells_secret(event: &Value) -> bool {
    event["body"] == SECRET
}

/// A repeat finds the message as it is now, and tells of it once more.
/// Fault F25. Fault F12. Invariant I8.
#[tokio::test]
async fn a_repeat_that_is_overtaken_tells_the_removed_nothing() {
    let slow = Slow::begins().await;
    let id = Uuid::new_v4();
    assert_eq!(slow.alice.tries_to_post(&slow.room, "hello", id).await.status, 201);
    slow.holds_first(|call| call.puts_message());
    let (alice, room) = (slow.alice.clone(), slow.room.clone());
    let repeat = tokio::spawn(async move { alice.tries_to_post(&room, "hello", id).await });

    let (answer, [at_bob, there]): (Answer, _) = slow.overtaken(1, repeat).await;

    assert_eq!(answer.expect(200)["body"], SECRET);
    assert!(!at_bob.iter().any(tells_secret), "{at_bob:#?}");
    assert_eq!(there.iter().filter(|event| tells_secret(event)).count(), 2, "{there:#?}");
}

/// What the relay did not take is told later, as it is then.
/// Fault F25. Fault F1. Invariant I8.
#[tokio::test]
async fn a_redelivery_that_is_overtaken_tells_the_removed_nothing() {
    for untold in ["a message", "a change"] {
        let slow = Slow::begins().await;
        slow.alice.posts(&slow.room, "hello").await;
        slow.relay.becomes(Mood::Answers(500));
        match untold {
            "a message" => _ = slow.alice.posts(&slow.room, "not told").await,
            _ => _ = slow.alice.edits(&slow.room, 1, "not told").await.expect(200),
        }
        slow.relay.becomes(Mood::Answers(200));
        let edited = if untold == "a message" { 2 } else { 1 };
        slow.holds_first(|call| !call.writes() && call.request.to_string().contains("\"M0"));
        let site = Site::clone(&slow.app);
        let dispatch = tokio::spawn(async move { site.dispatches().await });

        let (_, [at_bob, there]) = slow.overtaken(edited, dispatch).await;

        assert!(!at_bob.iter().any(tells_secret), "{untold}: {at_bob:#?}");
        assert!(there.iter().any(tells_secret), "{untold}: {there:#?}");
    }
}
