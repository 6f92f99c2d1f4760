//! What a channel's prefix says about it.

use shared::realtime::sign::ChannelName;

/// Who may subscribe, and what may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone may subscribe; clients cannot send.
    Public,
    /// `private-`: the app signs each subscription; subscribers may send client events to each other.
    Private,
    /// `presence-`: as private, and subscribers know each other.
    Presence,
    /// `private-encrypted-`: as private, but the hub cannot read what is said, and clients cannot send.
    Encrypted,
}

/// What a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) access: Access,
    /// `cache-`, behind what says the access: the last event is kept for those who subscribe later.
    pub(crate) is_cache: bool,
}

/// Longest prefix first, since they contain each other.
const PREFIXES: [(&str, Access, bool); 7] = [
    ("private-encrypted-cache-", Access::Encrypted, true),
    ("private-encrypted-", Access::Encrypted, false),
    ("private-cache-", Access::Private, true),
    ("private-", Access::Private, false),
    ("presence-cache-", Access::Presence, true),
    ("presence-", Access::Presence, false),
    ("cache-", Access::Public, true),
];

impl Kind {
    /// The kind of a channel. A name without a prefix is a public channel's.
    pub(crate) fn of(channel: ChannelName<'_>) -> Self {
        PREFIXES
            .iter()
            .find(|(prefix, ..)| channel.as_str().starts_with(prefix))
            .map_or(Self { access: Access::Public, is_cache: false }, |&(_, access, is_cache)| {
                Self { access, is_cache }
            })
    }

    /// Whether the app must sign a subscription.
    pub(crate) fn is_signed(self) -> bool {
        self.access != Access::Public
    }

    /// Whether clients may send events to each other.
    pub(crate) fn allows_client_events(self) -> bool {
        matches!(self.access, Access::Private | Access::Presence)
    }
}
