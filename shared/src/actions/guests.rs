//! Visitors who have not signed in.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    actions::{Services, view::RoomView},
    auth::{MintError, TokenRules},
    domain::{
        ids::SideKey,
        principal::{Caller, PrincipalType, Profile},
        room::{Founding, RoomKind, Seat},
        time::Timestamp,
    },
    error::Error,
    store::{Doing, HandedOver},
};

/// How long a guest stays one, in seconds.
const LIFETIME: i64 = 30 * 24 * 3600;

/// A visitor's new account.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct NewGuest {
    /// The bearer token to call with, good for 30 days. Whoever loses it loses the account.
    pub token: String,
    /// The guest's id.
    pub id: String,
}

impl Services {
    /// A token for a visitor, of whom nothing is stored yet. `now` is the machine's time, as always
    /// with tokens.
    ///
    /// # Errors
    /// `Forbidden` where there are no guests, `TooMany` when too many come from one address.
    pub async fn new_guest(
        &self,
        tokens: &TokenRules,
        told: Profile,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<NewGuest, Error> {
        let refused =
            Error::Forbidden { code: "guests_disabled", detail: "Guests are not let in here." };
        if !self.features.guests {
            return Err(refused);
        }
        if self.limits.guests.is_some() {
            let visitor = SideKey::of_address(self.store.salt().await?, address);
            self.throttle(&visitor, Doing::Arriving, self.limits.guests).await?;
        }
        let id = Uuid::new_v4().to_string();
        let mut claims = Map::from_iter([
            ("sub".to_owned(), Value::from(id.as_str())),
            ("type".to_owned(), PrincipalType::Guest.as_str().into()),
            ("exp".to_owned(), (now.seconds() + LIFETIME).into()),
        ]);
        for (claim, value) in [("name", told.name), ("email", told.email)] {
            claims.extend(value.map(|value| (claim.to_owned(), value.into())));
        }
        let token = tokens.mint(claims).map_err(|error| match error {
            MintError::NoSecret => refused,
            MintError::Claims => Error::Malformed(error.to_string()),
        })?;
        Ok(NewGuest { token, id })
    }
}

impl Services {
    /// Gives a guest's room to the caller, who has signed in, and whose the guest's token is as well.
    /// Once more finds it the caller's. `None` when the guest had no room.
    ///
    /// # Errors
    /// `Conflict` when the caller has a support room already: the guest's stays the guest's.
    pub async fn merge_guest(
        &self,
        caller: &Caller,
        guest: &Caller,
    ) -> Result<Option<RoomView>, Error> {
        if caller.principal.kind == PrincipalType::Guest {
            return Err(Error::Forbidden {
                code: "sign_in_first",
                detail: "A guest cannot take over another guest's room.",
            });
        }
        if guest.principal.kind != PrincipalType::Guest {
            return Err(Error::invalid("token", "must be a guest's"));
        }
        self.remember(caller).await?;
        let (theirs, me) = (self.asker(guest).await?, self.asker(caller).await?);
        let founding = async |caller: &Caller| {
            let salt = self.store.salt().await?;
            let user = Seat::account(salt, caller.principal.clone(), caller.profile.clone());
            Ok::<_, Error>(Founding::by_asking(RoomKind::Support, user, Seat::support_desk(salt)))
        };
        let (old, new) = (founding(guest).await?, founding(caller).await?);
        match self.store.hand_over((&old, &theirs), (&new, &me, caller)).await? {
            HandedOver::NoRoom => Ok(None),
            HandedOver::HasRoom => Err(Error::Conflict {
                code: "has_support_room",
                detail: "You have a support room already; the guest's stays the guest's.",
            }),
            HandedOver::Done(room) => self.room(caller, room).await.map(Some),
        }
    }
}

/// The token is a secret.
impl std::fmt::Debug for NewGuest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewGuest({})", self.id)
    }
}
