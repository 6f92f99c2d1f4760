//! Signatures by Standard Webhooks: HMAC-SHA256 of id, time and body, in base64 behind `v1,`.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::secret::Secret;

/// How many bytes a secret may have, by the specification.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that is shared with the application's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSecret(Secret);

impl SigningSecret {
    /// Reads a secret as it is written: `whsec_` and 24 to 64 bytes in base64.
    pub fn parse(text: &str) -> Option<Self> {
        let secret = Self(Secret::new(text.strip_prefix("whsec_")?));
        BYTES.contains(&secret.key()?.len()).then_some(secret)
    }

    /// The key's bytes; some tools write base64 without its padding.
    fn key(&self) -> Option<Vec<u8>> {
        STANDARD_NO_PAD.decode(self.0.expose().trim_end_matches('=')).ok()
    }

    /// The signature of a webhook that is sent at this time, in seconds since 1970.
    fn sign(&self, id: &str, at: u64, body: &[u8]) -> String {
        let key = self.key().expect("what is no base64 is not taken for a secret");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The secret, and while it is being replaced the one before it: the receiver may know either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSecrets {
    /// The secret.
    pub current: SigningSecret,
    /// The one before it.
    pub previous: Option<SigningSecret>,
}

impl SigningSecrets {
    /// The value of `webhook-signature`: a signature with each secret, with spaces between them.
    pub(super) fn sign(&self, id: &str, at: u64, body: &[u8]) -> String {
        let secrets = std::iter::once(&self.current).chain(&self.previous);
        secrets.map(|secret| secret.sign(id, at, body)).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let signed = SigningSecret::parse(SECRET).unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let [current, other] = [SECRET, OTHER].map(|secret| SigningSecret::parse(secret).unwrap());
        let signed = SigningSecrets { current: current.clone(), previous: Some(other.clone()) }
            .sign("id", 1, b"{}");
        let each = [current.sign("id", 1, b"{}"), other.sign("id", 1, b"{}")];
        assert_eq!(signed, each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn a_secret_has_its_prefix_and_24_to_64_bytes() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        let unpadded = of(32).trim_end_matches('=').to_owned();
        for good in [SECRET.to_owned(), of(24), of(64), unpadded] {
            assert!(SigningSecret::parse(&good).is_some(), "{good}");
        }
        for bad in [&SECRET[6..], "whsec_", "whsec_short", "whsec_!", &of(23), &of(65)] {
            assert!(SigningSecret::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let shown = format!("{:?}", SigningSecret::parse(SECRET));
        assert!(!shown.contains("MfKQ"), "{shown}");
    }
}
