//! What can go wrong with publishing. No error shows the secret, a URL (its query is signed) or a body.

use crate::realtime::sign::BadChannelName;

/// Why a publisher cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The relay's host, port and app id do not make a URL.
    #[error("the relay's host or app id does not make a URL")]
    Address,
    /// The HTTP client, TLS mostly, could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// Why an event is not even sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLimit {
    /// The channel's name is too long or has characters that the protocol does not allow.
    #[error("the channel name is not allowed")]
    Channel(#[from] BadChannelName),
    /// The event's name is empty or longer than 200 characters.
    #[error("the event name is empty or longer than 200 characters")]
    Name,
    /// The data is longer than 10,240 bytes.
    #[error("the data is {bytes} bytes, more than 10240")]
    Data {
        /// How long it is.
        bytes: usize,
    },
}

/// Why a call to the relay failed; of events, why they were not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// An event breaks a limit of the protocol; nothing was sent.
    #[error("an event breaks a limit: {0}")]
    Limit(BrokenLimit),
    /// The relay does not want the call as it is: wrong credentials, too large, a redirect. Trying again is useless.
    #[error("the relay refused the events with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The relay failed, again and again.
    #[error("the relay failed with status {status}")]
    Unavailable {
        /// The HTTP status of the last try.
        status: u16,
    },
    /// No connection to the relay.
    #[error("the relay cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection closed after the call was sent and before an answer came.
    #[error("the relay closed the connection without an answer")]
    Closed(#[source] reqwest::Error),
    /// The answer to a question broke off, or is not what it should be.
    #[error("the relay's answer cannot be read")]
    Unreadable,
    /// No answer in time.
    #[error("the relay did not answer in time")]
    TimedOut,
}

impl From<BrokenLimit> for PublishError {
    fn from(limit: BrokenLimit) -> Self {
        Self::Limit(limit)
    }
}

impl PublishError {
    pub(super) fn from_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match () {
            () if error.is_timeout() => Self::TimedOut,
            () if error.is_connect() => Self::Unreachable(error),
            () => Self::Closed(error),
        }
    }

    /// Whether the same events can never be published: the relay is right to refuse them, whatever is mended.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Limit(_) | Self::Refused { status: 400 | 413 })
    }

    /// Whether the same call may succeed a moment later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Limit(_) | Self::Refused { .. } | Self::Unreadable => false,
            Self::Unavailable { .. } | Self::Unreachable(_) | Self::Closed(_) | Self::TimedOut => {
                true
            }
        }
    }

    /// The relay's HTTP status, if it answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status } | Self::Unavailable { status } => Some(*status),
            _ => None,
        }
    }
}
