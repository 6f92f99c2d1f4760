//! The store as far away as a network makes it.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use local::embedded::{Answer, Engine, Lost, Request, Wire};
use tokio::time::sleep;

/// The longest way to the store, or back, in microseconds.
const LONGEST_WAY: u64 = 2_000;

/// An empty store to which each call takes a moment of its own, and back. So the calls of requests
/// that come at once overtake each other, which they never do inside one process.
#[derive(Clone)]
pub struct Distant(Engine);

impl Distant {
    /// An empty store.
    pub fn new() -> Self {
        Self(Engine::memory().expect("an empty store"))
    }
}

impl Default for Distant {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Distant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Distant")
    }
}

impl Wire for Distant {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let engine = self.0.clone();
        Box::pin(async move {
            sleep(some_way()).await;
            let answer = engine.call(request).await;
            sleep(some_way()).await;
            answer
        })
    }
}

fn some_way() -> Duration {
    Duration::from_micros(fastrand::u64(..LONGEST_WAY))
}
