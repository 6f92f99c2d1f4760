//! `support`: a user, or a guest, and the support desk; one room for each.

use super::{About, Desk, Founding, Opening, RoomKind, Rules, Seat};

/// Ten thousand characters; the agents archive.
pub const RULES: Rules = Rules {
    opening: Opening::ByAsking,
    desk: Some(Desk::Support),
    masks_first_side: false,
    max_body: 10_000,
};

/// The room of a user and the desk.
pub fn of(user: Seat, desk: Seat) -> Founding {
    let key = vec![user.key.as_str().into()];
    Founding { kind: RoomKind::Support, key, seats: vec![user, desk], about: About::default() }
}
