//! What a request took: which calls it made of the store, the relay and others, and how long each of them took.
//!
//! A [`Journal`] belongs to a request for as long as it is being answered. Whoever calls out does so through
//! [`call`], which writes it down; where nobody keeps a journal, nothing is written. It holds names of operations
//! and times, never what was sent.

mod line;
pub mod xray;

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

pub use self::line::{Line, log_line};
use self::xray::Daemon;

/// How many calls a journal names one by one; all of them count. X-Ray takes about as many in a segment.
const NAMED: usize = 100;

tokio::task_local! {
    /// The journal of the request that is being answered.
    static CURRENT: Arc<Journal>;
}

/// Whom a function calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// DynamoDB.
    Store,
    /// The relay's HTTP API.
    Relay,
    /// The application's own server.
    Webhook,
}

impl Remote {
    /// Its name, in `Server-Timing` and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Relay => "relay",
            Self::Webhook => "webhook",
        }
    }
}

/// What a function tells of the requests that it answers.
#[derive(Debug, Default)]
pub struct Telemetry {
    /// The function's name.
    pub function: &'static str,
    /// Whether each request is a line of the log.
    pub logs_requests: bool,
    /// CloudWatch's namespace for the figures that it reads from these lines, if it shall.
    pub namespace: Option<String>,
    /// Where X-Ray's daemon listens, if requests are traced.
    pub xray: Option<Daemon>,
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whom.
    pub remote: Remote,
    /// The operation's name: `UpdateItem`, `events`.
    pub operation: String,
    /// When it began, by the machine's clock.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Whether nothing came back.
    pub failed: bool,
}

/// Of one remote, all calls of a request together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub calls: u64,
    /// How long they took. Calls that run beside each other add up to more than passed.
    pub took: Duration,
}

/// What a request has done so far.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    named: Vec<Call>,
    totals: [Total; 3],
    units: Units,
}

/// Units that DynamoDB counted, where it was asked to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
}

impl Journal {
    /// All calls of one remote together.
    pub fn total(&self, remote: Remote) -> Total {
        self.pages().totals[remote as usize]
    }

    /// The first hundred calls, one by one, in the order in which they ended.
    pub fn calls(&self) -> Vec<Call> {
        self.pages().named.clone()
    }

    /// What the store's calls cost, as far as it was asked.
    pub fn units(&self) -> Units {
        self.pages().units
    }

    /// The value of `Server-Timing` (W3C Server Timing) of a request that took so long.
    pub fn server_timing(&self, took: Duration) -> String {
        let Pages { totals, units, .. } = &*self.pages();
        let Units { reads, writes } = units;
        let units = match reads + writes > 0.0 {
            true => format!(", {reads} RRU, {writes} WRU"),
            false => String::new(),
        };
        let store = totals[Remote::Store as usize];
        let mut timing =
            format!("store;desc=\"{} calls{units}\";dur={}", store.calls, millis(store.took));
        for remote in [Remote::Relay, Remote::Webhook] {
            let Total { calls, took } = totals[remote as usize];
            if calls > 0 {
                timing.push_str(&format!(", {};dur={}", remote.as_str(), millis(took)));
            }
        }
        timing + &format!(", total;dur={}", millis(took))
    }

    fn note(&self, call: Call) {
        let mut pages = self.pages();
        let total = &mut pages.totals[call.remote as usize];
        total.calls += 1;
        total.took += call.took;
        if pages.named.len() < NAMED {
            pages.named.push(call);
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a journal of whatever the future does.
pub async fn keeping<T>(journal: Arc<Journal>, future: impl Future<Output = T>) -> T {
    CURRENT.scope(journal, future).await
}

/// Makes a call, and writes down how long it took.
pub async fn call<T, E>(
    remote: Remote,
    operation: &str,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Ok(journal) = CURRENT.try_with(Arc::clone) else { return future.await };
    let (at, began) = (SystemTime::now(), Instant::now());
    let outcome = future.await;
    journal.note(Call {
        remote,
        operation: operation.to_owned(),
        began: at,
        took: began.elapsed(),
        failed: outcome.is_err(),
    });
    outcome
}

/// Writes down what a call of the store cost.
pub fn note_units(units: Units) {
    // Nobody keeps a journal: nobody asks.
    let _ = CURRENT.try_with(|journal| {
        let sum = &mut journal.pages().units;
        sum.reads += units.reads;
        sum.writes += units.writes;
    });
}

/// Milliseconds, to a hundredth.
pub fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered() -> Result<(), ()> {
        Ok(())
    }

    #[tokio::test]
    async fn calls_are_counted_by_whom_they_were_made_of() {
        let journal = Arc::new(Journal::default());
        keeping(Arc::clone(&journal), async {
            call(Remote::Store, "UpdateItem", answered()).await.expect("an answer");
            call(Remote::Store, "PutItem", async { Err::<(), ()>(()) }).await.expect_err("none");
            call(Remote::Relay, "batch_events", answered()).await.expect("an answer");
            note_units(Units { reads: 0.5, writes: 1.0 });
            note_units(Units { reads: 0.0, writes: 2.0 });
        })
        .await;

        assert_eq!(journal.total(Remote::Store).calls, 2);
        assert_eq!(journal.total(Remote::Relay).calls, 1);
        assert_eq!(journal.total(Remote::Webhook), Total::default());
        let named: Vec<_> =
            journal.calls().iter().map(|call| (call.operation.clone(), call.failed)).collect();
        assert_eq!(
            named,
            [
                ("UpdateItem".into(), false),
                ("PutItem".into(), true),
                ("batch_events".into(), false)
            ]
        );
        assert_eq!(journal.units(), Units { reads: 0.5, writes: 3.0 });
    }

    #[tokio::test]
    async fn a_request_of_very_many_calls_keeps_the_names_of_a_hundred() {
        let journal = Arc::new(Journal::default());
        keeping(Arc::clone(&journal), async {
            for _ in 0..NAMED + 20 {
                call(Remote::Store, "PutItem", answered()).await.expect("an answer");
            }
        })
        .await;
        assert_eq!(journal.calls().len(), NAMED);
        assert_eq!(journal.total(Remote::Store).calls, 120);
    }

    #[tokio::test]
    async fn without_a_journal_a_call_is_only_made() {
        call(Remote::Store, "PutItem", answered()).await.expect("an answer");
        note_units(Units { reads: 1.0, writes: 1.0 });
    }

    #[test]
    fn server_timing_names_only_who_was_called() {
        let journal = Journal::default();
        let took = |millis| Duration::from_micros(millis);
        journal.pages().totals[Remote::Store as usize] = Total { calls: 3, took: took(4_120) };
        assert_eq!(
            journal.server_timing(took(5_000)),
            "store;desc=\"3 calls\";dur=4.12, total;dur=5"
        );
        journal.pages().totals[Remote::Relay as usize] = Total { calls: 1, took: took(700) };
        journal.pages().units = Units { reads: 0.0, writes: 3.0 };
        assert_eq!(
            journal.server_timing(took(5_000)),
            "store;desc=\"3 calls, 0 RRU, 3 WRU\";dur=4.12, relay;dur=0.7, total;dur=5"
        );
    }
}
