//! The local program: how soon it is there, how soon a post is heard, how much it carries, and what
//! that costs.

use std::{path::Path, time::Instant};

use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    Failure,
    args::Budget,
    listener::Listener,
    program::{Program, Store},
    report::{Report, Unit},
    site::{Room, User},
    stats::{Figure, millis},
};

/// The goals.
const START_MS: f64 = 300.0;
const RECEIVED_MS: f64 = 1.5;
/// Mission E2: delivered instantly.
const MATCH_RECEIVED_MS: f64 = 100.0;
const PEAK_MB: f64 = 40.0;

/// How many post at the same time under load.
const CLIENTS: usize = 16;

/// Where one client posts.
type Place = (User, String);

/// Measures everything about the local program.
///
/// # Errors
/// When it does not do what it should, however slowly.
pub(crate) async fn measure(
    programs: &Path,
    scratch: &Path,
    budget: &Budget,
    report: &mut Report,
) -> Result<(), Failure> {
    let default = Store::Disk(scratch.join("default"));
    let bench = Bench { programs, scratch, budget };
    bench.with("local program, store on disk (the default)", &default, report).await?;
    bench.with("local program, store in memory", &Store::Memory, report).await?;

    eprintln!("bench: local program, every write waits for the disk");
    report.group("local program, every write waits for the disk (--power-safe)");
    let power_safe = Store::PowerSafe(scratch.join("power-safe"));
    let program = Program::start(programs, &power_safe, None).await?;
    let pair = Pair::in_direct_room(&program).await?;
    let runs = pair.post_to_received(budget.safe_posts, budget.rounds, report).await?;
    add_percentiles(report, &runs, None);
    program.stop().await
}

/// What all measurements share.
struct Bench<'a> {
    programs: &'a Path,
    scratch: &'a Path,
    budget: &'a Budget,
}

impl Bench<'_> {
    async fn with(&self, title: &str, store: &Store, report: &mut Report) -> Result<(), Failure> {
        eprintln!("bench: {title}");
        report.group(title);
        let starts = self.starts(|start| match store {
            Store::Memory => Store::Memory,
            _ => Store::Disk(self.scratch.join(format!("new-{start}"))),
        });
        report.add_with_goal(
            "start to /healthz, nothing stored",
            Unit::Ms,
            Figure::of(&starts.await?),
            START_MS,
        );

        let program = Program::start(self.programs, store, None).await?;
        let Budget { posts, rounds, .. } = *self.budget;
        let pair = Pair::in_direct_room(&program).await?;
        let runs = pair.post_to_received(posts, rounds, report).await?;
        // The goal is for what people run.
        add_percentiles(report, &runs, matches!(store, Store::Disk(_)).then_some(RECEIVED_MS));
        let pair = Pair::in_match_room(&program).await?;
        let runs = pair.post_to_received(posts, rounds, report).await?;
        let (title, p95) =
            ("post to received, match room, p95", Figure::of_percentile(&runs, 95.0));
        report.add_with_goal(title, Unit::Ms, p95, MATCH_RECEIVED_MS);

        let rooms = in_rooms_of_their_own(&program).await?;
        self.load(&program, "in 16 rooms", &rooms, report).await?;
        let room = in_one_room(&program).await?;
        self.load(&program, "in one room", &room, report).await?;
        let peak = program.peak_memory().and_then(|peak| Figure::of(&[peak]));
        if let Store::Memory = store {
            report.add("peak memory, these posts in it", Unit::Mb, peak);
        } else {
            report.add_with_goal("peak memory after these posts", Unit::Mb, peak, PEAK_MB);
        }
        program.stop().await?;

        if let Store::Disk(_) = store {
            let starts = self.starts(|_| store.clone()).await?;
            let figure = Figure::of(&starts);
            report.add_with_goal("start to /healthz, with these posts", Unit::Ms, figure, START_MS);
        }
        Ok(())
    }

    /// How long each start takes, in ms; the first is not counted.
    async fn starts(&self, store: impl Fn(usize) -> Store) -> Result<Vec<f64>, Failure> {
        let mut starts = Vec::new();
        for start in 0..=self.budget.starts {
            let program = Program::start(self.programs, &store(start), None).await?;
            if start > 0 {
                starts.push(millis(program.ready_after));
            }
            program.stop().await?;
        }
        Ok(starts)
    }

    /// All clients post at the same time, each one message after another.
    #[allow(clippy::cast_precision_loss, reason = "a few thousand posts")]
    async fn load(
        &self,
        program: &Program,
        place: &str,
        clients: &[Place],
        report: &mut Report,
    ) -> Result<(), Failure> {
        let (mut rates, mut costs, mut late) = (Vec::new(), Vec::new(), 0);
        post_at_once(clients, self.budget.load_posts / 4 + 1).await?;
        for _ in 0..self.budget.rounds {
            let posts = (clients.len() * self.budget.load_posts) as f64;
            let (began, before) = (Instant::now(), program.cpu_seconds());
            late += post_at_once(clients, self.budget.load_posts).await?;
            rates.push(posts / began.elapsed().as_secs_f64());
            if let (Some(before), Some(after)) = (before, program.cpu_seconds()) {
                costs.push((after - before) * 1000.0 / posts);
            }
        }
        let title = format!("posts, {CLIENTS} clients {place}");
        report.add(title, Unit::PerSecond, Figure::of(&rates));
        let title = format!("CPU time of 1,000 posts {place}");
        report.add(title, Unit::CpuSeconds, Figure::of(&costs));
        report.note_late(late);
        Ok(())
    }
}

