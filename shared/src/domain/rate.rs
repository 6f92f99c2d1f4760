//! How often something may be done: the generic cell rate algorithm (GCRA, of ITU-T I.371), which
//! needs one number for each of those who do it.
//!
//! That number is when the next one would be *due*, if all came evenly. Whoever comes at that time or
//! later is on time. Whoever comes earlier uses up some of the burst, until nothing is left of it.

use std::{fmt, str::FromStr};

use crate::domain::time::Timestamp;

/// So many a second for as long as one likes, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time between two that come evenly, in milliseconds.
    interval: i64,
    /// How many may come at once.
    burst: i64,
}

/// What a rate says of one that comes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is on time.
    OnTime,
    /// It is early, and there is some of the burst left for it.
    Early,
    /// It is too early.
    TooEarly {
        /// In how many seconds it will not be, at least one.
        retry_after: u64,
    },
}

/// A text that is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not so many a second and so many at once, like 5/30 or 0.5/10")]
pub struct BadRate;

impl Rate {
    /// The longest time between two: a rate is no quota for a month.
    const MAX_INTERVAL: f64 = 3_600_000.0;

    /// `per_second` for as long as one likes, and `burst` at once.
    ///
    /// # Panics
    /// When it is faster than one in a millisecond, or none at all.
    pub const fn new(per_second: u32, burst: u32) -> Self {
        assert!(0 < per_second && per_second <= 1_000 && burst > 0, "not a rate");
        Self { interval: 1_000 / per_second as i64, burst: burst as i64 }
    }

    /// When the one after the next is due, if that comes on time at `now`.
    pub fn after_on_time(&self, now: Timestamp) -> i64 {
        now.millis() + self.interval
    }

    /// By how much an early one moves the time at which the next is due, in milliseconds.
    pub fn step(&self) -> i64 {
        self.interval
    }

    /// Whoever's next one is due later than this has nothing left of the burst.
    pub fn limit(&self, now: Timestamp) -> i64 {
        now.millis() + self.interval * (self.burst - 1)
    }

    /// No next one can be due later than this, unless a clock was wrong when it was written: then it
    /// counts for nothing, or a clock that ran ahead once would silence somebody for as long.
    pub fn horizon(&self, now: Timestamp) -> i64 {
        self.limit(now) + self.interval
    }

    /// What becomes of one that comes at `now`, where the next one is due at `due`.
    pub fn judge(&self, due: Option<i64>, now: Timestamp) -> Verdict {
        match due {
            Some(due) if due > self.horizon(now) => Verdict::OnTime,
            Some(due) if due > self.limit(now) => {
                let millis = (due - self.limit(now)).unsigned_abs();
                Verdict::TooEarly { retry_after: millis.div_ceil(1_000).max(1) }
            }
            Some(due) if due > now.millis() => Verdict::Early,
            _ => Verdict::OnTime,
        }
    }
}

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let (per_second, burst) = text.split_once('/').ok_or(BadRate)?;
        let per_second: f64 = per_second.trim().parse().map_err(|_| BadRate)?;
        let burst: u32 = burst.trim().parse().map_err(|_| BadRate)?;
        let interval = 1_000.0 / per_second;
        if burst == 0 || !(1.0..=Self::MAX_INTERVAL).contains(&interval) {
            return Err(BadRate);
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is between 1 and an hour")]
        Ok(Self { interval: interval.round() as i64, burst: burst.into() })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one in {} ms, {} at once", self.interval, self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the times at which one may come, in milliseconds.
    fn allowed(rate: Rate, times: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut due = None;
        let may = |at: &i64| {
            let now = Timestamp::from_millis(*at);
            match rate.judge(due, now) {
                Verdict::OnTime => due = Some(rate.after_on_time(now)),
                Verdict::Early => due = due.map(|due| due + rate.step()),
                Verdict::TooEarly { .. } => return false,
            }
            true
        };
        times.into_iter().filter(may).collect()
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_in_an_interval() {
        let rate = Rate::new(5, 3);
        assert_eq!(allowed(rate, [0, 0, 0, 0, 199, 200, 399, 400]), [0, 0, 0, 200, 400]);
        assert_eq!(allowed(rate, [0, 0, 0, 600, 600, 600, 600]), [0, 0, 0, 600, 600, 600]);
    }

    #[test]
    fn whoever_comes_evenly_is_never_early() {
        assert_eq!(allowed(Rate::new(1, 1), [0, 999, 1_000, 2_000]), [0, 1_000, 2_000]);
    }

    #[test]
    fn it_says_when_the_next_may_come_in_whole_seconds() {
        let rate: Rate = "0.5/2".parse().unwrap();
        let now = Timestamp::from_millis(10_000);
        assert_eq!(rate.judge(Some(14_000), now), Verdict::TooEarly { retry_after: 2 });
        assert_eq!(rate.judge(Some(12_001), now), Verdict::TooEarly { retry_after: 1 });
        assert_eq!(rate.judge(Some(12_000), now), Verdict::Early);
    }

    #[test]
    fn a_time_that_no_clock_can_have_written_counts_for_nothing() {
        let now = Timestamp::from_millis(10_000);
        assert_eq!(Rate::new(5, 30).judge(Some(3_600_000), now), Verdict::OnTime);
    }

    #[test]
    fn a_rate_is_read_from_so_many_a_second_and_so_many_at_once() {
        assert_eq!("5/30".parse(), Ok(Rate::new(5, 30)));
        assert_eq!(" 0.5 / 10 ".parse(), Ok(Rate { interval: 2_000, burst: 10 }));
        for bad in ["", "5", "5/", "/5", "0/5", "-1/5", "5/0", "nan/5", "inf/5", "2000/5", "1e-9/5"]
        {
            assert_eq!(bad.parse::<Rate>(), Err(BadRate), "{bad}");
        }
    }
}
