//! Who is let in.

use serde_json::{Value, json};
use tests::{TestApp, User, token};

mod key_sets;
mod secrets;

/// The token does not hold.
async fn is_refused(user: &User, why: &str) {
    let answer = user.get("/v1/me").await;
    assert_eq!(answer.status, 401, "{why}: {answer}");
    answer.problem(401);
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(challenge.starts_with("Bearer"), "{why}: {challenge:?}");
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

/// Fault F16.
#[tokio::test]
async fn a_token_that_was_not_signed_here_is_refused() {
    let app = TestApp::start().await;
    let claims = token::claims("alice");
    let hs256 = json!({ "alg": "HS256", "typ": "JWT" });
    let good = token::signed(&hs256, &claims, token::SECRET);
    assert_eq!(app.holder_of(&good).me().await["id"], "alice");

    let unsigned = |alg: &str| token::unsigned(&json!({ "alg": alg, "typ": "JWT" }), &claims);
    let with_header = |header: Value| token::signed(&header, &claims, token::SECRET);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let other_claims = token::unsigned(&hs256, &token::claims("bob"));
    for (why, token) in [
        ("another secret", token::signed(&hs256, &claims, "another-secret-that-is-32-bytes-long")),
        ("an empty secret", token::signed(&hs256, &claims, "")),
        ("alg none", unsigned("none") + "."),
        ("alg None", unsigned("None") + "."),
        ("alg nOnE with a signature", with_header(json!({ "alg": "nOnE" }))),
        ("alg RS256, signed by HMAC", with_header(json!({ "alg": "RS256" }))),
        ("alg ES256, signed by HMAC", with_header(json!({ "alg": "ES256" }))),
        ("alg HS512, signed by HS256", with_header(json!({ "alg": "HS512" }))),
        ("no alg", with_header(json!({ "typ": "JWT" }))),
        (
            "an unknown critical header",
            with_header(json!({ "alg": "HS256", "crit": ["x"], "x": 1 })),
        ),
        ("a signature of other claims", format!("{other_claims}.{signature}")),
        ("no signature", format!("{head}.")),
        ("two parts", head.to_owned()),
        ("four parts", format!("{good}.x")),
        ("padding", format!("{header}==.{payload}.{signature}")),
        ("half a signature", format!("{head}.{}", &signature[..20])),
        ("nonsense", "nonsense".to_owned()),
        ("dots", "..".to_owned()),
        ("a long signature", format!("{head}.{}", "A".repeat(6_000))),
    ] {
        is_refused(&app.holder_of(token), why).await;
    }
}

/// A key inside the token, or an address of one, is not used.
/// Fault F16.
#[tokio::test]
async fn a_token_does_not_bring_its_own_key() {
    let app = TestApp::start().await;
    let claims = token::claims("alice");

    for header in [
        json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": "bWluZQ" } }),
        json!({ "alg": "HS256", "jku": "http://127.0.0.1:1/keys" }),
        json!({ "alg": "HS256", "x5u": "http://127.0.0.1:1/chain" }),
        json!({ "alg": "HS256", "kid": "../../../dev/null" }),
    ] {
        let forged = token::signed(&header, &claims, "mine");
        is_refused(&app.holder_of(forged), &header.to_string()).await;
    }
}

/// Fault F16.
#[tokio::test]
async fn a_token_for_another_time_or_place_is_refused() {
    let app = TestApp::start().await;
    for (why, claims) in [
        ("expired", json!({ "sub": "alice", "exp": now() - 120 })),
        ("expired for ages", json!({ "sub": "alice", "exp": 1 })),
        ("not valid yet", json!({ "sub": "alice", "nbf": now() + 3_600 })),
        ("another issuer", json!({ "sub": "alice", "iss": "https://elsewhere.example/" })),
        ("a longer issuer", json!({ "sub": "alice", "iss": "parlour-local.example" })),
        ("another audience", json!({ "sub": "alice", "aud": "palaver" })),
        ("other audiences", json!({ "sub": "alice", "aud": ["palaver", "parlours"] })),
        ("no audience", json!({ "sub": "alice", "aud": [] })),
    ] {
        let token = app.token(claims).await;
        is_refused(&app.holder_of(token), why).await;
    }
    for claim in ["exp", "iss", "aud", "sub"] {
        let mut claims = token::claims("alice");
        claims.as_object_mut().unwrap().remove(claim);
        let token = token::signed(&json!({ "alg": "HS256" }), &claims, token::SECRET);
        is_refused(&app.holder_of(token), &format!("without {claim}")).await;
    }
}

/// Clocks differ a little: a minute is granted.
#[tokio::test]
async fn a_token_holds_a_minute_longer_than_it_says() {
    let app = TestApp::start().await;

    for claims in [
        json!({ "sub": "alice", "exp": now() - 20 }),
        json!({ "sub": "alice", "nbf": now() + 20 }),
        json!({ "sub": "alice", "aud": ["palaver", "parlour"] }),
    ] {
        assert_eq!(app.user_with(claims).await.me().await["id"], "alice");
    }
}

/// Invariant I10.
#[tokio::test]
async fn a_token_names_somebody() {
    let app = TestApp::start().await;
    for sub in [
        json!(""),
        json!("x".repeat(129)),
        json!("é".repeat(65)),
        json!(5),
        json!(null),
        json!(["alice"]),
    ] {
        let mut claims = token::claims("alice");
        claims["sub"] = sub.clone();
        let token = token::signed(&json!({ "alg": "HS256" }), &claims, token::SECRET);
        is_refused(&app.holder_of(token), &sub.to_string()).await;
    }
    let longest = "é".repeat(64);
    assert_eq!(app.user(&longest).await.me().await["id"], longest);
}

/// Mission A16: a token in a header, and no cookies.
#[tokio::test]
async fn a_token_is_a_bearers() {
    let app = TestApp::start().await;
    let token = app.token(json!({ "sub": "alice" })).await;
    let nobody = app.anonymous();
    let ask = async |authorization: &str| {
        let request = nobody.request(reqwest::Method::GET, "/v1/me");
        nobody.send(request.header("authorization", authorization)).await
    };

    for scheme in ["Basic", "Token", "Bearer:", ""] {
        ask(&format!("{scheme} {token}")).await.problem(401);
    }
    ask("Bearer").await.problem(401);
    ask("Bearer ").await.problem(401);
    ask(&format!("Bearer {token} {token}")).await.problem(401);
    // The scheme's name is no matter of case.
    ask(&format!("bearer {token}")).await.expect(200);
    // Where a token gets into logs, none is taken.
    assert_eq!(nobody.get(&format!("/v1/me?access_token={token}")).await.status, 401);
    let cookie =
        nobody.request(reqwest::Method::GET, "/v1/me").header("cookie", format!("token={token}"));
    assert_eq!(nobody.send(cookie).await.status, 401);
}

/// Local only: the routes that help testing are for this machine's programs and pages.
#[tokio::test]
async fn pages_of_other_sites_get_no_tokens() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    for (header, value) in
        [("origin", "https://evil.example"), ("host", "evil.example"), ("origin", "null")]
    {
        let request = nobody.request(reqwest::Method::POST, "/dev/tokens");
        let request = request.header(header, value).header("content-type", "application/json");
        let answer = nobody.send(request.body(r#"{"sub":"alice"}"#)).await;
        assert_eq!(answer.status, 403, "{header}: {value}: {answer}");
        assert!(!answer.text.contains("token\""), "{answer}");
    }
}
