//! Two secrets at a time, and one of the guests' own.

use serde_json::json;
use shared::{
    auth::{IssuerKeys, Secrets, TokenSettings},
    domain::time::Clock,
    secret::Secret,
};
use tests::{TestApp, token};

use super::is_refused;

const NEW: &str = "the-secret-that-comes-after-the-first";
const GUESTS: &str = "guests-have-a-secret-of-their-own-here";

async fn app_with(secrets: Secrets, guests: Option<&str>) -> TestApp {
    let settings = TokenSettings {
        keys: IssuerKeys::Secrets(secrets.clone()),
        issuer: "parlour-local".into(),
        audience: "parlour".into(),
        guests: Some(guests.map_or(secrets, |secret| Secrets::only(Secret::new(secret)))),
    };
    TestApp::trusting(settings, Clock::system()).await
}

fn token_of(sub: &str, secret: &str) -> String {
    token::signed(&json!({ "alg": "HS256" }), &token::claims(sub), secret)
}

#[tokio::test]
async fn while_a_secret_is_replaced_nobody_is_turned_away() {
    let first = app_with(Secrets::only(Secret::new(token::SECRET)), None).await;
    let guest = first.anonymous().post("/v1/guests", json!({})).await.expect(201);
    let guest = guest["token"].as_str().expect("a token");

    let both = Secrets { current: Secret::new(NEW), previous: Some(Secret::new(token::SECRET)) };
    let both = app_with(both, None).await;
    for secret in [token::SECRET, NEW] {
        assert_eq!(both.holder_of(token_of("alice", secret)).me().await["id"], "alice");
    }
    assert_eq!(both.holder_of(guest).me().await["type"], "guest");

    let after = app_with(Secrets::only(Secret::new(NEW)), None).await;
    assert_eq!(after.holder_of(token_of("alice", NEW)).me().await["id"], "alice");
    is_refused(&after.holder_of(token_of("alice", token::SECRET)), "the secret before").await;
    is_refused(&after.holder_of(guest), "a guest of the secret before").await;
}

/// Fault F16.
#[tokio::test]
async fn the_guests_secret_lets_only_guests_in() {
    let app = app_with(Secrets::only(Secret::new(token::SECRET)), Some(GUESTS)).await;
    let guest = app.anonymous().post("/v1/guests", json!({ "name": "V" })).await.expect(201);
    let guest = app.holder_of(guest["token"].as_str().expect("a token"));
    assert_eq!(guest.me().await["type"], "guest");
    guest.opens_support().await;

    for (why, iss, kind, roles) in [
        ("a user", "parlour-guests", "user", json!([])),
        ("a user in the application's name", "parlour-local", "user", json!([])),
        ("a merchant", "parlour-guests", "merchant", json!([])),
        ("an agent", "parlour-guests", "guest", json!(["admin"])),
        ("the application's server", "parlour-guests", "guest", json!(["service"])),
    ] {
        let mut claims = token::claims("alice");
        claims["iss"] = json!(iss);
        claims["type"] = json!(kind);
        claims["roles"] = roles;
        let forged = token::signed(&json!({ "alg": "HS256" }), &claims, GUESTS);
        is_refused(&app.holder_of(forged), why).await;
    }
}
