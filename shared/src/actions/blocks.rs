//! Not hearing from somebody any more.

use serde::Serialize;

use crate::{
    actions::Services,
    domain::{
        ids::SideKey,
        principal::{Caller, Principal, PrincipalType, Profile},
        room::{Founding, RoomKind, Seat},
    },
    error::Error,
    store::{Block, BlockCursor},
};

/// Somebody whom the caller has blocked.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct BlockedUser {
    /// The application's own id of the person.
    pub id: String,
    /// The name to show.
    pub name: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
}

/// A page of whom the caller has blocked.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct BlockList {
    /// The people, in no order that means anything.
    pub users: Vec<BlockedUser>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

impl Services {
    /// From now on a user cannot post into the room of the two, nor open one. Once is enough.
    ///
    /// # Errors
    /// `Invalid` when it is the caller, or nobody can have this id.
    pub async fn block(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let other = other_user(caller, id)?;
        self.remember(caller).await?;
        let salt = self.store.salt().await?;
        let (me, them) = (SideKey::of(salt, &caller.principal), SideKey::of(salt, &other));
        self.store.put_block(&me, &them, &other).await?;
        if let Some(room) = self.direct_room_of(&caller.principal, &other).await? {
            self.store.set_blocked(&room, &them, true).await?;
        }
        Ok(())
    }

    /// Takes that back. Whoever was not blocked stays so.
    ///
    /// # Errors
    /// `Invalid` when it is the caller, or nobody can have this id.
    pub async fn unblock(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let other = other_user(caller, id)?;
        let salt = self.store.salt().await?;
        let (me, them) = (SideKey::of(salt, &caller.principal), SideKey::of(salt, &other));
        // The item last: if this dies in between, the list still shows that there is more to do.
        if let Some(room) = self.direct_room_of(&caller.principal, &other).await? {
            self.store.set_blocked(&room, &them, false).await?;
        }
        Ok(self.store.delete_block(&me, &them).await?)
    }

    /// Whom the caller has blocked.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn blocks(
        &self,
        caller: &Caller,
        limit: usize,
        after: Option<&BlockCursor>,
    ) -> Result<BlockList, Error> {
        let me = self.asker(caller).await?.me;
        let page = self.store.blocks(&me, limit, after).await?;
        Ok(BlockList {
            users: page.blocks.into_iter().map(view).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        })
    }

    /// The `direct` room of two accounts, open or not; only users have one.
    async fn direct_room_of(
        &self,
        one: &Principal,
        other: &Principal,
    ) -> Result<Option<Founding>, Error> {
        if [one, other].iter().any(|principal| principal.kind != PrincipalType::User) {
            return Ok(None);
        }
        let salt = self.store.salt().await?;
        let seat = |account: &Principal| Seat::account(salt, account.clone(), Profile::default());
        Ok(Some(Founding::by_pair(RoomKind::Direct, seat(one), seat(other))))
    }
}

fn other_user(caller: &Caller, id: &str) -> Result<Principal, Error> {
    let other =
        Principal::user(id).ok_or_else(|| Error::invalid("id", "must have 1 to 128 bytes"))?;
    if other == caller.principal {
        return Err(Error::invalid("id", "must be somebody else"));
    }
    Ok(other)
}

fn view(block: Block) -> BlockedUser {
    let profile = block.person.map(|person| person.profile()).unwrap_or_default();
    BlockedUser { id: block.principal.id, name: profile.name, picture: profile.picture }
}
