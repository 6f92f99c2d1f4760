//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use crate::Failure;

/// Runs the local program with many rooms, clients and listeners, cuts their connections, kills the program
/// and the relay, and reads at the end of each room whether everything that was promised is true. It ends
/// with a verdict: status 0 if nothing was lost, doubled, out of order, or missed without a sign.
#[derive(Clone, Debug, Parser)]
#[command(name = "bin/soak", version)]
pub(crate) struct Args {
    /// How long to go on opening rooms: 90s, 10m, 2h
    #[arg(long = "for", value_name = "TIME", default_value = "2m", value_parser = duration)]
    pub(crate) time: Duration,

    /// How many posts to make instead, however long it takes
    #[arg(long, value_name = "N")]
    pub(crate) posts: Option<u64>,

    /// What all choices follow from. Two runs are never the same to the end, since processes and sockets are
    /// real; without it, any
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How many rooms are talked in at a time
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub(crate) rooms: usize,

    /// How many clients write into each
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) clients: usize,

    /// About how many posts a room lives; one in twenty lives ten times as long
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) length: u64,

    /// How many of a thousand requests meet a fault on their way
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub(crate) faults: u32,

    /// After how many posts the program is killed (kill -9) and started again; 0 for never
    #[arg(long, value_name = "POSTS", default_value_t = 15_000)]
    pub(crate) kill_every: u64,

    /// After how many posts the relay is killed, or refuses or hangs for a while; 0 for never
    #[arg(long, value_name = "POSTS", default_value_t = 10_000)]
    pub(crate) relay_every: u64,

    /// Where the local program is, `parlour`; beside this program without it
    #[arg(long, value_name = "DIR")]
    pub(crate) programs: Option<PathBuf>,
}

impl Args {
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
}

/// `90`, `90s`, `10m` or `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "not a time such as 90s, 10m or 2h".to_owned();
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "" | "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3600),
        _ => None,
    };
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_seconds_minutes_and_hours() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for wrong in ["", "m", "1d", "-1s", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
