//! Encrypted channels: the relay passes on what it cannot read.
//!
//! Each channel has a key of its own, derived from its name and the deployment's master key. Clients get it with
//! the right to listen, over HTTPS and past the relay. An event's data is sealed with XSalsa20-Poly1305 under a
//! random nonce, as NaCl's `secretbox` does, which is what Pusher's clients open.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use crypto_secretbox::{KeyInit as _, Nonce, XSalsa20Poly1305, aead::Aead as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};

use super::{publisher::MAX_EVENT_DATA, sign::ChannelName};

const NONCE_BYTES: usize = 24;
const NONCE_TEXT: usize = NONCE_BYTES / 3 * 4;
const TAG_BYTES: usize = 16;
/// What stands around nonce and ciphertext.
const ENVELOPE: [&str; 3] = [r#"{"nonce":""#, r#"","ciphertext":""#, r#""}"#];

/// The most bytes that can be sealed so that the outcome is within [`MAX_EVENT_DATA`]: 7,619.
pub const MAX_SEALED: usize = {
    let around = ENVELOPE[0].len() + ENVELOPE[1].len() + ENVELOPE[2].len();
    (MAX_EVENT_DATA - around - NONCE_TEXT) / 4 * 3 - TAG_BYTES
};

/// The deployment's key, from which each channel's is derived.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// The key that this text spells: 32 bytes in base64.
    pub fn parse(text: &str) -> Option<Self> {
        BASE64_STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The key of a channel.
    pub fn channel_key(&self, channel: ChannelName<'_>) -> ChannelKey {
        let digest = Sha256::new().chain_update(channel.as_str()).chain_update(self.0);
        ChannelKey(digest.finalize().into())
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// The key of one channel.
pub struct ChannelKey([u8; 32]);

impl ChannelKey {
    /// The key as clients get it: `shared_secret` of the right to listen.
    pub fn shared_secret(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// An event's data as it goes through the relay.
    pub fn seal(&self, data: &str) -> String {
        let mut nonce = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut nonce).expect("the operating system has random bytes");
        self.seal_with(nonce, data)
    }

    fn seal_with(&self, nonce: [u8; NONCE_BYTES], data: &str) -> String {
        let cipher = XSalsa20Poly1305::new(&self.0.into());
        let sealed = cipher.encrypt(Nonce::from_slice(&nonce), data.as_bytes());
        let sealed = sealed.expect("an event is far from the cipher's limit of 256 GB");
        let (nonce, sealed) = (BASE64_STANDARD.encode(nonce), BASE64_STANDARD.encode(sealed));
        [ENVELOPE[0], &nonce, ENVELOPE[1], &sealed, ENVELOPE[2]].concat()
    }
}

impl std::fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(channel: &str) -> ChannelKey {
        let master = MasterKey::parse("zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhPU=").unwrap();
        master.channel_key(ChannelName::parse(channel).unwrap())
    }

    #[test]
    fn a_channel_has_the_known_key() {
        assert_eq!(
            key_of("private-encrypted-bla").shared_secret(),
            "nlr49ISQHz91yS3cy/yWmW8wFMNeTnNL5tNHnbPJcLQ="
        );
    }

    #[test]
    fn only_32_bytes_are_a_master_key() {
        for text in ["", "zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhA==", "not base64", "AAAA"] {
            assert!(MasterKey::parse(text).is_none(), "{text}");
        }
    }

    /// Computed with another implementation of `secretbox`.
    #[test]
    fn data_is_sealed_as_nacl_seals_it() {
        let sealed = ChannelKey([1; 32]).seal_with([2; 24], r#"{"seq":1}"#);
        assert_eq!(
            sealed,
            concat!(
                r#"{"nonce":"AgICAgICAgICAgICAgICAgICAgICAgIC","#,
                r#""ciphertext":"mY3BSQXW4xECiHZbTlaIEoZHrZgPGOh8HQ=="}"#,
            )
        );
    }

    #[test]
    fn what_is_longest_just_fits_and_no_nonce_comes_twice() {
        let key = key_of("private-encrypted-room-1");
        let seal = |bytes: usize| key.seal(&"x".repeat(bytes));
        assert_eq!(MAX_SEALED, 7_619);
        assert!(seal(MAX_SEALED).len() <= MAX_EVENT_DATA);
        assert!(seal(MAX_SEALED + 1).len() > MAX_EVENT_DATA);
        assert_ne!(key.seal("same"), key.seal("same"));
    }

    #[test]
    fn no_key_is_printed() {
        let master = MasterKey([7; 32]);
        let shown = format!("{master:?} {:?}", key_of("private-encrypted-a"));
        assert_eq!(shown, "MasterKey(…) ChannelKey(…)");
    }
}
