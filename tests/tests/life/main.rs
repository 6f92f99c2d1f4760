//! The whole life of a room, over a store and beside a relay that misbehave as a script says: posts and their
//! repeats, edits, deletions, reactions, reading marks, members who come and go, rooms that are put away, events that
//! the relay does not take and that dispatch sends later. What the clients were told is held against what is there at
//! the end, and against what the relay was told.
//!
//! Everything but the store's wire and the relay is the real thing, over HTTP. `PARLOUR_SEED=n` runs one life
//! again, `PARLOUR_MODEL_RUNS=n` so many of each kind.

mod acts;
mod cast;
mod end;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use acts::Act;
use cast::{Cast, Kind};
use futures_util::future::join_all;
use tests::{
    Call, FakeRelay, Fault, Faulty, Heard, Mood, Room, TestApp,
    history::{Change, Is, Post, Slot},
    quick,
};

/// How often something is done in a life, each time up to three things at once.
const STEPS: usize = 30;
/// How many lives go on at the same time: most of a life is waiting.
const AT_ONCE: u64 = 12;

/// A room that is lived in.
struct Life {
    seed: u64,
    kind: Kind,
    store: Faulty,
    relay: FakeRelay,
    app: TestApp,
    cast: Cast,
    room: Room,
    next_post: AtomicU32,
    /// The highest place that anybody was answered.
    answered: AtomicU64,
    notes: Mutex<Notes>,
}

/// What its clients were told.
#[derive(Default)]
struct Notes {
    posts: Vec<Post>,
    changes: Vec<Change>,
    /// The posts that were answered, by place: who posted what under which number.
    own: BTreeMap<u64, Own>,
    /// What anybody saw at a place first: a post's number, or none of a void.
    seen: BTreeMap<u64, Option<u32>>,
    /// The highest mark of each member that was answered.
    marks: BTreeMap<String, u64>,
    /// Whether somebody has been removed, and how the channel was called until then.
    removed: Option<String>,
    /// What the relay took.
    taken: Vec<Heard>,
}

/// A post of one's own.
#[derive(Clone)]
struct Own {
    who: usize,
    number: u32,
    body: String,
}

impl Life {
    async fn begins(seed: u64, kind: Kind) -> Self {
        let (store, relay) = (Faulty::new(), FakeRelay::start().await);
        let app = TestApp::between(store.clone(), &relay).await;
        app.fix_clock().await;
        let (cast, room) = cast::meet(&app, kind).await;
        Self {
            seed,
            kind,
            store,
            relay,
            app,
            cast,
            room,
            next_post: AtomicU32::new(1),
            answered: AtomicU64::new(0),
            notes: Mutex::default(),
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("nobody panicked")
    }

    fn floor(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// From now on, of a hundred calls of the store so many fail, in one way or another.
    fn store_fails(&self, percent: u8, mut chance: fastrand::Rng) {
        self.store.follow(move |_: &Call<'_>| {
            if chance.u8(..100) >= percent {
                return None;
            }
            Some(match chance.u8(..6) {
                0 | 1 => Fault::LoseRequest,
                2..=4 => Fault::LoseAnswer,
                _ => Fault::Refuse(500, "InternalServerError"),
            })
        });
    }

    /// Things happen, and then all of it is held against what is there.
    async fn is_lived(&self) {
        let mut chance = fastrand::Rng::with_seed(self.seed);
        for _ in 0..STEPS {
            let takes = chance.u8(..4) > 0;
            self.relay.becomes(Mood::Answers(if takes { 200 } else { 500 }));
            self.store_fails(3, chance.fork());
            let told = self.relay.triggers().len();
            let together = chance.usize(1..=3);
            let acts: Vec<(usize, Act)> =
                (0..together).map(|_| acts::choose(self, &mut chance)).collect();
            join_all(acts.into_iter().map(|(who, act)| acts::act(self, who, act))).await;
            if chance.u8(..5) == 0 {
                self.app.dispatches_if_it_can().await;
            }
            self.store.heal();
            if takes {
                let news = self.relay.triggers_since(told);
                self.notes().taken.extend(news);
            }
            if chance.u8(..3) == 0 {
                self.app.advance_clock(Duration::from_secs(chance.u64(1..4_000))).await;
            }
        }
        end::check(self).await;
    }

    /// What anybody sees at a place is what everybody sees there, for ever.
    fn sees(&self, slot: &Slot, by: &str) {
        let seen = match &slot.is {
            Is::Message(message) if message.number.is_some() => message.number,
            Is::Void => None,
            _ => return,
        };
        let first = *self.notes().seen.entry(slot.seq).or_insert(seen);
        assert_eq!(first, seen, "I2: {by} sees another post at {}", slot.seq);
    }
}

/// Lives so many lives of a kind, some at a time.
async fn live(kind: Kind) {
    let number =
        |variable| std::env::var(variable).ok().and_then(|n: String| n.parse::<u64>().ok());
    let runs = number("PARLOUR_MODEL_RUNS").unwrap_or(if quick() { 3 } else { 12 });
    let seeds: Vec<u64> = match number("PARLOUR_SEED") {
        Some(seed) => vec![seed],
        None => (0..runs).collect(),
    };
    for some in seeds.chunks(usize::try_from(AT_ONCE).expect("a few")) {
        let lives = some.iter().map(|&seed| async move {
            let life = tokio::spawn(async move { Life::begins(seed, kind).await.is_lived().await });
            (seed, life.await)
        });
        for (seed, life) in join_all(lives).await {
            assert!(life.is_ok(), "PARLOUR_SEED={seed} broke a {kind:?} room: {life:?}");
        }
    }
}

/// Fault F1. Fault F4. Fault F7. Fault F10.
/// Invariant I1. Invariant I2. Invariant I3. Invariant I4. Invariant I5. Invariant I6. Invariant I7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_talk_and_take_back_what_they_said() {
    live(Kind::Direct).await;
}

/// Fault F1. Fault F7. Invariant I1. Invariant I2. Invariant I5. Invariant I6. Invariant I7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_and_a_shop_that_puts_the_room_away() {
    live(Kind::Listing).await;
}

/// Fault F1. Fault F7. Fault F25.
/// Invariant I1. Invariant I2. Invariant I4. Invariant I5. Invariant I6. Invariant I7. Invariant I8.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_whose_members_come_and_go() {
    live(Kind::Group).await;
}

/// Fault F22. Invariant I4. Invariant I5. Invariant I9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_gives_in_secret_and_one_who_must_not_know() {
    live(Kind::Match).await;
}
