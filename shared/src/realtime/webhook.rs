//! Webhooks that the relay sends: who listens, and who does no more.
//!
//! They come signed, batched, repeated and out of order, so what is made of them depends on their time alone.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{channel::Channel, relay::Relay};
use crate::domain::{ids::SideKey, time::Timestamp};

/// What the relay tells at once.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct Webhook {
    /// When, by the relay's clock, in milliseconds since 1970.
    time_ms: i64,
    /// What.
    events: Vec<WebhookEvent>,
}

/// One of the things told; what we do not need is not read.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct WebhookEvent {
    /// `channel_occupied`, `channel_vacated`, or another.
    name: String,
    /// The channel that it is about.
    channel: Option<String>,
}

impl Webhook {
    /// When it was told, by the relay's clock.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.time_ms)
    }

    /// Of the accounts whose own channels it tells of: whether they listen. Events are in the order in which
    /// they happened, so the last one about an account holds.
    pub fn listening(&self, relay: &Relay) -> BTreeMap<SideKey, bool> {
        let mut listening = BTreeMap::new();
        for event in &self.events {
            let is_there = match event.name.as_str() {
                "channel_occupied" => true,
                "channel_vacated" => false,
                _ => continue,
            };
            let channel = event.channel.as_deref().and_then(|name| relay.channel(name));
            if let Some(Channel::User(account)) = channel {
                listening.insert(account, is_there);
            }
        }
        listening
    }
}
