//! Letting clients listen.

use crate::{
    actions::Services,
    domain::principal::Caller,
    error::Error,
    realtime::{
        channel::Channel,
        sign::{ChannelName, Signer, SocketId},
    },
};

/// To anyone who asks for a channel that is not theirs, whether it exists or not.
const NOT_YOURS: Error = Error::Forbidden {
    code: "channel_forbidden",
    detail: "This channel is not yours to listen to.",
};

impl Services {
    /// Signs a socket's subscription to a channel that we would hand to this caller, and to no
    /// other.
    ///
    /// # Errors
    /// `Forbidden` for every other channel.
    pub async fn authorize(
        &self,
        caller: &Caller,
        socket: &SocketId,
        channel: &str,
    ) -> Result<String, Error> {
        let name = ChannelName::parse(channel).map_err(|_| NOT_YOURS)?;
        let asker = self.asker(caller).await?;
        let allowed = match Channel::parse(channel).ok_or(NOT_YOURS)? {
            Channel::User(key) => key == asker.me,
            Channel::Desk(key) => asker.queue() == Some(&key),
            Channel::Room(room, generation) => {
                let member = self.store.membership(room, &asker).await?;
                member.is_some_and(|member| member.head.generation == generation)
            }
        };
        if !allowed {
            return Err(NOT_YOURS);
        }
        Ok(Signer::new(&self.relay.key, &self.relay.secret).channel_auth(socket, name, None))
    }
}
