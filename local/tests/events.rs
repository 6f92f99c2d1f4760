//! Every sample event in `events/` runs through the functions' routers, as Lambda would hand it over.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod samples;

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use self::samples::{FOLDER, functions, run, run_all, sample};

#[tokio::test]
async fn every_sample_event_does_what_its_operation_is_for() {
    for run in run_all().await {
        let told = format!("{} {:?}: {}", run.name, run.sent, run.body);
        assert_eq!(run.status, run.expected, "{told}");
    }
}

#[tokio::test]
async fn a_sample_whose_room_is_not_there_is_not_found() {
    let functions = functions().await;
    for name in ["get_room", "create_message", "list_messages", "mark_read"] {
        assert_eq!(run(&functions, &sample(name)).await.0, 404, "{name}");
    }
}

#[test]
fn there_is_a_sample_for_each_operation() {
    let samples: BTreeSet<String> = fs::read_dir(FOLDER)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned)
        })
        .collect();
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let operations = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|methods| methods.as_object().unwrap().values());
    let named: BTreeSet<String> =
        operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect();
    // The schedule's event is no request.
    let requests: BTreeSet<String> =
        samples.into_iter().filter(|sample| sample != "dispatch").collect();
    assert_eq!(requests, named);
}
