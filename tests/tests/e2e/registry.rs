//! `/v1/listings` and `/v1/groups`: what the application's server tells of what rooms are about.

use serde_json::{Map, Value, json};
use tests::{Answer, Fault, Faulty, Meter, TestApp, User};

const DATE: &str = "2031-12-24T18:00:00.000Z";

async fn tells_group(user: &User, id: &str, matches: Option<Value>) -> Answer {
    let mut group = json!({ "name": "The family", "reveal_at": DATE });
    if let Some(matches) = matches {
        group["matches"] = matches;
    }
    user.put(&format!("/v1/groups/{id}"), group).await
}

async fn is_raffled(service: &User, id: &str) -> bool {
    tells_group(service, id, None).await.expect(200)["raffled"].as_bool().expect("raffled")
}

/// Everyone who is not the application's own server.
async fn others(app: &TestApp) -> Vec<User> {
    vec![
        app.user("alice").await,
        app.admin("agent").await,
        app.user_with(json!({ "sub": "wheels", "type": "merchant" })).await,
        app.user_with(json!({ "sub": "visitor", "type": "guest" })).await,
    ]
}

/// Mission A1.
#[tokio::test]
async fn a_listing_is_as_it_was_told_last() {
    let app = TestApp::start().await;
    let service = app.service().await;
    let bike = json!({ "title": "A bike", "merchant_id": "wheels" });

    let told = service.put("/v1/listings/a%2Fb%7C7", bike).await.expect(200);
    assert_eq!(told, json!({ "id": "a/b|7", "title": "A bike", "merchant_id": "wheels" }));
    let sold = json!({ "title": "A red bike", "merchant_id": "spokes" });
    let told = service.put("/v1/listings/a%2Fb%7C7", sold).await.expect(200);

    assert_eq!(told, json!({ "id": "a/b|7", "title": "A red bike", "merchant_id": "spokes" }));
}

/// Fault F18.
#[tokio::test]
async fn only_the_applications_server_tells_of_listings_and_groups() {
    let app = TestApp::start().await;
    let bike = json!({ "title": "A bike", "merchant_id": "wheels" });
    let drawn = Some(json!({ "alice": "bob", "bob": "alice" }));

    for other in others(&app).await {
        for body in [&bike, &json!({})] {
            let answer = other.put("/v1/listings/7", body.clone()).await;
            assert_eq!(answer.problem(403), "service_only");
        }
        let answer = tells_group(&other, "family", drawn.clone()).await;
        assert_eq!(answer.problem(403), "service_only");
    }
    app.anonymous().put("/v1/listings/7", bike).await.problem(401);
    tells_group(&app.anonymous(), "family", drawn).await.problem(401);
    assert!(!is_raffled(&app.service().await, "family").await, "nothing came of it");
}

/// Invariant I10.
#[tokio::test]
async fn a_wrong_listing_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let service = app.service().await;

    for (body, field) in [
        (json!({ "merchant_id": "wheels" }), "title"),
        (json!({ "title": " ", "merchant_id": "wheels" }), "title"),
        (json!({ "title": "x".repeat(201), "merchant_id": "wheels" }), "title"),
        (json!({ "title": 5, "merchant_id": "wheels" }), "title"),
        (json!({ "title": "A bike" }), "merchant_id"),
        (json!({ "title": "A bike", "merchant_id": "" }), "merchant_id"),
        (json!({ "title": "A bike", "merchant_id": "x".repeat(129) }), "merchant_id"),
    ] {
        let answer = service.put("/v1/listings/7", body.clone()).await;
        assert_eq!(answer.wrong_fields(), [field], "{body}");
    }
    let bike = json!({ "title": "🚲".repeat(200), "merchant_id": "wheels" });
    let path = format!("/v1/listings/{}", "x".repeat(129));
    assert_eq!(service.put(&path, bike.clone()).await.wrong_fields(), ["id"]);
    service.put("/v1/listings/7", bike).await.expect(200);
}

/// Mission E1: the part of whoever draws.
#[tokio::test]
async fn a_group_is_raffled_once_its_matches_are_told_and_stays_so() {
    let app = TestApp::start().await;
    let service = app.service().await;

    let before = tells_group(&service, "family", None).await.expect(200);
    let expected =
        json!({ "id": "family", "name": "The family", "reveal_at": DATE, "raffled": false });
    assert_eq!(before, expected);
    assert!(!is_raffled(&service, "family").await);
    let drawn = json!({ "alice": "bob", "bob": "carol", "carol": "alice" });
    let after = tells_group(&service, "family", Some(drawn.clone())).await;

    assert!(!after.text.contains("carol"), "who drew whom is never shown: {after}");
    assert_eq!(after.expect(200)["raffled"], true);
    assert!(is_raffled(&service, "family").await);
    assert!(!is_raffled(&service, "friends").await, "another group");
    // The same again, and more, is fine.
    tells_group(&service, "family", Some(drawn)).await.expect(200);
    let late = json!({ "alice": "bob", "dora": "emil", "emil": "dora" });
    tells_group(&service, "family", Some(late)).await.expect(200);
}

