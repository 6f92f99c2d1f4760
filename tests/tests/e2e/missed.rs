//! Events are hints: a client that follows them by their `seq` and `rev`, and fetches where one is
//! missing, holds the log as it is, whatever the relay loses, doubles or mixes up.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{FakeRelay, Heard, Room, TestApp, User};

/// What a careful client holds of a room.
struct Held<'a> {
    me: &'a User,
    room: &'a Room,
    log: BTreeMap<u64, Value>,
    /// Everything up to this `seq` is held.
    head: u64,
    /// Every change up to this revision is held.
    rev: u64,
    fetches: usize,
}

impl<'a> Held<'a> {
    fn nothing(me: &'a User, room: &'a Room) -> Self {
        Self { me, room, log: BTreeMap::new(), head: 0, rev: 0, fetches: 0 }
    }

    /// What is to be done about an event: nothing where it is old, and a look at the log where it tells of
    /// more than comes next.
    async fn hears(&mut self, event: &Heard) {
        let number = |key: &str| event.data[key].as_u64();
        let rev = number("rev").expect("every event tells the revision");
        let head = number("seq").or(number("head")).expect("and the place");
        let is_next = event.name == "new_message" && head == self.head + 1 && rev <= self.rev;
        if is_next && event.data["truncated"] != true {
            self.log.insert(head, event.data.clone());
            self.head = head;
            return;
        }
        if head > self.head {
            self.reads_on().await;
        }
        if rev > self.rev {
            self.asks_for_changes().await;
        }
    }

    /// What a client does when it comes to the front, and after each reconnect.
    async fn looks(&mut self) {
        self.reads_on().await;
        self.asks_for_changes().await;
    }

    async fn reads_on(&mut self) {
        loop {
            self.fetches += 1;
            let path = self.room.path(&format!("/messages?after={}&limit=20", self.head));
            let page = self.me.get(&path).await.expect(200);
            for message in page["messages"].as_array().expect("a page") {
                self.head = message["seq"].as_u64().expect("a seq");
                self.log.insert(self.head, message.clone());
            }
            if page["has_more"] != true {
                return;
            }
        }
    }

    async fn asks_for_changes(&mut self) {
        loop {
            self.fetches += 1;
            let path = self.room.path(&format!("/changes?after_rev={}&limit=20", self.rev));
            let changes = self.me.get(&path).await.expect(200);
            for message in changes["messages"].as_array().expect("messages") {
                let seq = message["seq"].as_u64().expect("a seq");
                // What is beyond the head is read with the rest, before its own event can come, which is
                // older than the change.
                if seq > self.head {
                    self.reads_on().await;
                }
                self.log.insert(seq, message.clone());
            }
            self.rev = changes["rev"].as_u64().expect("a revision");
            if changes["has_more"] != true {
                return;
            }
        }
    }

    /// Without what differs from viewer to viewer.
    fn plain(&self) -> Vec<Value> {
        self.log.values().map(plain).collect()
    }
}

fn plain(message: &Value) -> Value {
    let keys = ["seq", "id", "sender_id", "body", "rev", "edited_at", "deleted_at"];
    let reactions = message["reactions"].as_array().cloned().unwrap_or_default();
    let reactions = reactions.iter().map(|r| json!([r["emoji"], r["count"]]));
    json!([keys.map(|key| message[key].clone()), reactions.collect::<Vec<_>>()])
}

/// Something that one of the two does.
async fn acts(rng: &mut fastrand::Rng, users: [&User; 2], room: &Room, posts: &mut Vec<usize>) {
    let who = rng.usize(..2);
    let (user, place) = (users[who], rng.usize(..posts.len().max(1)));
    let (own, seq) = (posts.get(place) == Some(&who), place as u64 + 1);
    match rng.u8(..10) {
        0 | 1 if own => {
            user.edits(room, seq, &format!("again {}", rng.u32(..))).await;
        }
        2 if own => _ = user.deletes(room, seq).await,
        3 | 4 if !posts.is_empty() => _ = user.reacts(room, seq, "\u{1f381}").await,
        5 => {
            // Too long for an event.
            user.posts(room, &"long ".repeat(1_990)).await;
            posts.push(who);
        }
        _ => {
            user.posts(room, "a word").await;
            posts.push(who);
        }
    }
}

/// Fault F13. Fault F4. Fault F2. Invariant I5.
#[tokio::test]
async fn whatever_the_relay_loses_doubles_or_mixes_up_a_careful_client_holds_the_whole_log() {
    for seed in 1..=8 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let relay = FakeRelay::start().await;
        let app = TestApp::publishing_to(&relay).await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        let room = alice.opens_direct("bob").await;
        let mut held = Held::nothing(&bob, &room);
        let (mut posts, mut told, mut late) = (Vec::new(), 0, Vec::new());
        for _ in 0..12 {
            for _ in 0..rng.usize(1..8) {
                acts(&mut rng, [&alice, &bob], &room, &mut posts).await;
            }
            let events = relay.triggers();
            let news = events[told..].iter().filter(|event| event.channel == room.channel);
            let mut on_the_way: Vec<Heard> = std::mem::take(&mut late);
            for event in news.cloned() {
                match rng.u8(..6) {
                    0 | 1 => {}
                    2 => on_the_way.extend([event.clone(), event]),
                    3 => late.push(event),
                    _ => on_the_way.push(event),
                }
            }
            told = events.len();
            rng.shuffle(&mut on_the_way);
            for event in &on_the_way {
                held.hears(event).await;
            }
        }
        held.looks().await;

        let log = bob.whole_log(&room).await;
        assert_eq!(held.plain(), log.iter().map(plain).collect::<Vec<_>>(), "seed {seed}");
    }
}

/// Whoever hears everything in order fetches nothing but what no event can hold.
/// Fault F13.
#[tokio::test]
async fn a_client_that_misses_nothing_fetches_nothing() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    for i in 0..20 {
        [&alice, &bob][i % 2].posts(&room, "a word").await;
    }
    let mut held = Held::nothing(&bob, &room);
    for event in relay.triggers().iter().filter(|event| event.channel == room.channel) {
        held.hears(event).await;
    }
    assert_eq!((held.head, held.fetches), (20, 0));
}
