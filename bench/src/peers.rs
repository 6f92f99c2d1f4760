//! The same work by Parlour and by its peers: programs as they are, on this machine, with durability on and
//! alike. Each stack has one core and the load another, where there are two.

mod app;
mod closed;
mod cores;
mod costs;
mod crowd;
mod distant;
mod docs;
mod faults;
mod feed;
mod findings;
mod gate;
mod ground;
mod lists;
mod matrix;
mod open;
mod plot;
mod postgres;
mod running;
mod serve;
mod stack;
mod synapse;
pub(crate) mod textbook;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

pub(crate) use self::serve::{Serve, options as local_options};
use self::{findings::Findings, ground::Ground, running::Running, stack::Peer};
use crate::{
    Failure,
    args::{Args, Work},
    report::Report,
};

/// A folder beside the peers of this project.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/peers")).join(name)
}

impl Peer {
    /// As tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Parlour => "Parlour",
            Self::SocketIo => "socket.io + PostgreSQL",
            Self::TextbookRust => "textbook, Rust",
            Self::TextbookNode => "textbook, Node",
            Self::Synapse => "synapse",
        }
    }

    /// As plots show it.
    fn colour(self) -> &'static str {
        match self {
            Self::Parlour => "#2f6fde",
            Self::SocketIo => "#2e9e5b",
            Self::TextbookRust => "#d9822b",
            Self::TextbookNode => "#b9a03a",
            Self::Synapse => "#8a5fb5",
        }
    }
}

/// All that was found out, and on what.
pub(crate) struct Outcome {
    findings: Findings,
    /// Cores and versions.
    pub(crate) environment: Vec<String>,
}

impl Outcome {
    /// Writes tables and plots into docs/, with all that the figures were measured on.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn write_docs(&self, environment: &[String]) -> Result<(), Failure> {
        docs::write(&self.findings, environment)
    }
}

/// Measures everybody.
///
/// # Errors
/// When one does not do what it should, however slowly.
pub(crate) async fn measure(
    programs: &Path,
    scratch: &Path,
    args: &Args,
    report: &mut Report,
) -> Result<Outcome, Failure> {
    let budget = &args.budget();
    let mut ground = Ground::new(programs, scratch);
    let mut findings = Findings::default();
    let peers = ground.peers();
    if args.does(Work::W1) || args.does(Work::W2) {
        let mut all = Vec::new();
        for peer in &peers {
            all.push(Running::start(*peer, &ground, open::ROOMS).await?);
        }
        if args.does(Work::W1) {
            closed::measure(&mut all, budget, &mut findings).await?;
        }
        if args.does(Work::W2) {
            open::measure(&mut all, budget, &mut findings).await?;
        }
    }
    if args.does(Work::W3) {
        crowd::measure(&mut ground, budget, &mut findings).await?;
    }
    if args.does(Work::W4) {
        lists::measure(&ground, &peers, budget, &mut findings).await?;
    }
    if args.does(Work::W5) {
        faults::measure(&mut ground, &peers, budget, &mut findings).await?;
    }
    ground.cores.take_all();
    if args.does(Work::W6) {
        costs::measure(&mut findings).await?;
    }
    findings.report(report);
    let mut environment = vec![ground.cores.describe().to_owned()];
    environment
        .extend(peers.iter().map(|peer| format!("{}: {}", peer.name(), ground.describe(*peer))));
    Ok(Outcome { findings, environment })
}
