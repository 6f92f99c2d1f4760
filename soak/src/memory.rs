//! How much memory processes have. Linux tells it in `/proc`; elsewhere there is no answer.

use std::{fs, time::Instant};

/// The memory that a process has now, in MB (millions of bytes).
#[allow(clippy::cast_precision_loss, reason = "memory is no 2^53 bytes")]
pub(crate) fn resident(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = status.lines().find_map(|found| found.strip_prefix("VmRSS:"))?;
    let kib: u64 = kib.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1024) as f64 / 1e6)
}

/// What a process had, over time.
#[derive(Debug)]
pub(crate) struct Samples {
    began: Instant,
    taken: Vec<(f64, f64)>,
}

impl Samples {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), taken: Vec::new() }
    }

    /// Takes one, if the system tells.
    pub(crate) fn take(&mut self, pid: u32) -> Option<f64> {
        let megabytes = resident(pid)?;
        self.taken.push((self.began.elapsed().as_secs_f64(), megabytes));
        Some(megabytes)
    }

    /// The highest of the first, the middle and the last fifth of the time, and of all: a process that is killed
    /// now and then begins anew each time, so single figures say little.
    pub(crate) fn summary(&self) -> String {
        let Some((end, _)) = self.taken.last() else { return "not told here".into() };
        let highest = |from: f64, to: f64| {
            let within = self.taken.iter().filter(|(at, _)| (from * end..=to * end).contains(at));
            within.map(|(_, megabytes)| *megabytes).fold(0.0, f64::max)
        };
        format!(
            "at most {:.1} MB in the first fifth, {:.1} in the middle, {:.1} in the last, {:.1} ever",
            highest(0.0, 0.2),
            highest(0.4, 0.6),
            highest(0.8, 1.0),
            highest(0.0, 1.0)
        )
    }
}
