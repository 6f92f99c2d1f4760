//! `direct`: two users, one room for each unordered pair.

use super::{About, Founding, Opening, RoomKind, Rules, Seat};

/// Ten thousand characters; nobody archives, nobody is hidden.
pub const RULES: Rules =
    Rules { opening: Opening::ByPair, desk: None, masks_first_side: false, max_body: 10_000 };

/// The room of two different users, the same whoever opens it.
pub fn between(one: Seat, other: Seat) -> Founding {
    let mut seats = vec![one, other];
    seats.sort_by(|x, y| x.key.cmp(&y.key));
    let key = seats.iter().map(|seat| seat.key.as_str().into()).collect();
    Founding { kind: RoomKind::Direct, key, seats, about: About::default() }
}
