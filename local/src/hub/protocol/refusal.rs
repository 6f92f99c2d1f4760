//! What a client is told when it may not do something; the connection stays.

use super::super::limits;

/// Why a subscription is refused: the data of a `pusher:subscription_error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Refusal {
    /// A word for programs.
    pub(in super::super) kind: &'static str,
    /// A sentence for people.
    pub(in super::super) error: &'static str,
    /// The HTTP status that fits.
    pub(in super::super) status: u16,
}

impl Refusal {
    pub(in super::super) const NO_CHANNEL: Self = Self {
        kind: "InvalidChannel",
        error: "The channel name is too long or has characters that are not allowed",
        status: 400,
    };
    pub(in super::super) const FULL: Self = Self {
        kind: "LimitReached",
        error: "The channel has as many members as it may",
        status: 403,
    };

    pub(in super::super) const fn unauthorized(error: &'static str) -> Self {
        Self { kind: "AuthError", error, status: 401 }
    }

    pub(in super::super) const fn invalid_member(error: &'static str) -> Self {
        Self { kind: "InvalidMember", error, status: 400 }
    }
}

/// What is wrong with a frame: the data of a `pusher:error`. Without a code the client may only log it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Complaint {
    pub(in super::super) code: Option<u16>,
    pub(in super::super) message: &'static str,
}

impl Complaint {
    pub(in super::super) const TOO_MANY_CLIENT_EVENTS: Self = {
        assert!(limits::CLIENT_EVENTS_PER_SECOND == 10, "the message names the number");
        Self { code: Some(4301), message: "At most 10 client events per second" }
    };

    /// The client asks for what it has no right to.
    pub(in super::super) const fn unauthorized(message: &'static str) -> Self {
        Self { code: Some(4009), message }
    }

    pub(in super::super) const fn nonsense(message: &'static str) -> Self {
        Self { code: None, message }
    }
}
