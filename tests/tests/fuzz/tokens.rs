//! Tokens: nobody comes in by one that was not given out.

use std::sync::LazyLock;

use bolero::check;
use serde_json::{Value, json};
use shared::{
    auth::TokenRules,
    domain::time::{Clock, Timestamp},
};
use tests::token::{SECRET, claims, signed};

use super::block_on;

static RULES: LazyLock<TokenRules> =
    LazyLock::new(|| TokenRules::new(local::demo_tokens(), Clock::system()).expect("rules"));

fn is_good(token: &str) -> bool {
    block_on(RULES.verify(token, Timestamp::from_millis(1_800_000_000_000))).is_ok()
}

fn good() -> String {
    signed(&json!({ "alg": "HS256", "typ": "JWT" }), &claims("alice"), SECRET)
}

/// Fault F16.
#[test]
fn no_random_text_is_a_token() {
    check!().with_type::<Vec<u8>>().for_each(|text: &Vec<u8>| {
        assert!(!is_good(&String::from_utf8_lossy(text)));
    });
}

/// Fault F16: also not one that differs in a bit that no decoder needs.
#[test]
fn a_token_with_a_letter_changed_is_none() {
    let good = good();
    assert!(is_good(&good));
    check!().with_type::<(u16, char, bool)>().for_each(|&(at, new, insert)| {
        let at = usize::from(at) % good.len();
        let changed = format!("{}{new}{}", &good[..at], &good[at + usize::from(!insert)..]);
        assert!(changed == good || !is_good(&changed), "{changed}");
    });
}

/// Fault F16: whatever header and claims are signed, and with whatever key, the algorithm and the key are ours.
#[test]
fn a_token_of_another_key_or_algorithm_is_none() {
    check!().with_type::<(String, String, Vec<u8>)>().for_each(|(algorithm, key_id, secret)| {
        let header = json!({ "alg": algorithm, "kid": key_id, "jku": "https://evil.example" });
        let known = algorithm == "HS256";
        assert_eq!(is_good(&signed(&header, &claims("alice"), SECRET)), known, "{algorithm}");
        let other = secret.as_slice() != SECRET.as_bytes();
        let header = json!({ "alg": "HS256" });
        assert_eq!(is_good(&signed(&header, &claims("alice"), secret)), !other);
    });
}

/// Claims of any sort and depth, signed with the right key, come in or do not; they break nothing.
#[test]
fn claims_of_any_sort_break_nothing() {
    check!().with_type::<(String, String, i64, Vec<u8>)>().for_each(|(name, text, number, raw)| {
        let mut odd = claims("alice");
        let values = [json!(text), json!(number), json!([text]), json!({ text: number })];
        let fields =
            ["sub", "type", "name", "email", "picture", "roles", "exp", "nbf", "iss", "aud"];
        for (i, field) in fields.into_iter().enumerate() {
            let mut changed = odd.clone();
            changed[field] = values[i % values.len()].clone();
            is_good(&signed(&json!({ "alg": "HS256" }), &changed, SECRET));
        }
        odd[name] = serde_json::from_slice(raw).unwrap_or(Value::Null);
        is_good(&signed(&json!({ "alg": "HS256" }), &odd, SECRET));
    });
}
