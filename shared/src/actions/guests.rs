//! Visitors who have not signed in.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    actions::Services,
    auth::TokenRules,
    domain::{
        principal::{PrincipalType, Profile},
        time::Timestamp,
    },
    error::Error,
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
    /// `Forbidden` where there are no guests.
    pub fn new_guest(
        &self,
        tokens: &TokenRules,
        told: Profile,
        now: Timestamp,
    ) -> Result<NewGuest, Error> {
        if !self.features.guests {
            return Err(Error::Forbidden {
                code: "guests_disabled",
                detail: "Guests are not let in here.",
            });
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
        let token = tokens.mint(claims).map_err(|bad| Error::Malformed(bad.0.into()))?;
        Ok(NewGuest { token, id })
    }
}

/// The token is a secret.
impl std::fmt::Debug for NewGuest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewGuest({})", self.id)
    }
}
