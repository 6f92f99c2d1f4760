//! What a presence channel knows of a member.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::UserId;
use crate::hub::{limits, protocol::Refusal};

/// A member: his id, and what the app says about him, as the app said it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Member {
    pub(crate) user_id: UserId,
    user_info: Arc<RawValue>,
}

#[derive(Deserialize)]
struct ChannelData<'a> {
    user_id: String,
    #[serde(borrow)]
    user_info: Option<&'a RawValue>,
}

impl Member {
    /// A member of this id.
    pub(super) fn new(user_id: UserId, user_info: Option<&RawValue>) -> Self {
        let user_info = user_info
            .unwrap_or_else(|| serde_json::from_str("{}").expect("an empty object is JSON"));
        Self { user_id, user_info: Arc::from(user_info.to_owned()) }
    }

    /// Reads the `channel_data` of a subscription, which the app has signed.
    ///
    /// # Errors
    /// When it is not a user's or too large.
    pub(crate) fn parse(channel_data: &str) -> Result<Self, Refusal> {
        if channel_data.len() > limits::USER_OBJECT {
            return Err(Refusal::invalid_member("The channel_data is at most 1 KB"));
        }
        let ChannelData { user_id, user_info } =
            serde_json::from_str(channel_data).map_err(|_| {
                Refusal::invalid_member(
                    "The channel_data must be a JSON object with a user_id, a string",
                )
            })?;
        let user_id = UserId::parse(&user_id)
            .ok_or(Refusal::invalid_member("The user_id must have 1 to 128 bytes"))?;
        Ok(Self::new(user_id, user_info))
    }

    /// What the app says about him; nothing is an empty object.
    pub(crate) fn info(&self) -> &RawValue {
        &self.user_info
    }
}
