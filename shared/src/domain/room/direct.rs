//! `direct`: two users, one room for each unordered pair.

use super::{Founding, RoomKind, Rules, Seat};
use crate::domain::ids::{RoomId, Salt};

/// Ten thousand characters, and an inbox that keeps its order by five minutes.
pub const RULES: Rules = Rules { max_body: 10_000, bucket_millis: 5 * 60_000 };

/// The room of two different users, the same whoever opens it.
pub fn between(salt: &Salt, one: Seat, other: Seat) -> Founding {
    let mut sides = [one, other];
    sides.sort_by(|x, y| x.principal.cmp(&y.principal));
    let key = sides.each_ref().map(|side| side.principal.id.as_bytes());
    Founding { id: RoomId::derive(salt, RoomKind::Direct, &key, 0), sides }
}
