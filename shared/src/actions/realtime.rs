//! Letting clients listen, and hearing who does.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::{
    actions::Services,
    domain::{principal::Caller, room::RoomKind, webhook::HookKind},
    error::Error,
    realtime::{
        channel::Channel,
        sign::{ChannelName, SocketId},
        webhook::Webhook,
    },
    store::Presence,
};

/// To anyone who asks for a channel that is not theirs, whether it exists or not.
const NOT_YOURS: Error = Error::Forbidden {
    code: "channel_forbidden",
    detail: "This channel is not yours to listen to.",
};

/// How many accounts of a webhook are written down at once.
const AT_ONCE: usize = 10;

/// How far the relay's clock may be ahead of ours, in milliseconds.
const MOST_AHEAD: i64 = 24 * 3_600_000;

/// The right to listen to a channel.
#[derive(Clone, Debug)]
pub struct ChannelGrant {
    /// The app's key and the signature.
    pub auth: String,
    /// Of an encrypted channel: its key.
    pub shared_secret: Option<String>,
}

/// The right of a connection to be a user's.
#[derive(Clone, Debug)]
pub struct UserGrant {
    /// The app's key and the signature.
    pub auth: String,
    /// Who it is: the signed text itself.
    pub user_data: String,
}

impl Services {
    /// Whether it is written down who is online: where people may see it, where the application's server
    /// is told who is not and should get a notification, and where nobody is mailed who is.
    fn tracks_presence(&self) -> bool {
        let notifies = self.app_wants(HookKind::MessageCreated) || self.mail.is_some();
        self.features.presence || notifies
    }

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
    ) -> Result<ChannelGrant, Error> {
        let name = ChannelName::parse(channel).map_err(|_| NOT_YOURS)?;
        let asker = self.asker(caller).await?;
        let channel = self.relay.channel(channel).ok_or(NOT_YOURS)?;
        let allowed = match &channel {
            Channel::User(key) | Channel::UserInDialect(_, key) => *key == asker.me,
            Channel::Desk(key) => asker.queue() == Some(key),
            Channel::DeskInDialect(_) => caller.roles.admin,
            Channel::Room(room, generation) | Channel::RoomInDialect(room, generation) => {
                let member = self.store.membership(*room, &asker).await?;
                member.is_some_and(|member| member.head.generation == *generation)
            }
        };
        if !allowed {
            return Err(NOT_YOURS);
        }
        let key = self.relay.channel_key(&channel, name.as_str());
        Ok(ChannelGrant {
            auth: self.relay.signer().channel_auth(socket, name, None),
            shared_secret: key.map(|key| key.shared_secret()),
        })
    }

    /// Where the caller is told of its rooms of a kind, in the kind's dialect.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn channel_in_dialect(
        &self,
        caller: &Caller,
        kind: RoomKind,
    ) -> Result<String, Error> {
        let me = self.asker(caller).await?.me;
        Ok(self.relay.name(&Channel::UserInDialect(kind, me)))
    }

    /// Where the support desk is told what users write, in the kind's dialect.
    pub fn desk_in_dialect(&self, kind: RoomKind) -> String {
        self.relay.name(&Channel::DeskInDialect(kind))
    }

    /// Signs that a socket is the caller's. The id that it goes by is the key of the caller's own
    /// channel: the application's ids may be the same for accounts of different types.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn sign_in(&self, caller: &Caller, socket: &SocketId) -> Result<UserGrant, Error> {
        let me = self.asker(caller).await?.me;
        let user_data = json!({ "id": me.as_str() }).to_string();
        Ok(UserGrant { auth: self.relay.signer().user_auth(socket, &user_data), user_data })
    }

    /// Writes down who listens to the own channel, and who does no more, where that matters. Repeats
    /// and an order that was mixed up change nothing.
    ///
    /// # Errors
    /// When the store cannot be reached; the relay sends the webhook again.
    pub async fn heard_from_relay(&self, webhook: &Webhook) -> Result<(), Error> {
        if !self.tracks_presence() {
            return Ok(());
        }
        let now = self.clock.now();
        // A relay whose clock is far ahead would have the last word for as long.
        let is_ahead = webhook.at() > now.plus_millis(MOST_AHEAD);
        let since = if is_ahead { now } else { webhook.at() };
        if Presence::is_forgotten(since, now) {
            return Ok(());
        }
        let told = stream::iter(webhook.listening(&self.relay)).map(async |(account, online)| {
            self.store.put_presence(&account, Presence { online, since }).await
        });
        Ok(told.buffer_unordered(AT_ONCE).try_collect().await?)
    }
}
