//! A function as the process that Lambda starts, kills, or freezes at any moment and lets go on much later, when the
//! connections that it held are long gone.

mod function;
mod wires;

use local::embedded::{self, Engine};
use serde_json::{Value, json};
use tests::{FakeRelay, Room, TestApp, User};
use tokio::net::TcpListener;
use uuid::Uuid;

use self::{
    function::Function,
    wires::{Side, Wires},
};

/// What a post asks of the store, after the first of a process: it commits, claims and puts.
const CALLS: usize = 3;

/// A function beside another one, which is never frozen, over the same store.
struct World {
    app: TestApp,
    alice: User,
    room: Room,
    /// From the function to the store, and to the relay.
    store: Wires,
    relay: Wires,
    _fake: FakeRelay,
    function: Function,
}

impl World {
    async fn warm() -> Self {
        let (engine, fake) = (Engine::memory().expect("an empty store"), FakeRelay::start().await);
        let app = TestApp::between(engine.clone(), &fake).await;
        let alice = app.user("alice").await;
        let room = alice.opens_direct("bob").await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let served = listener.local_addr().expect("a bound socket");
        tokio::spawn(async move { axum::serve(listener, embedded::router(engine)).await });
        let endpoint = fake.endpoint();
        let store = Wires::to(served).await;
        let relay =
            Wires::to(format!("127.0.0.1:{}", endpoint.port).parse().expect("an address")).await;
        let function = Function::start(&store, &relay).await;
        let world = Self { app, alice, room, store, relay, _fake: fake, function };
        let posted = world.posts("warm", Uuid::new_v4()).await;
        assert_eq!((posted.0, &posted.1["delivered"]), (201, &json!(true)), "{}", posted.1);
        world
    }

    /// A post through the function.
    async fn posts(&self, body: &str, client_id: Uuid) -> (u16, Value) {
        let token = self.app.token(json!({ "sub": "alice", "name": "alice" })).await;
        let message = json!({ "body": body, "client_id": client_id });
        self.function.is_asked(&token, &self.room.path("/messages"), &message).await
    }

    /// Every post is there once.
    async fn holds(&self, bodies: &[&str]) {
        self.app.advance_clock(std::time::Duration::from_secs(10)).await;
        let log = self.alice.whole_log(&self.room).await;
        let messages = log.iter().filter_map(|slot| slot["body"].as_str());
        assert_eq!(messages.collect::<Vec<_>>(), bodies);
    }
}

/// Frozen while it waits for the store, on each side of each of its calls. Meanwhile its client repeats the post at
/// another function, and the frozen one's connections are closed.
/// Fault F9. Fault F12. Invariant I1. Invariant I3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_is_frozen_in_the_middle_of_a_post_changes_nothing_when_it_goes_on() {
    let world = World::warm().await;
    let mut bodies = vec!["warm".to_owned()];
    for side in [Side::Request, Side::Answer] {
        for call in 1..=CALLS {
            let (body, id) = (format!("{side:?} {call}"), Uuid::new_v4());
            let held = world.store.holds(call, side);
            let frozen = async {
                held.await;
                world.function.freezes().await;
                let repeated = world.alice.tries_to_post(&world.room, &body, id).await;
                assert!(matches!(repeated.status, 200 | 201), "{repeated}");
                world.store.cut();
                world.function.goes_on().await;
                repeated.json["seq"].clone()
            };

            let (answer, seq) = tokio::join!(world.posts(&body, id), frozen);

            assert!(matches!(answer.0, 200 | 201), "{side:?} {call}: {answer:?}");
            assert_eq!(answer.1["seq"], seq, "{side:?} {call}: {answer:?}");
            bodies.push(body);
        }
    }
    let (status, after) = world.posts("after", Uuid::new_v4()).await;
    assert_eq!(status, 201, "{after}");
    bodies.push("after".into());
    world.holds(&bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// Killed with -9 on each side of each call of the store and of the relay: after the commit, the claim, the put and the
/// event, and before each. Its client repeats the post at another function.
/// Fault F8. Invariant I1. Invariant I3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_is_killed_at_any_call_of_a_post_leaves_one_message() {
    let mut world = World::warm().await;
    let mut bodies = vec!["warm".to_owned()];
    for (at_relay, calls) in [(false, CALLS), (true, 1)] {
        for (side, call) in [Side::Request, Side::Answer]
            .into_iter()
            .flat_map(|side| (1..=calls).map(move |call| (side, call)))
        {
            let (body, id) = (format!("{at_relay} {side:?} {call}"), Uuid::new_v4());
            let wires = if at_relay { &world.relay } else { &world.store };
            let held = wires.holds(call, side);
            tokio::select! {
                answer = world.posts(&body, id) => panic!("{body} was answered: {answer:?}"),
                () = held => {}
            }
            world.function.dies().await;

            let repeated = world.alice.tries_to_post(&world.room, &body, id).await;

            assert!(matches!(repeated.status, 200 | 201), "{body}: {repeated}");
            bodies.push(body);
            world.function = Function::start(&world.store, &world.relay).await;
            let warm = format!("warm after {}", bodies.len());
            assert_eq!(world.posts(&warm, Uuid::new_v4()).await.0, 201);
            bodies.push(warm);
        }
    }
    world.holds(&bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// Frozen after an answer, as every function is, for so long that store and relay have hung up.
/// Fault F9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_closed_while_it_was_frozen_are_made_anew() {
    let world = World::warm().await;
    let before = (world.store.connections(), world.relay.connections());
    world.function.freezes().await;
    world.store.cut();
    world.relay.cut();
    world.function.goes_on().await;

    let (status, posted) = world.posts("thawed", Uuid::new_v4()).await;

    assert_eq!((status, &posted["delivered"]), (201, &json!(true)), "{posted}");
    assert!(world.store.connections() > before.0 && world.relay.connections() > before.1);
    world.holds(&["warm", "thawed"]).await;
}

/// The same where nobody tells it: a network in between has forgotten the connections, and nothing comes back.
/// Fault F9. Fault F7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_forgotten_while_it_was_frozen_are_given_up() {
    let world = World::warm().await;
    world.function.freezes().await;
    world.store.forget();
    world.relay.forget();
    world.function.goes_on().await;

    let (status, posted) = world.posts("thawed", Uuid::new_v4()).await;

    assert_eq!(status, 201, "{posted}");
    world.holds(&["warm", "thawed"]).await;
    let (status, posted) = world.posts("again", Uuid::new_v4()).await;
    assert_eq!((status, &posted["delivered"]), (201, &json!(true)), "{posted}");
}
