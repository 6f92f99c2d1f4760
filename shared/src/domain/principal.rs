//! Who is calling, and how a room calls them.

use serde::{Deserialize, Serialize};

use super::{
    ids::{Salt, SideKey},
    room::{Desk, RoomKind},
};

/// The longest id of a principal, in bytes.
pub const MAX_ID_BYTES: usize = 128;

/// What sort of account a principal is. Accounts of different types never collide, whatever
/// their ids.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalType {
    /// A person who uses the application.
    #[default]
    User,
    /// A shop or other business.
    Merchant,
    /// A visitor who has not signed in.
    Guest,
}

impl PrincipalType {
    /// The type as tokens and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Merchant => "merchant",
            Self::Guest => "guest",
        }
    }

    /// The type that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::User, Self::Merchant, Self::Guest].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An account: the pair (type, id).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    /// The account's type.
    pub kind: PrincipalType,
    /// The application's own id of the account: any string of 1 to [`MAX_ID_BYTES`] bytes.
    pub id: String,
}

impl Principal {
    /// The person with this id, if it is one that a token could carry.
    pub fn user(id: &str) -> Option<Self> {
        Self::new(PrincipalType::User, id)
    }

    /// The account of this type and id, if it is one that a token could carry.
    pub fn new(kind: PrincipalType, id: &str) -> Option<Self> {
        (1..=MAX_ID_BYTES).contains(&id.len()).then(|| Self { kind, id: id.to_owned() })
    }

    /// How a room that hides nobody calls this principal: a user by its own id, with `user:`
    /// before it where a colon in the id could be mistaken for a type; others with their type.
    pub fn member_id(&self) -> String {
        match self.kind {
            PrincipalType::User if !self.id.contains(':') => self.id.clone(),
            kind => format!("{}:{}", kind.as_str(), self.id),
        }
    }

    /// Whom a room calls so; what [`Self::member_id`] wrote is read back as it was.
    pub fn parse_member_id(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => Self::user(text),
            Some((kind, id)) => Self::new(PrincipalType::parse(kind)?, id),
        }
    }
}

/// What a token may allow beyond one's own rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// A support agent.
    pub admin: bool,
    /// The application's own server.
    pub service: bool,
}

impl Roles {
    /// The roles by name, as tokens list them.
    pub fn names(self) -> Vec<&'static str> {
        [(self.admin, "admin"), (self.service, "service")]
            .into_iter()
            .filter_map(|(held, name)| held.then_some(name))
            .collect()
    }
}

/// A caller as rooms may know it: by its own key, or as one of the agents of the support desk.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The key of the caller's own side.
    pub me: SideKey,
    /// What sort of account the caller is.
    pub kind: PrincipalType,
    /// The key of the support desk, if the caller works there.
    pub desk: Option<SideKey>,
}

impl Asker {
    /// The caller of this account and these roles.
    pub fn new(salt: &Salt, caller: &Caller) -> Self {
        Self {
            me: SideKey::of(salt, &caller.principal),
            kind: caller.principal.kind,
            desk: caller.roles.admin.then(|| SideKey::support_desk(salt)),
        }
    }

    /// The key of the desk whose queue is the caller's: the support desk, or a merchant's own.
    pub fn queue(&self) -> Option<&SideKey> {
        self.desk.as_ref().or(self.own_queue())
    }

    /// The key of the desk as which the caller could be in rooms of this kind.
    pub fn desk_in(&self, kind: RoomKind) -> Option<&SideKey> {
        match kind.rules().desk? {
            Desk::Support => self.desk.as_ref(),
            Desk::Merchant => self.own_queue(),
        }
    }

    /// The key of the queue that is the caller's alone: a merchant's.
    pub fn own_queue(&self) -> Option<&SideKey> {
        (self.kind == PrincipalType::Merchant).then_some(&self.me)
    }
}

/// Whoever made this request, as the verified token describes them.
///
/// There is no other way to one than a token, so a function that takes a `Caller` is authenticated.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub principal: Principal,
    /// What the account may do beyond its own rooms.
    pub roles: Roles,
    /// How the account is shown to others.
    pub profile: Profile,
    /// Whether it calls in a [dialect](crate::dialect): the rooms that it opens or writes to are told in
    /// it as well from then on.
    pub in_dialect: bool,
}

/// The proof that the application's own server calls. There is no other way to one than
/// [`Caller::service`], so what takes one is refused to everybody else.
#[derive(Clone, Copy, Debug)]
pub struct Service(());

impl Caller {
    /// Somebody in whose name the application's own server acts, which knows who it was.
    pub fn by_server(_: Service, principal: Principal, admin: bool) -> Self {
        let roles = Roles { admin, service: false };
        Self { principal, roles, profile: Profile::default(), in_dialect: false }
    }

    /// The proof that the application's own server calls, if it does.
    pub fn service(&self) -> Option<Service> {
        self.roles.service.then_some(Service(()))
    }
}

/// What others see of an account, and its e-mail address, which most of them don't.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The language that the account's holder reads (BCP 47), as `de-AT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_ids_of_different_principals_never_collide() {
        let user = |id| Principal::user(id).map(|p| p.member_id());
        assert_eq!(user("auth0|abc").as_deref(), Some("auth0|abc"));
        assert_eq!(user("merchant:1").as_deref(), Some("user:merchant:1"));
        assert_eq!(user("user:1").as_deref(), Some("user:user:1"));
        let merchant = Principal::new(PrincipalType::Merchant, "1").map(|p| p.member_id());
        assert_eq!(merchant.as_deref(), Some("merchant:1"));
    }

    #[test]
    fn a_member_id_is_read_back_as_it_was_written() {
        let kinds = [PrincipalType::User, PrincipalType::Merchant, PrincipalType::Guest];
        for kind in kinds {
            for id in ["1", "auth0|abc", "a/b c", "guest:1", "user:", ":", "🎁"] {
                let principal = Principal::new(kind, id);
                let written = principal.as_ref().map(Principal::member_id);
                assert_eq!(written.as_deref().and_then(Principal::parse_member_id), principal);
            }
        }
        assert_eq!(Principal::parse_member_id("user:1"), Principal::user("1"));
    }

    #[test]
    fn what_names_no_type_or_nobody_is_no_member_id() {
        let long = format!("guest:{}", "x".repeat(129));
        for text in ["", "robot:1", "Guest:1", ":1", "guest:", long.as_str()] {
            assert_eq!(Principal::parse_member_id(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_has_1_to_128_bytes() {
        assert!(Principal::user("").is_none());
        assert!(Principal::user(&"é".repeat(64)).is_some());
        assert!(Principal::user(&"é".repeat(65)).is_none());
    }
}
