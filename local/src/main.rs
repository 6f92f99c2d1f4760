//! `parlour`: everything on one machine.

use std::process::ExitCode;

use clap::Parser as _;
use local::args::Args;
use mimalloc::MiMalloc;

/// A sixth of what a post takes here went into the system's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => {
            let text = error.to_string();
            let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            eprintln!("parlour: {what} (--help lists the options)");
            return ExitCode::from(2);
        }
    };
    match local::run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parlour: {error}");
            ExitCode::FAILURE
        }
    }
}
