//! The same work by Parlour and by its peers: programs as they are, on this machine, with durability on and
//! alike. Each stack has one core and the load another, where there are two.

mod app;
mod closed;
mod costs;
mod cores;
mod crowd;
mod distant;
mod faults;
mod feed;
mod findings;
mod gate;
mod ground;
mod lists;
mod matrix;
mod open;
mod postgres;
mod running;
mod serve;
mod stack;
mod synapse;
pub(crate) mod textbook;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

use self::{findings::Findings, ground::Ground, running::Running, stack::Peer};
pub(crate) use self::serve::{Serve, options as local_options};
use crate::{Failure, args::Budget, report::Report};

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
}

/// Measures everybody.
///
/// # Errors
/// When one does not do what it should, however slowly.
pub(crate) async fn measure(
    programs: &Path,
    scratch: &Path,
    budget: &Budget,
    report: &mut Report,
) -> Result<Vec<String>, Failure> {
    let mut ground = Ground::new(programs, scratch);
    let mut findings = Findings::default();
    let peers = ground.peers();
    let mut all = Vec::new();
    for peer in &peers {
        all.push(Running::start(*peer, &ground, open::ROOMS).await?);
    }
    closed::measure(&mut all, budget, &mut findings).await?;
    open::measure(&mut all, budget, &mut findings).await?;
    drop(all);
    crowd::measure(&mut ground, budget, &mut findings).await?;
    lists::measure(&ground, &peers, budget, &mut findings).await?;
    faults::measure(&mut ground, &peers, budget, &mut findings).await?;
    ground.cores.take_all();
    costs::measure(&mut findings).await?;
    findings.report(report);
    let mut environment = vec![ground.cores.describe().to_owned()];
    environment.extend(peers.iter().map(|peer| format!("{}: {}", peer.name(), ground.describe(*peer))));
    Ok(environment)
}
