//! `/v1/webhooks`: what failed is seen and tried again.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Receiver, Reply, TestApp, User};

use super::told;

/// So many posts whose webhooks were given up at once.
async fn with_failed(app: &TestApp, receiver: &Receiver, posts: usize) {
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    receiver.replies(Reply::Status(410));
    for i in 0..posts {
        app.advance_clock(Duration::from_millis(5)).await;
        alice.posts(&room, &format!("message {i}")).await;
    }
    receiver.take();
}

async fn page(user: &User, query: &str) -> (Vec<Value>, Value) {
    let page = user.get(&format!("/v1/webhooks{query}")).await.expect(200);
    (page["webhooks"].as_array().expect("webhooks").clone(), page["next"].clone())
}

async fn replays(user: &User, id: &Value) -> Value {
    let path = format!("/v1/webhooks/{}/replay", id.as_str().expect("an id"));
    user.post(&path, json!({})).await.expect(200)
}

#[tokio::test]
async fn the_list_is_paged_newest_first_without_gaps() {
    let (app, receiver) = told().await;
    with_failed(&app, &receiver, 5).await;
    let server = app.service().await;

    let (mut seqs, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let (hooks, next) = page(&server, &query).await;
        assert!(hooks.len() <= 2);
        seqs.extend(hooks.iter().map(|hook| hook["seq"].as_u64().expect("a seq")));
        let Some(next) = next.as_str() else { break };
        query = format!("?limit=2&cursor={next}");
    }

    assert_eq!(seqs, [5, 4, 3, 2, 1]);
    assert!(page(&server, "?state=pending").await.0.is_empty());
}

#[tokio::test]
async fn a_replay_tries_at_once_and_says_what_came_of_it() {
    let (app, receiver) = told().await;
    with_failed(&app, &receiver, 1).await;
    let agent = app.admin("agnes").await;
    let failed = page(&agent, "").await.0.remove(0);

    receiver.replies(Reply::Status(500));
    let in_vain = replays(&agent, &failed["id"]).await;
    let mut expected = failed.clone();
    expected["attempts"] = json!(2);
    expected["last_status"] = json!(500);
    assert_eq!(in_vain, json!({ "delivered": false, "webhook": expected }));
    receiver.take();
    receiver.replies(Reply::Status(200));

    let arrived = replays(&agent, &failed["id"]).await;

    assert_eq!(arrived, json!({ "delivered": true, "webhook": null }));
    let hooks = receiver.take();
    assert_eq!((hooks.len(), json!(hooks[0].id)), (1, failed["id"].clone()));
    assert!(page(&agent, "").await.0.is_empty());
    let path = format!("/v1/webhooks/{}/replay", hooks[0].id);
    agent.post(&path, json!({})).await.problem(404);
}

#[tokio::test]
async fn a_pending_webhook_can_be_replayed_before_its_time() {
    let (app, receiver) = told().await;
    receiver.replies(Reply::Status(500));
    app.user("alice").await.opens_direct("bob").await;
    let server = app.service().await;
    let pending = page(&server, "?state=pending").await.0.remove(0);

    let in_vain = replays(&server, &pending["id"]).await;
    assert_eq!(
        (&in_vain["webhook"]["state"], &in_vain["webhook"]["attempts"]),
        (&json!("pending"), &json!(2))
    );
    receiver.replies(Reply::Status(200));
    receiver.take();
    assert_eq!(replays(&server, &pending["id"]).await["delivered"], true);

    app.advance_clock(Duration::from_secs(600)).await;
    assert_eq!(app.dispatches().await["due"], 0);
    assert_eq!(receiver.take().len(), 1);
}

/// More than are looked up together.
#[tokio::test]
async fn all_failed_webhooks_can_be_made_due_again() {
    let (app, receiver) = told().await;
    with_failed(&app, &receiver, 120).await;
    let server = app.service().await;

    let replayed = server.post("/v1/webhooks/replay", json!({})).await.expect(200);

    assert_eq!(replayed, json!({ "replayed": 120, "more": false }));
    assert!(page(&server, "").await.0.is_empty());
    assert_eq!(page(&server, "?state=pending&limit=100").await.0.len(), 100);
    receiver.replies(Reply::Status(200));
    assert_eq!(app.dispatches().await["webhooks"], json!({ "done": 120 }));
    let mut ids: Vec<String> = receiver.take().into_iter().map(|hook| hook.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 120);
    let nothing = server.post("/v1/webhooks/replay", json!({})).await.expect(200);
    assert_eq!(nothing, json!({ "replayed": 0, "more": false }));
}

/// Fault F18. Invariant I8.
#[tokio::test]
async fn nobody_else_sees_or_replays_webhooks() {
    let (app, receiver) = told().await;
    with_failed(&app, &receiver, 1).await;
    let id = page(&app.service().await, "").await.0[0]["id"].as_str().expect("an id").to_owned();
    let others = [
        app.user("alice").await,
        app.user("mallory").await,
        app.merchant("wheels").await,
        app.user_with(json!({ "sub": "visitor", "type": "guest" })).await,
    ];
    let paths = [
        format!("/v1/webhooks/{id}/replay"),
        "/v1/webhooks/00000000-0000-8000-8000-000000000000/replay".to_owned(),
        "/v1/webhooks/replay".to_owned(),
    ];
    for other in &others {
        let answer = other.get("/v1/webhooks").await;
        assert_eq!(answer.problem(403), "service_or_admin");
        assert!(!answer.text.contains(&id));
        for path in &paths {
            assert_eq!(other.post(path, json!({})).await.problem(403), "service_or_admin");
        }
    }
    let nobody = app.anonymous();
    nobody.get("/v1/webhooks").await.problem(401);
    for path in &paths {
        nobody.post(path, json!({})).await.problem(401);
    }
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn a_webhook_that_is_not_there_is_not_found_and_a_wrong_page_is_said() {
    let (app, _receiver) = told().await;
    let server = app.service().await;
    for id in ["00000000-0000-8000-8000-000000000000", "x", "%F0%9F%8E%81"] {
        server.post(&format!("/v1/webhooks/{id}/replay"), json!({})).await.problem(404);
    }
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?cursor=x", "cursor"),
        ("?state=sent", "state"),
    ] {
        assert_eq!(server.get(&format!("/v1/webhooks{query}")).await.wrong_fields(), [field]);
    }
}
