//! The write path under every order of events that a network, a crash and wrong clocks can make.
//!
//! The code under test is the real one, down to the requests that the AWS SDK builds; only the wire
//! is scripted. Small scenarios are tried in every interleaving, large ones in random ones, whose
//! seeds are printed when they fail (`PARLOUR_SEED=n` runs one again). What is checked is in
//! `history.rs`.

mod changed;
mod explore;
mod history;
mod lab;
mod live;
mod members;
mod room;
mod scenario;
mod world;

use explore::{exhaust, sample};
use scenario::{Actor, Scenario};
use tests::quick;

/// How often the larger of the searches that try every order may turn away from an actor that could
/// go on. The random runs know no such bound.
const TURNS: usize = 4;
/// The same where each order takes long.
const FEWER_TURNS: usize = 3;
/// The same where there are many orders as well.
const FEWEST_TURNS: usize = 2;

/// Two runs of one post and a post of the other side, in every order.
#[test]
fn two_runs_of_a_post_and_another_post_in_every_order() {
    let scenario =
        Scenario::of([Actor::post("alice", 1), Actor::post("alice", 1), Actor::post("bob", 2)]);
    exhaust("two runs and another post", &scenario.with_turns(TURNS));
}

/// Two runs of one post, beside a reader who thinks everything abandoned.
/// Fault F12.
#[test]
fn two_runs_of_a_post_beside_a_reader_that_closes_slots_in_every_order() {
    let reader = Actor::reader("bob", 1).an_hour_ahead();
    let actors = [Actor::post("alice", 1), Actor::post("alice", 1), reader];
    exhaust("two runs and a reader", &Scenario::of(actors).with_turns(TURNS));
}

/// A run, its careful repeat, and a reader who thinks everything abandoned.
/// Fault F12.
#[test]
fn a_post_and_its_retry_beside_a_reader_that_closes_slots_in_every_order() {
    let retry = Actor::post("alice", 1).with_retry();
    let reader = Actor::reader("bob", 1).an_hour_ahead();
    let actors = [Actor::post("alice", 1), retry, reader];
    exhaust("a run, a retry and a reader", &Scenario::of(actors).with_turns(FEWER_TURNS));
}

/// Two runs of one post, with a fault at every place: the run killed, its request lost or late, its
/// answer lost, its request sent twice.
/// Fault F7. Fault F8.
#[test]
fn two_runs_of_a_post_with_a_fault_at_every_place() {
    let scenario = Scenario::of([Actor::post("alice", 1), Actor::post("alice", 1)]).with_faults(1);
    exhaust("two runs and a fault", &scenario);
}

/// A post without a client id beside a reader that closes its slot, with a fault at every place.
#[test]
fn a_post_without_a_client_id_with_a_fault_at_every_place() {
    let reader = Actor::reader("bob", 1).an_hour_ahead();
    let scenario =
        Scenario::of([Actor::post("alice", 1).without_client_id(), reader]).with_faults(1);
    exhaust("a post without a client id", &scenario);
}

/// A reader whose reads lag behind, beside two posts.
/// Fault F26.
#[test]
fn a_reader_with_stale_reads_beside_two_posts_in_every_order() {
    let scenario =
        Scenario::of([Actor::post("alice", 1), Actor::post("bob", 2), Actor::reader("bob", 1)])
            .with_stale_reads();
    exhaust("stale reads", &scenario.with_turns(TURNS));
}

/// A message is edited and deleted while somebody reads.
/// Fault F23. Invariant I5.
#[test]
fn an_edit_and_a_deletion_of_a_message_beside_a_reader_in_every_order() {
    let actors = [Actor::edits("alice", 1), Actor::deletes("alice", 1), Actor::reader("bob", 1)];
    let scenario = Scenario::of(actors).with_posted(1).with_stale_reads().with_turns(FEWEST_TURNS);
    exhaust("an edit, a deletion and a reader", &scenario);
}

/// A message is deleted while its post is run again, careful and not, beside a reader who closes slots.
/// Fault F23.
#[test]
fn a_deletion_beside_two_more_runs_of_its_post_in_every_order() {
    let retry = Actor::post("alice", 1).with_retry();
    let actors = [Actor::deletes("alice", 1), Actor::post("alice", 1), retry];
    let scenario = Scenario::of(actors).with_posted(1).with_turns(FEWEST_TURNS);
    exhaust("a deletion and two runs", &scenario);
}

/// The newest message is deleted while its post is under way, while the next one is, and with a fault at
/// every place.
/// Fault F23. Invariant I7.
#[test]
fn a_deletion_of_the_newest_message_beside_the_next_post_with_a_fault_at_every_place() {
    let scenario = Scenario::of([Actor::deletes("alice", 1), Actor::post("bob", 2)]).with_posted(1);
    exhaust("a deletion and the next post", &scenario.with_faults(1));
}

/// Posts, edits, deletions and reactions at once, with faults, stale reads, and posters' clocks an hour apart.
/// Those of changers and readers are right: that a change is fresh, and a page to be read strongly after
/// it, is told by the clock.
/// Fault F23. Fault F14. Invariant I5. Invariant I7.
#[test]
fn changes_at_once_in_random_orders() {
    sample("changes at once", if quick() { 300 } else { 1_500 }, |rng| {
        let mut actors = vec![
            Actor::post("alice", 1).with_retry(),
            Actor::post("alice", 3),
            Actor::post("bob", 4),
            Actor::edits("alice", rng.u64(1..4)),
            Actor::edits("alice", 2),
            Actor::deletes("alice", rng.u64(1..4)),
            Actor::deletes("bob", 3),
            Actor::reacts("bob", rng.u64(1..4)),
            Actor::reader("bob", 2),
            Actor::list("alice"),
        ];
        rng.shuffle(&mut actors);
        actors.truncate(rng.usize(3..=actors.len()));
        for actor in actors.iter_mut().filter(|actor| actor.posts()) {
            match rng.u8(..4) {
                0 => *actor = actor.clone().an_hour_ahead(),
                1 => *actor = actor.clone().an_hour_behind(),
                _ => {}
            }
        }
        let scenario = Scenario::of(actors).with_posted(2).with_faults(rng.usize(..4));
        scenario.with_stale_reads().with_late_starts()
    });
}

/// Everything at once: posts, repeats, readers, a list, clocks an hour apart, faults, stale reads.
/// Fault F7. Fault F8. Fault F12. Fault F14. Fault F26.
/// Invariant I1. Invariant I2. Invariant I3. Invariant I6. Invariant I7.
#[test]
fn everything_at_once_in_random_orders() {
    sample("everything at once", if quick() { 300 } else { 3_000 }, |rng| {
        let mut actors = vec![
            Actor::post("alice", 1),
            Actor::post("alice", 1),
            Actor::post("alice", 2),
            Actor::post("alice", 1).with_retry(),
            Actor::post("bob", 3),
            Actor::post("bob", 4).without_client_id(),
            Actor::post("bob", 3).with_retry(),
            Actor::reader("bob", 3),
            Actor::reader("alice", 2),
            Actor::list("alice"),
        ];
        rng.shuffle(&mut actors);
        actors.truncate(rng.usize(3..=actors.len()));
        for actor in &mut actors {
            match rng.u8(..6) {
                0 => *actor = actor.clone().an_hour_ahead(),
                1 => *actor = actor.clone().an_hour_behind(),
                _ => {}
            }
        }
        Scenario::of(actors).with_faults(rng.usize(..5)).with_stale_reads().with_late_starts()
    });
}
