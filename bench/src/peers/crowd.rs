//! W3: a hundred posts into one room at the same time, on a store in memory, near and some way off.

use std::time::Instant;

use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    findings::{Findings, Workload},
    ground::Ground,
    stack::{Answered, Peer, Place, Stack},
};
use crate::{
    Failure,
    args::Budget,
    report::{Goal, Unit},
    stats::{Figure, millis},
};

pub(super) const W3: Workload =
    Workload { id: "W3", title: "100 posts into one room at the same time; store in memory" };

/// How many post at once.
const WRITERS: usize = 100;
/// How far the store is, there and back.
const DISTANCES_MS: [u64; 2] = [0, 5];

/// The goals with a store 5 ms off.
const P99_MS: f64 = 150.0;
const TEXTBOOK_P99_MS: f64 = 1_000.0;

/// What is measured of a stack, round by round.
#[derive(Default)]
struct Rounds {
    times: Vec<Vec<f64>>,
    /// Calls that the store refused, of each post.
    conflicts: Vec<f64>,
    refused: Vec<f64>,
    late: Vec<f64>,
}

/// One burst after another.
#[derive(Default)]
struct Bursts {
    times: Vec<f64>,
    refused: usize,
    late: usize,
}

/// Measures Parlour's design against the textbook's.
///
/// # Errors
/// When a stack does not work.
pub(super) async fn measure(
    ground: &mut Ground,
    budget: &Budget,
    findings: &mut Findings,
) -> Result<(), Failure> {
    eprintln!("bench: {}: {}", W3.id, W3.title);
    for distance in DISTANCES_MS {
        ground.store_ms = Some(distance);
        for peer in [Peer::Parlour, Peer::TextbookRust] {
            let stack = Stack::start(peer, ground).await?;
            let rounds = rounds(&stack, budget).await?;
            add(peer, distance, &rounds, findings);
        }
    }
    ground.store_ms = None;
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a few thousand posts")]
async fn rounds(stack: &Stack, budget: &Budget) -> Result<Rounds, Failure> {
    let place = stack.open(0).await?;
    let mut rounds = Rounds::default();
    // The first round is for warming up.
    for round in 0..=budget.rounds {
        let before = stack.refused().await?;
        let mut bursts = Bursts::default();
        for _ in 0..budget.bursts {
            bursts.add_one(stack, &place).await;
        }
        if round > 0 {
            let conflicts = (stack.refused().await? - before) as f64;
            rounds.conflicts.push(conflicts / bursts.times.len() as f64);
            rounds.refused.push(bursts.refused as f64);
            rounds.late.push(bursts.late as f64);
            rounds.times.push(bursts.times);
        }
    }
    Ok(rounds)
}

impl Bursts {
    async fn add_one(&mut self, stack: &Stack, place: &Place) {
        let posts = (0..WRITERS).map(|writer| async move {
            let began = Instant::now();
            let answered = stack.post(place, writer % 2, Uuid::new_v4()).await;
            let answered = answered.ok().filter(Answered::is_stored);
            let is_late = answered.as_ref().is_some_and(Answered::is_told_late);
            (millis(began.elapsed()), answered.is_some(), is_late)
        });
        for (time, is_stored, is_late) in join_all(posts).await {
            self.times.push(time);
            self.refused += usize::from(!is_stored);
            self.late += usize::from(is_late);
        }
    }
}

fn add(peer: Peer, distance: u64, rounds: &Rounds, findings: &mut Findings) {
    let Rounds { times, conflicts, refused, late } = rounds;
    let mut add = |what: &str, unit, figure, goal: Option<Goal>| {
        findings.add(&W3, peer, format!("{what}, store {distance} ms off"), unit, figure);
        // The goals are for a store that is some way off.
        if let (Some(goal), true) = (goal, distance > 0) {
            findings.with_goal(goal);
        }
    };
    let is_own = peer == Peer::Parlour;
    let slow = if is_own { Goal::AtMost(P99_MS) } else { Goal::AtLeast(TEXTBOOK_P99_MS) };
    let none = is_own.then_some(Goal::AtMost(0.0));
    add("p50", Unit::Ms, Figure::of_percentile(times, 50.0), None);
    add("p99", Unit::Ms, Figure::of_percentile(times, 99.0), Some(slow));
    add("conflicts a post", Unit::Times, Figure::of(conflicts), none);
    add("refused", Unit::Count, Figure::of(refused), None);
    add("told later", Unit::Count, Figure::of(late), None);
}
