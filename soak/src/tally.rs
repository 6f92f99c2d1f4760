//! What is counted while it runs, and what was found to be wrong.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tests::history::{Broken, Finding};

/// How many of the findings are kept as text.
const KEPT: usize = 100;

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        /// What everybody counts.
        #[derive(Debug, Default)]
        pub(crate) struct Tally {
            $($(#[doc = $doc])+ pub(crate) $name: AtomicU64,)+
            findings: Mutex<(BTreeMap<Broken, u64>, Vec<String>)>,
        }
    };
}

counters! {
    /// Posts that were answered.
    posts;
    /// Posts of which at least one try met a fault that its client noticed.
    troubled;
    /// Tries that ended without an answer, or with 503.
    unanswered;
    /// Posts that were given up after such a try.
    given_up;
    /// Edits, deletions, reactions, marks, archivings and members that were answered.
    changes;
    /// Faults that were put in on the way to the program.
    request_faults;
    /// Faults that were put in on the way to the relay.
    relay_faults;
    /// Sockets of listeners that were cut.
    cuts;
    /// Kills of the program.
    kills;
    /// Kills and outages of the relay.
    outages;
    /// Rooms that were read to the end.
    rooms;
    /// Messages that were read at the end.
    messages;
    /// Slots that were closed because their post never came.
    voids;
    /// Events that listeners heard.
    events;
    /// Pages that listeners fetched because an event told of more than they held.
    fetches;
    /// Times that listeners connected anew.
    reconnects;
    /// How many seconds a room's listeners took at most to hold everything once it was quiet.
    slowest;
}

/// One more.
pub(crate) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

/// So many more.
pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// So many up to now.
pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Tally {
    /// Notes what is wrong in a room, and says it at once.
    pub(crate) fn report(&self, room: &str, findings: &[Finding]) {
        let mut kept = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in findings {
            *kept.0.entry(finding.broken).or_default() += 1;
            if kept.1.len() < KEPT {
                let line = format!("{:?}: {room}: {}", finding.broken, finding.what);
                eprintln!("soak: {line}");
                kept.1.push(line);
            }
        }
    }

    /// How many findings of a sort.
    pub(crate) fn found(&self, broken: Broken) -> u64 {
        let kept = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.get(&broken).copied().unwrap_or_default()
    }

    /// How many findings of all sorts.
    pub(crate) fn found_at_all(&self) -> u64 {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).0.values().sum()
    }
}
