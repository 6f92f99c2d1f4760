//! The caller's own account.

use serde::Serialize;

use crate::{
    actions::Services,
    domain::principal::{Caller, PrincipalType},
    error::Error,
    realtime::channel::Channel,
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
    /// How many of the 100 newest rooms hold something unread.
    pub unread_rooms: usize,
}

impl Services {
    /// The caller's own account, which is remembered as the token describes it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn me(&self, caller: &Caller) -> Result<Me, Error> {
        let key = self.key_of(caller).await?;
        let (inbox, kept) = futures_util::future::join(
            self.store.inbox(&key, None, LOOKED_AT, None),
            self.store.put_profile(&key, &caller.principal, &caller.profile),
        )
        .await;
        kept?;
        let unread_rooms = inbox?.rooms.iter().filter(|(room, _)| room.unread() > 0).count();
        let profile = caller.profile.clone();
        Ok(Me {
            id: caller.principal.id.clone(),
            kind: caller.principal.kind,
            name: profile.name,
            email: profile.email,
            picture: profile.picture,
            roles: caller.roles.names(),
            channel: Channel::User(key).to_string(),
            unread_rooms,
        })
    }
}
