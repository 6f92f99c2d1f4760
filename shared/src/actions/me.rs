//! The caller's own account.

use futures_util::future::try_join3;
use serde::Serialize;

use crate::{
    actions::Services,
    domain::principal::{Caller, PrincipalType},
    error::Error,
    realtime::channel::Channel,
    store::{Info, Membership},
};

/// How many of the newest rooms are looked at for `unread_rooms`.
const LOOKED_AT: usize = 100;

/// The caller's own account.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The application's own id of the account.
    pub id: String,
    /// What sort of account.
    #[serde(rename = "type")]
    pub kind: PrincipalType,
    /// The name that others see.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The address of the picture that others see.
    pub picture: Option<String>,
    /// What the token allows beyond the account's own rooms.
    pub roles: Vec<&'static str>,
    /// The account's own channel: what happens in any of its rooms.
    pub channel: String,
    /// Of support agents and merchants: the channel of their desk, on which they hear of what users
    /// write to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk_channel: Option<String>,
    /// How many of the 100 newest rooms hold something unread.
    pub unread_rooms: usize,
    /// How many unread messages those rooms hold together.
    pub unread_messages: u64,
    /// Of support agents and merchants: how many rooms of their desk wait for it, 1,000 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk_waiting: Option<usize>,
}

impl Services {
    /// The caller's own account, which is remembered as the token describes it.
    ///
    /// # Errors
    /// `Forbidden` to whoever was erased.
    pub async fn me(&self, caller: &Caller) -> Result<Me, Error> {
        let asker = self.asker(caller).await?;
        let (inbox, waiting, ()) = try_join3(
            async { Ok(self.store.inbox(&asker, None, LOOKED_AT, None).await?) },
            async {
                match asker.queue() {
                    Some(desk) => Ok(Some(self.store.waiting(desk).await?)),
                    None => Ok(None),
                }
            },
            self.remember(caller),
        )
        .await?;
        let unread = |(room, _): &(Membership, Info)| room.unread();
        let unread: Vec<u64> = inbox.rooms.iter().map(unread).filter(|n| *n > 0).collect();
        let profile = caller.profile.clone();
        Ok(Me {
            id: caller.principal.id.clone(),
            kind: caller.principal.kind,
            name: profile.name,
            email: profile.email,
            picture: profile.picture,
            roles: caller.roles.names(),
            desk_channel: asker.queue().map(|desk| self.relay.name(&Channel::Desk(desk.clone()))),
            channel: self.relay.name(&Channel::User(asker.me)),
            unread_rooms: unread.len(),
            unread_messages: unread.iter().sum(),
            desk_waiting: waiting,
        })
    }
}
