//! A user's id, as the app knows him.

use std::sync::Arc;

use serde::Serialize;

use crate::hub::limits;

/// 1 to 128 bytes without control characters. Its text is shared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserId(Arc<str>);

impl UserId {
    /// Checks an id from outside.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_good =
            (1..=limits::USER_ID).contains(&text.len()) && !text.chars().any(char::is_control);
        is_good.then(|| Self(text.into()))
    }

    /// The id as it travels.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for UserId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
