//! Tokens of an identity provider, which publishes its keys.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    Answer, IdentityProvider, Serving, SigningKey, TestApp,
    identity::{GUEST_SECRET, WEAK_TOKEN, provided, rsa_public_texts, weak_key},
    token,
};

use super::{is_refused, now};

const MINUTE: Duration = Duration::from_secs(60);

async fn trusting(provider: &IdentityProvider) -> TestApp {
    TestApp::trusting(provider.settings(), provider.clock()).await
}

/// Alice, by a token that this key signed.
async fn alice_by(app: &TestApp, key: &SigningKey) -> Answer {
    app.holder_of(key.signs(&provided("alice"))).get("/v1/me").await
}

async fn holds(app: &TestApp, key: &SigningKey) {
    assert_eq!(alice_by(app, key).await.expect(200)["id"], "alice");
}

async fn is_unknown(app: &TestApp, key: &SigningKey) {
    is_refused(&app.holder_of(key.signs(&provided("alice"))), "an unknown key").await;
}

/// Nobody can tell whether the token holds, so it is not said that it does not.
fn is_not_now(answer: &Answer, seconds: u64) {
    assert_eq!(answer.problem(503), "keys_unavailable");
    let expected = seconds.to_string();
    assert_eq!(answer.header("retry-after"), Some(expected.as_str()), "{answer}");
    assert_eq!(answer.header("www-authenticate"), None, "{answer}");
}

#[tokio::test]
async fn tokens_of_both_kinds_of_keys_hold() {
    let (rsa, ec) = (SigningKey::rs256("rsa"), SigningKey::es256("ec"));
    let provider = IdentityProvider::publishing(&[&rsa, &ec]).await;
    let app = trusting(&provider).await;

    for key in [&rsa, &ec] {
        holds(&app, key).await;
    }
    let mut merchant = provided("wheels");
    merchant["type"] = json!("merchant");
    merchant["roles"] = json!(["service"]);
    let me = app.holder_of(ec.signs(&merchant)).me().await;
    assert_eq!((&me["type"], &me["roles"]), (&json!("merchant"), &json!(["service"])));
    assert_eq!(provider.fetches(), 1, "at start, and then never");
}

/// Fault F16.
#[tokio::test]
async fn a_new_key_holds_after_one_fetch_and_two_hold_at_a_time() {
    let (old, new) = (SigningKey::es256("2031-a"), SigningKey::es256("2031-b"));
    let provider = IdentityProvider::publishing(&[&old]).await;
    let app = trusting(&provider).await;
    holds(&app, &old).await;

    provider.publishes(&[&old, &new]);
    provider.advance(MINUTE);
    holds(&app, &new).await;
    holds(&app, &old).await;
    assert_eq!(provider.fetches(), 2);

    provider.publishes(&[&new]);
    provider.advance(Duration::from_secs(3_600));
    holds(&app, &new).await;
    is_unknown(&app, &old).await;
    assert_eq!(provider.fetches(), 3);
}

/// Fault F16.
#[tokio::test]
async fn a_flood_of_unknown_keys_makes_one_fetch() {
    let (known, unknown) = (SigningKey::es256("known"), SigningKey::es256("unknown"));
    let provider = IdentityProvider::publishing(&[&known]).await;
    let app = trusting(&provider).await;
    provider.advance(MINUTE);
    let before = provider.fetches();

    let tokens = (0..200).map(|number| {
        let header = json!({ "alg": "ES256", "kid": format!("unknown-{number}") });
        unknown.signs_with(&header, &provided("mallory"))
    });
    let callers: Vec<_> = tokens.map(|token| app.holder_of(token)).collect();
    let answers = join_all(callers.iter().map(|caller| caller.get("/v1/me"))).await;

    assert!(answers.iter().all(|answer| answer.status == 401));
    assert_eq!(provider.fetches() - before, 1);
    holds(&app, &known).await;
}

/// What cannot hold whatever its key is does not even cost a fetch.
/// Fault F16.
#[tokio::test]
async fn tokens_of_other_issuers_and_algorithms_make_no_fetch() {
    let key = SigningKey::es256("unknown");
    let provider = IdentityProvider::publishing(&[&SigningKey::es256("known")]).await;
    let app = trusting(&provider).await;
    provider.advance(MINUTE);

    let foreign = key.signs(&token::claims("alice"));
    is_refused(&app.holder_of(foreign), "another issuer").await;
    for header in [json!({ "alg": "HS256", "kid": "x" }), json!({ "alg": "ES384", "kid": "x" })] {
        let token = key.signs_with(&header, &provided("alice"));
        is_refused(&app.holder_of(token), &header.to_string()).await;
    }
    is_refused(&app.holder_of(key.signs_with(&json!({ "alg": "ES256" }), &provided("alice"))), "")
        .await;

    assert_eq!(provider.fetches(), 1);
}

