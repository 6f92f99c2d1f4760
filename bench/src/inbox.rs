//! Lists of rooms: what a page takes where there are few rooms, and where there are very many.
//!
//! The rooms are made in the folders of two local programs, one with a page of rooms and one with
//! many thousands. Pages of both are asked for in turn, so that whatever else the machine does slows
//! down both. What a page costs is counted apart, by the meter of the tests.

pub(crate) mod seed;
pub(crate) mod times;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use local::{Local, data::Data, embedded::Durability};
use serde_json::{Value, json};
use shared::domain::time::system_now;
use tests::Meter;

use self::seed::Seeder;
use crate::{
    Failure,
    args::Budget,
    peers::local_options,
    program::{Program, Store},
    report::{Report, Unit},
    site::{Site, User, text},
    stats::{Figure, millis},
};

/// Whose inbox it is.
pub(crate) const PERSON: &str = "pat";

/// What stands in each room.
const BODY: &str =
    "Hello, I have a question about what you wrote the other day. Do you have a minute?";

/// How many rooms are active in the newest minute, apart.
const CROWD: usize = 500;

/// The goals, in read units of a page.
const INBOX_READS: f64 = 22.0;
const QUEUE_READS: f64 = 56.0;
const CROWDED_READS: f64 = 290.0;

/// How much longer a page may take with so many rooms than with few.
const RATIO: f64 = 1.5;

/// What lists rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// A person's direct rooms.
    Inbox,
    /// The support desk's rooms.
    Queue,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Queue => "queue of a desk",
        }
    }

    /// How many rooms are on a page.
    fn page(self) -> usize {
        match self {
            Self::Inbox => 20,
            Self::Queue => 50,
        }
    }

    fn path(self) -> String {
        self.path_of(self.page())
    }

    fn path_of(self, limit: usize) -> String {
        match self {
            Self::Inbox => format!("/v1/rooms?limit={limit}"),
            Self::Queue => format!("/v1/desk/rooms?limit={limit}"),
        }
    }

    async fn reader(self, site: &Site) -> Result<User, Failure> {
        match self {
            Self::Inbox => site.user(PERSON).await,
            Self::Queue => site.user_with(&json!({ "sub": "agnes", "roles": ["admin"] })).await,
        }
    }

    fn reads(self) -> f64 {
        match self {
            Self::Inbox => INBOX_READS,
            Self::Queue => QUEUE_READS,
        }
    }
}

/// A page that is asked for again and again.
struct Case {
    title: String,
    /// In which folder.
    folder: PathBuf,
    list: List,
    path: String,
    /// How many read units it shall take at most.
    reads: f64,
}

/// What is measured of a page: its times in ms, run by run, and its cost.
#[derive(Default)]
struct Measured {
    runs: Vec<Vec<f64>>,
    calls: f64,
    reads: f64,
}

/// Measures everything about lists.
///
/// # Errors
/// When a list is not what it should be, however slow.
pub(crate) async fn measure(
    programs: &Path,
    scratch: &Path,
    budget: &Budget,
    report: &mut Report,
) -> Result<(), Failure> {
    let bench = Bench {
        programs,
        few: scratch.join("few-rooms"),
        many: scratch.join("many-rooms"),
        budget,
    };
    bench.seed().await?;
    for list in [List::Inbox, List::Queue] {
        let (name, page, rooms) = (list.name(), list.page(), budget.rooms);
        eprintln!("bench: {name}");
        report.group(&format!("{name}, pages of {page}; store on disk"));
        let middle = bench.cursor_in_the_middle(list).await?;
        let cases = [
            bench.case(format!("{page} rooms"), &bench.few, list, None),
            bench.case(format!("{rooms} rooms"), &bench.many, list, None),
            bench.case(format!("{rooms} rooms, in the middle"), &bench.many, list, Some(middle)),
        ];
        let [few, many, middle] = bench.measure(cases, report).await?;
        let ratio = |of: &Measured| Figure::of(&ratios(of, &few));
        let title = format!("{rooms} rooms to {page}, p50");
        report.add_with_goal(title, Unit::Times, ratio(&many), RATIO);
        let title = format!("{rooms} rooms, in the middle, to {page}, p50");
        report.add_with_goal(title, Unit::Times, ratio(&middle), RATIO);
    }
    bench.crowd().await?;
    for list in [List::Inbox, List::Queue] {
        let (name, rooms) = (list.name(), budget.rooms);
        report.group(&format!("{name} of {rooms} rooms, {CROWD} more in the newest minute"));
        let second = bench.cursor_behind_the_first(list).await?;
        let case = |title: &str, cursor| {
            let case = bench.case(title.into(), &bench.many, list, cursor);
            Case { reads: CROWDED_READS, ..case }
        };
        let cases = [case("page 1", None), case("page 2", Some(second))];
        bench.measure(cases, report).await?;
    }
    Ok(())
}

/// What all measurements share.
struct Bench<'a> {
    programs: &'a Path,
    few: PathBuf,
    many: PathBuf,
    budget: &'a Budget,
}

