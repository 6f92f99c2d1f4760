use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt as _;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::json;

use super::*;
use crate::auth::fixtures::{RSA, RSA_TOKEN, WEAK, WEAK_TOKEN};

const NOW: i64 = 1_700_000_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const PREVIOUS: &str = "fedcba9876543210fedcba9876543210";
const GUESTS_OWN: &str = "guests-guests-guests-guests-guests";

fn settings() -> TokenSettings {
    TokenSettings {
        keys: IssuerKeys::Secrets(Secrets::only(Secret::new(SECRET))),
        issuer: "shop".into(),
        audience: "parlour".into(),
        guests: Some(Secrets::only(Secret::new(GUESTS_OWN))),
    }
}

fn rules() -> TokenRules {
    TokenRules::new(settings(), Clock::system()).unwrap()
}

/// Rules with a secret of this value, and perhaps one before it.
fn with_secrets(current: &str, previous: Option<&str>) -> TokenRules {
    let secrets = Secrets { current: Secret::new(current), previous: previous.map(Secret::new) };
    let keys = IssuerKeys::Secrets(secrets);
    TokenRules::new(TokenSettings { keys, ..settings() }, Clock::system()).unwrap()
}

/// Rules with a key set that answers so.
fn with_keys(set: &Value) -> TokenRules {
    let set = set.to_string().into_bytes();
    let fetch: download::Fetch = Box::new(move || std::future::ready(Ok(set.clone())).boxed());
    let keys = Keys::Set(KeySet::new(fetch, Clock::system()));
    TokenRules { application: Issuer { name: "shop".into(), keys }, ..rules() }
}

async fn by(rules: &TokenRules, token: &str) -> Result<Caller, TokenError> {
    rules.verify(token, Timestamp::from_millis(NOW * 1000)).await
}

async fn verify(token: &str) -> Result<Caller, TokenError> {
    by(&rules(), token).await
}

fn claims(changes: Value) -> Map<String, Value> {
    let mut claims = json!({"sub": "auth0|abc", "exp": NOW + 60}).as_object().cloned().unwrap();
    claims.extend(changes.as_object().cloned().unwrap());
    claims.retain(|_, value| !value.is_null());
    claims
}

fn token(changes: Value) -> String {
    rules().mint(claims(changes)).unwrap()
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// What a token of the application claims.
fn alice() -> Value {
    json!({"sub": "alice", "iss": "shop", "aud": "parlour", "exp": NOW + 60})
}

/// A token with any header, signed by HMAC whatever the header says.
fn hmac(header: &Value, claims: &Value, secret: &[u8]) -> String {
    crypto::install();
    let signed = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256);
    format!("{signed}.{}", signature.unwrap())
}