#[tokio::test]
async fn no_matches_are_no_raffle() {
    let app = TestApp::start().await;
    let service = app.service().await;

    for nothing in [json!({}), json!(null)] {
        let told = tells_group(&service, "family", Some(nothing)).await.expect(200);
        assert_eq!(told["raffled"], false);
    }
}

/// A giver may have a room with the receiver by then.
#[tokio::test]
async fn a_match_is_fixed_and_a_call_that_says_otherwise_changes_nothing() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    let service = app.service().await;
    tells_group(&service, "family", Some(json!({ "alice": "bob" }))).await.expect(200);
    meter.take();

    let other = json!({
        "name": "Another name", "reveal_at": "2001-01-01T00:00:00Z",
        "matches": { "zoe": "bob", "alice": "carol", "abel": "bob" },
    });
    let answer = service.put("/v1/groups/family", other).await;

    assert_eq!(answer.problem(409), "match_fixed");
    let bill = meter.take();
    assert_eq!(bill.writes(), 0.0, "{bill}");
    // So these are free to draw somebody else.
    let others = json!({ "alice": "bob", "zoe": "carol", "abel": "dora" });
    tells_group(&service, "family", Some(others)).await.expect(200);
    // And in another group alice is, too.
    tells_group(&service, "friends", Some(json!({ "alice": "carol" }))).await.expect(200);
}

/// Fault F8: a group says that it is raffled only when all of it is.
#[tokio::test]
async fn a_raffle_that_was_broken_off_is_none_until_it_is_told_again() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let service = app.service().await;
    let drawn = json!({ "alice": "bob", "bob": "carol", "carol": "alice" });
    store.follow(|call| {
        let refused = call.operation == "PutItem" && call.number > 2;
        refused.then_some(Fault::Refuse(400, "ProvisionedThroughputExceededException"))
    });

    tells_group(&service, "family", Some(drawn.clone())).await.problem(503);
    store.heal();

    assert!(!is_raffled(&service, "family").await);
    assert_eq!(tells_group(&service, "family", Some(drawn)).await.expect(200)["raffled"], true);
}

/// Fault F7.
#[tokio::test]
async fn a_match_whose_answer_is_lost_is_the_same_match() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let service = app.service().await;
    store.follow(|call| (call.attempt == 1 && call.writes()).then_some(Fault::LoseAnswer));

    let told = tells_group(&service, "family", Some(json!({ "alice": "bob" }))).await.expect(200);

    assert_eq!(told["raffled"], true);
}

/// Invariant I10.
#[tokio::test]
async fn a_wrong_group_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let service = app.service().await;
    let long = "x".repeat(129);
    let with = |matches: Value| json!({ "name": "F", "reveal_at": DATE, "matches": matches });
    let pairs = |count: usize| -> Map<String, Value> {
        (0..count).map(|giver| (format!("g{giver}"), json!("bob"))).collect()
    };

    for (body, field) in [
        (json!({ "reveal_at": DATE }), "name"),
        (json!({ "name": "", "reveal_at": DATE }), "name"),
        (json!({ "name": "x".repeat(201), "reveal_at": DATE }), "name"),
        (json!({ "name": "F" }), "reveal_at"),
        (json!({ "name": "F", "reveal_at": "tomorrow" }), "reveal_at"),
        (json!({ "name": "F", "reveal_at": 5 }), "reveal_at"),
        (with(json!({ "alice": "alice" })), "matches"),
        (with(json!({ "alice": "bob", "": "bob" })), "matches"),
        (with(json!({ "alice": "" })), "matches"),
        (with(json!({ "alice": long })), "matches"),
        (with(json!({ long.clone(): "alice" })), "matches"),
        (with(json!(["alice", "bob"])), "matches"),
        (with(pairs(2_001).into()), "matches"),
    ] {
        let answer = service.put("/v1/groups/family", body.clone()).await;
        assert_eq!(answer.wrong_fields(), [field], "{body}");
    }
    let number = service.put("/v1/groups/family", with(json!({ "alice": 5 }))).await;
    assert_eq!(number.wrong_fields(), ["matches.alice"]);
    let path = format!("/v1/groups/{long}");
    let group = json!({ "name": "F", "reveal_at": DATE });
    assert_eq!(service.put(&path, group).await.wrong_fields(), ["id"]);
    assert!(!is_raffled(&service, "family").await, "nothing came of it");

    let most = service.put("/v1/groups/family", with(pairs(2_000).into())).await;
    assert_eq!(most.expect(200)["raffled"], true);
}
