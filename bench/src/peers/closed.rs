//! W1: one room, one message after another, from the post to the second client.

use std::time::Instant;

use uuid::Uuid;

use super::{
    findings::{Findings, Workload},
    running::Running,
};
use crate::{
    Failure,
    args::Budget,
    report::Unit,
    stats::{Figure, millis},
};

pub(super) const W1: Workload = Workload {
    id: "W1",
    title: "post to received by the second client, one room, one after another",
};

/// Measures all stacks, round by round in turn.
///
/// # Errors
/// When a post is not stored, or not heard.
#[allow(clippy::cast_precision_loss, reason = "a few hundred posts")]
pub(super) async fn measure(
    all: &mut [Running],
    budget: &Budget,
    findings: &mut Findings,
) -> Result<(), Failure> {
    eprintln!("bench: {}: {}", W1.id, W1.title);
    let mut runs = vec![Vec::new(); all.len()];
    let mut costs = vec![Vec::new(); all.len()];
    // The first round is for warming up.
    for round in 0..=budget.rounds {
        for (place, running) in all.iter_mut().enumerate() {
            let before = running.stack.cpu_seconds();
            let times = posts(running, budget.posts / 2).await?;
            let cost = (running.stack.cpu_seconds() - before) * 1000.0 / times.len() as f64;
            if round > 0 {
                runs[place].push(times);
                costs[place].push(cost);
            }
        }
    }
    for ((running, runs), costs) in all.iter().zip(&runs).zip(&costs) {
        let peer = running.stack.peer;
        findings.add(&W1, peer, "p50", Unit::Ms, Figure::of_percentile(runs, 50.0));
        findings.add(&W1, peer, "p99", Unit::Ms, Figure::of_percentile(runs, 99.0));
        findings.add(&W1, peer, "CPU time of 1,000 messages", Unit::CpuSeconds, Figure::of(costs));
    }
    Ok(())
}

async fn posts(running: &mut Running, posts: usize) -> Result<Vec<f64>, Failure> {
    let mut times = Vec::with_capacity(posts);
    for _ in 0..posts {
        let client_id = Uuid::new_v4();
        let began = Instant::now();
        let answered = running.stack.post(&running.places[0], 0, client_id).await?;
        if !answered.is_stored() {
            let (name, status) = (running.stack.peer.name(), answered.status);
            return Err(format!("{name} answered a post {status}: {}", answered.body).into());
        }
        times.push(millis(running.heard(client_id).await? - began));
    }
    Ok(times)
}
