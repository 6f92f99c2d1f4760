//! `match`: somebody who gives and the one who was drawn, after a group's raffle; one room for each
//! group and giver.

use super::{Opening, Rules};
use crate::domain::ids::{RoomId, Salt};

/// Five hundred characters; the giver is hidden until the group's date.
pub const RULES: Rules =
    Rules { opening: Opening::ByGroup, desk: None, masks_first_side: true, max_body: 500 };

/// The giver's id in the room, for ever: it follows from the room alone and tells nothing about the
/// giver. The colon keeps it apart from every user's own id.
pub fn alias(salt: &Salt, room: RoomId) -> String {
    let bytes: [u8; 8] = salt.hash("alias", &[room.as_bytes()]);
    format!("alias:{:016x}", u64::from_be_bytes(bytes))
}

/// Whether a member's id is an alias. No account's is one: a colon in those follows a type.
pub fn is_alias(member_id: &str) -> bool {
    member_id.starts_with("alias:")
}

/// The name that goes with an alias.
pub fn alias_name(alias: &str) -> String {
    const MOODS: [&str; 8] =
        ["Merry", "Jolly", "Cosy", "Bright", "Snowy", "Gentle", "Lucky", "Quiet"];
    const ANIMALS: [&str; 8] =
        ["Reindeer", "Robin", "Fox", "Hare", "Owl", "Penguin", "Bear", "Squirrel"];
    let digits = u64::from_str_radix(alias.trim_start_matches("alias:"), 16).unwrap_or_default();
    let pick = |list: [&'static str; 8], shift: u32| list[(digits >> shift) as usize % 8];
    format!("{} {}", pick(MOODS, 0), pick(ANIMALS, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_has_a_name_that_follows_from_it_alone() {
        assert_eq!(alias_name("alias:0000000000000000"), "Merry Reindeer");
        assert_eq!(alias_name("alias:000000000000000a"), "Cosy Robin");
    }
}
