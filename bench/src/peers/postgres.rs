//! A PostgreSQL cluster of one's own, on loopback, with durability as it comes: every commit waits for the
//! disk.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::app::Launch;
use crate::Failure;

/// Where Debian keeps them, beside what is on the PATH.
const FOLDERS: &str = "/usr/lib/postgresql";

/// The folder of `initdb` and `postgres`, where there is one.
pub(super) fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH")?;
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    let versions = fs::read_dir(FOLDERS).into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// Its version.
pub(super) fn version(programs: &Path) -> String {
    let output = Command::new(programs.join("postgres")).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default().replace("postgres (PostgreSQL)", "PostgreSQL")
}

/// Makes a cluster in the folder, and says how it is started. It refuses to run as root, so then it runs
/// as the user `postgres`.
///
/// # Errors
/// When it cannot be made.
pub(super) fn prepare(
    programs: &Path,
    folder: &Path,
    address: SocketAddr,
) -> Result<Launch, Failure> {
    fs::create_dir_all(folder)?;
    let folder = fs::canonicalize(folder)?;
    let data = folder.join("data");
    let as_root = is_root();
    if as_root {
        done(Command::new("chown").arg("postgres").arg(&folder).output()?, "chown")?;
    }
    let run = |arguments: &[&str]| -> Vec<std::ffi::OsString> {
        let program = programs.join(arguments[0]).display().to_string();
        // Unlike `runuser` it becomes the server, which so ends when it is killed.
        let user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
        let user: &[&str] = if as_root { &user } else { &[] };
        let all =
            user.iter().copied().chain([program.as_str()]).chain(arguments[1..].iter().copied());
        all.map(Into::into).collect()
    };
    let data = data.display().to_string();
    let init = run(&[
        "initdb",
        "--pgdata",
        &data,
        "--username",
        "postgres",
        "--auth",
        "trust",
        "--no-sync",
    ]);
    done(Command::new(&init[0]).args(&init[1..]).current_dir(&folder).output()?, "initdb")?;
    let port = address.port().to_string();
    let sockets = format!("unix_socket_directories={}", folder.display());
    let command = run(&[
        "postgres",
        "-D",
        &data,
        "-p",
        &port,
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        &sockets,
        "-c",
        "fsync=on",
        "-c",
        "synchronous_commit=on",
        "-c",
        "full_page_writes=on",
    ]);
    Ok(Launch {
        name: "PostgreSQL".into(),
        command,
        address: Some(address),
        log: Some(folder.join("log")),
        ..Launch::default()
    })
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn done(output: Output, what: &str) -> Result<(), Failure> {
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
