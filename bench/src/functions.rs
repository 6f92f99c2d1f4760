//! The functions as they are deployed, each a process of its own: store and relay are the local
//! program's, over the network. Beside `chat` two peers do the same job, start by start and answer by
//! answer in turn, so that whatever else the machine does slows down all.

mod environment;
mod instructions;
mod process;
mod rivals;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    path::Path,
};

use uuid::Uuid;

use self::{
    environment::{about, asking, environment},
    process::{Function, Recipe, Starts},
    rivals::Rival,
};
use crate::{
    Failure,
    args::Budget,
    package,
    peers::{textbook, wire::Dynamo},
    process as system,
    program::{Program, Store},
    report::{Report, Unit},
    stats::Figure,
};

/// The goals.
const READY_CPU_MS: f64 = 8.0;
const PEAK_MB: f64 = 12.0;
const ZIP_MB: f64 = 3.5;

const CREATE_MESSAGE: &str = include_str!("../../events/create_message.json");
const AUTHORIZE_CHANNEL: &str = include_str!("../../events/authorize_channel.json");
const DISPATCH: &str = include_str!("../../events/dispatch.json");

/// A function and an event to send to it.
struct Case {
    name: &'static str,
    operation: &'static str,
    event: String,
    /// Of an HTTP answer.
    status: Option<u16>,
}

impl Case {
    /// All functions.
    fn all() -> Result<[Self; 4], Failure> {
        let of = |name, operation, event, status| Self { name, operation, event, status };
        let threads = asking(CREATE_MESSAGE, "GET", "/chat_threads")?;
        Ok([
            of("chat", "create_message", CREATE_MESSAGE.to_owned(), Some(201)),
            of("realtime", "authorize_channel", AUTHORIZE_CHANNEL.to_owned(), Some(200)),
            of("dialects", "GET /chat_threads", threads, Some(200)),
            of("dispatch", "nothing due", DISPATCH.to_owned(), None),
        ])
    }

    /// Whether peers do the same job.
    fn has_rivals(&self) -> bool {
        self.name == "chat"
    }
}

/// One who does the job of a case.
struct Subject {
    recipe: Recipe,
    room: String,
    starts: Starts,
    warm: Vec<Vec<f64>>,
    /// Peak memory after all answers, in MB.
    peak: Option<f64>,
}

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
    let rivals = rivals::at_hand(store, program.port, scratch)?;
    let textbook_room = Uuid::new_v4().to_string();
    let dynamo = Dynamo::at(store)?;
    textbook::create_table(&dynamo).await?;
    textbook::open_room(&dynamo, &textbook_room, &["alice", "bob"]).await?;

    let bench = Bench { functions, scratch, budget, environment, room, rivals, textbook_room };
    for case in Case::all()? {
        eprintln!("bench: function {}", case.name);
        bench.measure(&case, report).await?;
    }
    program.stop().await
}

/// What all measurements share.
struct Bench<'a> {
    functions: &'a Path,
    scratch: &'a Path,
    budget: &'a Budget,
    environment: BTreeMap<String, String>,
    room: String,
    rivals: Vec<Rival>,
    textbook_room: String,
}

impl Bench<'_> {
    async fn measure(&self, case: &Case, report: &mut Report) -> Result<(), Failure> {
        let path = self.functions.join(case.name);
        let recipe = Recipe {
            command: vec![path.clone()],
            environment: self.environment.clone(),
            made_by: "cargo build --release",
        };
        let mut subjects = vec![Subject::new(recipe.clone(), &self.room)];
        let beside: &[Rival] = if case.has_rivals() { &self.rivals } else { &[] };
        subjects.extend(
            beside.iter().map(|rival| Subject::new(rival.recipe.clone(), &self.textbook_room)),
        );
        report.note_late(take_turns(case, &mut subjects, self.budget).await?);

        report.group(&format!("function {}, a process of its own", case.name));
        subjects[0].report_own(case, report);
        report.add("size of the program", Unit::Mb, Figure::of(&[package::size(&path)?]));
        let zipped = package::zipped_size(&path, self.scratch)?;
        let zipped = zipped.and_then(|size| Figure::of(&[size]));
        report.add_with_goal("size of its zip file", Unit::Mb, zipped, ZIP_MB);
        if case.has_rivals() {
            self.count_instructions(case, &recipe, report).await?;
        }
        for (rival, subject) in beside.iter().zip(&subjects[1..]) {
            subject.report_beside(&subjects[0], rival, report);
        }
        Ok(())
    }

    async fn count_instructions(
        &self,
        case: &Case,
        recipe: &Recipe,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let posts = self.budget.posts / 2;
        let counted = if instructions::can_be_counted() {
            eprintln!("bench: instructions of a post, under valgrind");
            let event = || about(&case.event, &self.room);
            let each =
                instructions::of_an_event(recipe, self.scratch, posts, event, case.status).await?;
            Figure::of(&[each / 1e6])
        } else {
            eprintln!("bench: no instructions are counted: needs valgrind (Debian: valgrind)");
            None
        };
        let title = format!("instructions of a post, {posts} and {} posts", posts * 2);
        report.add(title, Unit::Millions, counted);
        Ok(())
    }
}

