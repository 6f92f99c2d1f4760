//! The names of channels: built here, read here, and nowhere else. Clients are handed them.

use crate::domain::ids::{RoomId, SideKey};

const ROOM: &str = "private-room-";
const USER: &str = "private-user-";

/// A channel that Parlour hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A room's own: its members hear what happens there.
    Room(RoomId),
    /// A principal's own: what happens in any of its rooms.
    User(SideKey),
}

impl Channel {
    /// The channel of this name, if it is one that we would build.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(room) = name.strip_prefix(ROOM) {
            // Only our own spelling of the id.
            return room.parse::<RoomId>().ok().filter(|id| id.to_string() == room).map(Self::Room);
        }
        let key = name.strip_prefix(USER)?;
        SideKey::parse(key).map(Self::User)
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Room(room) => write!(f, "{ROOM}{room}"),
            Self::User(key) => write!(f, "{USER}{}", key.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM_ID: &str = "00000000-0000-8100-8000-00000000000a";

    #[test]
    fn a_channel_is_read_as_it_was_written() {
        let room = Channel::Room(ROOM_ID.parse().unwrap());
        assert_eq!(Channel::parse(&room.to_string()), Some(room));
        let user = Channel::User(SideKey::parse("abcdefghijklmnopqr-_AA").unwrap());
        assert_eq!(Channel::parse(&user.to_string()), Some(user));
    }

    #[test]
    fn no_other_spelling_is_a_channel() {
        for name in [
            format!("private-room-{}", ROOM_ID.to_uppercase()),
            format!("private-room-{ROOM_ID} "),
            format!("presence-room-{ROOM_ID}"),
            format!("private-room-private-room-{ROOM_ID}"),
            "private-user-".into(),
            "private-user-short".into(),
            "private-user-abcdefghijklmnopqrst:u".into(),
            String::new(),
        ] {
            assert_eq!(Channel::parse(&name), None, "{name}");
        }
    }
}
