//! The kinds of room. Each is one file that states its rules; adding one is that file, a variant
//! and an arm in each `match` below.

pub mod direct;

use serde::{Deserialize, Serialize};

use super::{
    ids::{RoomId, SideKey},
    principal::{Principal, Profile},
};

/// What sort of room: who is in it, what makes it unique, and its limits.
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
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// Two users; one room for each pair.
    Direct,
}

impl RoomKind {
    /// The number inside room ids (4 bits). Never changed and never used again: ids are for ever.
    pub fn code(self) -> u8 {
        match self {
            Self::Direct => 1,
        }
    }

    /// The kind with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Direct].into_iter().find(|kind| kind.code() == code)
    }

    /// The kind's limits.
    pub fn rules(self) -> &'static Rules {
        match self {
            Self::Direct => &direct::RULES,
        }
    }
}

/// What a kind allows.
#[derive(Debug)]
pub struct Rules {
    /// The longest body of a message, in Unicode scalar values.
    pub max_body: usize,
    /// How long rooms stay at one place in an inbox index before another message moves them
    /// there, in milliseconds. Within that time a message costs no index write.
    pub bucket_millis: i64,
}

/// A room that is to be opened: its id and who will be in it.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The room's id, derived from what makes the room unique.
    pub id: RoomId,
    /// The two sides: `a`, whose inbox the second index holds, and `b`, whose inbox or queue the
    /// first one holds.
    pub sides: [Seat; 2],
}

/// A side of a room before the room exists.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The hash under which the side is a member.
    pub key: SideKey,
    /// The account.
    pub principal: Principal,
    /// How the account is shown, as far as it is known.
    pub profile: Profile,
}
