//! The hub: how soon an event is heard, how many go through, what a socket costs, and that one who does not read
//! costs nobody else anything. Everything that the hub can do besides is switched on.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, task::JoinSet, time::timeout};

use crate::{
    Failure, PATIENCE,
    args::Budget,
    hub::{audience::Audience, caller::Caller},
    process,
    program::{Program, Store},
    report::{Report, Unit},
    stats::{Figure, millis},
};

mod audience;
mod caller;

/// The channel of everybody.
const CHANNEL: &str = "presence-bench";
/// What a message of a chat has, more or less.
const DATA: usize = 400;
/// The most that an event may have.
const LARGE: usize = 10_240;
/// How many listen at most.
const CROWD: usize = 100;
/// How many sockets each of them has there: a presence channel has no more members.
const SOCKETS_EACH: usize = 2;
/// What a process opens besides the sockets of a crowd.
const SPARE_FILES: usize = 200;
/// How many calls are made at the same time.
const CALLERS: usize = 16;

/// Measures everything about the hub.
///
/// # Errors
/// When it does not do what it should, however slowly.
pub(crate) async fn measure(
    programs: &Path,
    budget: &Budget,
    report: &mut Report,
) -> Result<(), Failure> {
    eprintln!("bench: hub");
    report.group("hub, with webhooks and counts");
    let hooks = Hooks::listen().await?;
    let options = ["--subscription-counts", "--webhooks", hooks.url.as_str()];
    let program = Program::start_with(programs, &Store::Memory, &options).await?;
    idle(&program, budget, report).await?;
    for users in [1, CROWD] {
        with_audience(&program, users, budget, report).await?;
    }
    program.stop().await?;
    // A new one, so that what it takes for this can be told from what it took before.
    let program = Program::start_with(programs, &Store::Memory, &options).await?;
    slow_reader(&program, budget, report).await?;
    program.stop().await
}

/// Somebody who takes webhooks and looks at none.
struct Hooks {
    url: String,
    _server: JoinSet<()>,
}

impl Hooks {
    async fn listen() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let mut server = JoinSet::new();
        server.spawn(async move {
            let router = axum::Router::new().fallback(|| async {});
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, _server: server })
    }
}

