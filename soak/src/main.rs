//! `soak`: the local program, for long, under faults, and whether all that it promised is true. `bin/soak` builds
//! everything and runs it; docs/proof.md says what is checked and how to read it.

mod api;
mod args;
mod memory;
mod message;
mod program;
mod room;
mod run;
mod sockets;
mod tally;
mod trouble;
mod verdict;
mod way;

use std::{error::Error, process::ExitCode};

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Args;

/// Anything that stops a run, as one line for the terminal.
type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let args = Args::parse();
    let _ = rlimit::increase_nofile_limit(rlimit::INFINITY);
    let outcome = tokio::select! {
        outcome = run::run(&args) => outcome,
        told = told_to_stop() => told,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("soak: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C or SIGTERM: ending here, and not in the system's handler, ends the processes too
/// and removes the files.
async fn told_to_stop() -> Result<bool, Failure> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Err("interrupted, without a verdict".into())
}
