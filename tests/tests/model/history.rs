//! One run: what everybody saw, and whether it can be true.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use aws_sdk_dynamodb::{Client, config::retry::RetryConfig, types::AttributeValue};
use local::embedded::client;
use shared::{
    domain::{
        ids::{ClientId, RoomId, Salt},
        message::{Draft, Emoji, Message, MessageType, Slot},
        principal::{Asker, Principal, PrincipalType, Profile},
        room::{Founding, RoomKind, Seat},
        time::{Clock, Timestamp},
    },
    store::{Change, Changed, Changer, Membership, Sender, Store, Window, table},
};
use tests::Lagging;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::{
    explore::Choose,
    scenario::{Actor, Becomes, Does, Scenario},
    world::{Network, ScriptedWire, World},
};

const TABLE: &str = "model";

/// How many slots a reader asks for at a time.
const PAGE: u64 = 4;

/// The most actors of a scenario.
const ACTORS: usize = 10;

/// What runs share: a store, in which each run has a room of its own, and everybody's
/// connection to it.
pub(crate) struct Lab {
    lagging: Lagging,
    /// Unscripted: for what happens before and after a run.
    store: Rc<Store>,
    direct: Client,
    salt: Salt,
    network: Arc<Mutex<Network>>,
    actors: Vec<Rc<Store>>,
    runtime: Runtime,
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
struct Place {
    room: RoomId,
    askers: BTreeMap<&'static str, Asker>,
}

/// What an actor learned.
#[derive(Default)]
struct Seen {
    /// Posts that were answered.
    posts: Vec<Post>,
    /// The messages of all runs of posts that were begun.
    begun: Vec<u8>,
    /// What posts ended in that were not answered.
    failures: Vec<String>,
    /// What stood at slots.
    slots: Vec<Slot>,
    /// Logs read on from the beginning, page by page.
    logs: Vec<Vec<Slot>>,
    /// Where pages ended before a slot that was still open.
    stops: Vec<Stop>,
    /// Messages on pages, and the room's revision that the page told.
    shown: Vec<(Message, u64)>,
    /// Changes that were answered.
    changes: Vec<Message>,
}

/// A page that was asked for at `begun` and ended before the slot `at`.
struct Stop {
    begun: i64,
    at: u64,
}

struct Post {
    message: u8,
    begun: i64,
    answered: i64,
    seq: u64,
}

/// Runs the scenario once and checks all that must hold.
pub(crate) fn check_run(lab: &Lab, scenario: &Scenario, choose: &mut dyn Choose) {
    let _inside = lab.runtime.enter();
    let network = Arc::clone(&lab.network);
    let mut world = World::new(lab.lagging.clone(), network, scenario);
    let now = world.now();
    let place = Arc::new(lab.runtime.block_on(found_room(lab, &now, scenario.posted)));
    let begun = (1..=scenario.posted).collect();
    let seen = Arc::new(Mutex::new(Seen { begun, ..Seen::default() }));
    for (actor, store) in scenario.actors.iter().zip(&lab.actors) {
        let life = live(
            actor.clone(),
            Rc::clone(store),
            Arc::clone(&place),
            Arc::clone(&now),
            Arc::clone(&seen),
        );
        world.add(life, scenario.late_starts);
    }
    world.run(choose);
    if scenario.faults == 0 {
        assert_eq!(
            seen.lock().expect("nobody panicked").failures,
            [""; 0],
            "a post failed without a fault"
        );
    }
    // Quiet now. An hour and a bit later somebody reads it all, which closes what is still open.
    now.fetch_add(2 * 3_600_000, Ordering::Relaxed);
    lab.runtime.block_on(check_end(lab, &place, &now, &seen.lock().expect("nobody panicked")));
}

async fn found_room(lab: &Lab, now: &Arc<AtomicI64>, posted: u8) -> Place {
    let (store, salt) = (&lab.store, &lab.salt);
    lab.rooms.set(lab.rooms.get() + 1);
    let seat = |name: &str| {
        let principal =
            Principal::user(&format!("{name}-{}", lab.rooms.get())).expect("a short id");
        Seat::account(salt, principal, Profile::default())
    };
    let (alice, bob) = (seat("alice"), seat("bob"));
    let asker = |seat: &Seat| Asker { me: seat.key.clone(), kind: PrincipalType::User, desk: None };
    let askers = BTreeMap::from([("alice", asker(&alice)), ("bob", asker(&bob))]);
    let founding = Founding::by_pair(RoomKind::Direct, alice, bob);
    let opened =
        store.open(&founding, &askers["alice"], time(now)).await.expect("the store answers");
    assert!(opened.is_some_and(|opened| opened.new));
    let room = founding.id(salt, 0);
    let clock = Clock::from_fn({
        let now = Arc::clone(now);
        move || time(&now)
    });
    for message in 1..=posted {
        let sender = sender(&askers["alice"], "alice");
        let posted = store.append(room, sender, &draft(message, true), false, &clock).await;
        assert_eq!(posted.expect("the store answers").message.seq, u64::from(message));
    }
    Place { room, askers }
}

fn sender<'a>(asker: &'a Asker, member_id: &'a str) -> Sender<'a> {
    Sender { asker, member_id, is_system: false, rate: None, in_dialect: false, sent_at: None }
}

fn time(now: &AtomicI64) -> Timestamp {
    Timestamp::from_millis(now.load(Ordering::Relaxed))
}

/// What an actor does with its life.
async fn live(
    actor: Actor,
    store: Rc<Store>,
    place: Arc<Place>,
    now: Arc<AtomicI64>,
    seen: Arc<Mutex<Seen>>,
) {
    let me = &place.askers[actor.user];
    let clock = {
        let (now, skew) = (Arc::clone(&now), actor.clock_skew);
        Clock::from_fn(move || time(&now).plus_millis(skew))
    };
    match actor.does {
        Does::Post { message, client_id, retry } => {
            let begun = now.load(Ordering::Relaxed);
            seen.lock().expect("nobody panicked").begun.push(message);
            let draft = draft(message, client_id);
            let answer =
                store.append(place.room, sender(me, actor.user), &draft, retry, &clock).await;
            if let Err(error) = &answer {
                seen.lock().expect("nobody panicked").failures.push(format!("{error:?}"));
            }
            if let Ok(done) = answer {
                let stored = &done.message;
                let is_own = stored.body == Some(body(message)) || is_changed(stored);
                assert!(is_own, "an answer with another body: {stored:?}");
                let answered = now.load(Ordering::Relaxed);
                let post = Post { message, begun, answered, seq: done.message.seq };
                let mut seen = seen.lock().expect("nobody panicked");
                seen.slots.push(Slot::Message(done.message));
                seen.posts.push(post);
            }
        }
        Does::Read { pages } => {
            let (mut log, mut stops) = (Vec::new(), Vec::new());
            for _ in 0..pages {
                let begun = now.load(Ordering::Relaxed);
                let end = log.last().map_or(0, Slot::seq);
                let page = store.page(place.room, me, Window::After(end), PAGE, &clock).await;
                let Ok(Some(page)) = page else { break };
                let full = page.slots.len() as u64 == PAGE;
                let shown = page.slots.iter().filter_map(self::message).cloned();
                let shown = shown.map(|message| (message, page.room.head.rev));
                seen.lock().expect("nobody panicked").shown.extend(shown);
                log.extend(page.slots);
                let next = log.last().map_or(1, |slot| slot.seq() + 1);
                if !full && next <= page.room.head.seq {
                    stops.push(Stop { begun, at: next });
                }
            }
            let mut seen = seen.lock().expect("nobody panicked");
            seen.slots.extend(log.iter().cloned());
            seen.logs.push(log);
            seen.stops.extend(stops);
        }
        Does::List => {
            // What a list does with a preview that has no text: it reads the newest messages.
            let Ok(list) = store.inbox(me, None, 10, None).await else { return };
            for (room, _) in list.rooms.iter().filter(|(room, _)| room.head.preview.text.is_none())
            {
                if let Ok(page) = store.page_of(room, Window::Newest, 2, &clock).await {
                    seen.lock().expect("nobody panicked").slots.extend(page.slots);
                }
            }
        }
        Does::Change { seq, into } => {
            let change = match into {
                Becomes::Edited => {
                    Change::Edit(format!("{EDITED} at {}", now.load(Ordering::Relaxed)))
                }
                Becomes::Deleted => Change::Delete,
                Becomes::ReactedTo => {
                    Change::React { emoji: Emoji::parse("\u{1f381}").expect("an emoji"), on: true }
                }
            };
            let by = Changer { asker: me, moderates: false };
            let done = store.change(place.room, seq, by, &change, clock.now()).await;
            match done {
                Ok(Changed::Done { message, .. }) => {
                    seen.lock().expect("nobody panicked").changes.push(*message);
                }
                // There is none yet, or it is not of a sort that can become this any more.
                Ok(_) => {}
                Err(error) => {
                    seen.lock().expect("nobody panicked").failures.push(format!("{error:?}"));
                }
            }
        }
    }
}

/// How every text begins that a message was edited into.
const EDITED: &str = "another text";

fn is_changed(message: &Message) -> bool {
    message.edited_at.is_some() || message.deleted_at.is_some()
}

fn body(message: u8) -> String {
    format!("message {message}")
}

fn draft(message: u8, client_id: bool) -> Draft {
    let id = client_id.then(|| ClientId(Uuid::from_u128(message.into())));
    Draft::new(RoomKind::Direct, MessageType::Text, body(message), id, None).expect("a short text")
}

/// The room at the end, as whoever reads it then sees it, against what everybody saw before.
async fn check_end(lab: &Lab, place: &Place, now: &Arc<AtomicI64>, seen: &Seen) {
    let store = &lab.store;
    let clock = Clock::from_fn({
        let now = Arc::clone(now);
        move || time(&now)
    });
    let me = &place.askers["alice"];
    let read = async || {
        let page = store
            .page(place.room, me, Window::Newest, 200, &clock)
            .await
            .expect("the store answers");
        page.expect("alice is in the room")
    };
    read().await;
    let end = read().await;
    check_order(&end.slots, end.room.head.seq);
    check_posts(&end.slots, seen);
    check_observations(&end.slots, seen);
    check_summary(&end.slots, &end.room);
    check_changes(lab, place, &end.slots, &end.room, seen).await;
    let marked =
        store.mark_read(place.room, me, u64::MAX, clock.now()).await.expect("the store answers");
    assert_eq!(
        marked.expect("alice is in the room").room.unread(),
        0,
        "I6: unread after reading to the head"
    );
}

/// I2: one order, dense, and nothing open in it.
fn check_order(slots: &[Slot], head: u64) {
    let expected: Vec<u64> = (1..=head).collect();
    assert_eq!(
        slots.iter().map(Slot::seq).collect::<Vec<_>>(),
        expected,
        "I2: the log is not dense"
    );
    assert!(!slots.iter().any(|slot| matches!(slot, Slot::Pending(_))), "I2: a slot stayed open");
}

/// I1 and I3: every answered message is there, once; I2 in real time: what was answered before
/// another post began stands before it.
fn check_posts(slots: &[Slot], seen: &Seen) {
    let stored: Vec<&Message> = slots.iter().filter_map(message).collect();
    for post in &seen.posts {
        // A message that was changed is told by its client id, or by the place that was answered.
        let id = Some(ClientId(Uuid::from_u128(post.message.into())));
        let is_it = |m: &&&Message| {
            m.body.as_ref() == Some(&body(post.message))
                || is_changed(m) && (m.client_id == id || m.seq == post.seq)
        };
        let places: Vec<u64> = stored.iter().filter(is_it).map(|m| m.seq).collect();
        assert_eq!(places, [post.seq], "I1: where the answered message {} is", post.message);
    }
    let with_id = stored.iter().filter_map(|message| message.client_id);
    let mut ids = BTreeSet::new();
    for id in with_id {
        assert!(ids.insert(id.0), "I3: a client id has two messages");
    }
    // A post that ran more than once may have been stored by a run that nobody heard of again, so only
    // those with one run are held to real time.
    let runs = |post: &Post| seen.begun.iter().filter(|message| **message == post.message).count();
    let once: Vec<&Post> = seen.posts.iter().filter(|post| runs(post) == 1).collect();
    for (first, then) in once.iter().flat_map(|a| once.iter().map(move |b| (a, b))) {
        if first.answered < then.begun {
            assert!(
                first.seq < then.seq,
                "I2: answered before the other began, and stands behind it"
            );
        }
    }
}

/// What anybody saw at a slot is what is there in the end; I4 for a published message.
fn check_observations(slots: &[Slot], seen: &Seen) {
    for slot in &seen.slots {
        let Some(index) = usize::try_from(slot.seq()).ok().and_then(|seq| seq.checked_sub(1))
        else {
            continue;
        };
        match slot {
            Slot::Pending(_) => {}
            seen => {
                let (end, seen) = (slots.get(index).map(unchanged), unchanged(seen));
                assert_eq!(end, Some(seen), "I2: a slot changed after somebody saw it")
            }
        }
    }
    for stop in &seen.stops {
        let answered =
            seen.posts.iter().find(|post| post.seq == stop.at && post.answered < stop.begun);
        assert!(answered.is_none(), "F26: a page ended before a message that was answered earlier");
    }
    for log in &seen.logs {
        let [log, end] = [log, &slots[..log.len()]].map(|part| part.iter().map(unchanged));
        assert!(log.eq(end), "I2: a reader that reads on has missed something");
    }
}

/// I7: the preview is that of the last message, or it has no text and lists read on; the counts hold.
fn check_summary(slots: &[Slot], room: &Membership) {
    let messages = slots.iter().filter_map(message).count() as u64;
    assert_eq!(room.head.message_count(), messages, "the count of messages");
    let preview = &room.head.preview;
    match slots.last() {
        Some(Slot::Message(last)) => {
            assert_eq!(preview.seq, Some(last.seq), "I7: the preview's place");
            let text = last.body.as_deref().unwrap_or_default();
            assert_eq!(preview.text.as_deref(), Some(text), "I7: the preview's text");
            assert_eq!(room.head.last_activity(), last.created_at, "I7: the preview's time");
        }
        _ => assert_eq!(preview.text, None, "I7: the preview of a message that never came"),
    }
}

fn message(slot: &Slot) -> Option<&Message> {
    match slot {
        Slot::Message(message) => Some(message),
        _ => None,
    }
}

/// What of a slot nothing can change.
fn unchanged(slot: &Slot) -> Slot {
    match slot {
        Slot::Message(message) => {
            let Message { room, seq, kind, sender_id, sender_type, .. } = message.clone();
            Slot::Message(Message {
                room,
                seq,
                kind,
                sender_id,
                sender_type,
                body: None,
                client_id: message.client_id,
                reply_to: message.reply_to,
                created_at: message.created_at,
                edited_at: None,
                deleted_at: None,
                reactions: BTreeMap::new(),
                rev: 0,
            })
        }
        other => other.clone(),
    }
}

/// I5: whoever asks for changes learns of all; no page told a revision that its messages were behind.
/// F23: the text of a message that somebody was told is deleted is in no item.
async fn check_changes(lab: &Lab, place: &Place, slots: &[Slot], room: &Membership, seen: &Seen) {
    let me = &place.askers["alice"];
    let changes = lab.store.changes(place.room, me, 0, 200).await.expect("the store answers");
    let changes = changes.expect("alice is in the room");
    assert_eq!(changes.rev, room.head.rev, "I5: changes tell less than the room");
    let end = |seq: u64| slots.iter().filter_map(message).find(|message| message.seq == seq);
    for changed in &changes.messages {
        assert_eq!(Some(changed), end(changed.seq), "I5: a change tells another message");
    }
    for answered in &seen.changes {
        let end = end(answered.seq).expect("what was changed is there");
        assert!(end.rev >= answered.rev, "an answered change is lost: {answered:?} {end:?}");
        assert!(
            answered.deleted_at.is_none() || end.deleted_at.is_some() && end.body.is_none(),
            "F23: a deleted message came back: {end:?}"
        );
    }
    for (shown, rev) in &seen.shown {
        let end = end(shown.seq).expect("what was shown is there");
        let told_all = shown.rev == end.rev || end.rev > *rev;
        // Of several changes only the last one is known; those before it were told if it was.
        assert!(told_all, "a page told revision {rev} with a message behind it: {shown:?} {end:?}");
    }
    let items = lab
        .direct
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :room")
        .expression_attribute_values(":room", AttributeValue::S(format!("R#{}", place.room)))
        .consistent_read(true)
        .send()
        .await
        .expect("the store answers")
        .items
        .unwrap_or_default();
    for gone in slots.iter().filter_map(message).filter(|message| message.deleted_at.is_some()) {
        let slot = format!("M{:012}", gone.seq);
        for item in &items {
            let is_its = item["sk"] == AttributeValue::S(slot.clone());
            let text = format!("{item:?}");
            assert!(!is_its || !text.contains(EDITED) && !text.contains("message "), "F23: {text}");
        }
        let others = slots.iter().filter_map(message).filter_map(|m| m.body.as_ref());
        let texts: Vec<&String> = others.collect();
        let preview = room.head.preview.text.as_ref().filter(|text| !text.is_empty());
        assert!(
            preview.is_none_or(|text| texts.contains(&text)),
            "F23: in the preview: {preview:?}"
        );
    }
}
