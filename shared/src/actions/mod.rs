//! What a caller can do, one file per noun. Each action is a story in one order: rules, store,
//! publish, answer. Nothing is announced that is not stored.

pub mod blocks;
pub mod groups;
pub mod guests;
pub mod listings;
pub mod me;
pub mod messages;
pub mod people;
pub mod read;
pub mod realtime;
pub mod rooms;

use crate::{
    config::Features,
    domain::{event::Event, ids::SideKey, principal::Caller, time::Clock},
    error::Error,
    realtime::{
        channel::Channel,
        publisher::{MAX_EVENT_DATA, Publisher, Trigger},
        relay::Relay,
    },
    store::Store,
};

/// What actions work with. Made once, at start; requests share it.
#[derive(Debug)]
pub struct Services {
    /// Where rooms and messages are.
    pub store: Store,
    /// Sends events.
    pub publisher: Publisher,
    /// The relay that the publisher sends to and clients listen at.
    pub relay: Relay,
    /// The domain's time.
    pub clock: Clock,
    /// What can be switched off.
    pub features: Features,
}

impl Services {
    /// Opens the connections to the store and to the relay, both at once: a first handshake takes
    /// long on a small function, and is better paid at start than by a caller. Neither has to
    /// succeed; each request tries again.
    pub async fn connect(&self) {
        let (salt, ()) =
            futures_util::future::join(self.store.salt(), self.publisher.connect()).await;
        if let Err(error) = salt {
            tracing::warn!(%error, "the store could not be reached at start");
        }
    }

    /// The hash under which rooms know the caller.
    async fn key_of(&self, caller: &Caller) -> Result<SideKey, Error> {
        Ok(SideKey::of(self.store.salt().await?, &caller.principal))
    }

    /// Sends events, each on its channel; says whether the relay took them.
    async fn publish(&self, events: Vec<(Channel, Event)>) -> bool {
        let trigger = |(channel, event): (Channel, Event)| Trigger {
            channel: channel.to_string(),
            name: event.name().into(),
            data: event.data(MAX_EVENT_DATA),
        };
        // A failure is logged where it happens, once.
        self.publisher.publish(events.into_iter().map(trigger).collect()).await.is_ok()
    }
}
