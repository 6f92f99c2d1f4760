//! What can go wrong, in the domain's own words. No HTTP here: `http::problem` translates.

use crate::{auth::TokenError, store::StoreError};

/// The outcome of an action that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is not the caller's: nobody can tell which.
    #[error("not found")]
    NotFound,
    /// No token, or one that does not hold.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// Nobody can tell whether the token holds: its issuer's keys cannot be had.
    #[error("the keys that verify tokens cannot be had now; try again")]
    NoKeys {
        /// When they are asked for again, in seconds.
        retry_after: u64,
    },
    /// The caller belongs here, and still may not do this.
    #[error("{detail}")]
    Forbidden {
        /// Stable, documented.
        code: &'static str,
        /// For people.
        detail: &'static str,
    },
    /// What was asked contradicts what is.
    #[error("{detail}")]
    Conflict {
        /// Stable, documented.
        code: &'static str,
        /// For people.
        detail: &'static str,
    },
    /// The request cannot be read at all.
    #[error("{0}")]
    Malformed(String),
    /// The body is longer than any valid one.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body is not of a type that this route reads.
    #[error("the content type must be {expected}")]
    UnsupportedType {
        /// What the route reads.
        expected: &'static str,
    },
    /// One or more fields are wrong.
    #[error("a field is wrong")]
    Invalid(Vec<FieldError>),
    /// The caller does this more often than it may.
    #[error("that is too often; try again in {retry_after} s")]
    TooMany {
        /// When it may do so again, in seconds.
        retry_after: u64,
    },
    /// The store could not do it now; nothing was lost, and repeating it is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name or path.
    pub field: String,
    /// What is wrong, for people.
    pub message: String,
}

impl Error {
    /// One wrong field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Bad(why) => Self::Unauthenticated(why),
            TokenError::NoKeys { retry_after } => Self::NoKeys { retry_after },
        }
    }
}
