//! A world in which every request waits until the script delivers it.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use local::embedded::{Answer, Lost, Request, Wire};
use tests::{
    Lagging,
    lagging::{is_strong, is_write},
};
use tokio::sync::oneshot;

use crate::{explore::Choose, scenario::Scenario};

/// A request that somebody has sent and nobody has answered.
struct Pending {
    actor: usize,
    request: Request,
    reply: oneshot::Sender<Result<Answer, Lost>>,
}

/// What is on its way.
#[derive(Default)]
pub(crate) struct Network {
    /// By number, in the order of sending.
    pending: BTreeMap<u64, Pending>,
    sent: u64,
}

/// One actor's connection: what it sends waits in the network.
#[derive(Clone)]
pub(crate) struct ScriptedWire {
    pub(crate) actor: usize,
    pub(crate) network: Arc<Mutex<Network>>,
}

impl std::fmt::Debug for ScriptedWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScriptedWire({})", self.actor)
    }
}

impl Wire for ScriptedWire {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let (reply, answer) = oneshot::channel();
        let mut network = lock(&self.network);
        let number = network.sent;
        network.sent += 1;
        network.pending.insert(number, Pending { actor: self.actor, request, reply });
        Box::pin(async move { answer.await.unwrap_or(Err(Lost)) })
    }
}

type Life = Pin<Box<dyn Future<Output = ()>>>;

enum Actor {
    /// Not begun yet.
    Waiting(Life),
    Alive(Life),
    /// Done or killed.
    Gone,
}

/// What can happen next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start(usize),
    Deliver(u64),
    /// The request reaches the store; its answer does not come back.
    LoseAnswer(u64),
    /// The request does not reach the store.
    LoseRequest(u64),
    /// The answer is lost, and the SDK sends the request again.
    DeliverTwice(u64),
    /// The actor dies; what it sent is still on its way.
    Kill(usize),
}

/// The world of one run.
pub(crate) struct World {
    store: Lagging,
    network: Arc<Mutex<Network>>,
    actors: Vec<Actor>,
    now: Arc<AtomicI64>,
    faults: usize,
    turns: Option<usize>,
    /// Who was answered last.
    last: Option<usize>,
}

impl World {
    pub(crate) fn new(store: Lagging, network: Arc<Mutex<Network>>, scenario: &Scenario) -> Self {
        let now = Arc::new(AtomicI64::new(1_700_000_000_000));
        *lock(&network) = Network::default();
        let Scenario { faults, turns, .. } = *scenario;
        Self { store, network, actors: Vec::new(), now, faults, turns, last: None }
    }

    /// The world's time in milliseconds; each step takes one.
    pub(crate) fn now(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.now)
    }

    pub(crate) fn add(&mut self, life: impl Future<Output = ()> + 'static, late_start: bool) {
        let life: Life = Box::pin(life);
        self.actors.push(Actor::Waiting(life));
        if !late_start {
            self.start(self.actors.len() - 1);
        }
    }

    /// Lets things happen until nothing more can.
    pub(crate) fn run(&mut self, choose: &mut dyn Choose) {
        loop {
            let steps = self.steps();
            if steps.is_empty() {
                break;
            }
            let step = steps[choose.pick(steps.len())];
            self.now.fetch_add(1, Ordering::Relaxed);
            self.take(step, choose);
        }
        // What the copy missed arrives in the end.
        self.store.catch_up(usize::MAX);
    }

    /// Everything that can happen next.
    fn steps(&self) -> Vec<Step> {
        let network = lock(&self.network);
        let pends = |actor: usize| network.pending.values().any(|pending| pending.actor == actor);
        let goes_on = self.last.filter(|&last| self.turns == Some(0) && pends(last));
        let may_go = |actor: usize| goes_on.is_none_or(|last| actor == last);
        let deliverable = network.pending.iter().filter(|(_, pending)| may_go(pending.actor));
        let mut steps: Vec<Step> = deliverable.map(|(&number, _)| Step::Deliver(number)).collect();
        for (number, actor) in self.actors.iter().enumerate() {
            if matches!(actor, Actor::Waiting(_)) {
                steps.push(Step::Start(number));
            }
        }
        if self.faults == 0 {
            return steps;
        }
        for (&number, pending) in &network.pending {
            steps.push(Step::LoseRequest(number));
            if matches!(self.actors[pending.actor], Actor::Alive(_)) {
                steps.push(Step::LoseAnswer(number));
                if is_write(&pending.request) {
                    steps.push(Step::DeliverTwice(number));
                }
            }
        }
        for (number, actor) in self.actors.iter().enumerate() {
            if matches!(actor, Actor::Alive(_)) {
                steps.push(Step::Kill(number));
            }
        }
        steps
    }

    fn take(&mut self, step: Step, choose: &mut dyn Choose) {
        if !matches!(step, Step::Start(_) | Step::Deliver(_)) {
            self.faults -= 1;
        }
        match step {
            Step::Start(actor) => self.start(actor),
            Step::Deliver(number) => {
                let pending = self.receive(number);
                self.count_turn(pending.actor);
                let answer = self.answer(&pending.request, choose);
                self.reply(pending, Ok(answer));
            }
            Step::LoseAnswer(number) => {
                let pending = self.receive(number);
                self.answer(&pending.request, choose);
                self.reply(pending, Err(Lost));
            }
            Step::LoseRequest(number) => {
                let pending = self.receive(number);
                self.reply(pending, Err(Lost));
            }
            Step::DeliverTwice(number) => {
                let pending = self.receive(number);
                self.answer(&pending.request, choose);
                let answer = self.answer(&pending.request, choose);
                self.reply(pending, Ok(answer));
            }
            Step::Kill(actor) => self.actors[actor] = Actor::Gone,
        }
    }

    /// Turning away from an actor that could go on is counted.
    fn count_turn(&mut self, to: usize) {
        let from = self.last.replace(to);
        let could_go_on =
            from.is_some_and(|from| lock(&self.network).pending.values().any(|p| p.actor == from));
        if from != Some(to) && could_go_on {
            self.turns = self.turns.map(|turns| turns.saturating_sub(1));
        }
    }

    fn receive(&self, number: u64) -> Pending {
        lock(&self.network).pending.remove(&number).expect("it was listed")
    }

    fn reply(&mut self, pending: Pending, answer: Result<Answer, Lost>) {
        let actor = pending.actor;
        // A dead actor hears nothing.
        let _ = pending.reply.send(answer);
        self.poll(actor);
    }

    fn start(&mut self, actor: usize) {
        if let Actor::Waiting(life) = std::mem::replace(&mut self.actors[actor], Actor::Gone) {
            self.actors[actor] = Actor::Alive(life);
            self.poll(actor);
        }
    }

    /// Lets an actor run until it waits for the network again.
    fn poll(&mut self, actor: usize) {
        let Actor::Alive(life) = &mut self.actors[actor] else { return };
        match life.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => self.actors[actor] = Actor::Gone,
            Poll::Pending => {
                let waits =
                    lock(&self.network).pending.values().any(|pending| pending.actor == actor);
                assert!(waits, "actor {actor} waits for something that is not the network");
            }
        }
    }

    /// What the store answers: the truth, or to an eventual read, if the script says so, the past.
    fn answer(&self, request: &Request, choose: &mut dyn Choose) -> Answer {
        let behind = self.store.behind();
        let fresh = is_write(request) || behind == 0 || is_strong(request) || choose.pick(2) == 0;
        if fresh {
            return self.store.truth(request);
        }
        self.store.catch_up(choose.pick_any(behind));
        self.store.past(request)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
