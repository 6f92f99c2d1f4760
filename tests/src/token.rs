//! Tokens that nobody would give out, made by hand.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret of tokens of the local program.
pub const SECRET: &str = "parlour-local-secret-not-for-production";

/// Claims that hold until the year 2100.
pub fn claims(sub: &str) -> Value {
    json!({ "sub": sub, "iss": "parlour-local", "aud": "parlour", "exp": 4_102_444_800_u64 })
}

/// A token with any header, signed by HMAC-SHA256 whatever the header says.
pub fn signed(header: &Value, claims: &Value, secret: impl AsRef<[u8]>) -> String {
    let text = unsigned(header, claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_ref()).expect("a key of any length");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The two parts of a token that a signature would follow.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(header), part(claims))
}
