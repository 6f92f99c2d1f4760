//! Members of a room, as the API shows them.

use serde::Serialize;

use super::principal::PrincipalType;

/// Someone in a room.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Member {
    /// Opaque, unique in the room.
    pub id: String,
    /// What sort of account.
    #[serde(rename = "type")]
    pub kind: PrincipalType,
    /// The name to show.
    pub name: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// The `seq` up to which the member has read.
    pub read: u64,
}
