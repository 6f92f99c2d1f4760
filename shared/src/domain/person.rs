//! An account as others can look it up: what its tokens said, and what the application's server
//! added.

use super::{
    change::Change,
    principal::{Principal, Profile},
    time::Timestamp,
};

/// An account that was seen, or that the application's server described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub principal: Principal,
    /// The name to show.
    pub name: Option<String>,
    /// The e-mail address, which most others do not see.
    pub email: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// How the application rates the person.
    pub karma: Option<i64>,
    /// When the person joined the application.
    pub joined_at: Option<Timestamp>,
    /// The language that the person reads (BCP 47), as `de-AT`.
    pub locale: Option<String>,
    /// Whether the person wants no mail.
    pub unsubscribed: bool,
}

/// What is to become of a person's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonChange {
    /// The name to show.
    pub name: Change<String>,
    /// The e-mail address.
    pub email: Change<String>,
    /// The address of a picture.
    pub picture: Change<String>,
    /// How the application rates the person.
    pub karma: Change<i64>,
    /// When the person joined the application.
    pub joined_at: Change<Timestamp>,
    /// The language that the person reads.
    pub locale: Change<String>,
}

impl Person {
    /// An account of which nothing is known but that it is there.
    pub fn new(principal: Principal) -> Self {
        Self {
            principal,
            name: None,
            email: None,
            picture: None,
            karma: None,
            joined_at: None,
            locale: None,
            unsubscribed: false,
        }
    }

    /// How rooms show the account.
    pub fn profile(&self) -> Profile {
        Profile {
            name: self.name.clone(),
            email: self.email.clone(),
            picture: self.picture.clone(),
            locale: self.locale.clone(),
        }
    }

    /// The same person after a change.
    #[must_use]
    pub fn after(&self, change: &PersonChange) -> Self {
        Self {
            principal: self.principal.clone(),
            name: change.name.of(&self.name),
            email: change.email.of(&self.email),
            picture: change.picture.of(&self.picture),
            karma: change.karma.of(&self.karma),
            joined_at: change.joined_at.of(&self.joined_at),
            locale: change.locale.of(&self.locale),
            unsubscribed: self.unsubscribed,
        }
    }
}

/// A token changes what it tells; what it leaves out stays, and so does what no token can tell.
impl From<&Profile> for PersonChange {
    fn from(told: &Profile) -> Self {
        Self {
            name: Change::if_given(&told.name),
            email: Change::if_given(&told.email),
            picture: Change::if_given(&told.picture),
            locale: Change::if_given(&told.locale),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_takes_nothing_away() {
        let mut person = Person::new(Principal::user("1").unwrap());
        person.name = Some("Ann".into());
        person.karma = Some(5);
        let told = Profile { email: Some("ann@mail.example".into()), ..Profile::default() };

        let after = person.after(&PersonChange::from(&told));

        assert_eq!(after, Person { email: told.email, ..person });
    }
}
