//! What else happens in a room beside posts: reading, putting away, removing.

use tests::quick;

use crate::{
    explore::{exhaust, sample},
    scenario::{Actor, Kind, Scenario},
};

/// The same bound as that of the larger searches for posts.
const TURNS: usize = 3;

/// Invariant I6.
#[test]
fn two_marks_beside_a_post_in_every_order() {
    let actors = [Actor::marks("bob", 1), Actor::marks("bob", 2), Actor::post("alice", 3)];
    exhaust("two marks and a post", &Scenario::of(actors).with_posted(2));
}

/// A mark whose request or answer is lost, or that comes twice, beside one's own post, which marks as well.
/// Fault F7. Invariant I6.
#[test]
fn a_mark_beside_ones_own_post_with_a_fault_at_every_place() {
    let scenario = Scenario::of([Actor::marks("bob", 2), Actor::post("bob", 3)]).with_posted(2);
    exhaust("a mark and a post", &scenario.with_faults(1));
}

/// Whatever the order, what a user wrote after a room was put away takes it back.
/// Invariant I7.
#[test]
fn putting_a_room_away_beside_its_users_posts_in_every_order() {
    let actors = [
        Actor::files("bob", true),
        Actor::post("alice", 2).then(Actor::post("alice", 3)),
        Actor::files("bob", false),
    ];
    let scenario = Scenario::of(actors).with_posted(1).in_a(Kind::Listing);
    exhaust("putting away and posts", &scenario.with_turns(TURNS));
}

/// The desk's own answer beside its putting the room away, with a fault at every place.
/// Fault F7. Fault F8.
#[test]
fn putting_a_room_away_beside_the_desks_post_with_a_fault_at_every_place() {
    let actors = [Actor::files("bob", true), Actor::post("bob", 2)];
    let scenario = Scenario::of(actors).with_posted(1).in_a(Kind::Listing);
    exhaust("putting away and an answer", &scenario.with_faults(1));
}

/// A function that knows the members, one that does not, and a removal meanwhile.
/// Fault F25. Invariant I8.
#[test]
fn a_removal_beside_posts_of_the_removed_in_every_order() {
    let warm = Actor::post("carol", 1).then(Actor::post("carol", 2));
    let after = Actor::removes_carol("alice").then(Actor::post("alice", 3));
    let scenario = Scenario::of([warm, after]).in_a(Kind::Group);
    exhaust("a removal and posts", &scenario.with_turns(TURNS));
}

/// Everything that a desk and its user do.
/// Fault F7. Fault F8. Fault F14. Fault F26.
/// Invariant I1. Invariant I2. Invariant I3. Invariant I6. Invariant I7.
#[test]
fn a_desk_and_its_user_in_random_orders() {
    sample("a desk and its user", if quick() { 200 } else { 500 }, |rng| {
        let mut actors = vec![
            Actor::post("alice", 3).then(Actor::post("alice", 4)),
            Actor::post("alice", 3).with_retry(),
            Actor::post("bob", 5),
            Actor::files("bob", true).then(Actor::files("bob", false)),
            Actor::files("bob", true),
            Actor::marks("bob", rng.u64(1..5)).then(Actor::marks("bob", 1)),
            Actor::marks("alice", 2),
            Actor::edits("alice", 2),
            Actor::deletes("alice", rng.u64(1..4)),
            Actor::reader("alice", 2),
        ];
        rng.shuffle(&mut actors);
        actors.truncate(rng.usize(3..=actors.len()));
        let scenario = Scenario::of(actors).with_posted(2).with_faults(rng.usize(..4));
        scenario.in_a(Kind::Listing).with_stale_reads().with_late_starts()
    });
}

/// Everything that happens in a group, of which one is removed.
/// Fault F7. Fault F8. Fault F25. Fault F26.
/// Invariant I1. Invariant I2. Invariant I3. Invariant I6. Invariant I7. Invariant I8.
#[test]
fn a_group_of_which_one_is_removed_in_random_orders() {
    sample("a group", if quick() { 200 } else { 500 }, |rng| {
        let mut actors = vec![
            Actor::post("carol", 2).then(Actor::post("carol", 3)),
            Actor::post("carol", 2).with_retry(),
            Actor::removes_carol("alice").then(Actor::post("alice", 4)),
            Actor::removes_carol("alice"),
            Actor::post("bob", 5).then(Actor::post("bob", 6)),
            Actor::marks("carol", 1),
            Actor::marks("bob", rng.u64(1..4)),
            Actor::edits("carol", 2),
            Actor::reacts("carol", 1),
            Actor::reader("bob", 2),
        ];
        rng.shuffle(&mut actors);
        actors.truncate(rng.usize(3..=actors.len()));
        let scenario = Scenario::of(actors).with_posted(1).with_faults(rng.usize(..4));
        scenario.in_a(Kind::Group).with_stale_reads().with_late_starts()
    });
}