impl Bench<'_> {
    async fn seed(&self) -> Result<(), Failure> {
        let now = system_now().millis();
        for list in [List::Inbox, List::Queue] {
            for (folder, rooms) in [(&self.few, list.page()), (&self.many, self.budget.rooms)] {
                let times = times::over_months(rooms, now);
                Seeder::open(folder).await?.fill(list, 0, &times).await?;
            }
        }
        Ok(())
    }

    /// Some hundred rooms more, all of the newest minute.
    async fn crowd(&self) -> Result<(), Failure> {
        let now = system_now().millis();
        let times = times::within_a_minute(CROWD, now - now % 60_000);
        let seeder = Seeder::open(&self.many).await?;
        for list in [List::Inbox, List::Queue] {
            seeder.fill(list, self.budget.rooms, &times).await?;
        }
        Ok(())
    }

    fn case(&self, title: String, folder: &Path, list: List, cursor: Option<String>) -> Case {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let (path, folder) = (format!("{}{cursor}", list.path()), folder.to_owned());
        Case { title, folder, list, path, reads: list.reads() }
    }

    /// Where a page begins that has half of all rooms before it. On the way there it looks whether
    /// the rooms are what the API shows of rooms that were used.
    async fn cursor_in_the_middle(&self, list: List) -> Result<String, Failure> {
        let program = self.program(&self.many).await?;
        let reader = list.reader(&program.site).await?;
        let (mut passed, mut last, mut query) = (0, String::new(), String::new());
        let middle = loop {
            let page = reader.get(&format!("{}{query}", list.path_of(100))).await?;
            for room in rooms(&page)? {
                last = checked(list, room, &last)?;
                passed += 1;
            }
            let next = text(&page, "next")?;
            if passed >= self.budget.rooms / 2 {
                break next.to_owned();
            }
            query = format!("&cursor={next}");
        };
        program.stop().await?;
        Ok(middle)
    }

    async fn cursor_behind_the_first(&self, list: List) -> Result<String, Failure> {
        let program = self.program(&self.many).await?;
        let page = list.reader(&program.site).await?.get(&list.path()).await?;
        let next = text(&page, "next")?.to_owned();
        program.stop().await?;
        Ok(next)
    }

    async fn program(&self, folder: &Path) -> Result<Program, Failure> {
        Program::start(self.programs, &Store::Disk(folder.to_owned()), None).await
    }

    /// Measures pages and reports of each.
    async fn measure<const N: usize>(
        &self,
        cases: [Case; N],
        report: &mut Report,
    ) -> Result<[Measured; N], Failure> {
        let mut measured = self.time(&cases).await?;
        for (case, measured) in cases.iter().zip(&mut measured) {
            let Case { title, reads, .. } = case;
            (measured.calls, measured.reads) = cost(case).await?;
            let percentile = |percent| Figure::of_percentile(&measured.runs, percent);
            report.add(format!("{title}, p50"), Unit::Ms, percentile(50.0));
            report.add(format!("{title}, p95"), Unit::Ms, percentile(95.0));
            let calls = Figure::of(&[measured.calls]);
            report.add(format!("{title}, store calls"), Unit::Calls, calls);
            let units = Figure::of(&[measured.reads]);
            report.add_with_goal(format!("{title}, read units"), Unit::ReadUnits, units, *reads);
        }
        Ok(measured)
    }

    /// The times of pages, asked for in turn.
    async fn time<const N: usize>(&self, cases: &[Case; N]) -> Result<[Measured; N], Failure> {
        let few = self.program(&self.few).await?;
        let many = self.program(&self.many).await?;
        let mut readers = Vec::new();
        for case in cases {
            let program = if case.folder == self.few { &few } else { &many };
            readers.push(case.list.reader(&program.site).await?);
        }
        let mut measured: [Measured; N] = std::array::from_fn(|_| Measured::default());
        // The first run is for warming up.
        for round in 0..=self.budget.rounds {
            let mut runs = vec![Vec::with_capacity(self.budget.pages); N];
            for _ in 0..self.budget.pages {
                for ((case, reader), run) in cases.iter().zip(&readers).zip(&mut runs) {
                    run.push(millis(reader.times(&case.path).await?));
                }
            }
            if round > 0 {
                measured.iter_mut().zip(runs).for_each(|(measured, run)| measured.runs.push(run));
            }
        }
        few.stop().await?;
        many.stop().await?;
        Ok(measured)
    }
}

/// Calls of the store and read units of a page.
#[allow(clippy::cast_precision_loss, reason = "a few calls")]
async fn cost(case: &Case) -> Result<(f64, f64), Failure> {
    let data = Data::open(&case.folder, Durability::Process)?;
    let meter = Meter::over(data.engine.clone());
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let wire = Arc::new(meter.clone());
    let options = local_options(wire, listen);
    let program = Local::start(options).await?;
    let reader = case.list.reader(&Site::at(program.address())?).await?;
    meter.take();
    let page = reader.get(&case.path).await?;
    let bill = meter.take();
    if rooms(&page)?.len() != case.list.page() {
        return Err(format!("a page of {} rooms: {}", rooms(&page)?.len(), case.path).into());
    }
    program.stop().await;
    Ok((bill.calls() as f64, bill.reads()))
}

/// How much longer one took than the other, run by run.
fn ratios(of: &Measured, to: &Measured) -> Vec<f64> {
    let median = |run: &Vec<f64>| Figure::of(run).map(|figure| figure.median);
    let both = of.runs.iter().zip(&to.runs);
    both.filter_map(|(of, to)| Some(median(of)? / median(to)?)).collect()
}

fn rooms(page: &Value) -> Result<&Vec<Value>, Failure> {
    page["rooms"].as_array().ok_or_else(|| format!("no rooms in {page}").into())
}

/// When the room was last active, which must be no later than that of the room before it; and it
/// must look like a room in which somebody wrote.
fn checked(list: List, room: &Value, before: &str) -> Result<String, Failure> {
    let at = text(room, "last_message_at")?;
    let unread = if list == List::Inbox { &room["you"]["unread"] } else { &room["unread"] };
    let is_used = room["message_count"] == 1
        && *unread == 1
        && room["last_message"]["preview"] == BODY
        && room["last_message"]["created_at"] == at
        && room["member_count"] == 2;
    if !is_used || (!before.is_empty() && at > before) {
        return Err(format!("not a room of {before} or earlier: {room}").into());
    }
    Ok(at.to_owned())
}
