//! Who may subscribe to what.

use shared::realtime::sign::{Signer, SocketId};

use super::{
    channel::{Access, Name},
    protocol::{Refusal, Subscribe},
    user::{Member, SignedIn},
};

/// What a subscription is granted.
pub(super) struct Granted {
    /// On a presence channel: who it is.
    pub(super) member: Option<Member>,
    /// The last event is to be told.
    pub(super) is_cache: bool,
    /// The app has signed it, or the user.
    pub(super) is_authorized: bool,
}

/// Checks the channel's name, the app's signature where it takes one, and the member.
///
/// # Errors
/// With what to tell the client.
pub(super) fn check(
    ask: &Subscribe<'_>,
    id: &SocketId,
    signer: Signer<'_>,
    signed_in: Option<&SignedIn>,
) -> Result<Granted, Refusal> {
    let (channel, kind) = match Name::parse(&ask.channel).map_err(|_| Refusal::NO_CHANNEL)? {
        Name::Channel(channel, kind) => (channel, kind),
        Name::ServerToUser(user) if signed_in.is_some_and(|it| it.user == user) => {
            return Ok(Granted { member: None, is_cache: false, is_authorized: true });
        }
        Name::ServerToUser(_) => {
            return Err(Refusal::unauthorized("Only the user who is signed in may hear this"));
        }
    };
    let data = ask.channel_data.as_deref().filter(|_| kind.access == Access::Presence);
    if kind.is_signed() {
        let auth = ask.auth.as_deref().unwrap_or_default();
        if auth.is_empty() {
            return Err(Refusal::unauthorized("This channel needs an auth"));
        }
        if !signer.verify_channel_auth(auth, id, channel, data) {
            return Err(Refusal::unauthorized(
                "The auth is not this app's signature of this socket, channel and channel_data",
            ));
        }
    }
    let member = match (kind.access, data, signed_in) {
        (Access::Presence, Some(data), signed_in) => {
            let member = Member::parse(data)?;
            if signed_in.is_some_and(|it| it.user != member.user_id) {
                return Err(Refusal::unauthorized("The member is not the user who is signed in"));
            }
            Some(member)
        }
        (Access::Presence, None, Some(signed_in)) => Some(signed_in.as_member()),
        (Access::Presence, None, None) => {
            return Err(Refusal::invalid_member("A presence channel needs channel_data"));
        }
        _ => None,
    };
    Ok(Granted { member, is_cache: kind.is_cache, is_authorized: kind.is_signed() })
}
