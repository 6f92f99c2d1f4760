//! What the figures were measured on, and how much else it had to do.

use std::{fs, path::Path, process::Command, thread::available_parallelism};

use crate::process::own_cpu_seconds;

/// The machine and what runs on it, in one line.
pub(crate) fn describe(programs: &Path) -> String {
    let cpus = available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| {
        let line = info.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let says = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let parts = [
        Some(format!("{cpus} CPUs")),
        model,
        Some(format!("{} {}", std::env::consts::OS, system.trim())),
        says(&programs.join("parlour"), &["--version"]),
        says(Path::new("git"), &["rev-parse", "--short", "HEAD"]).map(|id| format!("commit {id}")),
        says(Path::new("rustc"), &["--version"]),
        Some(format!("local program: {} profile", profile(programs))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Which of cargo's profiles is built into this folder.
pub(crate) fn profile(folder: &Path) -> String {
    match folder.file_name().map(|name| name.to_string_lossy()) {
        Some(name) if name == "debug" => "dev".into(),
        Some(name) => name.into_owned(),
        None => "unknown".into(),
    }
}

/// The machine's CPU time so far, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    busy: f64,
    all: f64,
    own: f64,
}

impl Usage {
    /// As it is now, where the system tells.
    pub(crate) fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let fields: Vec<f64> = stat
            .lines()
            .next()?
            .split_whitespace()
            .skip(1)
            .filter_map(|field| field.parse::<f64>().ok())
            // What is behind is counted before already.
            .take(8)
            .map(|ticks| ticks / 100.0)
            .collect();
        let all: f64 = fields.iter().sum();
        let idle = fields.get(3)? + fields.get(4)?;
        Some(Self { busy: all - idle, all, own: own_cpu_seconds()? })
    }

    /// How noisy it was: what everything but this program and its ended children took.
    pub(crate) fn others_since(&self, before: &Self) -> String {
        let others = (self.busy - before.busy) - (self.own - before.own);
        let share = (100.0 * others / (self.all - before.all)).max(0.0);
        format!("other programs took {share:.0} % of the CPUs meanwhile")
    }
}
