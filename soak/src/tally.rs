//! What is counted while it runs, and what was found to be wrong.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a finding says was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Broken {
    /// Something that was answered is not there.
    Lost,
    /// Something is there twice.
    Doubled,
    /// Something stands at another place than it was told, or than what was answered before it.
    OutOfOrder,
    /// A listener holds something else than the log and does not know it.
    Gap,
    /// Somebody got what was not for it.
    Leak,
    /// A count, a preview or a mark is wrong, or something was answered that should not be.
    Wrong,
}

/// One thing that is not as promised.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) broken: Broken,
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn new(broken: Broken, what: impl Into<String>) -> Self {
        Self { broken, what: what.into() }
    }
}

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