/// Fault F16.
#[tokio::test]
async fn a_public_key_signs_nothing() {
    let (rsa, ec) = (SigningKey::rs256("rsa"), SigningKey::es256("ec"));
    let provider = IdentityProvider::publishing(&[&rsa, &ec]).await;
    let app = trusting(&provider).await;
    let part = |key: &SigningKey, name: &str| {
        let text = key.public()[name].as_str().expect("a text").to_owned();
        [URL_SAFE_NO_PAD.decode(&text).expect("base64"), text.into_bytes()]
    };
    let mut secrets = rsa_public_texts();
    secrets.extend(part(&rsa, "n"));
    secrets.extend(part(&ec, "x"));
    secrets.push(rsa.public().to_string().into_bytes());

    let mut guest = provided("alice");
    guest["iss"] = json!("parlour-guests");
    guest["type"] = json!("guest");
    for secret in &secrets {
        for alg in ["HS256", "RS256", "ES256"] {
            for kid in ["rsa", "ec"] {
                let header = json!({ "alg": alg, "kid": kid });
                for claims in [&provided("alice"), &guest] {
                    let forged = token::signed(&header, claims, secret);
                    is_refused(&app.holder_of(forged), &header.to_string()).await;
                }
            }
        }
    }
}

/// Fault F16.
#[tokio::test]
async fn a_key_is_for_its_own_algorithm() {
    let (rsa, ec) = (SigningKey::rs256("rsa"), SigningKey::es256("ec"));
    let provider = IdentityProvider::publishing(&[&rsa, &ec]).await;
    let app = trusting(&provider).await;
    let alice = provided("alice");

    for (key, alg, kid) in [
        (&ec, "RS256", "ec"),
        (&ec, "RS256", "rsa"),
        (&ec, "ES256", "rsa"),
        (&ec, "ES384", "ec"),
        (&ec, "EdDSA", "ec"),
        (&rsa, "ES256", "rsa"),
        (&rsa, "RS256", "ec"),
        (&rsa, "RS512", "rsa"),
        (&rsa, "PS256", "rsa"),
        (&rsa, "none", "rsa"),
    ] {
        let forged = key.signs_with(&json!({ "alg": alg, "kid": kid }), &alice);
        is_refused(&app.holder_of(forged), &format!("{alg} with {kid}")).await;
    }
    let unsigned = token::unsigned(&json!({ "alg": "none", "kid": "rsa" }), &alice);
    is_refused(&app.holder_of(unsigned + "."), "none").await;
    let stolen = rsa.signs(&alice);
    let (_, signature) = stolen.rsplit_once('.').unwrap();
    let other = token::unsigned(&rsa.header(), &provided("bob"));
    is_refused(&app.holder_of(format!("{other}.{signature}")), "another's signature").await;
}

/// Fault F16.
#[tokio::test]
async fn what_is_claimed_is_checked_as_with_a_secret() {
    let key = SigningKey::es256("ec");
    let provider = IdentityProvider::publishing(&[&key]).await;
    let app = trusting(&provider).await;
    let with = |name: &str, value: Value| {
        let mut claims = provided("alice");
        claims[name] = value;
        key.signs(&claims)
    };

    for (why, bad) in [
        ("expired", with("exp", json!(now() - 120))),
        ("not valid yet", with("nbf", json!(now() + 120))),
        ("another issuer", with("iss", json!("https://id.example"))),
        ("a list of issuers", with("iss", json!(["https://id.example/"]))),
        ("guests are ours", with("iss", json!("parlour-guests"))),
        ("another audience", with("aud", json!("palaver"))),
        ("a guest", with("type", json!("guest"))),
        ("critical", {
            let header = json!({ "alg": "ES256", "kid": "ec", "crit": ["x"], "x": 1 });
            key.signs_with(&header, &provided("alice"))
        }),
    ] {
        is_refused(&app.holder_of(bad), why).await;
    }
    for claim in ["exp", "iss", "aud", "sub"] {
        let mut claims = provided("alice");
        claims.as_object_mut().unwrap().remove(claim);
        is_refused(&app.holder_of(key.signs(&claims)), &format!("without {claim}")).await;
    }
    let late = app.holder_of(with("exp", json!(now() - 20))).get("/v1/me").await;
    late.expect(200);
}

