//! A room that is to be opened.

use super::{RoomKind, r#match};
use crate::domain::{
    ids::{RoomId, Salt, SideKey},
    member::MemberType,
    principal::{Principal, Profile},
};

/// What makes a room and who will be in it.
#[derive(Clone, Debug)]
pub struct Founding {
    /// What sort of room.
    pub kind: RoomKind,
    /// What makes the room unique among its kind.
    pub key: Vec<Vec<u8>>,
    /// Whoever is in it from the beginning. Where a kind has two sides: first `a`, whose inbox the
    /// second index holds, and then `b`, whose inbox or queue the first one holds.
    pub seats: Vec<Seat>,
    /// What it is about.
    pub about: About,
}

impl Founding {
    /// The room's id. A room that was deleted and opened again is of a later `generation`.
    pub fn id(&self, salt: &Salt, generation: u32) -> RoomId {
        let key: Vec<&[u8]> = self.key.iter().map(Vec::as_slice).collect();
        RoomId::derive(salt, self.kind, &key, generation)
    }
}

/// What a room is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The title that its members gave it.
    pub title: Option<String>,
    /// Id and title of the listing.
    pub listing: Option<(String, String)>,
    /// Id of the group whose raffle made it.
    pub group: Option<String>,
}

/// A place in a room before the room exists.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The hash under which its holder is a member.
    pub key: SideKey,
    /// Who holds it.
    pub identity: Identity,
    /// How the holder is shown, as far as it is known.
    pub profile: Profile,
}

/// Who holds a seat.
#[derive(Clone, Debug)]
pub enum Identity {
    /// An account.
    Account(Principal),
    /// The support desk: whoever works there.
    SupportDesk,
}

impl Seat {
    /// The seat of an account.
    pub fn account(salt: &Salt, principal: Principal, profile: Profile) -> Self {
        let key = SideKey::of(salt, &principal);
        Self { key, identity: Identity::Account(principal), profile }
    }

    /// The seat of the support desk.
    pub fn support_desk(salt: &Salt) -> Self {
        let key = SideKey::support_desk(salt);
        Self { key, identity: Identity::SupportDesk, profile: Profile::default() }
    }

    /// How the room calls the holder: by its own id, or by an alias.
    pub fn member_id(&self, salt: &Salt, room: RoomId, masked: bool) -> String {
        match &self.identity {
            Identity::Account(_) if masked => r#match::alias(salt, room),
            Identity::Account(principal) => principal.member_id(),
            Identity::SupportDesk => "desk:support".to_owned(),
        }
    }

    /// What the holder is.
    pub fn member_type(&self) -> MemberType {
        match &self.identity {
            Identity::Account(principal) => principal.kind.into(),
            Identity::SupportDesk => MemberType::Admin,
        }
    }
}
