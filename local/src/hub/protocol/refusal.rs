//! What a client is told when it may not do something; the connection stays.

use super::super::limits;

/// Why a subscription is refused: the data of a `pusher:subscription_error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// A word for programs.
    pub(crate) kind: &'static str,
    /// A sentence for people.
    pub(crate) error: &'static str,
    /// The HTTP status that fits.
    pub(crate) status: u16,
}

impl Refusal {
    pub(crate) const NO_CHANNEL: Self = Self {
        kind: "InvalidChannel",
        error: "The channel name is too long or has characters that are not allowed",
        status: 400,
    };
    pub(crate) const FULL: Self = Self {
        kind: "LimitReached",
        error: "The channel has as many members as it may",
        status: 403,
    };

    pub(crate) const fn unauthorized(error: &'static str) -> Self {
        Self { kind: "AuthError", error, status: 401 }
    }

    pub(crate) const fn invalid_member(error: &'static str) -> Self {
        Self { kind: "InvalidMember", error, status: 400 }
    }
}

/// What is wrong with a frame: the data of a `pusher:error`. Without a code the client may only log it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) code: Option<u16>,
    pub(crate) message: &'static str,
}

impl Complaint {
    pub(crate) const TOO_MANY_CLIENT_EVENTS: Self = {
        assert!(limits::CLIENT_EVENTS_PER_SECOND == 10, "the message names the number");
        Self { code: Some(4301), message: "At most 10 client events per second" }
    };

    /// The client asks for what it has no right to.
    pub(crate) const fn unauthorized(message: &'static str) -> Self {
        Self { code: Some(4009), message }
    }

    pub(crate) const fn nonsense(message: &'static str) -> Self {
        Self { code: None, message }
    }
}
