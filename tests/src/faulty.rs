//! The store over a network that misbehaves as a test says.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use local::embedded::{Answer, Lost, Request, Wire};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use crate::{Distant, PATIENCE};

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It does not reach the store.
    LoseRequest,
    /// The store does it; the answer does not come back.
    LoseAnswer,
    /// The store refuses with this status and error code, and does nothing.
    Refuse(u16, &'static str),
    /// Somebody answers this with status 200, and nothing is done.
    Pretend(Value),
    /// It waits on the way until [`Faulty::release`].
    Hold,
}

/// A call of the store, as a script sees it.
#[derive(Debug)]
pub struct Call<'a> {
    /// Which one it is of those since the script began, from 1; a repeat has the same number.
    pub number: usize,
    /// Which try it is, from 1.
    pub attempt: usize,
    /// The operation: `PutItem`.
    pub operation: &'a str,
    /// The body.
    pub request: &'a Value,
}

impl Call<'_> {
    /// Whether it writes a message to its slot.
    pub fn puts_message(&self) -> bool {
        let key = self.request["Item"]["sk"]["S"].as_str();
        self.operation == "PutItem" && key.is_some_and(|key| key.starts_with('M'))
    }

    /// Whether it writes anything.
    pub fn writes(&self) -> bool {
        !matches!(self.operation, "GetItem" | "BatchGetItem" | "Query")
    }
}

type Script = Box<dyn FnMut(&Call<'_>) -> Option<Fault> + Send>;

/// An empty store behind a network that does what a script says. Clones share it.
#[derive(Clone)]
pub struct Faulty {
    store: Distant,
    state: Arc<Mutex<State>>,
    held: watch::Sender<usize>,
    released: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    script: Option<Script>,
    /// The calls since the script began, by operation and body: their number and tries.
    seen: HashMap<(String, Vec<u8>), (usize, usize)>,
}

impl Faulty {
    /// An empty store; nothing misbehaves yet.
    pub fn new() -> Self {
        Self {
            store: Distant::new(),
            state: Arc::default(),
            held: watch::Sender::new(0),
            released: watch::Sender::new(0),
        }
    }

    /// From now on the script says what happens to each call.
    pub fn follow(&self, script: impl FnMut(&Call<'_>) -> Option<Fault> + Send + 'static) {
        *self.lock() = State { script: Some(Box::new(script)), seen: HashMap::new() };
    }

    /// From now on all is well. What is held stays held.
    pub fn heal(&self) {
        *self.lock() = State::default();
    }

    /// How many different calls there were since the script began.
    pub fn calls(&self) -> usize {
        self.lock().seen.len()
    }

    /// Waits until so many calls are held.
    pub async fn holds(&self, calls: usize) {
        let mut held = self.held.subscribe();
        let enough = timeout(PATIENCE, held.wait_for(|held| *held >= calls)).await;
        enough.expect("calls should have come to be held").expect("the sender is alive");
    }

    /// Lets go whatever is held.
    pub fn release(&self) {
        self.released.send_modify(|times| *times += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_for(&self, request: &Request) -> Option<Fault> {
        let mut state = self.lock();
        let State { script, seen } = &mut *state;
        let script = script.as_mut()?;
        let next = seen.len() + 1;
        let call = (request.operation.clone(), request.body.clone());
        let (number, attempt) = seen.entry(call).or_insert((next, 0));
        *attempt += 1;
        let (number, attempt, operation) = (*number, *attempt, request.operation.as_str());
        let request = serde_json::from_slice(&request.body).unwrap_or_default();
        script(&Call { number, attempt, operation, request: &request })
    }

    async fn wait_for_release(&self) {
        let mut released = self.released.subscribe();
        self.held.send_modify(|held| *held += 1);
        released.changed().await.expect("the sender is alive");
        self.held.send_modify(|held| *held -= 1);
    }
}

impl Default for Faulty {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl Wire for Faulty {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let network = self.clone();
        Box::pin(async move {
            match network.fault_for(&request) {
                None => network.store.call(request).await,
                Some(Fault::LoseRequest) => Err(Lost),
                Some(Fault::LoseAnswer) => {
                    network.store.call(request).await?;
                    Err(Lost)
                }
                Some(Fault::Refuse(status, code)) => {
                    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
                    let body = json!({ "__type": kind, "message": "as the test says" });
                    Ok(Answer { status, body: body.to_string() })
                }
                Some(Fault::Pretend(body)) => Ok(Answer { status: 200, body: body.to_string() }),
                Some(Fault::Hold) => {
                    network.wait_for_release().await;
                    network.store.call(request).await
                }
            }
        })
    }
}
