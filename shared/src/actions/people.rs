//! Looking people up, and what the application's server tells of them.

use futures_util::future::try_join;
use serde::Serialize;

use crate::{
    actions::Services,
    domain::{
        ids::SideKey,
        member::PresenceView,
        person::{Person, PersonChange},
        principal::{Caller, Principal, PrincipalType, Service},
        time::Timestamp,
    },
    error::Error,
    store::{Doing, NameCursor, Presence, StoreError},
};

/// A person as its viewer may see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Person)]
pub struct PersonView {
    /// The application's own id of the person.
    pub id: String,
    /// What sort of account.
    #[serde(rename = "type")]
    pub kind: PrincipalType,
    /// The name to show.
    pub name: Option<String>,
    /// The e-mail address: only to the person itself, to admins and to the application's server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// How the application rates the person.
    pub karma: Option<i64>,
    /// When the person joined the application.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub joined_at: Option<Timestamp>,
    /// The language that the person reads: only to those who see the e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Whether the person is connected, where that is told. Lists do not know it.
    #[serde(flatten)]
    pub presence: PresenceView,
}

/// A page of what a search found.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonList {
    /// The people, by name.
    pub users: Vec<PersonView>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

impl Services {
    /// The people of whose names a word begins so; `wanted` is folded.
    ///
    /// # Errors
    /// `Forbidden` to guests, and where the search is switched off; `TooMany`.
    pub async fn search(
        &self,
        caller: &Caller,
        wanted: &str,
        limit: usize,
        after: Option<&NameCursor>,
    ) -> Result<PersonList, Error> {
        self.may_search(caller)?;
        let counted = self.throttle_caller(caller, Doing::Searching, self.limits.searches);
        // Whoever searches can be found.
        try_join(counted, self.remember(caller)).await?;
        let page = self.store.people_named(wanted, limit, after).await?;
        Ok(PersonList {
            users: page.people.into_iter().map(|person| view(caller, person)).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        })
    }

    fn may_search(&self, caller: &Caller) -> Result<(), Error> {
        if caller.principal.kind == PrincipalType::Guest {
            return Err(Error::Forbidden {
                code: "guest_forbidden",
                detail: "Guests cannot look for people.",
            });
        }
        if !self.features.user_search && !caller.roles.admin && !caller.roles.service {
            return Err(Error::Forbidden {
                code: "search_disabled",
                detail: "The search for people is switched off here.",
            });
        }
        Ok(())
    }

    /// A person.
    ///
    /// # Errors
    /// `NotFound` when nobody of this id was ever seen or described.
    pub async fn person(&self, caller: &Caller, id: &str) -> Result<PersonView, Error> {
        let principal = Principal::user(id).ok_or(Error::NotFound)?;
        if principal == caller.principal {
            self.remember(caller).await?;
        }
        let account = SideKey::of(self.store.salt().await?, &principal);
        let (person, presence) =
            try_join(self.store.person(&account), self.presence(caller, &account)).await?;
        let view = view(caller, person.ok_or(Error::NotFound)?);
        Ok(PersonView { presence: presence.map(PresenceView::from).unwrap_or_default(), ..view })
    }

    /// Whether a person is connected, if this caller may know: no guest, and nobody where that is
    /// switched off.
    async fn presence(
        &self,
        caller: &Caller,
        account: &SideKey,
    ) -> Result<Option<Presence>, StoreError> {
        if !self.tells_presence(caller) {
            return Ok(None);
        }
        self.store.presence(account, self.clock.now()).await
    }

    /// Keeps what the application's server tells of a person, who need not have been seen before; the
    /// person afterwards.
    ///
    /// # Errors
    /// `Invalid` when nobody can have this id.
    pub async fn describe_person(
        &self,
        _: Service,
        id: &str,
        change: &PersonChange,
    ) -> Result<PersonView, Error> {
        let principal =
            Principal::user(id).ok_or_else(|| Error::invalid("id", "must have 1 to 128 bytes"))?;
        let account = SideKey::of(self.store.salt().await?, &principal);
        let person = self.store.change_person(&account, &principal, change).await?;
        Ok(whole(person))
    }

    /// Keeps the caller as its token describes it, for others to see.
    ///
    /// # Errors
    /// `Forbidden` to whoever was erased: the token is older than that.
    pub(super) async fn remember(&self, caller: &Caller) -> Result<(), Error> {
        let me = self.asker(caller).await?.me;
        match self.store.put_profile(&me, &caller.principal, &caller.profile).await? {
            true => Ok(()),
            false => Err(ERASED),
        }
    }
}

const ERASED: Error = Error::Forbidden {
    code: "account_erased",
    detail: "This account was erased. Its tokens are of no use any more.",
};

/// What a viewer may see of a person.
fn view(viewer: &Caller, person: Person) -> PersonView {
    let all = viewer.roles.admin || viewer.roles.service || viewer.principal == person.principal;
    let whole = whole(person);
    PersonView { email: whole.email.filter(|_| all), locale: whole.locale.filter(|_| all), ..whole }
}

/// Everything that is known of a person.
pub(super) fn whole(person: Person) -> PersonView {
    PersonView {
        id: person.principal.id,
        kind: person.principal.kind,
        name: person.name,
        email: Some(person.email),
        picture: person.picture,
        karma: person.karma,
        joined_at: person.joined_at,
        locale: person.locale,
        presence: PresenceView::default(),
    }
}
