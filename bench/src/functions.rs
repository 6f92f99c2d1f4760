//! The functions as they are deployed, each a process of its own: store and relay are the local
//! program's, over the network.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    process::{Child, Command},
    time::sleep,
};
use uuid::Uuid;

use crate::{
    Failure,
    args::Budget,
    emulator::Emulator,
    package, process,
    program::{Program, Store},
    report::{Report, Unit},
    stats::{Figure, millis},
};

/// The goals.
const READY_MS: f64 = 8.0;
const PEAK_MB: f64 = 12.0;
const ZIP_MB: f64 = 3.5;

/// What the functions need to know; the ports in it are replaced.
const ENVIRONMENT: &str = include_str!("../../infra/local.env");
const CREATE_MESSAGE: &str = include_str!("../../events/create_message.json");
const AUTHORIZE_CHANNEL: &str = include_str!("../../events/authorize_channel.json");
/// The room that events name, which does not exist.
const NO_ROOM: &str = "00000000-0000-8100-8000-000000000000";

/// After this long a function that has asked for its first event does nothing but wait.
const AT_REST: Duration = Duration::from_millis(5);

/// A function and an event to send to it.
struct Case {
    name: &'static str,
    operation: &'static str,
    event: &'static str,
    status: u16,
}

const CASES: [Case; 2] = [
    Case { name: "chat", operation: "create_message", event: CREATE_MESSAGE, status: 201 },
    Case {
        name: "realtime",
        operation: "authorize_channel",
        event: AUTHORIZE_CHANNEL,
        status: 200,
    },
];

/// Measures everything about the functions.
///
/// # Errors
/// When one does not do what it should, however slowly.
pub(crate) async fn measure(
    programs: &Path,
    functions: &Path,
    scratch: &Path,
    budget: &Budget,
    report: &mut Report,
) -> Result<(), Failure> {
    let store = free_address()?;
    let program = Program::start(programs, &Store::Memory, Some(store)).await?;
    let environment = environment(store, program.port)?;
    // Whom the events' token names.
    let room = program.site.user("alice").await?.opens_direct("bob").await?.id;
    for case in &CASES {
        eprintln!("bench: function {}", case.name);
        report.group(&format!("function {}, a process of its own", case.name));
        let path = functions.join(case.name);
        let of = |event: &str| about(event, &room);

        let mut starts = Starts::default();
        for start in 0..=budget.starts {
            let function = Function::start(&path, &environment).await?;
            let first = function.take_first(&of(case.event)?, case.status).await?;
            // The first is not counted.
            if start > 0 {
                starts.add(&first);
            }
        }
        let Starts { ready, cpu, first, memory } = &starts;
        let ready = Figure::of(ready);
        report.add_with_goal("start to ready, wall time", Unit::Ms, ready, READY_MS);
        report.add("start to ready, CPU time", Unit::Ms, Figure::of(cpu));
        report.add(format!("first answer ({})", case.operation), Unit::Ms, Figure::of(first));

        let mut function = Function::start(&path, &environment).await?;
        let mut runs = Vec::new();
        for round in 0..=budget.rounds {
            let mut times = Vec::with_capacity(budget.posts);
            for _ in 0..budget.posts {
                times.push(function.answer(of(case.event)?, case.status).await?);
            }
            // The first run is for warming up.
            if round > 0 {
                runs.push(times);
            }
        }
        let title = |percent| format!("warm answer ({}), {percent}", case.operation);
        report.add(title("p50"), Unit::Ms, Figure::of_percentile(&runs, 50.0));
        report.add(title("p99"), Unit::Ms, Figure::of_percentile(&runs, 99.0));
        report.add("peak memory after the first answer", Unit::Mb, Figure::of(memory));
        let peak = process::peak_memory(function.pid).and_then(|peak| Figure::of(&[peak]));
        report.add_with_goal("peak memory after these answers", Unit::Mb, peak, PEAK_MB);
        report.note_late(function.late);
        function.stop().await?;

        report.add("size of the program", Unit::Mb, Figure::of(&[package::size(&path)?]));
        let zipped = package::zipped_size(&path, scratch)?.and_then(|size| Figure::of(&[size]));
        report.add_with_goal("size of its zip file", Unit::Mb, zipped, ZIP_MB);
    }
    program.stop().await
}

/// What was measured at each start.
#[derive(Default)]
struct Starts {
    ready: Vec<f64>,
    cpu: Vec<f64>,
    first: Vec<f64>,
    memory: Vec<f64>,
}

