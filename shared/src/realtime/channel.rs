//! The names of channels: built here, read here, and nowhere else. Clients are handed them.

use crate::domain::ids::{RoomId, SideKey};

const ROOM: &str = "private-room-";
const ENCRYPTED_ROOM: &str = "private-encrypted-room-";
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

/// How a deployment names its channels.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    /// Whether the relay must not read what happens in rooms.
    pub encrypts_rooms: bool,
}

impl Naming {
    /// The name of a channel.
    pub fn name(self, channel: &Channel) -> String {
        let room = self.room();
        match channel {
            Channel::Room(id, 0) => format!("{room}{id}"),
            Channel::Room(id, generation) => format!("{room}{id}-{generation}"),
            Channel::User(key) => format!("{USER}{}", key.as_str()),
            Channel::Desk(key) => format!("{DESK}{}", key.as_str()),
        }
    }

    /// The channel of this name, if it is one that we would build.
    pub fn parse(self, name: &str) -> Option<Channel> {
        let channel = if let Some(room) = name.strip_prefix(self.room()) {
            let (id, generation) = room.split_at_checked(ID_LENGTH)?;
            let generation = match generation.strip_prefix('-') {
                Some(digits) => digits.parse().ok()?,
                None => 0,
            };
            Channel::Room(id.parse().ok()?, generation)
        } else if let Some(key) = name.strip_prefix(DESK) {
            Channel::Desk(SideKey::parse(key)?)
        } else {
            Channel::User(SideKey::parse(name.strip_prefix(USER)?)?)
        };
        // Only our own spelling.
        (self.name(&channel) == name).then_some(channel)
    }

    fn room(self) -> &'static str {
        if self.encrypts_rooms { ENCRYPTED_ROOM } else { ROOM }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM_ID: &str = "00000000-0000-8100-8000-00000000000a";

    const PLAIN: Naming = Naming { encrypts_rooms: false };
    const ENCRYPTED: Naming = Naming { encrypts_rooms: true };

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
            for naming in [PLAIN, ENCRYPTED] {
                assert_eq!(naming.parse(&naming.name(&channel)), Some(channel.clone()));
            }
        }
    }

    #[test]
    fn only_rooms_are_encrypted_and_a_room_has_one_name() {
        let room = Channel::Room(ROOM_ID.parse().unwrap(), 0);
        let name = ENCRYPTED.name(&room);
        assert_eq!(name, format!("private-encrypted-room-{ROOM_ID}"));
        assert_eq!((PLAIN.parse(&name), ENCRYPTED.parse(&PLAIN.name(&room))), (None, None));
        let user = Channel::User(SideKey::parse("abcdefghijklmnopqr-_AA").unwrap());
        assert_eq!(ENCRYPTED.name(&user), PLAIN.name(&user));
    }

    /// Fault F19.
    #[test]
    fn no_other_spelling_is_a_channel() {
        for name in [
            format!("private-room-{}", ROOM_ID.to_uppercase()),
            format!("private-room-{ROOM_ID} "),
            format!("private-room-{ROOM_ID}\n"),
            format!("private-room-{ROOM_ID}\0"),
            format!("private-room-{ROOM_ID}-"),
            format!("private-room-{ROOM_ID}-0"),
            format!("private-room-{ROOM_ID}-01"),
            format!("private-room-{ROOM_ID}-+1"),
            format!("private-room-{ROOM_ID}-١"),
            format!("private-room-{ROOM_ID}-1-1"),
            format!("private-room-{ROOM_ID}-18446744073709551616"),
            format!("private-room-{}", "é".repeat(18)),
            format!("presence-room-{ROOM_ID}"),
            format!("presence-encrypted-room-{ROOM_ID}"),
            format!("private-cache-room-{ROOM_ID}"),
            format!("private-encrypted-cache-room-{ROOM_ID}"),
            format!("private-room-private-room-{ROOM_ID}"),
            "private-encrypted-user-abcdefghijklmnopqr-_AA".into(),
            "#server-to-user-abcdefghijklmnopqr-_AA".into(),
            "private-user-".into(),
            "private-user-short".into(),
            "private-desk-short".into(),
            "private-desk-".into(),
            "private-user-abcdefghijklmnopqrst:u".into(),
            String::new(),
        ] {
            for naming in [PLAIN, ENCRYPTED] {
                assert_eq!(naming.parse(&name), None, "{name}");
            }
        }
    }
}
