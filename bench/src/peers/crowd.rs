//! W3: a hundred posts into one room at the same time, on a store in memory, near and some way off.

use std::time::Instant;

use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    findings::{Findings, Workload},
    ground::Ground,
    stack::{Answered, Peer, Stack},
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

/// Measures Parlour's design against the textbook's.
///
/// # Errors
/// When a stack does not work.
#[allow(clippy::cast_precision_loss, reason = "a few thousand posts")]
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
            let place = stack.open(0).await?;
            let (mut runs, mut retries) = (Vec::new(), Vec::new());
            let (mut failures, mut lates) = (Vec::new(), Vec::new());
            for round in 0..=budget.rounds {
                let before = stack.refused().await?;
                let (mut times, mut failed, mut late) = (Vec::new(), 0, 0);
                for _ in 0..budget.bursts {
                    let posts = join_all((0..WRITERS).map(|writer| {
                        let (stack, place) = (&stack, &place);
                        async move {
                            let began = Instant::now();
                            let answered = stack.post(place, writer % 2, Uuid::new_v4()).await;
                            let time = millis(began.elapsed());
                            let answered = answered.ok().filter(Answered::is_stored);
                            let late = answered.as_ref().is_some_and(Answered::is_told_late);
                            (time, answered.is_some(), late)
                        }
                    }));
                    for (time, stored, is_late) in posts.await {
                        times.push(time);
                        failed += usize::from(!stored);
                        late += usize::from(is_late);
                    }
                }
                if round > 0 {
                    let refused = (stack.refused().await? - before) as f64;
                    retries.push(refused / times.len() as f64);
                    failures.push(failed as f64);
                    lates.push(late as f64);
                    runs.push(times);
                }
            }
            let title = |what: &str| format!("{what}, store {distance} ms off");
            let mut add =
                |what: &str, unit, figure| findings.add(&W3, peer, title(what), unit, figure);
            add("p50", Unit::Ms, Figure::of_percentile(&runs, 50.0));
            add("conflicts a post", Unit::Times, Figure::of(&retries));
            if distance > 0 && peer == Peer::Parlour {
                findings.with_goal(Goal::AtMost(0.0));
            }
            let mut add =
                |what: &str, unit, figure| findings.add(&W3, peer, title(what), unit, figure);
            add("refused", Unit::Count, Figure::of(&failures));
            add("told later", Unit::Count, Figure::of(&lates));
            add("p99", Unit::Ms, Figure::of_percentile(&runs, 99.0));
            match (distance, peer) {
                (0, _) => {}
                (_, Peer::Parlour) => findings.with_goal(Goal::AtMost(P99_MS)),
                _ => findings.with_goal(Goal::AtLeast(TEXTBOOK_P99_MS)),
            }
        }
    }
    ground.store_ms = None;
    Ok(())
}
