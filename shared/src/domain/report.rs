//! A report: a member's word that a message is not right, with a copy of what it said.

use serde::{Deserialize, Serialize};

use super::{
    ids::{ReportId, RoomId},
    message::SenderType,
    time::Timestamp,
};

/// The longest reason and the longest note, in characters.
pub const MAX_REASON: usize = 1_000;

/// Whether somebody has seen to a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportState {
    /// Nobody has.
    #[default]
    Open,
    /// An agent has.
    Resolved,
}

impl ReportState {
    /// The state as the API and index keys write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// A report as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Follows from the message and the reporter.
    pub id: ReportId,
    /// The room of the message.
    pub room: RoomId,
    /// The message's slot.
    pub seq: u64,
    /// What the message said when it was reported; nothing once the message is deleted.
    pub body: Option<String>,
    /// The sender's id in the room.
    pub sender_id: String,
    /// In which capacity it was sent.
    pub sender_type: SenderType,
    /// The reporter's id in the room.
    pub reporter_id: String,
    /// The reporter's account; none where the room hides whose the id is.
    pub reporter_account: Option<String>,
    /// Why, in the reporter's words.
    pub reason: String,
    /// When it was reported.
    pub created_at: Timestamp,
    /// How it was resolved, once it is.
    pub resolution: Option<Resolution>,
}

impl Report {
    /// Whether somebody has seen to it.
    pub fn state(&self) -> ReportState {
        if self.resolution.is_some() { ReportState::Resolved } else { ReportState::Open }
    }
}

/// How a report was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// When.
    pub at: Timestamp,
    /// The agent's account.
    pub by: String,
    /// What the agent noted.
    pub note: Option<String>,
}
