//! Ids that say what they are and cannot be guessed.
//!
//! Everything that names something is derived from the deployment's [`Salt`], so that the same
//! input gives the same id in every function, and nobody outside can compute one.

use std::{fmt, net::IpAddr, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{principal::Principal, room::RoomKind};

/// 32 random bytes, made once for a table and kept in it: the key under which ids are derived.
#[derive(Clone)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt as it was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A keyed hash over parts, each preceded by its length so that no two lists run together.
    pub fn hash<const N: usize>(&self, purpose: &str, parts: &[&[u8]]) -> [u8; N] {
        const { assert!(N <= 32) };
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// A room's id: a UUIDv8 (RFC 9562) whose third group tells the kind (`8K..`).
///
/// So a kind's limits are known before anything is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Uuid);

impl RoomId {
    /// The id of the room of `kind` whose unique key is `key`. A room that was deleted and opened
    /// again is of a later `generation`, and so has another id.
    pub fn derive(salt: &Salt, kind: RoomKind, key: &[&[u8]], generation: u32) -> Self {
        let (kind_code, generation) = ([kind.code()], generation.to_be_bytes());
        let parts: Vec<&[u8]> =
            [&kind_code[..], &generation].into_iter().chain(key.iter().copied()).collect();
        Self(uuid_v8(salt.hash("room", &parts), Some(kind.code())))
    }

    /// The kind of room that this id names.
    pub fn kind(self) -> RoomKind {
        RoomKind::from_code(self.0.as_bytes()[6] & 0x0f)
            .expect("no other kind can be parsed or derived")
    }

    /// The id's 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl FromStr for RoomId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let id = hyphenated(text)?;
        let known = RoomKind::from_code(id.as_bytes()[6] & 0x0f).is_some();
        if id.get_version_num() != 8 || !known {
            return Err(NotAnId);
        }
        Ok(Self(id))
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is no id of this sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

/// The id of the message in a slot. It follows from the room and the slot, so every run of a post
/// gives it the same one.
pub fn message_id(room: RoomId, seq: u64) -> Uuid {
    let digest =
        Sha256::new().chain_update(room.as_bytes()).chain_update(seq.to_be_bytes()).finalize();
    uuid_v8(std::array::from_fn(|i| digest[i]), None)
}

/// A report's id. It follows from the message and the reporter, so whoever reports again finds the
/// first report, and it is keyed, so nobody can guess one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct ReportId(Uuid);

impl ReportId {
    /// The id's 16 bytes.
    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id of the report of a message by this account.
    pub fn derive(salt: &Salt, room: RoomId, seq: u64, reporter: &SideKey) -> Self {
        let parts: [&[u8]; 3] = [room.as_bytes(), &seq.to_be_bytes(), reporter.0.as_bytes()];
        Self(uuid_v8(salt.hash("report", &parts), None))
    }
}

impl FromStr for ReportId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        hyphenated(text).map(Self)
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A webhook's id. It follows from what happened, so that a repeat and a replay carry the same one, and
/// the receiver tells what came twice.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct WebhookId(Uuid);

impl WebhookId {
    /// The id of what these parts tell apart from everything else.
    pub(super) fn derive(salt: &Salt, parts: &[&[u8]]) -> Self {
        Self(uuid_v8(salt.hash("webhook", parts), None))
    }
}

impl FromStr for WebhookId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        hyphenated(text).map(Self)
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id that a client gives a post so that repeating it is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ClientId(pub Uuid);

impl FromStr for ClientId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        hyphenated(text).map(Self)
    }
}

/// A principal as rooms know it: a keyed hash of 16 bytes in URL-safe base64 (22 characters).
///
/// It stands in a room's read marks, where its presence *is* the membership, in index keys, and in
/// the name of the principal's own channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SideKey(String);

impl SideKey {
    /// The key of a principal.
    pub fn of(salt: &Salt, principal: &Principal) -> Self {
        let bytes: [u8; 16] =
            salt.hash("side", &[principal.kind.as_str().as_bytes(), principal.id.as_bytes()]);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The key of the support desk, as which all agents are in a room together.
    pub fn support_desk(salt: &Salt) -> Self {
        let bytes: [u8; 16] = salt.hash("desk", &[b"support"]);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The key that stands in this one's place in a room once its principal is erased.
    #[must_use]
    pub fn erased_in(&self, salt: &Salt, room: RoomId) -> Self {
        let bytes: [u8; 16] = salt.hash("erased", &[room.as_bytes(), self.0.as_bytes()]);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The key of whoever calls from an address. Of IPv6, whoever has one address has the 2^64 beside
    /// it as well (RFC 6177), so those count as one.
    pub fn of_address(salt: &Salt, address: IpAddr) -> Self {
        let bytes: [u8; 16] = match address.to_canonical() {
            IpAddr::V4(address) => salt.hash("address", &[&address.octets()]),
            IpAddr::V6(address) => salt.hash("address", &[&address.octets()[..8]]),
        };
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The key that this text spells.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of 32 places, each as likely as the others: the key is a hash, and this comes of its beginning.
    pub fn place(&self) -> String {
        let first = URL_SAFE_NO_PAD.decode(&self.0).ok().and_then(|bytes| bytes.first().copied());
        (first.unwrap_or_default() % 32).to_string()
    }
}

/// Lays the version (8) and variant of RFC 9562 over 16 bytes, and a kind into the four bits after
/// the version where there is one.
fn uuid_v8(mut bytes: [u8; 16], kind: Option<u8>) -> Uuid {
    if let Some(kind) = kind {
        bytes[6] = kind & 0x0f;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Only the form that we write ourselves: 36 characters with hyphens.
fn hyphenated(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != uuid::fmt::Hyphenated::LENGTH {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::PrincipalType;

    fn salt() -> Salt {
        Salt::from_bytes([7; 32])
    }

    #[test]
    fn a_room_id_is_a_uuid_v8_that_tells_its_kind() {
        let id = RoomId::derive(&salt(), RoomKind::Direct, &[b"a", b"b"], 0);
        assert_eq!(&id.to_string()[14..16], "81");
        assert_eq!(id.kind(), RoomKind::Direct);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn neither_another_generation_nor_shifted_parts_give_the_same_room() {
        let id =
            |key: &[&[u8]], generation| RoomId::derive(&salt(), RoomKind::Direct, key, generation);
        assert_ne!(id(&[b"a", b"b"], 0), id(&[b"a", b"b"], 1));
        assert_ne!(id(&[b"ab", b""], 0), id(&[b"a", b"b"], 0));
    }

    #[test]
    fn other_uuids_are_no_room_ids() {
        for text in [
            "2f1d7a3c-8c1b-4f5e-9a3e-1c2d3e4f5a6b",
            "00000000-0000-8f00-8000-000000000000",
            "{00000000-0000-8100-8000-00000000000}",
            "0000000000008100800000000000000000000",
            "",
        ] {
            assert_eq!(text.parse::<RoomId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn principals_of_different_types_have_different_keys() {
        let user = Principal { kind: PrincipalType::User, id: "1".into() };
        let merchant = Principal { kind: PrincipalType::Merchant, id: "1".into() };
        assert_ne!(SideKey::of(&salt(), &user), SideKey::of(&salt(), &merchant));
        assert_eq!(SideKey::of(&salt(), &user).as_str().len(), 22);
    }
}
