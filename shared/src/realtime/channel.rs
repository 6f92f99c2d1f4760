//! The names of channels: built here, read here, and nowhere else. Clients are handed them.

use crate::{
    dialect::{self, Dialect},
    domain::{
        ids::{RoomId, SideKey},
        room::RoomKind,
    },
};

const PRIVATE: &str = "private-";
const ENCRYPTED: &str = "private-encrypted-";
const ROOM: &str = "room-";
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
    /// What is told on a room's own, in the words of the [dialect](crate::dialect) of its kind.
    RoomInDialect(RoomId, u64),
    /// What is told on a principal's own of rooms of this kind, in the dialect's words.
    UserInDialect(RoomKind, SideKey),
    /// What is told on the support desk's, in the dialect's words.
    DeskInDialect(RoomKind),
}

impl Channel {
    /// The dialect that is spoken here, if one is.
    pub fn dialect(&self) -> Option<&'static Dialect> {
        match self {
            Self::Room(..) | Self::User(_) | Self::Desk(_) => None,
            Self::RoomInDialect(room, _) => Dialect::of(room.kind()),
            Self::UserInDialect(kind, _) | Self::DeskInDialect(kind) => Dialect::of(*kind),
        }
    }

    /// Where a dialect tells what is told here, if it does.
    pub fn in_dialect(&self, dialect: &Dialect) -> Option<Self> {
        let kind = dialect.kind;
        match self {
            Self::Room(room, generation) => Some(Self::RoomInDialect(*room, *generation)),
            Self::User(key) => dialect.user.map(|_| Self::UserInDialect(kind, key.clone())),
            Self::Desk(_) => dialect.desk.map(|_| Self::DeskInDialect(kind)),
            Self::RoomInDialect(..) | Self::UserInDialect(..) | Self::DeskInDialect(_) => None,
        }
    }
}

/// How a deployment names its channels.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    /// Whether the relay must not read what happens in rooms.
    pub encrypts_rooms: bool,
}

impl Naming {
    /// The name of a channel. That of a dialect which is spoken no more is empty, which no channel's is.
    pub fn name(self, channel: &Channel) -> String {
        let words = channel.dialect();
        match channel {
            Channel::Room(id, generation) => self.room(ROOM, *id, *generation),
            Channel::User(key) => format!("{USER}{}", key.as_str()),
            Channel::Desk(key) => format!("{DESK}{}", key.as_str()),
            Channel::RoomInDialect(id, generation) => {
                words.map(|words| self.room(words.room, *id, *generation)).unwrap_or_default()
            }
            Channel::UserInDialect(_, key) => {
                let prefix = words.and_then(|words| words.user);
                prefix
                    .map(|prefix| format!("{PRIVATE}{prefix}{}", key.as_str()))
                    .unwrap_or_default()
            }
            Channel::DeskInDialect(_) => {
                let name = words.and_then(|words| words.desk);
                name.map(|name| format!("{PRIVATE}{name}")).unwrap_or_default()
            }
        }
    }

    /// The channel of this name, if it is one that we would build.
    pub fn parse(self, name: &str) -> Option<Channel> {
        let channel = self.canonical(name).or_else(|| self.in_dialect(name))?;
        // Only our own spelling.
        (self.name(&channel) == name).then_some(channel)
    }

    fn canonical(self, name: &str) -> Option<Channel> {
        if let Some(room) =
            name.strip_prefix(self.prefix()).and_then(|name| name.strip_prefix(ROOM))
        {
            let (id, generation) = room_of(room)?;
            Some(Channel::Room(id, generation))
        } else if let Some(key) = name.strip_prefix(DESK) {
            SideKey::parse(key).map(Channel::Desk)
        } else {
            SideKey::parse(name.strip_prefix(USER)?).map(Channel::User)
        }
    }

    fn in_dialect(self, name: &str) -> Option<Channel> {
        let (of_room, other) = (name.strip_prefix(self.prefix()), name.strip_prefix(PRIVATE));
        dialect::ALL.iter().find_map(|dialect| {
            let kind = dialect.kind;
            let room = of_room.and_then(|name| room_of(name.strip_prefix(dialect.room)?));
            let room = room.filter(|(id, _)| id.kind() == kind);
            let user = || other.and_then(|name| SideKey::parse(name.strip_prefix(dialect.user?)?));
            let is_desk = dialect.desk.is_some() && other == dialect.desk;
            room.map(|(id, generation)| Channel::RoomInDialect(id, generation))
                .or_else(|| user().map(|key| Channel::UserInDialect(kind, key)))
                .or_else(|| is_desk.then_some(Channel::DeskInDialect(kind)))
        })
    }

    /// A room's channel among those that begin so.
    fn room(self, prefix: &str, id: RoomId, generation: u64) -> String {
        let channel = format!("{}{prefix}{id}", self.prefix());
        if generation == 0 { channel } else { format!("{channel}-{generation}") }
    }

    /// How the names of rooms' channels begin.
    fn prefix(self) -> &'static str {
        if self.encrypts_rooms { ENCRYPTED } else { PRIVATE }
    }
}

/// The room and the generation that the end of a name tells.
fn room_of(text: &str) -> Option<(RoomId, u64)> {
    let (id, generation) = text.split_at_checked(ID_LENGTH)?;
    let generation = match generation.strip_prefix('-') {
        Some(digits) => digits.parse().ok()?,
        None => 0,
    };
    Some((id.parse().ok()?, generation))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM_ID: &str = "00000000-0000-8100-8000-00000000000a";

    /// What clients of the other systems know, behind `private-`.
    #[test]
    fn dialects_have_channels_of_their_own() {
        let key = SideKey::parse("abcdefghijklmnopqr-_AA").unwrap();
        for (digit, name) in [
            (1, "direct-"),
            (2, "support_chat-"),
            (3, "chat_"),
            (4, "conversation-"),
            (5, "thread-"),
        ] {
            let id = format!("00000000-0000-8{digit}00-8000-00000000000a");
            let room = Channel::RoomInDialect(id.parse().unwrap(), 0);
            assert_eq!(PLAIN.name(&room), format!("private-{name}{id}"));
            assert_eq!(ENCRYPTED.name(&room), format!("private-encrypted-{name}{id}"));
            assert_eq!(PLAIN.parse(&PLAIN.name(&room)), Some(room));
        }
        let user = Channel::UserInDialect(RoomKind::Direct, key);
        assert_eq!(PLAIN.name(&user), "private-direct-user-abcdefghijklmnopqr-_AA");
        let desk = Channel::DeskInDialect(RoomKind::Support);
        assert_eq!(PLAIN.name(&desk), "private-admin_support_notifications");
    }

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
            Channel::Desk(key.clone()),
            Channel::RoomInDialect(room, 0),
            Channel::UserInDialect(RoomKind::Direct, key.clone()),
            Channel::UserInDialect(RoomKind::Group, key),
            Channel::DeskInDialect(RoomKind::Support),
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
            // A room of one kind has no channel of another's dialect.
            format!("private-chat_{ROOM_ID}"),
            format!("private-encrypted-chat_{ROOM_ID}"),
            format!("chat_{ROOM_ID}"),
            "admin_support_notifications".into(),
            "presence-admin_support_notifications".into(),
            "private-encrypted-admin_support_notifications".into(),
            "private-admin_support_notifications-".into(),
            "private-".into(),
            "private-encrypted-".into(),
            String::new(),
        ] {
            for naming in [PLAIN, ENCRYPTED] {
                assert_eq!(naming.parse(&name), None, "{name}");
            }
        }
    }
}
