//! The local program as a process.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{Failure, PATIENCE, process, site::Site};

/// Where the program keeps rooms and messages.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// Nowhere.
    Memory,
    /// In a folder, as it does by default.
    Disk(PathBuf),
    /// In a folder, and every write waits for the disk.
    PowerSafe(PathBuf),
}

/// The running program. Dropping it ends it.
pub(crate) struct Program {
    child: Child,
    pid: u32,
    /// What it says; it must not find that closed.
    _says: Lines<BufReader<ChildStdout>>,
    /// Where it answers.
    pub(crate) site: Site,
    /// Its port, for the API and for the relay.
    pub(crate) port: u16,
    /// From the start of the process to the first answer of `/healthz`.
    pub(crate) ready_after: Duration,
}

impl Program {
    /// Starts it on a free port, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn start(
        programs: &Path,
        store: &Store,
        dynamodb: Option<SocketAddr>,
    ) -> Result<Self, Failure> {
        let address = dynamodb.map(|address| address.to_string());
        let options: Vec<&str> =
            address.iter().flat_map(|address| ["--dynamodb", address]).collect();
        Self::start_with(programs, store, &options).await
    }

    /// The same, with options of its own.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn start_with(
        programs: &Path,
        store: &Store,
        options: &[&str],
    ) -> Result<Self, Failure> {
        let path = programs.join("parlour");
        let mut command = Command::new(&path);
        command.args(["--listen", "127.0.0.1:0", "--data"]);
        match store {
            Store::Memory => command.arg(":memory:"),
            Store::Disk(folder) => command.arg(folder),
            Store::PowerSafe(folder) => command.arg(folder).arg("--power-safe"),
        };
        command.args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let began = Instant::now();
        let mut child =
            command.spawn().map_err(|cause| format!("cannot start {}: {cause}", path.display()))?;
        let mut says = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let line = timeout(PATIENCE, says.next_line()).await;
        let line = line.map_err(|_| "parlour does not say where it listens")??;
        let line = line.ok_or("parlour has ended at its start")?;
        let (_, address) =
            line.split_once("http://").ok_or_else(|| format!("parlour says: {line}"))?;
        let address: SocketAddr = address.parse()?;
        let site = Site::at(address)?;
        site.is_ready().await?;
        let ready_after = began.elapsed();
        let pid = child.id().ok_or("parlour has ended")?;
        Ok(Self { child, pid, _says: says, site, port: address.port(), ready_after })
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The CPU time that it took so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        process::cpu_seconds(self.pid)
    }

    /// The most memory that it had so far, in MB.
    pub(crate) fn peak_memory(&self) -> Option<f64> {
        process::peak_memory(self.pid)
    }

    /// Ends it, as a crash would: nothing that it answered may depend on more.
    ///
    /// # Errors
    /// When it had ended already.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("parlour has ended by itself, {status}").into());
        }
        self.child.kill().await?;
        Ok(())
    }
}
