//! Medians, percentiles and spreads.

use std::time::Duration;

/// What was measured several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    /// The median.
    pub(crate) median: f64,
    /// The lowest.
    pub(crate) low: f64,
    /// The highest.
    pub(crate) high: f64,
}

impl Figure {
    /// Of measurements in any order; none if there are none.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        let sorted = sorted(samples);
        Some(Self {
            median: percentile(&sorted, 50.0)?,
            low: *sorted.first()?,
            high: *sorted.last()?,
        })
    }

    /// Of one percentile of each run.
    pub(crate) fn of_percentile(runs: &[Vec<f64>], percent: f64) -> Option<Self> {
        let each = runs.iter().filter_map(|run| percentile(&sorted(run), percent));
        Self::of(&each.collect::<Vec<_>>())
    }
}

/// Milliseconds, with their fractions.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The smallest sample that at least `percent` of all are not above.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_was_there() {
        let samples: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(percentile(&samples, 50.0), Some(100.0));
        assert_eq!(percentile(&samples, 99.0), Some(198.0));
        assert_eq!(percentile(&samples, 100.0), Some(200.0));
        assert_eq!(percentile(&[7.0], 1.0), Some(7.0));
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn a_figure_does_not_mind_the_order() {
        let figure = Figure::of(&[3.0, 1.0, 9.0]).unwrap();
        assert_eq!(figure, Figure { median: 3.0, low: 1.0, high: 9.0 });
    }

    #[test]
    fn runs_are_compared_by_their_own_percentile() {
        let runs = [vec![1.0, 2.0, 3.0], vec![5.0, 4.0, 6.0], vec![2.0, 2.0, 50.0]];
        let figure = Figure::of_percentile(&runs, 50.0).unwrap();
        assert_eq!(figure, Figure { median: 2.0, low: 2.0, high: 5.0 });
    }
}
