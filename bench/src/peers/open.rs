//! W2: many rooms, posts at a given rate whether or not earlier ones were answered. A latency counts from the
//! time at which the post was meant to start, so a server that falls behind cannot hide it (coordinated
//! omission).

use std::{collections::HashMap, time::Duration};

use tokio::time::{Instant, sleep_until, timeout_at};
use uuid::Uuid;

use super::{
    feed::What,
    findings::{Findings, Workload},
    running::Running,
};
use crate::{
    Failure,
    args::Budget,
    report::Unit,
    stats::{Figure, millis},
};

pub(super) const W2: Workload = Workload {
    id: "W2",
    title: "50 rooms at rising rates: the highest with p99 under 100 ms and nothing lost",
};

/// How many rooms there are.
pub(super) const ROOMS: usize = 50;

/// Slower is too slow.
pub(super) const SLOWEST_P99_MS: f64 = 100.0;
/// The rates begin here and double; between the last good one and the first bad one two more are tried.
const FIRST_RATE: f64 = 50.0;
/// What the load's one core is able to send and hear.
const HIGHEST_RATE: f64 = 6_400.0;
const LATE: Duration = Duration::from_secs(2);

/// Measures all stacks, run by run in turn.
///
/// # Errors
/// When a stack does not work at all.
pub(super) async fn measure(
    all: &mut [Running],
    budget: &Budget,
    findings: &mut Findings,
) -> Result<(), Failure> {
    eprintln!("bench: {}: {}", W2.id, W2.title);
    let mut best = vec![Vec::new(); all.len()];
    for run in 0..budget.ladders {
        findings.curves.clear();
        for (running, best) in all.iter_mut().zip(&mut best) {
            let first = best.iter().copied().fold(f64::NAN, f64::min) / 2.0;
            let first = if run == 0 { FIRST_RATE } else { first.max(FIRST_RATE) };
            best.push(highest_rate(running, first, budget, findings).await?);
        }
    }
    for (running, best) in all.iter().zip(&best) {
        let peer = running.stack.peer;
        findings.add(&W2, peer, "highest rate", Unit::PerSecond, Figure::of(best));
    }
    Ok(())
}

async fn highest_rate(
    running: &mut Running,
    first: f64,
    budget: &Budget,
    findings: &mut Findings,
) -> Result<f64, Failure> {
    let (mut good, mut bad) = (0.0, None);
    let mut rate = first;
    for _ in 0..16 {
        let (p99, lost) = at_rate(running, rate, budget.ladder_step).await?;
        let peer = running.stack.peer;
        eprintln!("bench: {}: {rate:.0}/s, p99 {p99:.1} ms, {lost} lost", peer.name());
        findings.curves.push((peer, rate, p99));
        if p99 < SLOWEST_P99_MS && lost == 0 {
            good = rate;
        } else {
            bad = Some(rate);
            // What is still on its way must not be taken for the next rate's.
            tokio::time::sleep(LATE).await;
            while running.feed.heard.try_recv().is_ok() {}
        }
        rate = match bad {
            None if rate >= HIGHEST_RATE => break,
            None => rate * 2.0,
            Some(bad) if bad / f64::max(good, 1.0) < 1.2 || bad <= 10.0 => break,
            Some(bad) if good == 0.0 => bad / 2.0,
            Some(bad) => (good * bad).sqrt(),
        };
    }
    Ok(good)
}

/// The 99th percentile in ms at this rate, and how many were not stored or not heard.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a few thousand posts"
)]
async fn at_rate(
    running: &mut Running,
    rate: f64,
    lasts: Duration,
) -> Result<(f64, usize), Failure> {
    let posts = (rate * lasts.as_secs_f64()).ceil() as usize;
    let start = Instant::now() + Duration::from_millis(20);
    let meant = |number: usize| start + Duration::from_secs_f64(number as f64 / rate);
    let ids: Vec<Uuid> = (0..posts).map(|_| Uuid::new_v4()).collect();
    let stack = &running.stack;
    let sends = futures_util::future::join_all((0..posts).map(|number| {
        let (place, id) = (&running.places[number % ROOMS], ids[number]);
        async move {
            sleep_until(meant(number)).await;
            stack.post(place, number % 2, id).await.is_ok_and(|answered| answered.is_stored())
        }
    }));
    let until = meant(posts) + LATE;
    let stored = timeout_at(until, sends).await;
    let mut waiting: HashMap<String, Instant> =
        ids.iter().enumerate().map(|(number, id)| (id.to_string(), meant(number))).collect();
    let mut times = Vec::with_capacity(posts);
    while !waiting.is_empty() {
        let Ok(Some(heard)) = timeout_at(until, running.feed.heard.recv()).await else { break };
        if let What::Message { client_id, .. } = heard.what
            && let Some(meant) = waiting.remove(&client_id)
        {
            times.push(millis(heard.at.saturating_duration_since(meant.into_std())));
        }
    }
    // Who was not heard took longer than all.
    times.resize(posts, millis(LATE));
    let refused = stored.map_or(posts, |stored| stored.iter().filter(|stored| !**stored).count());
    let p99 = Figure::of_percentile(&[times], 99.0).map_or(f64::INFINITY, |figure| figure.median);
    Ok((p99, waiting.len().max(refused)))
}
