//! Whether the receiver has just been found to hang, or not to be there.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::time::Timestamp;

/// How long nobody waits for such a receiver again, in milliseconds.
const PAUSE: i64 = 30_000;

/// Opens when the receiver does not answer, so that not each caller in turn waits for it. Each process
/// has its own.
#[derive(Debug, Default)]
pub(super) struct Breaker(AtomicI64);

impl Breaker {
    /// Whether the receiver is left alone for now. A clock that was put back opens nothing for longer.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        let until = self.0.load(Ordering::Relaxed);
        now.millis() < until && until <= now.millis().saturating_add(PAUSE)
    }

    /// The receiver did not answer.
    pub(super) fn open(&self, now: Timestamp) {
        self.0.store(now.plus_millis(PAUSE).millis(), Ordering::Relaxed);
    }

    /// It answered.
    pub(super) fn close(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_open_for_30_seconds_or_until_an_answer_comes() {
        let (breaker, now) = (Breaker::default(), Timestamp::from_millis(1_000_000));
        assert!(!breaker.is_open(now));
        breaker.open(now);
        for (after, is_open) in [(0, true), (29_999, true), (30_000, false), (-1, false)] {
            assert_eq!(breaker.is_open(now.plus_millis(after)), is_open, "{after}");
        }
        breaker.close();
        assert!(!breaker.is_open(now));
    }
}