/// Fault F16.
#[tokio::test]
async fn a_weak_key_is_skipped_and_the_others_hold() {
    let key = SigningKey::rs256("rsa");
    let provider = IdentityProvider::publishing(&[&key]).await;
    provider.also_publishes(weak_key());
    let app = trusting(&provider).await;

    holds(&app, &key).await;
    is_refused(&app.holder_of(WEAK_TOKEN), "1024 bits").await;
}

/// Fault F16.
#[tokio::test]
async fn without_the_providers_keys_it_is_not_said_that_a_token_is_bad() {
    let key = SigningKey::es256("ec");
    let provider = IdentityProvider::publishing(&[&key]).await;
    for serving in [
        Serving::Status(500),
        Serving::Status(404),
        Serving::Text("<html>We are back soon</html>".into()),
        Serving::Text(" ".repeat(65 * 1024) + r#"{"keys":[]}"#),
        Serving::Redirect(provider.address().to_owned()),
        Serving::Nothing,
    ] {
        provider.is(serving.clone());
        let before = provider.fetches();
        let app = trusting(&provider).await;
        is_not_now(&alice_by(&app, &key).await, 60);
        provider.advance(Duration::from_secs(40));
        is_not_now(&alice_by(&app, &key).await, 20);
        assert_eq!(provider.fetches() - before, 1, "{serving:?}");
        // A token that cannot hold whatever the keys are is bad all the same.
        is_refused(&app.holder_of(key.signs(&token::claims("alice"))), "another issuer").await;

        provider.is(Serving::Keys);
        provider.advance(Duration::from_secs(20));
        holds(&app, &key).await;
        assert_eq!(provider.fetches() - before, 2, "{serving:?}");
    }
}

/// Fault F16.
#[tokio::test]
async fn keys_that_were_fetched_hold_while_the_provider_is_down() {
    let (old, new) = (SigningKey::es256("old"), SigningKey::es256("new"));
    let provider = IdentityProvider::publishing(&[&old]).await;
    let app = trusting(&provider).await;
    provider.is(Serving::Status(503));
    provider.advance(MINUTE);

    is_not_now(&alice_by(&app, &new).await, 60);
    holds(&app, &old).await;
    provider.advance(Duration::from_secs(24 * 3_600));
    holds(&app, &old).await;
}

/// Fault F16.
#[tokio::test]
async fn guests_come_in_beside_a_providers_users_by_a_secret_of_their_own() {
    let key = SigningKey::es256("ec");
    let provider = IdentityProvider::publishing(&[&key]).await;
    let app = trusting(&provider).await;

    let guest = app.anonymous().post("/v1/guests", json!({})).await.expect(201);
    let guest = guest["token"].as_str().expect("a token");
    assert_eq!(app.holder_of(guest).me().await["type"], "guest");
    app.holder_of(guest).opens_support().await;
    let alice = app.holder_of(key.signs(&provided("alice")));
    alice.post("/v1/guests/merge", json!({ "token": guest })).await.expect(200);

    for header in [json!({ "alg": "HS256" }), json!({ "alg": "HS256", "kid": "ec" })] {
        let forged = token::signed(&header, &provided("alice"), GUEST_SECRET);
        is_refused(&app.holder_of(forged), "a user by the guests' secret").await;
    }
    let refused = app.anonymous().post("/dev/tokens", json!({ "sub": "alice" })).await;
    assert_eq!(refused.status, 400, "the provider's tokens are its own: {refused}");
}

/// Nobody's room is found out, and no guest's, by a token that nobody can check.
#[tokio::test]
async fn a_guests_token_of_nobody_is_a_wrong_field_and_not_a_refused_caller() {
    let key = SigningKey::es256("ec");
    let provider = IdentityProvider::publishing(&[&key]).await;
    let app = trusting(&provider).await;
    let alice = app.holder_of(key.signs(&provided("alice")));

    let answer = alice.post("/v1/guests/merge", json!({ "token": "x.y.z" })).await;

    assert_eq!(answer.wrong_fields(), ["token"]);
}
