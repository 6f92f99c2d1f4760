//! What all stacks stand on.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{cores::Cores, folder, postgres, stack::Peer, synapse};
use crate::Failure;

/// Where programs and files are.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) programs: PathBuf,
    pub(super) scratch: PathBuf,
    pub(super) cores: Cores,
    /// The folder of PostgreSQL's programs.
    pub(super) postgres: Option<PathBuf>,
    /// The Python that has synapse.
    pub(super) synapse: Option<PathBuf>,
    /// How far the store is, where stacks can be told so.
    pub(super) store_ms: Option<u64>,
    /// A folder that holds something already, where stacks can be told so.
    pub(super) prepared: Option<PathBuf>,
    /// Something between stacks and their relay.
    pub(super) relay: Option<RelayBehindGate>,
    /// How many folders were made.
    pub(super) made: Arc<AtomicUsize>,
}

/// A relay, and what stands before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelayBehindGate {
    /// Where clients listen.
    pub(super) hub: SocketAddr,
    /// Where events are triggered.
    pub(super) gate: SocketAddr,
}

impl Ground {
    /// As this machine is.
    pub(super) fn new(programs: &Path, scratch: &Path) -> Self {
        Self {
            programs: programs.to_owned(),
            scratch: scratch.to_owned(),
            cores: Cores::share_out(),
            postgres: postgres::programs(),
            synapse: synapse::python(),
            store_ms: None,
            prepared: None,
            relay: None,
            made: Arc::default(),
        }
    }

    /// A new folder for data.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let folder = self.scratch.join(format!("{name}-{number}"));
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Where a store is: in memory alone, where it is said how far it is off.
    ///
    /// # Errors
    /// When a folder cannot be made.
    pub(super) fn data(&self, name: &str) -> Result<PathBuf, Failure> {
        match (self.store_ms, &self.prepared) {
            (Some(_), _) => Ok(":memory:".into()),
            (None, Some(prepared)) => Ok(prepared.clone()),
            (None, None) => self.folder(name),
        }
    }

    /// The peers that can be started here; says which cannot, and why.
    pub(super) fn peers(&self) -> Vec<Peer> {
        let mut peers = vec![Peer::Parlour];
        let node = said("node", &["--version"]).is_some();
        let has = |package: &str| folder(package).join("node_modules").exists();
        if !node {
            eprintln!("bench: no peers in Node: needs node 20 and npm (Debian: nodejs, npm)");
        } else if !has("socketio") || !has("node") {
            eprintln!("bench: no peers in Node: bin/bench installs their packages");
        } else if self.postgres.is_none() {
            eprintln!("bench: no socket.io: needs PostgreSQL (Debian: postgresql)");
        } else {
            peers.push(Peer::SocketIo);
        }
        peers.push(Peer::TextbookRust);
        if node && folder("node").join("dist/handler.cjs").exists() {
            peers.push(Peer::TextbookNode);
        }
        if self.synapse.is_some() {
            peers.push(Peer::Synapse);
        } else {
            eprintln!(
                "bench: no synapse: needs python3 with venv (Debian: python3-venv), by bin/bench"
            );
        }
        peers
    }

    /// What a peer is, with its versions.
    pub(super) fn describe(&self, peer: Peer) -> String {
        let node = || said("node", &["--version"]).unwrap_or_default();
        match peer {
            Peer::Parlour => {
                said_by(&self.programs.join("parlour"), &["--version"]).unwrap_or_default()
            }
            Peer::SocketIo => {
                let database = self.postgres.as_deref().map(postgres::version).unwrap_or_default();
                let (socket, express) =
                    (version("socketio", "socket.io"), version("socketio", "express"));
                let pg = version("socketio", "pg");
                format!(
                    "socket.io {socket}, Express {express}, pg {pg}, Node {}, {database}",
                    node()
                )
            }
            Peer::TextbookRust => {
                "aws-sdk-dynamodb, axum; the local program's store and hub".into()
            }
            Peer::TextbookNode => {
                let (sdk, pusher) =
                    (version("node", "@aws-sdk/client-dynamodb"), version("node", "pusher"));
                format!(
                    "AWS SDK {sdk}, pusher {pusher}, Node {}; the local program's store and hub",
                    node()
                )
            }
            Peer::Synapse => self.synapse.as_deref().and_then(synapse::version).unwrap_or_default(),
        }
    }
}

/// The version of an installed package.
fn version(peer: &str, package: &str) -> String {
    let path = folder(peer).join("node_modules").join(package).join("package.json");
    let about = fs::read(path)
        .ok()
        .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    about.and_then(|about| about["version"].as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    said_by(Path::new(program), arguments)
}

fn said_by(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
