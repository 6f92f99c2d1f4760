//! `bench`: measures what Parlour promises, prints a table and says against which goal. `bin/bench`
//! builds everything and runs it. A figure over its goal is no failure, since machines differ and
//! are busy; an error is.

mod args;
mod emulator;
mod functions;
mod hub;
mod inbox;
mod listener;
mod local;
mod machine;
mod package;
mod page;
mod peers;
mod process;
mod program;
mod report;
mod site;
mod stats;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser as _;
use mimalloc::MiMalloc;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    args::{Args, Part},
    machine::Usage,
    peers::Serve,
    report::Report,
};

/// As in the local program, beside which the peers in Rust run in this one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Anything that stops a measurement, as one line for the terminal.
type Failure = Box<dyn Error + Send + Sync>;

/// Far more than any single answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    // A stack that the benchmark itself starts.
    let outcome = if std::env::args().nth(1).is_some_and(|first| first == "serve") {
        serve(Serve::parse_from(std::env::args().skip(1)))
    } else {
        measure(Args::parse())
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

// One thread: the load must not take the core that the program needs.
#[tokio::main(flavor = "current_thread")]
async fn measure(args: Args) -> Result<(), Failure> {
    tokio::select! {
        outcome = run(&args) => outcome,
        told = told_to_stop() => told,
    }
}

#[tokio::main]
async fn serve(serve: Serve) -> Result<(), Failure> {
    serve.run().await
}

/// Waits for Ctrl-C or SIGTERM: ending here, and not in the system's handler, ends the processes too
/// and removes the files.
async fn told_to_stop() -> Result<(), Failure> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Err("interrupted".into())
}

async fn run(args: &Args) -> Result<(), Failure> {
    let (began, before) = (Instant::now(), Usage::now());
    let programs = args.programs()?;
    let budget = args.budget();
    let scratch = Scratch::new(&programs)?;
    let mut report = Report::default();
    let mut environment = vec![machine::describe(&programs)];
    if args.measures(Part::Local) {
        local::measure(&programs, &scratch.0, &budget, &mut report).await?;
    }
    if args.measures(Part::Hub) {
        hub::measure(&programs, &budget, &mut report).await?;
    }
    if args.measures(Part::Inbox) {
        inbox::measure(&programs, &scratch.0, &budget, &mut report).await?;
    }
    if args.measures(Part::Functions) {
        let functions = args.functions(&programs);
        functions::measure(&programs, &functions, &scratch.0, &budget, &mut report).await?;
        environment.push(format!("functions: {} profile", machine::profile(&functions)));
    }
    let mut beside_peers = None;
    if args.measures(Part::Peers) {
        let outcome = peers::measure(&programs, &scratch.0, args, &mut report).await?;
        environment.extend(outcome.environment.iter().cloned());
        beside_peers = Some(outcome);
    }
    if let (Some(before), Some(after)) = (before, Usage::now()) {
        environment.push(after.others_since(&before));
    }
    environment.push(format!("took {} s", began.elapsed().as_secs()));
    report.print(&environment);
    if let (Some(outcome), true) = (beside_peers, args.docs) {
        outcome.write_docs(&environment)?;
    }
    if args.docs && args.measures_only(Part::Functions) {
        page::write("functions", &report.markdown(&environment))?;
    }
    Ok(())
}

/// A folder for the programs' data, gone at the end. It lies beside what is built, so on the disk
/// that the project is on; a system's temporary folder may be in memory.
struct Scratch(PathBuf);

impl Scratch {
    fn new(programs: &Path) -> Result<Self, Failure> {
        let folder = programs.join(format!("bench-{}", std::process::id()));
        fs::create_dir_all(&folder)
            .map_err(|cause| format!("cannot write to {}: {cause}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
