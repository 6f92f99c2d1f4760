//! What the system says of a process. Linux tells it in `/proc`; elsewhere there is no answer.

use std::{collections::HashMap, fs};

/// The unit of a process's times: what Linux shows to programs, whatever its own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

/// The most memory that the process had so far, in MB (millions of bytes).
pub(crate) fn peak_memory(pid: u32) -> Option<f64> {
    megabytes(pid, "VmHWM:")
}

/// The memory that the process has now, in MB.
pub(crate) fn memory(pid: u32) -> Option<f64> {
    megabytes(pid, "VmRSS:")
}

#[allow(clippy::cast_precision_loss, reason = "memory is no 2^53 bytes")]
fn megabytes(pid: u32, line: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = status.lines().find_map(|found| found.strip_prefix(line))?;
    let kib: u64 = kib.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1024) as f64 / 1e6)
}

/// The CPU time that the process took so far, in seconds: user and system, in steps of 10 ms.
pub(crate) fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    times(&stat).map(|[user, system, ..]| user + system)
}

/// The CPU time that the process and all that it started took so far, in seconds, in steps of 10 ms.
pub(crate) fn tree_cpu_seconds(pid: u32) -> Option<f64> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(one) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(process.path().join("stat")) else { continue };
        if let Some(parent) = parent(&stat) {
            children.entry(parent).or_default().push(one);
        }
    }
    let (mut seconds, mut waiting) = (0.0, vec![pid]);
    while let Some(one) = waiting.pop() {
        let stat = fs::read_to_string(format!("/proc/{one}/stat")).ok();
        seconds += stat.and_then(|stat| times(&stat)).map_or(0.0, |times| times.iter().sum());
        waiting.extend(children.get(&one).into_iter().flatten());
    }
    Some(seconds)
}

/// Who started it.
fn parent(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

/// The CPU time that this process took so far and its ended children did, in seconds.
pub(crate) fn own_cpu_seconds() -> Option<f64> {
    times(&fs::read_to_string("/proc/self/stat").ok()?).map(|times| times.iter().sum())
}

/// The CPU time that the process's present threads took so far, in seconds, to the nanosecond.
/// Exact for threads that wait.
pub(crate) fn threads_cpu_seconds(pid: u32) -> Option<f64> {
    let mut seconds = 0.0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let times = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        seconds += times.split_whitespace().next()?.parse::<f64>().ok()? / 1e9;
    }
    Some(seconds)
}

/// User and system time, and those of ended children, from `/proc/…/stat`.
fn times(stat: &str) -> Option<[f64; 4]> {
    // The name, the second field, is in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || Some(fields.next()?.parse::<f64>().ok()? / TICKS_PER_SECOND);
    Some([next()?, next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_started_it_is_found_behind_any_name() {
        assert_eq!(parent("7 (a ) b) S 42 2 3"), Some(42));
    }

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 30 20 20 0 1 0";
        assert_eq!(times(stat), Some([2.5, 0.5, 0.3, 0.2]));
    }
}
