//! What edits, deletions and reactions may cost.

use super::{Budget, Scene};

/// Invariant I12.
#[tokio::test]
async fn a_change_takes_two_round_trips_and_six_write_units() {
    let scene = Scene::set().await;
    let seq = scene.alice.posts(&scene.room, "hello").await["seq"].as_u64().unwrap();
    let budget = Budget { calls: 3, rounds: 2, reads: 2.0, writes: 6.0 };

    budget.holds("an edit", &scene.cost(scene.alice.edits(&scene.room, seq, "Hello")).await);
    let thumb = "\u{1F44D}";
    budget.holds("a reaction", &scene.cost(scene.bob.reacts(&scene.room, seq, thumb)).await);
    let again = scene.cost(scene.bob.reacts(&scene.room, seq, thumb)).await;
    Budget { calls: 2, rounds: 1, reads: 2.0, writes: 0.0 }.holds("it again", &again);
    budget.holds("taking back", &scene.cost(scene.bob.takes_back(&scene.room, seq, thumb)).await);
    // It also looks for copies that were reported.
    let budget = Budget { calls: 4, rounds: 3, reads: 3.0, writes: 6.0 };
    budget.holds("a deletion", &scene.cost(scene.alice.deletes(&scene.room, seq)).await);
}

/// Invariant I12.
#[tokio::test]
async fn what_was_missed_takes_two_round_trips() {
    let scene = Scene::set().await;
    scene.alice.edits(&scene.room, 1, "Hello").await.expect(200);

    let bill = scene.cost(scene.bob.missed(&scene.room, 0)).await;
    Budget { calls: 3, rounds: 2, reads: 3.0, writes: 0.0 }.holds("one change", &bill);
    let bill = scene.cost(scene.bob.missed(&scene.room, 1)).await;
    Budget { calls: 2, rounds: 1, reads: 2.0, writes: 0.0 }.holds("no change", &bill);
}

/// A page that is read within ten seconds of a change reads its messages once more, strongly.
#[tokio::test]
async fn a_page_just_after_a_change_takes_a_round_trip_more() {
    let scene = Scene::set().await;
    scene.alice.edits(&scene.room, 1, "Hello").await.expect(200);

    let bill = scene.cost(scene.bob.history(&scene.room)).await;
    Budget { calls: 3, rounds: 2, reads: 3.0, writes: 0.0 }.holds("a page after a change", &bill);
    scene.app.advance_clock(std::time::Duration::from_secs(11)).await;
    let bill = scene.cost(scene.bob.history(&scene.room)).await;
    Budget { calls: 2, rounds: 1, reads: 2.0, writes: 0.0 }.holds("a page later on", &bill);
}