/// Two in a room: one posts, the other listens.
struct Pair {
    posts: User,
    listens: User,
    room: Room,
}

impl Pair {
    async fn in_direct_room(program: &Program) -> Result<Self, Failure> {
        let (posts, listens) = (program.site.user("alice").await?, program.site.user("bob").await?);
        let room = posts.opens_direct("bob").await?;
        Ok(Self { posts, listens, room })
    }

    /// The giver, whom nobody may know, posts.
    async fn in_match_room(program: &Program) -> Result<Self, Failure> {
        let server = json!({ "sub": "server", "roles": ["service"] });
        let drawn = json!({
            "name": "The family", "reveal_at": "2100-12-24T18:00:00Z", "matches": { "alice": "bob" },
        });
        program.site.user_with(&server).await?.put("/v1/groups/family", &drawn).await?;
        let (posts, listens) = (program.site.user("alice").await?, program.site.user("bob").await?);
        let room = posts.opens(&json!({ "kind": "match", "group_id": "family" })).await?;
        Ok(Self { posts, listens, room })
    }

    /// The next post follows when the one before was answered and heard. The times from post to
    /// heard, in ms, of each run.
    async fn post_to_received(
        &self,
        posts: usize,
        rounds: usize,
        report: &mut Report,
    ) -> Result<Vec<Vec<f64>>, Failure> {
        let mut listener = Listener::to(&self.listens, &self.room).await?;
        let (mut runs, mut late) = (Vec::new(), 0);
        // The first run is for warming up.
        for round in 0..=rounds {
            let mut times = Vec::with_capacity(posts);
            for _ in 0..posts {
                let client_id = Uuid::new_v4();
                let began = Instant::now();
                if self.posts.posts(&self.room.id, client_id).await? {
                    times.push(millis(listener.heard(client_id).await? - began));
                } else {
                    late += 1;
                }
            }
            if round > 0 {
                runs.push(times);
            }
        }
        report.note_late(late);
        Ok(runs)
    }
}

fn add_percentiles(report: &mut Report, runs: &[Vec<f64>], goal: Option<f64>) {
    let median = Figure::of_percentile(runs, 50.0);
    match goal {
        Some(goal) => report.add_with_goal("post to received, p50", Unit::Ms, median, goal),
        None => report.add("post to received, p50", Unit::Ms, median),
    }
    report.add("post to received, p90", Unit::Ms, Figure::of_percentile(runs, 90.0));
    report.add("post to received, p99", Unit::Ms, Figure::of_percentile(runs, 99.0));
}

async fn in_rooms_of_their_own(program: &Program) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for number in 0..CLIENTS {
        let user = program.site.user(&format!("client-{number}")).await?;
        let room = user.opens_direct(&format!("other-{number}")).await?;
        places.push((user, room.id));
    }
    Ok(places)
}

/// Half of the clients are the one member's, half the other's.
async fn in_one_room(program: &Program) -> Result<Vec<Place>, Failure> {
    let (carol, dave) = (program.site.user("carol").await?, program.site.user("dave").await?);
    let room = carol.opens_direct("dave").await?;
    let member = |number| if number % 2 == 0 { carol.clone() } else { dave.clone() };
    Ok((0..CLIENTS).map(|number| (member(number), room.id.clone())).collect())
}

/// Each client posts so many messages; how many of them the relay took too late.
async fn post_at_once(clients: &[Place], posts: usize) -> Result<usize, Failure> {
    let mut tasks: JoinSet<Result<usize, Failure>> = JoinSet::new();
    for client in clients {
        let (user, room) = client.clone();
        tasks.spawn(async move {
            let mut late = 0;
            for _ in 0..posts {
                late += usize::from(!user.posts(&room, Uuid::new_v4()).await?);
            }
            Ok(late)
        });
    }
    let mut late = 0;
    while let Some(done) = tasks.join_next().await {
        late += done??;
    }
    Ok(late)
}
