//! The names of channels: built here, read here, and nowhere else. Clients are handed them.

use crate::domain::ids::{RoomId, SideKey};

const ROOM: &str = "private-room-";
const USER: &str = "private-user-";
const DESK: &str = "private-desk-";

/// How long a room's id is as text.
const ID_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

/// A channel that Parlour hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A room's own: its members hear what happens there. A group's has a generation (from 1), which
    /// grows when a member is removed, so that whoever stays subscribed to the old name hears nothing
    /// more; other rooms have 0.
    Room(RoomId, u64),
    /// A principal's own: what happens in any of its rooms.
    User(SideKey),
    /// A desk's own: what users write to it.
    Desk(SideKey),
}

impl Channel {
    /// The channel of this name, if it is one that we would build.
    pub fn parse(name: &str) -> Option<Self> {
        let channel = if let Some(room) = name.strip_prefix(ROOM) {
            let (id, generation) = room.split_at_checked(ID_LENGTH)?;
            let generation = match generation.strip_prefix('-') {
                Some(digits) => digits.parse().ok()?,
                None => 0,
            };
            Self::Room(id.parse().ok()?, generation)
        } else if let Some(key) = name.strip_prefix(DESK) {
            Self::Desk(SideKey::parse(key)?)
        } else {
            Self::User(SideKey::parse(name.strip_prefix(USER)?)?)
        };
        // Only our own spelling.
        (channel.to_string() == name).then_some(channel)
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Room(room, 0) => write!(f, "{ROOM}{room}"),
            Self::Room(room, generation) => write!(f, "{ROOM}{room}-{generation}"),
            Self::User(key) => write!(f, "{USER}{}", key.as_str()),
            Self::Desk(key) => write!(f, "{DESK}{}", key.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM_ID: &str = "00000000-0000-8100-8000-00000000000a";

    #[test]
    fn a_channel_is_read_as_it_was_written() {
        let room = ROOM_ID.parse().unwrap();
        let key = SideKey::parse("abcdefghijklmnopqr-_AA").unwrap();
        for channel in [
            Channel::Room(room, 0),
            Channel::Room(room, 1),
            Channel::Room(room, u64::MAX),
            Channel::User(key.clone()),
            Channel::Desk(key),
        ] {
            assert_eq!(Channel::parse(&channel.to_string()), Some(channel));
        }
    }

    #[test]
    fn no_other_spelling_is_a_channel() {
        for name in [
            format!("private-room-{}", ROOM_ID.to_uppercase()),
            format!("private-room-{ROOM_ID} "),
            format!("private-room-{ROOM_ID}-"),
            format!("private-room-{ROOM_ID}-0"),
            format!("private-room-{ROOM_ID}-01"),
            format!("private-room-{ROOM_ID}-+1"),
            format!("private-room-{ROOM_ID}-1-1"),
            format!("private-room-{ROOM_ID}-18446744073709551616"),
            format!("private-room-{}", "é".repeat(18)),
            format!("presence-room-{ROOM_ID}"),
            format!("private-room-private-room-{ROOM_ID}"),
            "private-user-".into(),
            "private-user-short".into(),
            "private-desk-short".into(),
            "private-desk-".into(),
            "private-user-abcdefghijklmnopqrst:u".into(),
            String::new(),
        ] {
            assert_eq!(Channel::parse(&name), None, "{name}");
        }
    }
}