/// What was measured at one start: times in ms, memory in MB.
struct First {
    ready: f64,
    cpu: Option<f64>,
    answer: f64,
    memory: Option<f64>,
}

impl Starts {
    fn add(&mut self, first: &First) {
        self.ready.push(first.ready);
        self.cpu.extend(first.cpu);
        self.first.push(first.answer);
        self.memory.extend(first.memory);
    }
}

/// A running function that waits for an event. Dropping it ends it.
struct Function {
    child: Child,
    pid: u32,
    api: Emulator,
    ready_after: Duration,
    /// How many posts' events the relay did not take in time.
    late: usize,
}

impl Function {
    /// Starts it, and waits until it asks for its first event.
    async fn start(path: &Path, environment: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let mut api = Emulator::start().await?;
        let mut command = Command::new(path);
        command
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let began = Instant::now();
        let mut child = command.spawn().map_err(|cause| {
            let path = path.display();
            format!("cannot start {path} (cargo build --release -p chat -p realtime): {cause}")
        })?;
        let ready_after = tokio::select! {
            asked = api.asked() => asked? - began,
            ended = child.wait() => {
                return Err(format!("{} has ended at its start, {}", path.display(), ended?).into());
            }
        };
        let pid = child.id().ok_or("the function has ended")?;
        Ok(Self { child, pid, api, ready_after, late: 0 })
    }

    /// Answers its first event, and ends.
    async fn take_first(mut self, event: &str, status: u16) -> Result<First, Failure> {
        sleep(AT_REST).await;
        let cpu = process::threads_cpu_seconds(self.pid).map(|seconds| seconds * 1000.0);
        let ready = millis(self.ready_after);
        let answer = self.answer(event.to_owned(), status).await?;
        let memory = process::peak_memory(self.pid);
        self.stop().await?;
        Ok(First { ready, cpu, answer, memory })
    }

    /// From handing it an event to its answer, in ms; then waits until it asks for the next.
    async fn answer(&mut self, event: String, status: u16) -> Result<f64, Failure> {
        let began = Instant::now();
        let (answered, body) = self.api.invoke(event, status).await?;
        self.late += usize::from(body["delivered"] == false);
        self.api.asked().await?;
        Ok(millis(answered - began))
    }

    async fn stop(mut self) -> Result<(), Failure> {
        self.child.kill().await?;
        Ok(())
    }
}

/// An address that nobody listens at.
fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// `infra/local.env`, with this run's ports.
fn environment(store: SocketAddr, relay: u16) -> Result<BTreeMap<String, String>, Failure> {
    let lines = ENVIRONMENT.lines().filter(|line| !line.starts_with('#'));
    let mut environment: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in [
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{store}")),
        ("PARLOUR_RELAY_HOST", "127.0.0.1".to_owned()),
        ("PARLOUR_RELAY_PORT", relay.to_string()),
    ] {
        if environment.insert(name.to_owned(), value).is_none() {
            return Err(format!("infra/local.env no longer sets {name}").into());
        }
    }
    Ok(environment)
}

/// The event with a real room in place of the one that does not exist, and, if it posts, a client id
/// of its own.
fn about(event: &str, room: &str) -> Result<String, Failure> {
    let mut event: Value = serde_json::from_str(&event.replace(NO_ROOM, room))?;
    let body = event["body"].as_str().unwrap_or_default();
    if let Ok(mut message @ Value::Object(_)) = serde_json::from_str(body) {
        message["client_id"] = json!(Uuid::new_v4());
        event["body"] = json!(message.to_string());
    }
    Ok(event.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_the_room_and_post_something_new() {
        let room = "11111111-1111-8100-8000-111111111111";
        let [one, other] = [(); 2].map(|()| about(CREATE_MESSAGE, room).unwrap());
        assert!(one.contains(room) && !one.contains(NO_ROOM));
        assert_ne!(one, other);
        let authorize = about(AUTHORIZE_CHANNEL, room).unwrap();
        assert!(authorize.contains(&format!("channel_name=private-room-{room}")));
    }

    #[test]
    fn the_environment_has_this_runs_ports() {
        let environment = environment("127.0.0.1:8123".parse().unwrap(), 3123).unwrap();
        assert_eq!(environment["AWS_ENDPOINT_URL_DYNAMODB"], "http://127.0.0.1:8123");
        assert_eq!(environment["PARLOUR_RELAY_PORT"], "3123");
        assert_eq!(environment["PARLOUR_TABLE"], "parlour");
    }
}
