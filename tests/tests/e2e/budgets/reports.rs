//! What reports may cost.

use serde_json::json;

use super::{Budget, Scene};

#[tokio::test]
async fn a_report_takes_three_calls_and_a_repeat_no_more() {
    let scene = Scene::set().await;
    // Bob's hello is the second message.
    let path = scene.room.path("/messages/2/report");
    let report = async || scene.alice.post(&path, json!({ "reason": "Rude" })).await;

    let bill = scene.cost(async { report().await.expect(201) }).await;
    Budget { calls: 3, rounds: 2, reads: 1.5, writes: 8.0 }.holds("a report", &bill);

    let bill = scene.cost(async { report().await.expect(200) }).await;
    Budget { calls: 3, rounds: 2, reads: 1.5, writes: 8.0 }.holds("the same again", &bill);
}

#[tokio::test]
async fn a_page_of_20_reports_takes_two_calls_and_resolving_one_two() {
    let scene = Scene::set().await;
    let agent = scene.app.admin("agnes").await;
    agent.me().await;
    let mut last = json!(null);
    for seq in 3..=42 {
        scene.bob.posts(&scene.room, "spam").await;
        let path = scene.room.path(&format!("/messages/{seq}/report"));
        last = scene.alice.post(&path, json!({ "reason": "Spam" })).await.expect(201);
    }

    let bill = scene.cost(async { agent.get("/v1/reports?limit=20").await.expect(200) }).await;
    Budget { calls: 2, rounds: 2, reads: 21.0, writes: 0.0 }.holds("a page of reports", &bill);

    let path = format!("/v1/reports/{}/resolve", last["id"].as_str().expect("an id"));
    let bill = scene.cost(async { agent.post(&path, json!({})).await.expect(200) }).await;
    Budget { calls: 2, rounds: 2, reads: 0.5, writes: 3.0 }.holds("resolving a report", &bill);
}
