//! The dispatch function as the process that Lambda would start, killed at every step it takes.

mod runtime;
mod smtp;
mod steps;
mod world;

use std::{collections::BTreeSet, time::Duration};

use self::{
    steps::{Steps, When},
    world::World,
};

/// More steps than a run takes: a test that does not end is none.
const MOST_STEPS: usize = 200;

/// Mission B22. Mission B23. Fault F1: whatever was due has happened, however often the process was killed
/// with -9: at each thing that it asks of store, relay, mail server or receiver, before that has happened and
/// after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_step_it_still_does_everything_and_mails_once() {
    for when in [When::Before, When::After] {
        let (mut survived, mut ends) = (false, [0, 0]);
        let mut step = 1;
        while !survived {
            let world = World::with_things_due().await;
            survived = world.dispatches(&Steps::killing(step, when)).await.is_some();
            let is_noted = !world.mail_is_due();
            world.leases_pass();
            let summary = world.dispatches(&Steps::harmless()).await.expect("a run to its end");

            let told = format!("killed {when:?} step {step}, then {summary}");
            world.everything_has_happened(&told);
            let mails = world.mails();
            let ids: BTreeSet<&String> = mails.iter().map(|mail| &mail.id).collect();
            assert_eq!(ids.len(), 1, "{told}: {mails:?}");
            // Between the server's taking a mail and our noting that, nobody can tell: then it comes twice,
            // under the same id.
            let most = if is_noted { 1 } else { 2 };
            assert!(mails.len() <= most, "{told}, noted: {is_noted}: {mails:?}");
            ends[usize::from(is_noted)] += 1;
            assert_eq!(world.still_due(), 0, "{told}");
            step += 1;
            assert!(step < MOST_STEPS, "it never ends");
        }
        assert!(step > 10, "{step} steps are too few to be all");
        assert!(
            ends.iter().all(|times| *times > 0),
            "it ended on both sides of the note: {ends:?}"
        );
    }
}

/// Fault F1. Invariant I12: what is done is not done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_finds_nothing_to_do() {
    let world = World::with_things_due().await;
    world.dispatches(&Steps::harmless()).await.expect("a run to its end");
    let (mails, hooks, events) = (world.mails(), world.hooks(), world.events());

    let summary = world.dispatches(&Steps::harmless()).await.expect("a run to its end");

    assert_eq!(summary["due"], 0, "{summary}");
    assert_eq!(world.mails(), mails);
    assert_eq!((world.hooks(), world.events()), (hooks, events));
}

/// Fault F1: what a run has no time for is left to the next one, not begun and cut off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_no_time_for_is_left_to_the_next_run() {
    let world = World::with_things_due().await;

    let hurried = world.dispatches_within(Duration::from_secs(3), &Steps::harmless()).await;

    let hurried = hurried.expect("a run to its end");
    assert!(hurried["due"].as_u64() > Some(0), "{hurried}");
    assert_eq!(hurried["left"], hurried["due"], "{hurried}");
    assert_eq!((world.mails().len(), world.hooks().len(), world.events().len()), (0, 0, 0));
    let summary = world.dispatches(&Steps::harmless()).await.expect("a run to its end");
    assert_eq!(summary["due"], hurried["due"]);
    world.everything_has_happened("with time");
}

/// The deployed function may do what it does, and no more than that is given to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stack_gives_it_the_rights_that_it_uses() {
    let stack = include_str!("../../../infra/template.yaml");
    let (_, role) = stack.split_once("  DispatchRole:\n").expect("its role");
    let (role, _) = role.split_once("\nOutputs:").expect("the end of it");
    let granted: BTreeSet<&str> = role
        .split("dynamodb:")
        .skip(1)
        .filter_map(|right| right.split_whitespace().next())
        .collect();
    let (world, steps) = (World::with_things_due().await, Steps::harmless());

    world.dispatches(&steps).await.expect("a run to its end");

    let used = steps.operations();
    assert!(used.len() > 4, "{used:?}");
    let missing: Vec<&String> =
        used.iter().filter(|used| !granted.contains(used.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new(), "{granted:?}");
    assert!(!granted.contains("Scan") && !granted.contains("*"), "{granted:?}");
}
