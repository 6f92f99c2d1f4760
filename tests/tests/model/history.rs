//! One run: what everybody saw, and whether it can be true.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use shared::{
    domain::{
        ids::ClientId,
        message::{Message, Slot},
    },
    store::{Membership, Window},
};
use uuid::Uuid;

use crate::{
    changed::check_changes,
    explore::Choose,
    lab::{Lab, Place, clock, found_room},
    live::{Post, Seen, body, is_changed, live, message},
    members::{check_filing, check_marks, check_removal},
    scenario::Scenario,
    world::World,
};

/// Runs the scenario once and checks all that must hold.
pub(crate) fn check_run(lab: &Lab, scenario: &Scenario, choose: &mut dyn Choose) {
    let _inside = lab.runtime.enter();
    let network = Arc::clone(&lab.network);
    let mut world = World::new(lab.lagging.clone(), network, scenario);
    let now = world.now();
    let place = Arc::new(lab.runtime.block_on(found_room(lab, &now, scenario)));
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

/// The room at the end, as whoever reads it then sees it, against what everybody saw before.
async fn check_end(lab: &Lab, place: &Place, now: &Arc<AtomicI64>, seen: &Seen) {
    let store = &lab.store;
    let clock = clock(now, 0);
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
    check_removal(seen, &end.slots);
    check_filing(seen, &end.room);
    check_marks(lab, place, &clock, seen).await;
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
