//! `/healthz` and `/openapi.json`: what is there for everyone.

use serde_json::{Value, json};
use tests::{Answered, TestApp, answer_fault, example_faults};

use crate::routes;

#[tokio::test]
async fn it_says_that_it_is_ready() {
    let app = TestApp::start().await;

    assert_eq!(app.anonymous().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_description_names_every_route_and_its_refusals() {
    let app = TestApp::start().await;

    let description = app.anonymous().get("/openapi.json").await.expect(200);

    for route in routes() {
        let method = route.method.as_str().to_lowercase();
        let operation = &description["paths"][route.path][&method];
        assert!(operation.is_object(), "{method} {} is not described", route.path);
        assert!(operation["responses"]["401"].is_object(), "{method} {}: no 401", route.path);
        assert!(operation["security"][0]["bearer"].is_array(), "{method} {}: open", route.path);
    }
}

/// Whatever any test asks is held to the description; here, that the description shows how it looks.
#[test]
fn each_operation_has_valid_examples() {
    assert_eq!(example_faults(), Vec::<String>::new());
}

#[test]
fn an_answer_that_is_not_described_does_not_pass() {
    let me = json!({
        "id": "alice", "type": "user", "name": null, "email": null, "picture": null, "roles": [],
        "channel": "private-user-x", "unread_rooms": 0, "unread_messages": 0,
    });
    let fault = |status, content_type, json: &Value| {
        answer_fault("GET", "/v1/me", &Answered { status, content_type, json })
    };
    assert_eq!(fault(200, Some("application/json"), &me), None);
    assert!(fault(200, Some("text/plain"), &me).is_some());
    assert!(fault(200, None, &Value::Null).is_some());
    assert!(fault(404, Some("application/problem+json"), &me).is_some());
    let mut more = me.clone();
    more["secret"] = json!(1);
    assert!(fault(200, Some("application/json"), &more).is_some());
    let mut wrong = me;
    wrong["unread_rooms"] = json!(-1);
    assert!(fault(200, Some("application/json"), &wrong).is_some());
}

#[tokio::test]
async fn after_a_stop_nobody_answers() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    assert_eq!(alice.get("/v1/me").await.status, 200);
    let request = alice.request(reqwest::Method::GET, "/v1/me");

    app.stop().await;

    assert!(tests::Answer::to(request).await.is_err());
}
