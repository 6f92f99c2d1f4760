//! A rate as a condition of an update: it holds or not in the very write that it limits.
//!
//! An update cannot choose between two values, so there are two of them: for whoever is on time, and
//! for whoever is early. The first is tried first; the second only by those who come fast.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attr::n;
use crate::domain::{rate::Rate, time::Timestamp};

/// Which of the two updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pace {
    /// For whoever is on time.
    #[default]
    Even,
    /// For whoever is early.
    Fast,
}

/// What an update must hold and set.
pub(super) struct Clause {
    pub(super) condition: String,
    pub(super) set: String,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

/// The update's part that keeps `rate` at `path`, a number that says when the next one is due.
pub(super) fn clause(rate: Rate, pace: Pace, path: &str, now: Timestamp) -> Clause {
    let at = n(now.millis());
    match pace {
        Pace::Even => Clause {
            condition: format!(
                "(attribute_not_exists({path}) OR {path} <= :at OR {path} > :horizon)"
            ),
            set: format!("{path} = :due"),
            values: vec![
                (":at", at),
                (":horizon", n(rate.horizon(now))),
                (":due", n(rate.after_on_time(now))),
            ],
        },
        Pace::Fast => Clause {
            condition: format!("{path} > :at AND {path} <= :limit"),
            set: format!("{path} = {path} + :step"),
            values: vec![(":at", at), (":limit", n(rate.limit(now))), (":step", n(rate.step()))],
        },
    }
}
