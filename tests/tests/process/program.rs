//! The local program, as a person starts it.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use tests::{PATIENCE, Site};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// A folder of a test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("parlour-test-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).expect("a new folder for temporary files");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program's file, built beside this test.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let binary = folder.join(format!("parlour{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is missing: build it first: cargo build --bins, or run bin/test",
        binary.display()
    );
    binary
}

fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs the program, which must end by itself.
pub(crate) async fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    let output = timeout(PATIENCE, command(arguments).output()).await;
    output.expect("the program should have ended").expect("the program can be run")
}

/// Runs the program with settings in its environment; it must end by itself.
pub(crate) async fn run_with<A: AsRef<OsStr>>(
    settings: &[(&str, &str)],
    arguments: impl IntoIterator<Item = A>,
) -> Output {
    let mut command = command(arguments);
    let output = timeout(PATIENCE, command.envs(settings.iter().copied()).output()).await;
    output.expect("the program should have ended").expect("the program can be run")
}

/// The program, running.
pub(crate) struct Program {
    child: Child,
    pub(crate) site: Site,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// What it has to complain of, until it ends.
    complaints: JoinHandle<Vec<String>>,
}

impl Program {
    /// Starts it on a free port, its data in a folder.
    pub(crate) async fn start(data: &Path) -> Self {
        Self::start_at("127.0.0.1:0", data).await
    }

    /// Starts it at an address.
    pub(crate) async fn start_at(listen: &str, data: &Path) -> Self {
        Self::start_with(listen, data, []).await
    }

    /// Starts it at an address, with further arguments.
    pub(crate) async fn start_with<const N: usize>(
        listen: &str,
        data: &Path,
        more: [&str; N],
    ) -> Self {
        let arguments = [OsStr::new("--listen"), listen.as_ref(), "--data".as_ref(), data.as_ref()];
        Self::run(&mut command(arguments.into_iter().chain(more.map(OsStr::new)))).await
    }

    /// Starts it on a free port without data, with settings in its environment.
    pub(crate) async fn start_set(settings: &[(&str, &str)]) -> Self {
        Self::start_set_at("127.0.0.1:0", settings).await
    }

    /// Starts it at an address without data, with settings in its environment.
    pub(crate) async fn start_set_at(listen: &str, settings: &[(&str, &str)]) -> Self {
        let arguments = ["--listen", listen, "--data", ":memory:"];
        Self::run(command(arguments).envs(settings.iter().copied())).await
    }

    async fn run(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it can be run");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let complaints = tokio::spawn(async move {
            let mut lines = Vec::new();
            while let Ok(Some(line)) = said.next_line().await {
                eprintln!("{line}");
                lines.push(line);
            }
            lines
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = timeout(PATIENCE, lines.next_line()).await.expect("a first line");
        let first = first.expect("text").expect("a line before it ends");
        let address = first
            .strip_prefix("Parlour is listening on http://")
            .unwrap_or_else(|| panic!("not where it listens: {first:?}"))
            .trim_end()
            .to_owned();
        // Whatever else it says is read, or it would wait for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        // An address to listen at everywhere is none to connect to.
        let base = format!("http://{}", address.replace("0.0.0.0", "127.0.0.1"));
        Self { child, site: Site::at(base), address, complaints }
    }

    /// Ends it; what it had to complain of.
    pub(crate) async fn complaints(mut self) -> Vec<String> {
        self.child.start_kill().expect("a running program");
        timeout(PATIENCE, self.complaints).await.expect("an end").expect("lines")
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().expect("a running program");
        timeout(PATIENCE, self.child.wait()).await.expect("an end").expect("a status");
    }

    /// Asks it to end, as `kill` and a shutdown do.
    pub(crate) async fn terminate(self) -> ExitStatus {
        self.ended_by("TERM").await
    }

    /// Sends it a signal that it ends by.
    pub(crate) async fn ended_by(mut self, signal: &str) -> ExitStatus {
        let id = self.child.id().expect("a running program").to_string();
        let kill = Command::new("kill").args(["-s", signal, &id]).status().await;
        assert!(kill.expect("kill can be run").success());
        timeout(PATIENCE, self.child.wait()).await.expect("an end").expect("a status")
    }
}

/// Waits until the site answers.
pub(crate) async fn is_up(site: &Site) {
    let ready = async {
        let request = || site.anonymous().request(reqwest::Method::GET, "/healthz");
        while !tests::Answer::to(request()).await.is_ok_and(|answer| answer.status == 200) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, ready).await.expect("the site should be up again");
}
