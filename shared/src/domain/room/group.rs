//! `group`: any number of people, who come and go.

use super::{About, Founding, Opening, RoomKind, Rules, Seat};

/// Ten thousand characters; nobody archives, nobody is hidden.
pub const RULES: Rules =
    Rules { opening: Opening::ByMembers, desk: None, masks_first_side: false, max_body: 10_000 };

/// The most members that a group may have.
pub const MAX_MEMBERS: usize = 1_000;

/// The longest title, in Unicode scalar values.
pub const MAX_TITLE: usize = 200;

/// A room for these members, the first of whom founds it. `nonce` makes it a new one; a repeat with
/// the same nonce finds the same.
pub fn of(nonce: &[u8], title: Option<String>, members: Vec<Seat>) -> Founding {
    let founder = members.first().map_or("", |seat| seat.key.as_str());
    let key = vec![founder.into(), nonce.to_vec()];
    Founding {
        kind: RoomKind::Group,
        key,
        seats: members,
        about: About { title, ..About::default() },
    }
}