/// What sockets cost that are subscribed and hear nothing.
#[allow(clippy::cast_precision_loss, reason = "a few thousand sockets")]
async fn idle(program: &Program, budget: &Budget, report: &mut Report) -> Result<(), Failure> {
    // The first ones make the program ready for more.
    let warm = Audience::on_public(program, "bench-warm", 100).await?;
    let before = program.memory();
    let files = usize::try_from(rlimit::increase_nofile_limit(rlimit::INFINITY)?)?;
    let count = budget.sockets.min(files.saturating_sub(SPARE_FILES));
    let crowd = Audience::on_public(program, "bench-idle", count).await?;
    let after = program.memory();
    let each =
        before.zip(after).map(|(before, after)| (after - before) * 1000.0 / crowd.len() as f64);
    let title = format!("memory of each of {} idle sockets", crowd.len());
    report.add(title, Unit::Kb, each.and_then(|each| Figure::of(&[each])));
    drop((warm, crowd));
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a few thousand events")]
async fn with_audience(
    program: &Program,
    users: usize,
    budget: &Budget,
    report: &mut Report,
) -> Result<(), Failure> {
    let sockets = if users == 1 { 1 } else { SOCKETS_EACH };
    let mut audience = Audience::on_presence(program, CHANNEL, users, sockets).await?;
    let who = match audience.len() {
        1 => "1 subscriber".to_owned(),
        many => format!("{many} subscribers"),
    };
    let publishes = if users == 1 { budget.publishes } else { budget.publishes / 10 };

    let mut runs = Vec::new();
    let mut caller = Caller::connect(program.port).await?;
    for round in 0..=budget.rounds {
        let mut times = Vec::with_capacity(publishes);
        for _ in 0..publishes {
            let began = Instant::now();
            caller.publishes(CHANNEL, DATA).await?;
            audience.all_heard(1).await?;
            times.push(millis(began.elapsed()));
        }
        if round > 0 {
            runs.push(times);
        }
    }
    for percent in [50.0, 99.0] {
        let title = format!("published to heard by all, {who}, p{percent:.0}");
        report.add(title, Unit::Ms, Figure::of_percentile(&runs, percent));
    }
    for callers in [1, CALLERS] {
        let (mut rates, mut costs) = (Vec::new(), Vec::new());
        for round in 0..=budget.rounds {
            let before = program.cpu_seconds();
            let rate = rate(program, &mut audience, callers, publishes).await?;
            if round > 0 {
                rates.push(rate);
                let cost = before.zip(program.cpu_seconds()).map(|(before, after)| after - before);
                costs.extend(cost.map(|cost| cost * 1000.0 / publishes as f64));
            }
        }
        let title = format!("published, {who}, {callers} in flight");
        report.add(title, Unit::PerSecond, Figure::of(&rates));
        let title = format!("CPU time of 1,000 of these, {who}, {callers} in flight");
        report.add(title, Unit::CpuSeconds, Figure::of(&costs));
    }
    Ok(())
}

/// How many are published in a second, until all have heard all of them.
#[allow(clippy::cast_precision_loss, reason = "a few thousand events")]
async fn rate(
    program: &Program,
    audience: &mut Audience,
    callers: usize,
    publishes: usize,
) -> Result<f64, Failure> {
    let mut connected = Vec::new();
    for _ in 0..callers {
        connected.push(Caller::connect(program.port).await?);
    }
    let each = publishes / callers;
    let mut tasks: JoinSet<Result<(), Failure>> = JoinSet::new();
    let began = Instant::now();
    for mut caller in connected {
        tasks.spawn(async move {
            for _ in 0..each {
                caller.publishes(CHANNEL, DATA).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    audience.all_heard(each * callers).await?;
    Ok((each * callers) as f64 / began.elapsed().as_secs_f64())
}

/// Large events to one who reads, without and with somebody who does not.
async fn slow_reader(
    program: &Program,
    budget: &Budget,
    report: &mut Report,
) -> Result<(), Failure> {
    let title = "10 KB published to heard";
    let channel = "bench-slow";
    let mut reader = Audience::on_public(program, channel, 1).await?;
    let mut caller = Caller::connect(program.port).await?;
    let before = program.memory();
    for (who, slow) in [("", false), (", beside one who does not read", true)] {
        let mut runs = Vec::new();
        let mut ended = Vec::new();
        for _ in 0..budget.rounds {
            let deaf = if slow { Some(Audience::deaf(program, channel).await?) } else { None };
            let mut times = Vec::new();
            for _ in 0..budget.large {
                let began = Instant::now();
                caller.publishes(channel, LARGE).await?;
                reader.all_heard(1).await?;
                times.push(millis(began.elapsed()));
            }
            runs.push(times);
            if let Some(deaf) = deaf {
                ended.push(timeout(PATIENCE, deaf.cut_off()).await??);
            }
        }
        for percent in [50.0, 99.0] {
            let title = format!("{title}{who}, p{percent:.0}");
            report.add(title, Unit::Ms, Figure::of_percentile(&runs, percent));
        }
        if ended.iter().any(|code| *code != 4100) {
            return Err(format!("who does not read was not cut off: {ended:?}").into());
        }
    }
    let more = before.zip(program.peak_memory()).map(|(before, peak)| peak - before);
    let title = "memory for all of this, one who does not read included, at most";
    report.add(title, Unit::Mb, more.and_then(|more| Figure::of(&[more])));
    Ok(())
}

impl Program {
    /// The memory that it has now, in MB.
    fn memory(&self) -> Option<f64> {
        // What was freed just now is given back a little later, if at all.
        std::thread::sleep(Duration::from_millis(50));
        process::memory(self.pid())
    }
}