/// Starts and warm answers of all, in turn; how many events the relay took too late.
async fn take_turns(
    case: &Case,
    subjects: &mut [Subject],
    budget: &Budget,
) -> Result<usize, Failure> {
    for start in 0..=budget.starts {
        for subject in &mut *subjects {
            let function = Function::start(&subject.recipe).await?;
            let first =
                function.take_first(&about(&case.event, &subject.room)?, case.status).await?;
            // The first is not counted.
            if start > 0 {
                subject.starts.add(&first);
            }
        }
    }
    let mut running = Vec::new();
    for subject in &*subjects {
        running.push(Function::start(&subject.recipe).await?);
    }
    for round in 0..=budget.rounds {
        for (subject, function) in subjects.iter_mut().zip(&mut running) {
            let mut times = Vec::with_capacity(budget.posts);
            for _ in 0..budget.posts {
                let event = about(&case.event, &subject.room)?;
                times.push(function.answer(event, case.status).await?);
            }
            // The first run is for warming up.
            if round > 0 {
                subject.warm.push(times);
            }
        }
    }
    let mut late = 0;
    for (subject, function) in subjects.iter_mut().zip(running) {
        subject.peak = system::peak_memory(function.pid);
        late += function.late;
        function.stop().await?;
    }
    Ok(late)
}

impl Subject {
    fn new(recipe: Recipe, room: &str) -> Self {
        let (starts, warm) = (Starts::default(), Vec::new());
        Self { recipe, room: room.to_owned(), starts, warm, peak: None }
    }

    fn report_own(&self, case: &Case, report: &mut Report) {
        let Starts { ready, cpu, first, memory } = &self.starts;
        report.add("start to ready, wall time", Unit::Ms, Figure::of(ready));
        let cpu = Figure::of(cpu);
        report.add_with_goal("start to ready, CPU time", Unit::Ms, cpu, READY_CPU_MS);
        report.add(format!("first answer ({})", case.operation), Unit::Ms, Figure::of(first));
        let title = |percent| format!("warm answer ({}), {percent}", case.operation);
        report.add(title("p50"), Unit::Ms, Figure::of_percentile(&self.warm, 50.0));
        report.add(title("p99"), Unit::Ms, Figure::of_percentile(&self.warm, 99.0));
        report.add("peak memory after the first answer", Unit::Mb, Figure::of(memory));
        let peak = self.peak.and_then(|peak| Figure::of(&[peak]));
        report.add_with_goal("peak memory after these answers", Unit::Mb, peak, PEAK_MB);
    }

    fn report_beside(&self, own: &Self, rival: &Rival, report: &mut Report) {
        let Starts { ready, cpu, first, .. } = &self.starts;
        report.group(&format!("the same job in {}", rival.name));
        report.add("start to ready, wall time", Unit::Ms, Figure::of(ready));
        report.add("start to ready, CPU time", Unit::Ms, Figure::of(cpu));
        report.add("first answer", Unit::Ms, Figure::of(first));
        report.add("warm answer, p50", Unit::Ms, Figure::of_percentile(&self.warm, 50.0));
        report.add("warm answer, p99", Unit::Ms, Figure::of_percentile(&self.warm, 99.0));
        let one = |value: Option<f64>| value.and_then(|value| Figure::of(&[value]));
        report.add("peak memory after these answers", Unit::Mb, one(self.peak));
        report.add("size of its zip file", Unit::Mb, one(rival.zip));
        let times = |measure: &str| format!("{measure}, {} to Parlour", rival.short);
        let start_by_start = ratios(ready, &own.starts.ready);
        report.add_with_floor(times("start to ready"), Unit::Times, start_by_start, rival.slower);
        // CPU time is what a busy machine changes least.
        let cpu = ratios(cpu, &own.starts.cpu);
        report.add_with_floor(times("CPU time of it"), Unit::Times, cpu, rival.slower);
        report.add(times("first answer"), Unit::Times, ratios(first, &own.starts.first));
        let [these, ours] = [&self.warm, &own.warm].map(|runs| medians(runs));
        report.add(times("warm answer, p50"), Unit::Times, ratios(&these, &ours));
        let memory = self.peak.zip(own.peak).map(|(these, ours)| these / ours);
        report.add(times("peak memory"), Unit::Times, one(memory));
    }
}

/// How many times as much one took as the other, each time.
fn ratios(of: &[f64], to: &[f64]) -> Option<Figure> {
    Figure::of(&of.iter().zip(to).map(|(of, to)| of / to).collect::<Vec<_>>())
}

/// The median of each run.
fn medians(runs: &[Vec<f64>]) -> Vec<f64> {
    runs.iter().filter_map(|run| Some(Figure::of(run)?.median)).collect()
}

/// An address that nobody listens at.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
