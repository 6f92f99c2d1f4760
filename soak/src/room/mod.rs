//! The life of one room: it is opened, talked in, listened to, and read at its end.

mod acts;
mod cast;
mod end;
mod held;
mod listener;
mod members;
mod writer;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering},
    },
};

use tests::history::{Broken, Change, Finding, Is, Post, Slot};
use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};

use self::cast::{Cast, Member};
pub(crate) use self::listener::RELAY_KEY;
use crate::{
    Failure,
    api::Api,
    tally::{Tally, count},
};

/// What all rooms share.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// The API, through a way with faults.
    pub(crate) api: Api,
    /// The API itself.
    pub(crate) direct: Api,
    /// Where listeners connect.
    pub(crate) sockets: SocketAddr,
    pub(crate) tally: &'static Tally,
    pub(crate) seed: u64,
    /// How many clients write into a room.
    pub(crate) clients: usize,
}

/// What sort of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Direct,
    Support,
    Listing,
    Match,
    Group,
}

/// All of them; each in its turn.
const KINDS: [Kind; 5] = [Kind::Direct, Kind::Group, Kind::Support, Kind::Match, Kind::Listing];

/// A room that is talked in.
pub(crate) struct Room {
    world: World,
    number: u32,
    kind: Kind,
    /// `/v1/rooms/{id}`.
    path: String,
    next_post: AtomicU32,
    posts_left: AtomicI64,
    /// The highest place that anybody was answered.
    answered: AtomicU64,
    /// Whether one member's removal has begun.
    leaving: AtomicBool,
    notes: Mutex<Notes>,
}

/// What its clients were told.
#[derive(Default)]
struct Notes {
    posts: Vec<Post>,
    changes: Vec<Change>,
    /// By place, what anybody saw there first.
    seen: Vec<Option<Seen>>,
    /// Of a group, once somebody was removed.
    gone: Option<members::Gone>,
    findings: Vec<Finding>,
}

/// What stands at a place for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Void,
    Post(u32),
}

/// Lives the life of a room of so many posts, and tells what is wrong. The permit is given back when nobody
/// writes any more.
pub(crate) async fn live(world: World, number: u32, posts: u64, writing: OwnedSemaphorePermit) {
    let kind = KINDS[number as usize % KINDS.len()];
    let tally = world.tally;
    let name = format!("room {number} ({kind:?})");
    match opened(world, number, kind, posts).await {
        Ok((room, cast)) => {
            let lived = lived(&room, &cast, writing).await;
            let mut findings = std::mem::take(&mut room.notes().findings);
            if let Err(failure) = lived {
                findings.push(Finding::new(broken_by(&failure), failure.to_string()));
            }
            if !findings.is_empty() {
                findings.push(Finding::new(Broken::Wrong, format!("its path is {}", room.path)));
            }
            tally.report(&name, &findings);
        }
        Err(failure) => tally.report(&name, &[Finding::new(Broken::Wrong, failure.to_string())]),
    }
    count(&tally.rooms);
}

fn broken_by(failure: &Failure) -> Broken {
    if failure.to_string().contains(" was shown ") { Broken::Leak } else { Broken::Wrong }
}

async fn opened(
    world: World,
    number: u32,
    kind: Kind,
    posts: u64,
) -> Result<(Arc<Room>, Cast), Failure> {
    let (path, cast) = cast::open(&world, number, kind).await?;
    let room = Room {
        world,
        number,
        kind,
        path,
        next_post: AtomicU32::new(1),
        posts_left: AtomicI64::new(i64::try_from(posts)?),
        answered: AtomicU64::new(0),
        leaving: AtomicBool::new(false),
        notes: Mutex::default(),
    };
    Ok((Arc::new(room), cast))
}

async fn lived(
    room: &Arc<Room>,
    cast: &Cast,
    writing: OwnedSemaphorePermit,
) -> Result<(), Failure> {
    let chance =
        |of: u64| fastrand::Rng::with_seed(room.world.seed ^ u64::from(room.number) << 16 ^ of);
    let listeners = end::Listeners::start(room, cast);
    let mut writers = JoinSet::new();
    for client in 0..room.world.clients {
        let me = cast.members[client % cast.members.len()].clone();
        let (room, chance) = (Arc::clone(room), chance(client as u64));
        writers.spawn(async move { writer::write(&room, &me, chance).await });
    }
    if let Some(changing) = &cast.changing {
        let (room, changing) = (Arc::clone(room), changing.clone());
        let owner = cast.members[0].clone();
        writers.spawn(async move { members::change(&room, &owner, &changing).await });
    }
    let mut outcome = Ok(());
    while let Some(done) = writers.join_next().await {
        outcome = outcome.and(done?);
    }
    drop(writing);
    outcome?;
    end::check(room, cast, listeners).await
}

impl Room {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finds(&self, broken: Broken, what: impl Into<String>) {
        self.notes().findings.push(Finding::new(broken, what));
    }

    /// Whether there is one more to post.
    fn takes_post(&self) -> bool {
        self.posts_left.fetch_sub(1, Ordering::Relaxed) > 0
    }

    /// How many are left to post.
    fn left(&self) -> u64 {
        u64::try_from(self.posts_left.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// The highest place that anybody was answered so far.
    fn floor(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Whether this member may find itself removed.
    fn may_be_gone(&self, me: &Member) -> bool {
        me.leaves && self.leaving.load(Ordering::SeqCst)
    }

    /// What anybody sees at a place is what everybody sees there, for ever.
    fn sees(&self, slot: &Slot, by: &str) {
        let seen = match &slot.is {
            Is::Pending => return,
            Is::Void => Seen::Void,
            Is::Message(message) => match message.number {
                Some(number) => Seen::Post(number),
                None => return,
            },
        };
        let Ok(at) = usize::try_from(slot.seq) else { return };
        let mut notes = self.notes();
        if notes.seen.len() <= at {
            notes.seen.resize(at + 1, None);
        }
        match notes.seen[at] {
            Some(before) if before != seen => {
                let what = format!("{by} sees {seen:?} at {at}, where somebody saw {before:?}");
                notes.findings.push(Finding::new(Broken::OutOfOrder, what));
            }
            _ => notes.seen[at] = Some(seen),
        }
    }
}
