//! The local program as a process: started on a port, killed, and started again on the same data.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::Failure;

/// Longer than a start takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a process is started, each time the same.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) program: PathBuf,
    pub(crate) port: u16,
    /// The folder of its data, or `:memory:`.
    pub(crate) data: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) settings: Vec<(&'static str, String)>,
}

/// A running process. Dropping it ends it.
pub(crate) struct Program {
    child: Child,
    /// What it says; it must not find that closed.
    _says: Lines<BufReader<ChildStdout>>,
}

impl Recipe {
    /// Starts it, and waits until it says that it listens.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn start(&self) -> Result<Program, Failure> {
        let mut command = Command::new(&self.program);
        command.arg("--listen").arg(self.address().to_string()).arg("--data").arg(&self.data);
        command.args(&self.arguments).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|cause| format!("cannot start {}: {cause}", self.program.display()))?;
        let mut says = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let line = timeout(PATIENCE, says.next_line()).await;
        let line = line.map_err(|_| "the program does not say where it listens")??;
        match line {
            Some(line) if line.contains("listening on") => Ok(Program { child, _says: says }),
            other => Err(format!("the program ended at its start: {other:?}").into()),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

impl Program {
    /// The process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it had ended already.
    pub(crate) async fn kill(mut self) -> Result<(), Failure> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("the program has ended by itself, {status}").into());
        }
        self.child.kill().await?;
        Ok(())
    }
}

/// A port that is free now.
///
/// # Errors
/// When there is none.
pub(crate) fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The file of the local program in a folder.
///
/// # Errors
/// When it is not there.
pub(crate) fn parlour_in(folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join(format!("parlour{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() { Ok(path) } else { Err(format!("{} is missing", path.display()).into()) }
}
