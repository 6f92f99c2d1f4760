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
    /// Whether it is opened through a [dialect](crate::dialect).
    pub in_dialect: bool,
}

impl Founding {
    /// [`Opening::ByPair`](super::Opening): the room of two, the same whoever opens it.
    pub fn by_pair(kind: RoomKind, one: Seat, other: Seat) -> Self {
        let mut seats = vec![one, other];
        seats.sort_by(|x, y| x.key.cmp(&y.key));
        let key = seats.iter().map(|seat| seat.key.as_str().into()).collect();
        Self { kind, key, seats, about: About::default(), in_dialect: false }
    }

    /// [`Opening::ByAsking`](super::Opening): the room of a user and the desk.
    pub fn by_asking(kind: RoomKind, user: Seat, desk: Seat) -> Self {
        let key = vec![user.key.as_str().into()];
        Self { kind, key, seats: vec![user, desk], about: About::default(), in_dialect: false }
    }

    /// [`Opening::ByListing`](super::Opening): the room of a user and a merchant about a listing, given by
    /// id and title.
    pub fn by_listing(kind: RoomKind, listing: (&str, &str), user: Seat, merchant: Seat) -> Self {
        let (id, title) = listing;
        let key = vec![user.key.as_str().into(), id.into()];
        let listing = Some((id.to_owned(), title.to_owned()));
        let about = About { listing, ..About::default() };
        Self { kind, key, seats: vec![user, merchant], about, in_dialect: false }
    }

    /// [`Opening::ByGroup`](super::Opening): the room of a giver and a receiver.
    ///
    /// The key is the giver and not the pair: two people who drew each other have two rooms, or one
    /// room would tell each who gives.
    pub fn by_group(kind: RoomKind, group: &str, giver: Seat, receiver: Seat) -> Self {
        let key = vec![group.into(), giver.key.as_str().into()];
        let about = About { group: Some(group.to_owned()), ..About::default() };
        Self { kind, key, seats: vec![giver, receiver], about, in_dialect: false }
    }

    /// [`Opening::ByMembers`](super::Opening): a room for these members, the first of whom founds it.
    /// `nonce` makes it a new one; a repeat with the same nonce finds the same.
    pub fn by_members(
        kind: RoomKind,
        nonce: &[u8],
        title: Option<String>,
        members: Vec<Seat>,
    ) -> Self {
        let founder = members.first().map_or("", |seat| seat.key.as_str());
        let key = vec![founder.into(), nonce.to_vec()];
        Self {
            kind,
            key,
            seats: members,
            about: About { title, ..About::default() },
            in_dialect: false,
        }
    }

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
