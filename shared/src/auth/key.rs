//! A key, bound to the one algorithm that it is for.

use jsonwebtoken::{Algorithm, DecodingKey};

use crate::secret::Secret;

/// What verifies signatures of one algorithm. What a token's header says cannot use it for another.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl Key {
    /// A secret of ours, for HS256.
    pub(super) fn secret(secret: &Secret) -> Self {
        let decoding = DecodingKey::from_secret(secret.expose().as_bytes());
        Self { algorithm: Algorithm::HS256, decoding }
    }

    /// An RSA public key, for RS256.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let decoding = DecodingKey::from_rsa_raw_components(modulus, exponent);
        Self { algorithm: Algorithm::RS256, decoding }
    }

    /// A point on the curve P-256, uncompressed, for ES256.
    pub(super) fn p256(point: &[u8]) -> Self {
        Self { algorithm: Algorithm::ES256, decoding: DecodingKey::from_ec_der(point) }
    }
}
