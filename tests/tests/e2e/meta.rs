//! `/healthz` and `/openapi.json`: what is there for everyone.

use tests::TestApp;

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
    }
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
