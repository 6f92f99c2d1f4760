//! The same job in Node and in Python, as functions are written there: bench/peers/node and
//! bench/peers/python. `bin/bench` installs and bundles them.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::process::Recipe;
use crate::{
    Failure, package,
    peers::{folder, textbook},
};

/// One of them.
pub(super) struct Rival {
    /// What it is, with its version.
    pub(super) name: String,
    /// Its first word.
    pub(super) short: &'static str,
    /// How it is started.
    pub(super) recipe: Recipe,
    /// The size of what is uploaded, in MB.
    pub(super) zip: Option<f64>,
    /// How many times as long it shall take to be ready, at least.
    pub(super) slower: f64,
}

/// Those that can be started here, for a store and a relay; says which cannot, and why.
///
/// # Errors
/// When what is there cannot be read.
pub(super) fn at_hand(
    store: SocketAddr,
    relay: u16,
    scratch: &Path,
) -> Result<Vec<Rival>, Failure> {
    let environment = textbook::environment(store, relay);
    let found = [node(&environment, scratch)?, python(&environment, scratch)?];
    Ok(found.into_iter().flatten().collect())
}

fn node(environment: &BTreeMap<String, String>, scratch: &Path) -> Result<Option<Rival>, Failure> {
    let peer = folder("node");
    let bundle = peer.join("dist/handler.cjs");
    let (Some(program), true) = (found("node"), bundle.exists()) else {
        eprintln!(
            "bench: no Node handler: needs node 20 and npm (Debian: nodejs, npm), by bin/bench"
        );
        return Ok(None);
    };
    let staged = scratch.join("node-package");
    fs::create_dir_all(&staged)?;
    fs::copy(&bundle, staged.join("handler.cjs"))?;
    let version = said(&program, &["--version"]);
    Ok(Some(Rival {
        name: format!("Node {version}, AWS SDK v3, pusher; bundled by esbuild"),
        short: "Node",
        zip: package::zipped_folder(&staged, scratch)?,
        recipe: Recipe {
            command: vec![program, peer.join("runtime.mjs"), bundle],
            environment: environment.clone(),
            made_by: "bin/bench",
        },
        slower: 25.0,
    }))
}

fn python(
    environment: &BTreeMap<String, String>,
    scratch: &Path,
) -> Result<Option<Rival>, Failure> {
    let (peer, packages) = (folder("python"), folder("../../.tools/peers-python"));
    let (Some(program), true) = (found("python3"), packages.join("boto3").exists()) else {
        eprintln!(
            "bench: no Python handler: needs python3 and pip (Debian: python3-pip), by bin/bench"
        );
        return Ok(None);
    };
    let mut environment = environment.clone();
    environment.insert("PYTHONPATH".into(), packages.display().to_string());
    let version = said(&program, &["--version"]);
    Ok(Some(Rival {
        name: format!("{version}, boto3, pusher"),
        short: "Python",
        zip: package::zipped_folder(&packages, scratch)?,
        recipe: Recipe {
            command: vec![program, peer.join("runtime.py")],
            environment,
            made_by: "bin/bench",
        },
        slower: 45.0,
    }))
}

/// Where a program really is: a shim of a version manager would be started first, and be counted.
fn found(program: &str) -> Option<PathBuf> {
    let ask = match program {
        "node" => "process.stdout.write(process.execPath)",
        _ => "import sys; sys.stdout.write(sys.executable)",
    };
    let option = if program == "node" { "-e" } else { "-c" };
    let path = said(Path::new(program), &[option, ask]);
    (!path.is_empty()).then(|| PathBuf::from(path))
}

fn said(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