/// A key of an identity provider's, and the token that it signed with this header.
fn es256(header: &Value) -> (Value, String) {
    let random = SystemRandom::new();
    let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let signed = format!("{}.{}", part(header), part(&alice()));
    let signature = pair.sign(&random, signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    (json!({"kid": "ec", "kty": "EC", "crv": "P-256", "x": x, "y": y}), token)
}

fn rsa(kid: &str, modulus: &str) -> Value {
    json!({"kid": kid, "kty": "RSA", "n": modulus, "e": "AQAB"})
}

#[tokio::test]
async fn a_good_token_tells_who_calls() {
    let caller =
        verify(&token(json!({"name": "Ann", "roles": ["admin", "unknown"]}))).await.unwrap();
    assert_eq!(caller.principal, Principal::user("auth0|abc").unwrap());
    assert_eq!(caller.profile.name.as_deref(), Some("Ann"));
    assert_eq!(caller.roles, Roles { admin: true, service: false });
    let merchant = token(json!({"type": "merchant", "aud": ["other", "parlour"]}));
    assert_eq!(verify(&merchant).await.unwrap().principal.kind, PrincipalType::Merchant);
    let guest = verify(&token(json!({"type": "guest"}))).await.unwrap();
    assert_eq!(guest.principal.member_id(), "guest:auth0|abc");
}

/// Fault F16.
#[tokio::test]
async fn a_token_that_is_old_early_foreign_or_incomplete_is_refused() {
    assert!(verify(&token(json!({"exp": NOW - 59}))).await.is_ok());
    assert!(verify(&token(json!({"nbf": NOW + 60}))).await.is_ok());
    for (bad, why) in [
        (json!({"exp": NOW - 60}), "expired"),
        (json!({"exp": null}), "exp"),
        (json!({"exp": "tomorrow"}), "exp"),
        (json!({"nbf": NOW + 61}), "not valid yet"),
        (json!({"iss": "other"}), "iss"),
        (json!({"iss": ["shop"]}), "iss"),
        (json!({"aud": "other"}), "aud"),
        (json!({"aud": []}), "aud"),
        (json!({"sub": ""}), "sub"),
        (json!({"sub": "x".repeat(129)}), "sub"),
        (json!({"sub": 1}), "sub"),
        (json!({"sub": null}), "sub"),
        (json!({"type": "robot"}), "type"),
        (json!({"roles": "admin"}), "type"),
    ] {
        let refused = verify(&token(bad.clone())).await.unwrap_err();
        assert!(refused.to_string().contains(why), "{bad}: {refused}");
        assert!(matches!(refused, TokenError::Bad(_)), "{bad}");
        for secret in ["shop", "parlour", SECRET] {
            assert!(!refused.to_string().contains(secret), "{bad}: {refused}");
        }
    }
}

/// Fault F16.
#[tokio::test]
async fn a_token_that_was_altered_or_names_another_algorithm_is_refused() {
    let good = token(json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let with_header =
        |header: Value, signature: &str| format!("{}.{}.{signature}", part(&header), parts[1]);
    let forged = part(&json!({"sub": "bob", "exp": NOW + 60, "iss": "shop", "aud": "parlour"}));
    let critical = json!({"alg": "HS256", "crit": ["b64"], "b64": false});
    for bad in [
        with_header(json!({"alg": "none"}), ""),
        with_header(json!({"alg": "none"}), parts[2]),
        with_header(json!({"alg": "HS512"}), parts[2]),
        with_header(json!({"alg": "RS256"}), parts[2]),
        hmac(&json!({"alg": "RS256"}), &alice(), SECRET.as_bytes()),
        hmac(&critical, &alice(), SECRET.as_bytes()),
        format!("{}.{forged}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        String::new(),
        "a.b".into(),
        format!("{good}x"),
    ] {
        assert!(matches!(verify(&bad).await, Err(TokenError::Bad(_))), "{bad}");
    }
}

#[tokio::test]
async fn while_a_secret_is_replaced_tokens_of_both_hold() {
    let old = with_secrets(PREVIOUS, None).mint(claims(json!({}))).unwrap();
    let new = with_secrets(SECRET, None).mint(claims(json!({}))).unwrap();
    let both = with_secrets(SECRET, Some(PREVIOUS));
    assert!(by(&both, &old).await.is_ok() && by(&both, &new).await.is_ok());
    assert_eq!(both.mint(claims(json!({}))), Ok(new), "the new one signs");
    let late = with_secrets(PREVIOUS, None).mint(claims(json!({"exp": NOW - 60}))).unwrap();
    assert!(by(&both, &late).await.unwrap_err().to_string().contains("expired"));

    assert!(by(&with_secrets(SECRET, None), &old).await.is_err());
}

/// Fault F16.
#[tokio::test]
async fn what_signs_guests_tokens_makes_nobody_else() {
    let header = json!({"alg": "HS256"});
    let mut guest = alice();
    guest["iss"] = json!(GUESTS);
    guest["type"] = json!("guest");
    let with = |name: &str, value: Value| {
        let mut claims = guest.clone();
        claims[name] = value;
        claims
    };
    assert!(verify(&hmac(&header, &guest, GUESTS_OWN.as_bytes())).await.is_ok());
    for bad in [
        with("type", json!("user")),
        with("type", json!("merchant")),
        with("roles", json!(["admin"])),
        with("roles", json!(["service"])),
        with("iss", json!("shop")),
        alice(),
    ] {
        let token = hmac(&header, &bad, GUESTS_OWN.as_bytes());
        assert!(verify(&token).await.is_err(), "{bad}");
    }
    let token = hmac(&header, &guest, SECRET.as_bytes());
    assert!(verify(&token).await.is_err(), "nor has the application's secret guests");
    let none = TokenSettings { guests: None, ..settings() };
    let none = TokenRules::new(none, Clock::system()).unwrap();
    assert!(by(&none, &hmac(&header, &guest, GUESTS_OWN.as_bytes())).await.is_err());
    assert_eq!(none.mint(claims(json!({"type": "guest"}))), Err(MintError::NoSecret));
}

/// The same secret for both: still the issuer's name and the type must agree.
/// Fault F16.
#[tokio::test]
async fn with_one_secret_for_all_a_guest_is_still_no_user() {
    let same = TokenSettings { guests: Some(Secrets::only(Secret::new(SECRET))), ..settings() };
    let same = TokenRules::new(same, Clock::system()).unwrap();
    for (iss, kind, good) in [
        (GUESTS, "guest", true),
        ("shop", "user", true),
        (GUESTS, "user", false),
        (GUESTS, "merchant", false),
        ("shop", "guest", false),
    ] {
        let token = same.mint(claims(json!({"iss": iss, "type": kind}))).unwrap();
        assert_eq!(by(&same, &token).await.is_ok(), good, "{iss}, {kind}");
    }
}

#[tokio::test]
async fn a_key_set_verifies_rs256_and_es256() {
    let (key, signed) = es256(&json!({"alg": "ES256", "kid": "ec"}));
    let rules = with_keys(&json!({"keys": [rsa("rsa", RSA), key]}));
    for token in [RSA_TOKEN, &signed] {
        assert_eq!(by(&rules, token).await.unwrap().principal.id, "alice");
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = head.split_once('.').unwrap();
        let mut bob = alice();
        bob["sub"] = json!("bob");
        let forged = format!("{header}.{}.{signature}", part(&bob));
        for bad in [forged, format!("{head}."), format!("{head}.{}", &signature[4..])] {
            let refused = by(&rules, &bad).await.unwrap_err();
            assert!(matches!(refused, TokenError::Bad(_)), "{bad}");
        }
    }
    assert_eq!(rules.mint(claims(json!({}))), Err(MintError::NoSecret));
    let guest = rules.mint(claims(json!({"type": "guest"}))).unwrap();
    assert!(by(&rules, &guest).await.is_ok());
}

/// Fault F16.
#[tokio::test]
async fn a_public_key_is_no_secret_and_no_key_of_another_kind() {
    let (key, with_rsa_header) = es256(&json!({"alg": "RS256", "kid": "ec"}));
    let rules = with_keys(&json!({"keys": [rsa("rsa", RSA), key.clone()]}));
    let modulus = URL_SAFE_NO_PAD.decode(RSA).unwrap();
    let x = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let jwk = rsa("rsa", RSA).to_string();
    let mut bad = vec![with_rsa_header];
    for kid in ["rsa", "ec"] {
        for alg in ["HS256", "RS256", "ES256"] {
            let header = json!({"alg": alg, "kid": kid});
            for secret in [&modulus, RSA.as_bytes(), &x, jwk.as_bytes(), b""] {
                bad.push(hmac(&header, &alice(), secret));
                let mut guest = alice();
                guest["iss"] = json!(GUESTS);
                guest["type"] = json!("guest");
                bad.push(hmac(&header, &guest, secret));
            }
        }
    }
    for bad in bad {
        assert!(matches!(by(&rules, &bad).await, Err(TokenError::Bad(_))), "{bad}");
    }
}

/// Fault F16.
#[tokio::test]
async fn a_weak_key_verifies_nothing() {
    let set = json!({"keys": [rsa("rsa", RSA), rsa("weak", WEAK)]});
    assert!(by(&with_keys(&set), WEAK_TOKEN).await.is_err());
    // Nor if it came past the reading of the set.
    let (n, e) = (URL_SAFE_NO_PAD.decode(WEAK).unwrap(), [1, 0, 1]);
    let validation = rules().validation(&rules().application, Algorithm::RS256);
    let decoded = |n: &[u8], token: &str| {
        jsonwebtoken::decode::<Claims>(token, &Key::rsa(n, &e).decoding, &validation)
    };
    assert!(decoded(&n, WEAK_TOKEN).is_err());
    assert!(decoded(&URL_SAFE_NO_PAD.decode(RSA).unwrap(), RSA_TOKEN).is_ok());
}

/// Fault F16.
#[tokio::test]
async fn a_token_must_name_its_key_and_cannot_bring_one() {
    for header in [json!({"alg": "ES256"}), json!({"alg": "ES256", "kid": "another"})] {
        let (key, signed) = es256(&header);
        assert!(by(&with_keys(&json!({"keys": [key]})), &signed).await.is_err(), "{header}");
    }
    let (mine, _) = es256(&json!({}));
    for (name, value) in [
        ("jwk", mine),
        ("jku", json!("http://127.0.0.1:1/keys")),
        ("x5u", json!("http://127.0.0.1:1/chain")),
        ("x5c", json!(["AAAA"])),
    ] {
        let mut header = json!({"alg": "ES256", "kid": "ec"});
        header[name] = value;
        let (theirs, good) = es256(&header);
        let (_, forged) = es256(&header);
        let rules = with_keys(&json!({"keys": [theirs]}));
        assert!(by(&rules, &forged).await.is_err(), "{name}");
        assert!(by(&rules, &good).await.is_ok(), "{name} is ignored");
    }
}
