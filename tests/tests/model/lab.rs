//! What runs share, and the room of a run.

use std::{
    cell::Cell,
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use aws_sdk_dynamodb::{Client, config::retry::RetryConfig};
use local::embedded::client;
use shared::{
    domain::{
        ids::{RoomId, Salt},
        principal::{Asker, Principal, PrincipalType, Profile},
        room::{Founding, RoomKind, Seat},
        time::{Clock, Timestamp},
    },
    store::{Sender, Store, table},
};
use tests::Lagging;
use tokio::runtime::Runtime;

use crate::{
    live::draft,
    scenario::{Kind, Scenario},
    world::{Network, ScriptedWire},
};

pub(crate) const TABLE: &str = "model";

/// The most actors of a scenario.
const ACTORS: usize = 10;

/// What runs share: a store, in which each run has a room of its own, and everybody's
/// connection to it.
pub(crate) struct Lab {
    pub(crate) lagging: Lagging,
    /// Unscripted: for what happens before and after a run.
    pub(crate) store: Rc<Store>,
    pub(crate) direct: Client,
    salt: Salt,
    pub(crate) network: Arc<Mutex<Network>>,
    pub(crate) actors: Vec<Rc<Store>>,
    pub(crate) runtime: Runtime,
    rooms: Cell<u32>,
}

impl Lab {
    pub(crate) fn new(stale_reads: bool) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let lagging = if stale_reads { Lagging::new() } else { Lagging::without_a_copy() };
        let direct = client(Arc::new(lagging.clone()), RetryConfig::disabled());
        runtime.block_on(table::create(&direct, TABLE)).expect("a table");
        let store = Rc::new(Store::new(direct.clone(), TABLE));
        let salt = runtime.block_on(store.salt()).expect("the salt").clone();
        let network = Arc::new(Mutex::new(Network::default()));
        let actor = |actor| {
            let wire = ScriptedWire { actor, network: Arc::clone(&network) };
            Rc::new(
                Store::new(client(Arc::new(wire), RetryConfig::disabled()), TABLE)
                    .with_salt(salt.clone()),
            )
        };
        let actors = (0..ACTORS).map(actor).collect();
        Self { lagging, store, direct, salt, network, actors, runtime, rooms: Cell::new(0) }
    }
}

/// The room of a run, and who is in it.
pub(crate) struct Place {
    pub(crate) room: RoomId,
    pub(crate) askers: BTreeMap<&'static str, Asker>,
}

/// Opens a room of its own for a run, and posts what is to be there before.
pub(crate) async fn found_room(lab: &Lab, now: &Arc<AtomicI64>, scenario: &Scenario) -> Place {
    let (store, salt) = (&lab.store, &lab.salt);
    lab.rooms.set(lab.rooms.get() + 1);
    let seat = |name: &str, kind: PrincipalType| {
        let id = format!("{name}-{}", lab.rooms.get());
        let principal = match kind {
            PrincipalType::Merchant => Principal::new(PrincipalType::Merchant, &id),
            _ => Principal::user(&id),
        };
        Seat::account(salt, principal.expect("a short id"), Profile::default())
    };
    let merchant = match scenario.kind {
        Kind::Listing => PrincipalType::Merchant,
        _ => PrincipalType::User,
    };
    let [alice, bob, carol] =
        [("alice", PrincipalType::User), ("bob", merchant), ("carol", PrincipalType::User)]
            .map(|(name, kind)| (seat(name, kind), kind));
    let asker = |(seat, kind): &(Seat, PrincipalType)| Asker {
        me: seat.key.clone(),
        kind: *kind,
        desk: None,
    };
    let askers =
        BTreeMap::from([("alice", asker(&alice)), ("bob", asker(&bob)), ("carol", asker(&carol))]);
    let founding = match scenario.kind {
        Kind::Direct => Founding::by_pair(RoomKind::Direct, alice.0, bob.0),
        Kind::Listing => {
            Founding::by_listing(RoomKind::Listing, ("bike", "A bike"), alice.0, bob.0)
        }
        Kind::Group => {
            Founding::by_members(RoomKind::Group, b"nonce", None, vec![alice.0, bob.0, carol.0])
        }
    };
    let opened =
        store.open(&founding, &askers["alice"], time(now)).await.expect("the store answers");
    assert!(opened.is_some_and(|opened| opened.new));
    let room = founding.id(salt, 0);
    let clock = clock(now, 0);
    for message in 1..=scenario.posted {
        let sender = sender(&askers["alice"], "alice");
        let posted = store.append(room, sender, &draft(message, true), false, &clock).await;
        assert_eq!(posted.expect("the store answers").message.seq, u64::from(message));
    }
    Place { room, askers }
}

/// The world's time, from so far away.
pub(crate) fn clock(now: &Arc<AtomicI64>, skew: i64) -> Clock {
    let now = Arc::clone(now);
    Clock::from_fn(move || time(&now).plus_millis(skew))
}

pub(crate) fn sender<'a>(asker: &'a Asker, member_id: &'a str) -> Sender<'a> {
    Sender { asker, member_id, is_system: false, rate: None, in_dialect: false, sent_at: None }
}

pub(crate) fn time(now: &AtomicI64) -> Timestamp {
    Timestamp::from_millis(now.load(Ordering::Relaxed))
}
