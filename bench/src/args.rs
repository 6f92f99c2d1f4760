//! The command line, and how much is measured.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Parser, ValueEnum};

use crate::Failure;

/// Measures what Parlour promises, prints a table and says against which goal. Being over a goal is
/// no failure: machines differ, and are busy.
#[derive(Debug, Parser)]
#[command(name = "bin/bench", version)]
pub(crate) struct Args {
    /// Only this part; all without it
    #[arg(value_enum)]
    part: Option<Part>,

    /// A few of everything: half a minute, and rougher figures
    #[arg(long)]
    quick: bool,

    /// Where the local program is, `parlour`; beside this program without it
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,

    /// With `peers`: only these workloads, as w1,w3; all without it
    #[arg(long, value_enum, value_delimiter = ',', value_name = "W,…", ignore_case = true)]
    pub(crate) workloads: Vec<Work>,

    /// After `peers` or `functions`: write its tables (and plots) into docs/benchmarks.md
    #[arg(long)]
    pub(crate) docs: bool,

    /// Where the functions are, `chat` and `realtime`; in `release`, beside that folder, without it
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The local program: start, memory, post to received, posts per second
    Local,
    /// The hub: publish to heard, publishes per second, memory of a socket, one who does not read
    Hub,
    /// Lists of rooms: an inbox and a desk's queue with few rooms and with 50,000
    Inbox,
    /// The functions as they are deployed: start, first and warm answers, memory, size
    Functions,
    /// The same work by Parlour and by other chats: rates, latencies, faults, costs; not part of all
    Peers,
}

/// What Parlour and its peers do alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Post to received, one room
    W1,
    /// The highest rate, 50 rooms
    W2,
    /// 100 at once in one room
    W3,
    /// Inbox and history
    W4,
    /// Faults
    W5,
    /// Request units
    W6,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Starts of a program.
    pub(crate) starts: usize,
    /// How often a loop is run; the figures are the median of its runs.
    pub(crate) rounds: usize,
    /// Posts of one loop, one after another.
    pub(crate) posts: usize,
    /// The same where each write waits for the disk.
    pub(crate) safe_posts: usize,
    /// Posts of each client under load, in one run.
    pub(crate) load_posts: usize,
    /// Events published in one run, to a single listener.
    pub(crate) publishes: usize,
    /// Events as large as can be, in one run.
    pub(crate) large: usize,
    /// Sockets that do nothing.
    pub(crate) sockets: usize,
    /// Rooms of an inbox, and of a queue, that have very many.
    pub(crate) rooms: usize,
    /// Pages of a list, one after another, in one run.
    pub(crate) pages: usize,
    /// How often the highest rate is looked for.
    pub(crate) ladders: usize,
    /// How long a rate is held.
    pub(crate) ladder_step: Duration,
    /// How often a crowd posts at once, in one run.
    pub(crate) bursts: usize,
    /// How often a program is killed under load.
    pub(crate) kills: usize,
}

const FULL: Budget = Budget {
    starts: 20,
    rounds: 5,
    posts: 400,
    safe_posts: 100,
    load_posts: 100,
    publishes: 8_000,
    large: 2_000,
    sockets: 5_000,
    rooms: 50_000,
    pages: 60,
    ladders: 3,
    ladder_step: Duration::from_secs(3),
    bursts: 5,
    kills: 12,
};
const QUICK: Budget = Budget {
    starts: 5,
    rounds: 3,
    posts: 100,
    safe_posts: 20,
    load_posts: 20,
    publishes: 1_600,
    large: 2_000,
    sockets: 1_000,
    rooms: 5_000,
    pages: 20,
    ladders: 1,
    ladder_step: Duration::from_secs(1),
    bursts: 2,
    kills: 3,
};

impl Args {
    /// Whether to measure this part.
    pub(crate) fn measures(&self, part: Part) -> bool {
        // Peers take long, and packages of their own.
        self.part.map_or(part != Part::Peers, |only| only == part)
    }

    /// Whether to measure this part and nothing else.
    pub(crate) fn measures_only(&self, part: Part) -> bool {
        self.part == Some(part)
    }

    /// Whether to do this beside peers.
    pub(crate) fn does(&self, work: Work) -> bool {
        self.workloads.is_empty() || self.workloads.contains(&work)
    }

    /// How much to measure.
    pub(crate) fn budget(&self) -> Budget {
        if self.quick { QUICK } else { FULL }
    }

    /// The folder of the local program.
    ///
    /// # Errors
    /// When it is not given and this program does not know where it is itself.
    pub(crate) fn programs(&self) -> Result<PathBuf, Failure> {
        if let Some(folder) = &self.programs {
            return Ok(folder.clone());
        }
        let own = std::env::current_exe()?;
        Ok(own.parent().ok_or("this program is in no folder")?.to_owned())
    }

    /// The folder of the functions.
    pub(crate) fn functions(&self, programs: &Path) -> PathBuf {
        let beside = || programs.parent().unwrap_or(programs).join("release");
        self.functions.clone().unwrap_or_else(beside)
    }
}
