//! THROTTLE: when the next of what somebody does is due, where that is limited and belongs to no room.
//! It is kept in the table because functions share nothing else, and goes by itself.

use super::{
    Store, StoreError,
    attr::n,
    key,
    rate::{Pace, clause},
    table,
    update::{self, Updated},
};
use crate::domain::{
    ids::SideKey,
    rate::{Rate, Verdict},
    time::Timestamp,
};

/// How often one may find that others were faster.
const MAX_TRIES: usize = 16;

/// How long it is kept after it was of use, in seconds: for the clocks that are wrong.
const LEEWAY: i64 = 3_600;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Opening rooms.
    Opening,
    /// Looking for people.
    Searching,
    /// Becoming a guest.
    Arriving,
}

impl Doing {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "open",
            Self::Searching => "search",
            Self::Arriving => "guest",
        }
    }
}

/// Somebody did something too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// In how many seconds it may be done again.
    pub retry_after: u64,
}

impl Store {
    /// Counts one that somebody does, unless it comes too early.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn throttle(
        &self,
        who: &SideKey,
        doing: Doing,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, StoreError> {
        let mut pace = Pace::default();
        for _ in 0..MAX_TRIES {
            let clause = clause(rate, pace, "due", now);
            let mut request = self
                .update(key::of(key::side(who), key::throttle(doing)))
                .update_expression(format!("SET {}, #ttl = :ttl", clause.set))
                .condition_expression(clause.condition)
                .expression_attribute_names("#ttl", table::TTL)
                .expression_attribute_values(":ttl", n(rate.horizon(now) / 1_000 + LEEWAY));
            for (name, value) in clause.values {
                request = request.expression_attribute_values(name, value);
            }
            let Updated::Refused(item) = update::send(request).await? else { return Ok(Ok(())) };
            let due = item.and_then(|item| item.get("due")?.as_n().ok()?.parse().ok());
            pace = match rate.judge(due, now) {
                Verdict::OnTime => Pace::Even,
                Verdict::Early => Pace::Fast,
                Verdict::TooEarly { retry_after } => return Ok(Err(Throttled { retry_after })),
            };
        }
        Err(StoreError::Unavailable("somebody was too fast to be counted".into()))
    }
}
