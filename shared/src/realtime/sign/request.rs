//! Signed calls of the HTTP API, from both sides: [`Signer::sign_request`] for the one who publishes,
//! [`Signer::verify_request`] for the one who is called.
//!
//! The signed text is `METHOD\npath\nquery`, where the query holds every parameter but the signature itself, keys in
//! lower case and sorted, values **not** URL-escaped. The body takes part through its MD5.

use md5::{Digest, Md5};

use super::{Signer, hex, same};

/// How far a call's timestamp may be from the server's clock, in seconds, to either side.
pub const MAX_CLOCK_SKEW: u64 = 600;

const VERSION: &str = "1.0";

/// A call of the HTTP API as it is on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The path, from its leading slash on, as sent.
    pub path: &'a str,
    /// The query without its question mark, URL-escaped as sent. To be signed: the call's own parameters; to be
    /// verified: those and the `auth_` ones.
    pub query: &'a str,
    /// The body; empty for a `GET`.
    pub body: &'a [u8],
}

/// Why a call is not accepted. None of them repeats a value of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    /// A parameter that must be there exactly once is absent or repeated.
    #[error("{0} must be given exactly once")]
    Parameter(&'static str),
    /// An `auth_version` other than 1.0.
    #[error("auth_version is not 1.0")]
    Version,
    /// The `auth_key` of another app.
    #[error("auth_key is not this app's key")]
    Key,
    /// Too old, from the future, or not a number of seconds.
    #[error("auth_timestamp is not within 600 seconds of the server's time")]
    Timestamp,
    /// The body is not the one that was signed.
    #[error("body_md5 is not the MD5 of the body")]
    Body,
    /// The signature is wrong.
    #[error("auth_signature is wrong")]
    Signature,
}

impl Signer<'_> {
    /// Signs a call and gives its whole query, URL-escaped. `timestamp` is in seconds since 1970 and must be fresh
    /// for each try, because a server accepts it for ten minutes only.
    pub fn sign_request(&self, request: &Request<'_>, timestamp: u64) -> String {
        let mut pairs = pairs(request.query);
        pairs.push(("auth_key".to_owned(), self.key.to_owned()));
        pairs.push(("auth_timestamp".to_owned(), timestamp.to_string()));
        pairs.push(("auth_version".to_owned(), VERSION.to_owned()));
        if !request.body.is_empty() {
            pairs.push(("body_md5".to_owned(), md5(request.body)));
        }
        let signature = self.sign(signed_text(request, &pairs).as_bytes());
        pairs.push(("auth_signature".to_owned(), signature));
        serde_urlencoded::to_string(pairs).expect("pairs of strings are always a query")
    }

    /// Checks a call's key, timestamp, body and signature. `now` is in seconds since 1970.
    ///
    /// A body that is not empty must come with its MD5. An empty one may: some official libraries send the MD5 of
    /// nothing with each `GET`.
    ///
    /// # Errors
    /// [`RequestRefused`] says the first thing that is wrong.
    pub fn verify_request(&self, request: &Request<'_>, now: u64) -> Result<(), RequestRefused> {
        let pairs = pairs(request.query);
        if once(&pairs, "auth_version")? != VERSION {
            return Err(RequestRefused::Version);
        }
        if !same(once(&pairs, "auth_key")?, self.key) {
            return Err(RequestRefused::Key);
        }
        let timestamp: u64 =
            once(&pairs, "auth_timestamp")?.parse().map_err(|_| RequestRefused::Timestamp)?;
        if timestamp.abs_diff(now) > MAX_CLOCK_SKEW {
            return Err(RequestRefused::Timestamp);
        }
        let body_is_named = pairs.iter().any(|(key, _)| key == "body_md5");
        if (body_is_named || !request.body.is_empty())
            && !same(once(&pairs, "body_md5")?, &md5(request.body))
        {
            return Err(RequestRefused::Body);
        }
        let expected = self.sign(signed_text(request, &pairs).as_bytes());
        if same(once(&pairs, "auth_signature")?, &expected) {
            Ok(())
        } else {
            Err(RequestRefused::Signature)
        }
    }
}

/// The decoded parameters, keys in lower case.
fn pairs(query: &str) -> Vec<(String, String)> {
    // Form decoding reads any text; were that to change, no parameters are the safe answer: nothing is signed as it
    // was meant, and nothing verifies.
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    for (key, _) in &mut pairs {
        key.make_ascii_lowercase();
    }
    pairs
}

/// The value of a parameter that may not be repeated: of two, the signer and the reader might mean different ones.
fn once<'p>(pairs: &'p [(String, String)], name: &'static str) -> Result<&'p str, RequestRefused> {
    let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(RequestRefused::Parameter(name)),
    }
}

fn signed_text(request: &Request<'_>, pairs: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = pairs.iter().filter(|(key, _)| key != "auth_signature").collect();
    sorted.sort();
    let query: Vec<String> = sorted.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{}\n{}\n{}", request.method, request.path, query.join("&"))
}

fn md5(body: &[u8]) -> String {
    hex(&Md5::digest(body))
}
