//! A program of a stack: it can be killed, and started again at the same address.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::sleep,
};

use super::cores::Cores;
use crate::{Failure, PATIENCE, process};

/// How it is started.
#[derive(Clone, Debug, Default)]
pub(super) struct Launch {
    pub(super) name: String,
    pub(super) command: Vec<OsString>,
    pub(super) environment: BTreeMap<String, String>,
    /// Where it answers once it is ready.
    pub(super) address: Option<SocketAddr>,
    /// Where it says what it has to say, if anywhere.
    pub(super) log: Option<PathBuf>,
}

/// The running program. Dropping it ends it.
pub(super) struct App {
    launch: Launch,
    cores: Cores,
    child: Child,
    pid: u32,
    /// The CPU time of those that were killed before, in seconds.
    ended: f64,
}

impl App {
    /// Starts it, and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not.
    pub(super) async fn start(launch: Launch, cores: Cores) -> Result<Self, Failure> {
        let (child, pid) = spawn(&launch, cores)?;
        let mut app = Self { launch, cores, child, pid, ended: 0.0 };
        app.is_ready().await?;
        Ok(app)
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub(super) async fn kill(&mut self) -> Result<(), Failure> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("{} has ended by itself, {status}", self.launch.name).into());
        }
        self.ended += process::tree_cpu_seconds(self.pid).unwrap_or_default();
        self.child.kill().await?;
        Ok(())
    }

    /// Starts it again, where it was.
    ///
    /// # Errors
    /// When it does not take connections.
    pub(super) async fn start_again(&mut self) -> Result<(), Failure> {
        (self.child, self.pid) = spawn(&self.launch, self.cores)?;
        self.is_ready().await
    }

    /// The CPU time that it and its children took so far, in seconds.
    pub(super) fn cpu_seconds(&self) -> f64 {
        self.ended + process::tree_cpu_seconds(self.pid).unwrap_or_default()
    }

    async fn is_ready(&mut self) -> Result<(), Failure> {
        let Some(address) = self.launch.address else { return Ok(()) };
        let name = &self.launch.name;
        let began = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                let log = self.launch.log.as_ref().map(|log| format!(", see {}", log.display()));
                return Err(format!("{name} has ended, {status}{}", log.unwrap_or_default()).into());
            }
            if began.elapsed() > PATIENCE * 3 {
                return Err(format!("{name} does not answer at {address}").into());
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

fn spawn(launch: &Launch, cores: Cores) -> Result<(Child, u32), Failure> {
    let mut command = Command::new("taskset");
    match cores.stack() {
        Some(core) => command.args(["--cpu-list", core]).args(&launch.command),
        None => {
            command = Command::new(&launch.command[0]);
            command.args(&launch.command[1..])
        }
    };
    let output = match &launch.log {
        Some(log) => Stdio::from(std::fs::File::options().create(true).append(true).open(log)?),
        None => Stdio::null(),
    };
    let errors = match &launch.log {
        Some(log) => Stdio::from(std::fs::File::options().create(true).append(true).open(log)?),
        None => Stdio::null(),
    };
    command.envs(&launch.environment).stdin(Stdio::null()).stdout(output).stderr(errors);
    let child = command.kill_on_drop(true).spawn();
    let child = child.map_err(|cause| format!("cannot start {}: {cause}", launch.name))?;
    let pid = child.id().ok_or("it has ended at once")?;
    Ok((child, pid))
}
