//! What was last said on each cache channel.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How many events are kept before anybody looks for old ones.
const FIRST_SWEEP: usize = 1024;

/// The last event of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cached {
    pub(crate) name: String,
    pub(crate) data: String,
    /// When it is forgotten.
    pub(crate) until: Instant,
}

/// The last events, each kept for the same time, whether anybody is subscribed or not.
pub(crate) struct Cache {
    keep: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    events: HashMap<String, Cached>,
    sweep_at: usize,
}

impl Cache {
    /// An empty one that keeps events for so long.
    pub(crate) fn new(keep: Duration) -> Self {
        let kept = Kept { events: HashMap::new(), sweep_at: FIRST_SWEEP };
        Self { keep, kept: Mutex::new(kept) }
    }

    /// Keeps an event in the place of the channel's last one.
    pub(crate) fn keep(&self, channel: &str, name: &str, data: &str) {
        let now = Instant::now();
        let mut kept = self.kept();
        // Each sweep waits until there is twice as much, so that all of them together cost little.
        if kept.events.len() >= kept.sweep_at {
            kept.events.retain(|_, event| event.until > now);
            kept.sweep_at = FIRST_SWEEP.max(2 * kept.events.len());
        }
        let event = Cached { name: name.to_owned(), data: data.to_owned(), until: now + self.keep };
        kept.events.insert(channel.to_owned(), event);
    }

    /// The channel's last event, unless it is too old.
    pub(crate) fn last(&self, channel: &str) -> Option<Cached> {
        let now = Instant::now();
        self.kept().events.get(channel).filter(|event| event.until > now).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_event_is_kept_for_its_time_and_each_one_starts_it_anew() {
        let cache = Cache::new(Duration::from_secs(60));
        assert_eq!(cache.last("cache-a"), None);
        cache.keep("cache-a", "first", "{}");
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(cache.last("cache-a").unwrap().name, "first");
        cache.keep("cache-a", "second", "{}");
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(cache.last("cache-a").unwrap().name, "second");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cache.last("cache-a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn old_events_do_not_pile_up() {
        let cache = Cache::new(Duration::from_secs(60));
        for round in 0..10 {
            for number in 0..FIRST_SWEEP {
                cache.keep(&format!("cache-{round}-{number}"), "event", "{}");
            }
            tokio::time::advance(Duration::from_secs(61)).await;
        }
        assert!(cache.kept().events.len() <= 2 * FIRST_SWEEP);
    }
}
