//! When rooms were active last, as it is with people who work.

/// As far back as rooms go.
const DAYS: i64 = 90;

/// Every so many days back there is a third of the activity.
const FADES_IN_DAYS: f64 = 15.0;

/// How many of a hundred fall into working hours.
const WORKING: u8 = 85;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The last activity of so many rooms, oldest first: over three months, the last days more than
/// those before, and of each day mostly from eight to six, on weekends little. The same each time
/// but for the day on which it is asked.
pub(crate) fn over_months(rooms: usize, now: i64) -> Vec<i64> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut times = Vec::with_capacity(rooms);
    while times.len() < rooms {
        times.extend(Some(one(&mut random, now)).filter(|at| is_likely(&mut random, *at, now)));
    }
    times.sort_unstable();
    times
}

/// The last activity of so many rooms, all of them within the minute that begins at `start`.
pub(crate) fn within_a_minute(rooms: usize, start: i64) -> Vec<i64> {
    let rooms = i64::try_from(rooms).unwrap_or(i64::MAX);
    (0..rooms).map(|room| start + room * 60_000 / rooms).collect()
}

#[allow(clippy::cast_possible_truncation, reason = "a few days")]
fn one(random: &mut fastrand::Rng, now: i64) -> i64 {
    let days_ago = (-FADES_IN_DAYS * (1.0 - random.f64()).ln()) as i64;
    let midnight = now - now % DAY - days_ago * DAY;
    let (from, until) = if random.u8(..100) < WORKING { (8, 18) } else { (0, 24) };
    midnight + random.i64(from * HOUR..until * HOUR)
}

fn is_likely(random: &mut fastrand::Rng, at: i64, now: i64) -> bool {
    // The first day of 1970 was a Thursday.
    let weekday = (at / DAY + 4) % 7;
    let is_weekend = weekday == 0 || weekday == 6;
    at < now && at > now - DAYS * DAY && (!is_weekend || random.u8(..5) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Friday, half past two in the afternoon.
    const NOW: i64 = 1_763_735_400_000;

    #[test]
    fn activity_is_of_the_last_months_and_mostly_of_the_last_weeks() {
        let times = over_months(1_000, NOW);
        assert_eq!(times.len(), 1_000);
        assert!(times.is_sorted());
        assert!(times.iter().all(|at| *at < NOW && *at > NOW - DAYS * DAY));
        let recent = times.iter().filter(|at| **at > NOW - 30 * DAY).count();
        assert!((700..950).contains(&recent), "{recent}");
    }

    #[test]
    fn activity_of_a_minute_is_within_it() {
        let times = within_a_minute(500, NOW);
        assert_eq!((times[0], times.len()), (NOW, 500));
        assert!(times.is_sorted() && times[499] < NOW + 60_000);
    }
}
