//! The store, and a copy of it that may lag behind.

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use local::embedded::{Answer, Engine, Lost, Request, Wire};

/// An empty store and a copy of it. DynamoDB answers what is asked of an index, or not asked to be
/// consistent, from such a copy. It keeps up until a test freezes it. Clones share both.
///
/// The store's writes reach the copy in their order, one after the other.
#[derive(Clone)]
pub struct Lagging {
    store: Engine,
    copy: Option<Engine>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    frozen: Option<Frozen>,
    /// What was written to the store and not yet to the copy.
    lag: VecDeque<Request>,
}

/// What is answered from the copy as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frozen {
    /// What is asked of an index.
    Indexes,
    /// All that is not asked to be consistent.
    AllReads,
}

impl Lagging {
    /// An empty store with a copy.
    pub fn new() -> Self {
        Self { copy: Some(empty()), ..Self::without_a_copy() }
    }

    /// An empty store that always tells the truth.
    pub fn without_a_copy() -> Self {
        Self { store: empty(), copy: None, state: Arc::default() }
    }

    /// From now on, indexes and reads that do not ask to be consistent show nothing new.
    pub fn freeze(&self) {
        self.lock().frozen = Some(Frozen::AllReads);
    }

    /// From now on, indexes show nothing new.
    pub fn freeze_indexes(&self) {
        self.lock().frozen = Some(Frozen::Indexes);
    }

    /// The copy catches up, and keeps up from now on.
    pub fn thaw(&self) {
        let mut state = self.lock();
        state.frozen = None;
        self.catch_up_in(&mut state, usize::MAX);
    }

    /// The copy catches up by the oldest writes that it lacks.
    pub fn catch_up(&self, writes: usize) {
        self.catch_up_in(&mut self.lock(), writes);
    }

    /// How many writes the copy lacks.
    pub fn behind(&self) -> usize {
        self.lock().lag.len()
    }

    /// What the store itself answers. A write reaches the copy later.
    pub fn truth(&self, request: &Request) -> Answer {
        self.truth_in(&mut self.lock(), request)
    }

    /// What the copy answers to a read.
    pub fn past(&self, request: &Request) -> Answer {
        self.copy.as_ref().unwrap_or(&self.store).answer(request)
    }

    fn truth_in(&self, state: &mut State, request: &Request) -> Answer {
        let answer = self.store.answer(request);
        if self.copy.is_some() && is_write(request) && answer.status == 200 {
            state.lag.push_back(request.clone());
        }
        answer
    }

    fn catch_up_in(&self, state: &mut State, writes: usize) {
        let Some(copy) = &self.copy else { return };
        let writes = writes.min(state.lag.len());
        for request in state.lag.drain(..writes) {
            let answer = copy.answer(&request);
            assert_eq!(answer.status, 200, "the copy refused what the store took: {}", answer.body);
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.lock();
        if state.frozen.is_some_and(|frozen| frozen.holds(request)) {
            return self.past(request);
        }
        let answer = self.truth_in(&mut state, request);
        if state.frozen.is_none() {
            self.catch_up_in(&mut state, usize::MAX);
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Frozen {
    fn holds(self, request: &Request) -> bool {
        !is_write(request)
            && match self {
                Self::Indexes => asks_index(request),
                Self::AllReads => !is_strong(request),
            }
    }
}

impl Default for Lagging {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Lagging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lagging")
    }
}

impl Wire for Lagging {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        Box::pin(ready(Ok(self.answer(&request))))
    }
}

fn empty() -> Engine {
    Engine::memory().expect("an empty store")
}

/// Whether a request changes anything.
pub fn is_write(request: &Request) -> bool {
    !matches!(request.operation.as_str(), "GetItem" | "BatchGetItem" | "Query" | "DescribeTable")
}

/// Whether a read asks to be consistent.
pub fn is_strong(request: &Request) -> bool {
    holds(request, "\"ConsistentRead\":true")
}

fn asks_index(request: &Request) -> bool {
    holds(request, "\"IndexName\":")
}

fn holds(request: &Request, part: &str) -> bool {
    String::from_utf8_lossy(&request.body).contains(part)
}
