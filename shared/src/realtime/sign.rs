//! Signatures of the Pusher protocol: pure functions, without clock and without I/O.
//!
//! Every signature is an HMAC-SHA256 in lower-case hex under the app's secret; only the signed text differs:
//!
//! | what | signed text |
//! |---|---|
//! | subscription | `socket_id:channel`, with member data `socket_id:channel:channel_data` |
//! | user login | `socket_id::user::user_data` |
//! | webhook | the raw body |
//! | HTTP API call | `METHOD\npath\nsorted query` ([`request`]) |
//!
//! The texts are joined with `:`, so a crafted field could move a boundary: the channel `:user::{"id":"1"}`
//! reads exactly like a login. Therefore only [`SocketId`] and [`ChannelName`] can be signed, and neither can
//! hold a colon.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret::Secret;

pub mod request;
#[cfg(test)]
mod tests;

/// The longest channel name the protocol allows, in bytes.
pub const MAX_CHANNEL_NAME: usize = 164;

/// Room for two 64-bit numbers and the dot; every known server stays below.
const MAX_SOCKET_ID: usize = 41;

/// The id that a relay gives to one connection: ASCII digits, a dot, ASCII digits, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocketId(String);

/// A text that is not a socket id. It does not repeat the text: that came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a socket id")]
pub struct BadSocketId;

impl SocketId {
    /// A socket id from its two numbers, for the side that hands ids out.
    pub fn from_parts(first: u64, second: u64) -> Self {
        Self(format!("{first}.{second}"))
    }

    /// Checks a text from outside.
    ///
    /// # Errors
    /// [`BadSocketId`] unless the whole text is `digits.digits` of at most 41 bytes.
    pub fn parse(text: &str) -> Result<Self, BadSocketId> {
        // Bytes, not `char::is_numeric`: digits of other scripts are not the protocol's digits.
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match text.split_once('.') {
            Some((first, second))
                if text.len() <= MAX_SOCKET_ID && digits(first) && digits(second) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(BadSocketId),
        }
    }

    /// The id as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SocketId {
    type Err = BadSocketId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A channel name that the protocol allows: 1 to 164 bytes of `A-Z a-z 0-9 _ - = @ , . ;`.
///
/// It says nothing about who may subscribe; that is the caller's to decide before signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelName<'a>(&'a str);

/// A text that is not a channel name. It does not repeat the text: that may have come from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a channel name")]
pub struct BadChannelName;

impl<'a> ChannelName<'a> {
    /// Checks a channel name.
    ///
    /// # Errors
    /// [`BadChannelName`] when it is empty, too long or has a character outside the alphabet.
    pub fn parse(text: &'a str) -> Result<Self, BadChannelName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte);
        if (1..=MAX_CHANNEL_NAME).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(BadChannelName)
        }
    }

    /// The name as it travels.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

/// Signs and verifies for one app. Verifying takes the same time whatever was presented.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    key: &'a str,
    secret: &'a Secret,
}

impl<'a> Signer<'a> {
    /// A signer for the app with this public key and this secret.
    pub fn new(key: &'a str, secret: &'a Secret) -> Self {
        Self { key, secret }
    }

    /// The app's public key.
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The `auth` value (`key:signature`) that lets a socket subscribe to a channel. `channel_data` is the JSON
    /// text of a presence member; the answer must carry the identical text.
    pub fn channel_auth(
        &self,
        socket: &SocketId,
        channel: ChannelName<'_>,
        channel_data: Option<&str>,
    ) -> String {
        let text = match channel_data {
            Some(data) => format!("{socket}:{}:{data}", channel.as_str()),
            None => format!("{socket}:{}", channel.as_str()),
        };
        self.auth(&text)
    }

    /// Whether a presented `auth` value is the one [`Signer::channel_auth`] gives.
    pub fn verify_channel_auth(
        &self,
        presented: &str,
        socket: &SocketId,
        channel: ChannelName<'_>,
        channel_data: Option<&str>,
    ) -> bool {
        same(presented, &self.channel_auth(socket, channel, channel_data))
    }

    /// The `auth` value (`key:signature`) that signs a user in on a socket. `user_data` is the JSON text of the
    /// user; the answer must carry the identical text.
    pub fn user_auth(&self, socket: &SocketId, user_data: &str) -> String {
        self.auth(&format!("{socket}::user::{user_data}"))
    }

    /// Whether a presented `auth` value is the one [`Signer::user_auth`] gives.
    pub fn verify_user_auth(&self, presented: &str, socket: &SocketId, user_data: &str) -> bool {
        same(presented, &self.user_auth(socket, user_data))
    }

    /// The `X-Pusher-Signature` of a webhook's raw body.
    pub fn webhook_signature(&self, body: &[u8]) -> String {
        self.sign(body)
    }

    /// Whether a presented `X-Pusher-Signature` belongs to this raw body.
    pub fn verify_webhook(&self, presented: &str, body: &[u8]) -> bool {
        same(presented, &self.webhook_signature(body))
    }

    fn auth(&self, text: &str) -> String {
        format!("{}:{}", self.key, self.sign(text.as_bytes()))
    }

    fn sign(&self, text: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(text);
        hex(&mac.finalize().into_bytes())
    }
}

/// Compares without telling, by its duration, how much was right. The length is no secret.
fn same(presented: &str, expected: &str) -> bool {
    presented.as_bytes().ct_eq(expected.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
