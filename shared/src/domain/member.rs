//! Members of a room, as the API shows them.

use serde::{Deserialize, Serialize};

use super::{ids::SideKey, message::SenderType, principal::PrincipalType, time::Timestamp};

/// What a member is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MemberType {
    /// A person who uses the application.
    #[default]
    User,
    /// A shop or other business.
    Merchant,
    /// A visitor who has not signed in.
    Guest,
    /// The support desk: all agents together.
    Admin,
}

impl From<PrincipalType> for MemberType {
    fn from(kind: PrincipalType) -> Self {
        match kind {
            PrincipalType::User => Self::User,
            PrincipalType::Merchant => Self::Merchant,
            PrincipalType::Guest => Self::Guest,
        }
    }
}

impl From<MemberType> for SenderType {
    fn from(kind: MemberType) -> Self {
        match kind {
            MemberType::User | MemberType::Guest => Self::User,
            MemberType::Merchant => Self::Merchant,
            MemberType::Admin => Self::Admin,
        }
    }
}

/// What a member of a group may do there.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Removes others as well.
    Owner,
    /// Adds others, and leaves.
    #[default]
    Member,
}

/// Someone in a room.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Member {
    /// Opaque, unique in the room.
    pub id: String,
    /// What sort of account.
    #[serde(rename = "type")]
    pub kind: MemberType,
    /// The name to show.
    pub name: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// The `seq` up to which the member has read. Lists of rooms do not know it of the other members
    /// of a group: null.
    pub read: Option<u64>,
    /// In groups: what the member may do. Lists of rooms do not know it of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<MemberRole>,
    /// Whose alias `id` was, once the group's date has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Whether it is connected, where that is told. Lists of rooms do not know it.
    #[serde(flatten)]
    pub presence: PresenceView,
    /// Whose presence this viewer may see: nobody's behind an alias.
    #[serde(skip)]
    #[schema(ignore)]
    pub key: Option<SideKey>,
}

/// Whether somebody is connected; nothing where that is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Presence)]
pub struct PresenceView {
    /// Whether it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// When it was last, to the minute. Absent while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_seen: Option<Timestamp>,
}

/// Whom a desk has before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeskUser {
    /// The user's id in the room.
    pub id: String,
    /// What sort of account.
    #[serde(rename = "type")]
    pub kind: MemberType,
    /// The name to show.
    pub name: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// The e-mail address; only support agents see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Who it is, where that was a guest who signed in since. Events do not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Whether it is connected, where that is told. Events do not know it.
    #[serde(flatten)]
    pub presence: PresenceView,
    /// Whose presence it is.
    #[serde(skip)]
    #[schema(ignore)]
    pub key: Option<SideKey>,
}
