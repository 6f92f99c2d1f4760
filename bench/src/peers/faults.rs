//! W5: the relay hangs for five seconds, and the program that answers is killed in the middle of the load.
//! Clients do what is safe where they cannot know: they repeat a post under its client id until it is answered,
//! connect again, and fetch what they may have missed. What then is lost, doubled, out of order, or missed without
//! a sign of it?

mod verdict;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    time::{sleep, timeout},
};
use uuid::Uuid;

use self::verdict::{Post, Verdict, judge};
use super::{
    feed::Heard,
    findings::{Findings, Workload},
    gate::Gate,
    ground::{Ground, RelayBehindGate},
    running::Running,
    stack::{Door, Peer, Place},
};
use crate::{
    Failure,
    args::Budget,
    functions::free_address,
    report::{Goal, Unit},
    stats::{Figure, millis},
};

pub(super) const HANGS: Workload =
    Workload { id: "W5a", title: "the relay hangs for 5 s, under load of 8 who post" };
pub(super) const KILLED: Workload = Workload {
    id: "W5b",
    title: "the server is killed (kill -9) and started again, under load of 8 who post",
};

const ROOMS: usize = 4;
const WRITERS: usize = 8;
/// How long a writer waits between posts.
const PAUSE: Duration = Duration::from_millis(5);
/// How long it waits for an answer, before it posts again: as long as a Lambda function runs unless it is
/// told otherwise.
const CLIENT_PATIENCE: Duration = Duration::from_secs(3);
/// How long the relay hangs.
const HANGS_FOR: Duration = Duration::from_secs(5);
/// After so long nothing more is told: events that the relay did not take are sent every 10 s.
const QUIET: Duration = Duration::from_secs(14);
/// How long the program runs between kills, and is gone.
const BETWEEN_KILLS: Duration = Duration::from_millis(1_200);
const GONE: Duration = Duration::from_millis(200);

/// Measures everybody but those whose messages have no order of their own.
///
/// # Errors
/// When a stack does not work.
pub(super) async fn measure(
    ground: &mut Ground,
    peers: &[Peer],
    budget: &Budget,
    findings: &mut Findings,
) -> Result<(), Failure> {
    eprintln!("bench: {}: {}", HANGS.id, HANGS.title);
    for peer in peers.iter().copied() {
        // socket.io has no relay; synapse has no numbers to judge by.
        if matches!(peer, Peer::SocketIo | Peer::Synapse) {
            continue;
        }
        let hub = free_address()?;
        let gate = Gate::before(hub).await?;
        ground.relay = Some(RelayBehindGate { hub, gate: gate.address });
        let mut running = Running::start(peer, ground, ROOMS).await?;
        ground.relay = None;
        let (stop, stopped) = watch::channel(false);
        let load = load(running.stack.door.clone(), &running.places, stopped);
        let fault = async {
            sleep(Duration::from_secs(2)).await;
            gate.hold();
            sleep(HANGS_FOR).await;
            gate.open();
            sleep(Duration::from_secs(2)).await;
            stop.send_replace(true);
        };
        let (posts, ()) = tokio::join!(load, fault);
        let heard = drain(&mut running.feed.heard).await;
        let verdict = judge(&running.stack, &running.places, &posts, &heard).await?;
        report(&HANGS, peer, &posts, &verdict, findings);
    }
    eprintln!("bench: {}: {}", KILLED.id, KILLED.title);
    for peer in peers.iter().copied().filter(|peer| *peer != Peer::Synapse) {
        let mut running = Running::start(peer, ground, ROOMS).await?;
        let (posts, heard) = killed(&mut running, budget.kills).await?;
        let verdict = judge(&running.stack, &running.places, &posts, &heard).await?;
        report(&KILLED, peer, &posts, &verdict, findings);
    }
    Ok(())
}

async fn killed(running: &mut Running, kills: usize) -> Result<(Vec<Post>, Vec<Heard>), Failure> {
    let (stop, stopped) = watch::channel(false);
    let Running { stack, places, feed } = running;
    let load = load(stack.door.clone(), places, stopped);
    let fault = async {
        for _ in 0..kills {
            sleep(BETWEEN_KILLS).await;
            stack.app.kill().await?;
            sleep(GONE).await;
            stack.app.start_again().await?;
        }
        sleep(BETWEEN_KILLS).await;
        stop.send_replace(true);
        Ok::<(), Failure>(())
    };
    let (posts, fault) = tokio::join!(load, fault);
    fault?;
    let heard = drain(&mut feed.heard).await;
    Ok((posts, heard))
}

/// Everybody posts until told to stop; what was posted.
async fn load(door: Door, places: &[Place], stopped: watch::Receiver<bool>) -> Vec<Post> {
    let writers = (0..WRITERS).map(|writer| {
        let room = writer % ROOMS;
        writes(&door, &places[room], room, writer / ROOMS, stopped.clone())
    });
    join_all(writers).await.into_iter().flatten().collect()
}

/// One message after another, each repeated until it is answered.
async fn writes(
    door: &Door,
    place: &Place,
    room: usize,
    who: usize,
    stopped: watch::Receiver<bool>,
) -> Vec<Post> {
    let mut posts = Vec::new();
    while !*stopped.borrow() {
        let client_id = Uuid::new_v4();
        let began = Instant::now();
        let mut failures = 0;
        let answered = loop {
            match timeout(CLIENT_PATIENCE, door.post(place, who, client_id)).await {
                Ok(Ok(answered)) if answered.is_stored() => break Instant::now(),
                _ => failures += 1,
            }
            sleep(Duration::from_millis(100)).await;
        };
        posts.push(Post { room, client_id: client_id.to_string(), began, answered, failures });
        sleep(PAUSE).await;
    }
    posts
}

/// All that was heard, once nothing is told any more.
async fn drain(heard: &mut UnboundedReceiver<Heard>) -> Vec<Heard> {
    let (mut all, until) = (Vec::new(), tokio::time::Instant::now() + QUIET);
    while let Ok(Some(one)) = tokio::time::timeout_at(until, heard.recv()).await {
        all.push(one);
    }
    all
}

#[allow(clippy::cast_precision_loss, reason = "a few thousand posts")]
fn report(
    workload: &'static Workload,
    peer: Peer,
    posts: &[Post],
    verdict: &Verdict,
    findings: &mut Findings,
) {
    let longest = posts.iter().map(|post| millis(post.answered - post.began)).fold(0.0, f64::max);
    let failed: usize = posts.iter().map(|post| post.failures).sum();
    let one = |value: f64| Figure::of(&[value]);
    findings.add(workload, peer, "posts", Unit::Count, one(posts.len() as f64));
    findings.add(workload, peer, "longest post", Unit::Ms, one(longest));
    findings.add(workload, peer, "errors, or no answer", Unit::Count, one(failed as f64));
    let Verdict { lost, doubled, out_of_order, not_told, undetected } = *verdict;
    for (measure, count) in [
        ("lost", lost),
        ("doubled", doubled),
        ("out of order", out_of_order),
        ("never told", not_told),
        ("undetected", undetected),
    ] {
        findings.add(workload, peer, measure, Unit::Count, one(count as f64));
        if peer == Peer::Parlour && measure != "never told" {
            findings.with_goal(Goal::AtMost(0.0));
        }
    }
}
