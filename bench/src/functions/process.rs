//! A function as a process, and what is measured of it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    time::sleep,
};

use crate::{Failure, emulator::Emulator, process, stats::millis};

/// After this long a function that has asked for its first event does nothing but wait.
const AT_REST: Duration = Duration::from_millis(5);

/// How a function is started.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// The program, and what it is started with.
    pub(super) command: Vec<PathBuf>,
    /// All of its environment but what the runtime adds.
    pub(super) environment: BTreeMap<String, String>,
    /// What to do where the program is not there.
    pub(super) made_by: &'static str,
}

/// What was measured at each start.
#[derive(Default)]
pub(super) struct Starts {
    pub(super) ready: Vec<f64>,
    pub(super) cpu: Vec<f64>,
    pub(super) first: Vec<f64>,
    pub(super) memory: Vec<f64>,
}

/// What was measured at one start: times in ms, memory in MB.
pub(super) struct First {
    ready: f64,
    cpu: Option<f64>,
    answer: f64,
    memory: Option<f64>,
}

impl Starts {
    pub(super) fn add(&mut self, first: &First) {
        self.ready.push(first.ready);
        self.cpu.extend(first.cpu);
        self.first.push(first.answer);
        self.memory.extend(first.memory);
    }
}

/// A running function that waits for an event. Dropping it ends it.
pub(super) struct Function {
    child: Child,
    pub(super) pid: u32,
    api: Emulator,
    ready_after: Duration,
    /// How many posts' events the relay did not take in time.
    pub(super) late: usize,
}

impl Function {
    /// Starts it, and waits until it asks for its first event.
    ///
    /// # Errors
    /// When it does not.
    pub(super) async fn start(recipe: &Recipe) -> Result<Self, Failure> {
        let mut api = Emulator::start().await?;
        let mut command = Command::new(&recipe.command[0]);
        command
            .args(&recipe.command[1..])
            .env_clear()
            .envs(&recipe.environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let name = recipe.command[0].display();
        let began = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|cause| format!("cannot start {name} ({}): {cause}", recipe.made_by))?;
        let ready_after = tokio::select! {
            asked = api.asked() => asked? - began,
            ended = child.wait() => {
                return Err(format!("{name} has ended at its start, {}", ended?).into());
            }
        };
        let pid = child.id().ok_or("the function has ended")?;
        Ok(Self { child, pid, api, ready_after, late: 0 })
    }

    /// Answers its first event, and ends.
    ///
    /// # Errors
    /// When it answers anything but `status`, if there is one.
    pub(super) async fn take_first(
        mut self,
        event: &str,
        status: Option<u16>,
    ) -> Result<First, Failure> {
        sleep(AT_REST).await;
        let cpu = process::threads_cpu_seconds(self.pid).map(|seconds| seconds * 1000.0);
        let ready = millis(self.ready_after);
        let answer = self.answer(event.to_owned(), status).await?;
        let memory = process::peak_memory(self.pid);
        self.stop().await?;
        Ok(First { ready, cpu, answer, memory })
    }

    /// From handing it an event to its answer, in ms; then waits until it asks for the next.
    ///
    /// # Errors
    /// When it answers anything but `status`, if there is one.
    pub(super) async fn answer(
        &mut self,
        event: String,
        status: Option<u16>,
    ) -> Result<f64, Failure> {
        let began = Instant::now();
        let (answered, body) = self.api.invoke(event, status).await?;
        self.late += usize::from(body["delivered"] == false);
        self.api.asked().await?;
        Ok(millis(answered - began))
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// When it had ended.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.child.kill().await?;
        Ok(())
    }

    /// Asks it to end, and waits until it has: valgrind then writes what it counted.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn terminate(mut self) -> Result<(), Failure> {
        Command::new("kill").arg(self.pid.to_string()).status().await?;
        self.child.wait().await?;
        Ok(())
    }
}
