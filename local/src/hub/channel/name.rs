//! The names that events go to and clients subscribe to.

use shared::realtime::sign::{BadChannelName, ChannelName};

use super::Kind;
use crate::hub::user::UserId;

/// Before the id of the user whose signed-in sockets are meant.
const SERVER_TO_USER: &str = "#server-to-user-";

/// A name that is allowed.
#[derive(Clone, Debug)]
pub(crate) enum Name<'a> {
    /// A channel's.
    Channel(ChannelName<'a>, Kind),
    /// `#server-to-user-ID`: what servers say to one user. It is no channel: it is never signed, for `#` is not a
    /// channel's character, it is not listed, and no webhook tells of it.
    ServerToUser(UserId),
}

impl<'a> Name<'a> {
    /// Checks a name from outside.
    ///
    /// # Errors
    /// When it is neither a channel's nor names a user.
    pub(crate) fn parse(text: &'a str) -> Result<Self, BadChannelName> {
        if let Some(id) = text.strip_prefix(SERVER_TO_USER) {
            return UserId::parse(id).map(Self::ServerToUser).ok_or(BadChannelName);
        }
        let channel = ChannelName::parse(text)?;
        Ok(Self::Channel(channel, Kind::of(channel)))
    }

    /// The name by which servers speak to a user.
    pub(crate) fn of_user(user: &UserId) -> String {
        format!("{SERVER_TO_USER}{}", user.as_str())
    }
}

/// Whether the name is a channel's, so that others may know about it.
pub(super) fn is_listed(name: &str) -> bool {
    !name.starts_with('#')
}
