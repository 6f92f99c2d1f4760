//! A store some way off, which counts what it refuses.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use local::embedded::{Answer, Engine, Lost, Request, Wire};
use tokio::time::sleep;

/// The store. Clones share it.
#[derive(Clone)]
pub(crate) struct Distant {
    engine: Engine,
    /// There and back.
    round_trip: Duration,
    refused: Arc<AtomicU64>,
}

impl Distant {
    /// A store so far off.
    pub(crate) fn new(engine: Engine, round_trip: Duration) -> Self {
        Self { engine, round_trip, refused: Arc::default() }
    }

    /// How many calls were refused, because somebody else was faster.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Distant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Distant")
    }
}

impl Wire for Distant {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let store = self.clone();
        Box::pin(async move {
            let way = store.round_trip / 2;
            if !way.is_zero() {
                sleep(way).await;
            }
            let answer = store.engine.call(request).await?;
            if is_conflict(&answer) {
                store.refused.fetch_add(1, Ordering::Relaxed);
            }
            if !way.is_zero() {
                sleep(way).await;
            }
            Ok(answer)
        })
    }
}

fn is_conflict(answer: &Answer) -> bool {
    let kinds = ["ConditionalCheckFailed", "TransactionCanceled", "TransactionConflict"];
    answer.status == 400 && kinds.iter().any(|kind| answer.body.contains(kind))
}
