//! Reads a key set (RFC 7517): the public keys of an issuer, by their names.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

use super::key::Key;

/// The lengths of an RSA modulus that are neither weak nor absurd, in bits.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The length of a coordinate on the curve P-256, in bytes.
const COORDINATE: usize = 32;

/// A key and the name by which tokens call it.
#[derive(Clone, Debug)]
pub(super) struct NamedKey {
    pub(super) kid: String,
    pub(super) key: Key,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// A key as the set describes it. What is not named here is ignored, also what a private key would hold.
#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

/// The keys of a set that can verify tokens. One of another kind or purpose, a weak one, or one that
/// cannot be read is left out, since a set may hold more than we know of. `None` when it is no set.
pub(super) fn parse(set: &[u8]) -> Option<Vec<NamedKey>> {
    let set: Jwks = serde_json::from_slice(set).ok()?;
    Some(set.keys.into_iter().filter_map(usable).collect())
}

fn usable(key: Value) -> Option<NamedKey> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    if jwk.kid.is_empty() || !jwk.is_for_signatures() {
        return None;
    }
    let key = match jwk.kty.as_str() {
        "RSA" if jwk.is_for("RS256") => jwk.rsa()?,
        "EC" if jwk.is_for("ES256") && jwk.crv == "P-256" => jwk.p256()?,
        // Above all "oct": a secret in a public place would let everybody sign.
        _ => return None,
    };
    Some(NamedKey { kid: jwk.kid, key })
}

impl Jwk {
    fn is_for_signatures(&self) -> bool {
        self.purpose.as_ref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.as_ref().is_none_or(|all| all.iter().any(|one| one == "verify"))
    }

    fn is_for(&self, algorithm: &str) -> bool {
        self.alg.as_ref().is_none_or(|alg| alg == algorithm)
    }

    fn rsa(&self) -> Option<Key> {
        let modulus = number(&self.n)?;
        let exponent = number(&self.e)?;
        MODULUS_BITS.contains(&bits(&modulus)).then(|| Key::rsa(&modulus, &exponent))
    }

    fn p256(&self) -> Option<Key> {
        let (x, y) = (decoded(&self.x)?, decoded(&self.y)?);
        let fits = x.len() == COORDINATE && y.len() == COORDINATE;
        // 4 says that both coordinates follow.
        fits.then(|| Key::p256(&[&[4], x.as_slice(), y.as_slice()].concat()))
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A number without the zeros that some issuers write before it.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = decoded(text)?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[first..].to_vec())
}

fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Algorithm;
    use serde_json::json;

    use super::*;
    use crate::auth::fixtures::{RSA, WEAK};

    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn rsa() -> Value {
        json!({ "kid": "a", "kty": "RSA", "use": "sig", "alg": "RS256", "n": RSA, "e": "AQAB" })
    }

    fn p256() -> Value {
        json!({ "kid": "b", "kty": "EC", "crv": "P-256", "x": X, "y": Y })
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    fn names(keys: &[Value]) -> Vec<(String, Algorithm)> {
        let keys = parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
        keys.into_iter().map(|named| (named.kid, named.key.algorithm)).collect()
    }

    #[test]
    fn each_key_is_for_the_one_algorithm_of_its_kind() {
        let expected = [("a".to_owned(), Algorithm::RS256), ("b".to_owned(), Algorithm::ES256)];
        assert_eq!(names(&[rsa(), p256()]), expected);
    }

    /// Fault F16.
    #[test]
    fn a_key_of_no_use_to_us_is_left_out_and_the_others_stay() {
        let mut nameless = rsa();
        nameless.as_object_mut().unwrap().remove("kid");
        for other in [
            nameless,
            with(rsa(), "kid", json!("")),
            with(rsa(), "kid", json!(7)),
            with(rsa(), "use", json!("enc")),
            with(rsa(), "key_ops", json!(["encrypt"])),
            with(rsa(), "alg", json!("RS512")),
            with(rsa(), "alg", json!("PS256")),
            with(rsa(), "alg", json!("HS256")),
            with(rsa(), "alg", json!("ES256")),
            with(rsa(), "n", json!(WEAK)),
            with(rsa(), "n", json!("")),
            with(rsa(), "n", json!("A".repeat(342))),
            with(rsa(), "n", json!("_".repeat(1368))),
            with(rsa(), "n", json!("no base64!")),
            with(rsa(), "e", json!("")),
            with(p256(), "crv", json!("P-384")),
            with(p256(), "crv", json!("secp256k1")),
            with(p256(), "alg", json!("RS256")),
            with(p256(), "x", json!("AQAB")),
            with(p256(), "y", json!("")),
            json!({ "kid": "c", "kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" }),
            json!({ "kid": "d", "kty": "OKP", "crv": "Ed25519", "x": X }),
            json!("no key"),
        ] {
            assert_eq!(names(&[other.clone(), p256()]).len(), 1, "{other}");
        }
    }

    #[test]
    fn what_is_no_set_is_none() {
        for text in ["", "[]", "{}", "null", r#"{"keys":{}}"#, "<html>"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn zeros_before_a_modulus_make_it_no_stronger() {
        let padded = |n: &str| {
            let bytes = [vec![0; 200], decoded(n).unwrap()].concat();
            with(rsa(), "n", json!(URL_SAFE_NO_PAD.encode(bytes)))
        };
        assert_eq!(names(&[padded(RSA)]).len(), 1);
        assert!(names(&[padded(WEAK)]).is_empty());
    }
}
