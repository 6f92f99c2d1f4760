//! What a call may ask about channels: `info=user_count,subscription_count,cache`.

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::Refused;
use crate::hub::{
    Hub,
    channel::{Audience, Cached},
};

/// The attributes that are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Info {
    /// How many users are on a presence channel.
    pub(super) user_count: bool,
    /// How many sockets are subscribed.
    pub(super) subscription_count: bool,
    /// What was last said on a cache channel.
    pub(super) cache: bool,
}

impl Info {
    /// Reads a list of attributes. One that is not known or not enabled is an error, rather than an answer
    /// without it.
    pub(super) fn parse(list: &str, hub: &Hub) -> Result<Self, Refused> {
        let mut info = Self::default();
        for attribute in list.split(',').map(str::trim).filter(|attribute| !attribute.is_empty()) {
            match attribute {
                "user_count" => info.user_count = true,
                "subscription_count" if hub.settings().subscription_counts => {
                    info.subscription_count = true;
                }
                "subscription_count" => {
                    return Err(Refused::bad("Subscription counts are not enabled"));
                }
                "cache" => info.cache = true,
                _ => return Err(Refused::bad("The info names an attribute that there is not")),
            }
        }
        Ok(info)
    }

    /// The counts that are asked for, of a channel that has both or of any other.
    pub(super) fn counts(self, audience: Audience, is_presence: bool) -> Map<String, Value> {
        let mut counts = Map::new();
        if self.user_count && is_presence {
            counts.insert("user_count".into(), audience.users.into());
        }
        if self.subscription_count {
            counts.insert("subscription_count".into(), audience.sockets.into());
        }
        counts
    }
}

/// The attribute `cache`: null where nothing is kept.
pub(super) fn cache(cached: Option<Cached>) -> Value {
    cached.map_or(Value::Null, |Cached { data, until, .. }| {
        json!({ "data": data, "ttl": (until - Instant::now()).as_secs() })
    })
}
