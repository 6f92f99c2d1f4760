//! What a caller can do, one file per noun. Each action is a story in one order: rules, store,
//! publish, answer. Nothing is announced that is not stored.

pub mod blocks;
pub mod changes;
pub mod groups;
pub mod guests;
pub mod import;
pub mod listings;
pub mod lives;
pub mod mail;
pub mod me;
pub mod members;
pub mod messages;
pub mod open;
pub mod outcome;
pub mod people;
pub mod read;
pub mod realtime;
pub mod redelivery;
pub mod reports;
pub mod rooms;
pub mod sync;
pub mod view;
pub mod webhooks;

use crate::{
    config::{Features, Limits, ServiceSettings},
    domain::{
        event::Event,
        ids::{RoomId, SideKey},
        principal::{Asker, Caller},
        rate::Rate,
        time::Clock,
    },
    error::Error,
    mail::MailSettings,
    realtime::{
        channel::Channel,
        encrypt::MAX_SEALED,
        publisher::{self, Deadlines, MAX_EVENT_DATA, PublishError, Publisher, Trigger},
        relay::Relay,
    },
    store::{Doing, Head, Store, Throttled, Untold},
    webhook,
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
    /// How often things may be done.
    pub limits: Limits,
    /// How what is not read is mailed, if it is.
    pub mail: Option<MailSettings>,
    /// Tells the application's own server, where there is one that wants to be told.
    pub webhooks: Option<webhook::Sender>,
}

/// What actions work with cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The client of the relay.
    #[error(transparent)]
    Publisher(#[from] publisher::SetupError),
    /// The client of the application's server.
    #[error(transparent)]
    Webhooks(#[from] webhook::SetupError),
}

impl Services {
    /// What works by these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// When the settings make no clients of the relay and of the application's server.
    pub fn new(store: Store, settings: ServiceSettings, clock: Clock) -> Result<Self, SetupError> {
        let ServiceSettings { relay, features, limits, retention, mail, webhooks } = settings;
        Ok(Self {
            store: store.with_retention(retention, clock.clone()),
            publisher: Publisher::new(relay.clone(), Deadlines::default())?,
            relay,
            clock,
            features,
            limits,
            mail,
            webhooks: webhooks.map(webhook::Sender::new).transpose()?,
        })
    }

    /// Opens the connections to the store and to the relay, both at once. Neither has to succeed; each
    /// request tries again.
    pub async fn connect(&self) {
        let (salt, ()) =
            futures_util::future::join(self.store.salt(), self.publisher.connect()).await;
        if let Err(error) = salt {
            tracing::warn!(%error, "the store could not be reached at start");
        }
    }

    /// The caller as rooms may know it.
    async fn asker(&self, caller: &Caller) -> Result<Asker, Error> {
        Ok(Asker::new(self.store.salt().await?, caller))
    }

    /// Counts what somebody does, where that is limited.
    async fn throttle(&self, who: &SideKey, doing: Doing, rate: Option<Rate>) -> Result<(), Error> {
        let Some(rate) = rate else { return Ok(()) };
        let counted = self.store.throttle(who, doing, rate, self.clock.now()).await?;
        counted.map_err(|Throttled { retry_after }| Error::TooMany { retry_after })
    }

    /// Counts what a caller does, where that is limited; the application's own server is not.
    async fn throttle_caller(
        &self,
        caller: &Caller,
        doing: Doing,
        rate: Option<Rate>,
    ) -> Result<(), Error> {
        if rate.is_none() || caller.roles.service {
            return Ok(());
        }
        self.throttle(&self.asker(caller).await?.me, doing, rate).await
    }

    /// Tells the relay what has happened in a room; says whether it took that. If it did not, it is noted,
    /// and told again later.
    ///
    /// # Errors
    /// When neither the relay nor the store can be told. Then the caller must not take it for told: its
    /// next try tells it.
    async fn tell(
        &self,
        room: RoomId,
        untold: &[Untold],
        events: Vec<(Vec<Channel>, Event)>,
    ) -> Result<bool, Error> {
        match self.publish(&events).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_final() => Ok(false),
            Err(_) => {
                for part in untold {
                    self.store.note_untold(room, part, self.clock.now()).await?;
                }
                Ok(false)
            }
        }
    }

    /// Sends events, each on its channels. A failure is logged where it happens, once.
    async fn publish(&self, events: &[(Vec<Channel>, Event)]) -> Result<(), PublishError> {
        self.publisher.prepare();
        let triggers = events.iter().flat_map(|(channels, event)| self.triggers(channels, event));
        self.publisher.publish(triggers.collect()).await
    }

    /// An event for its channels: one for all that the relay may read, and one for each encrypted one,
    /// since each has a key of its own.
    fn triggers(&self, channels: &[Channel], event: &Event) -> Vec<Trigger> {
        let dialect = channels.first().and_then(Channel::dialect);
        let trigger = |channels, event: &Event, limit, seal: &dyn Fn(String) -> String| {
            let (name, data) = match dialect {
                None => (event.name(), event.data(limit)),
                Some(dialect) => dialect.tell(event, limit)?,
            };
            Some(Trigger { channels, name: name.into(), data: seal(data) })
        };
        let (mut triggers, mut open) = (Vec::new(), Vec::new());
        for channel in channels {
            let name = self.relay.name(channel);
            match self.relay.channel_key(channel, &name) {
                Some(key) => {
                    let seal = |data: String| key.seal(&data);
                    triggers.extend(trigger(vec![name], event, MAX_SEALED, &seal));
                }
                None => open.push(name),
            }
        }
        if !open.is_empty() {
            let hidden = self.relay.encryption.as_ref().map(|_| event.without_text());
            let event = hidden.as_ref().unwrap_or(event);
            triggers.extend(trigger(open, event, MAX_EVENT_DATA, &|data| data));
        }
        triggers
    }
}

/// These events; and, where the room speaks a dialect, those that it has words for once more, on its channels.
fn and_in_dialect(
    room: RoomId,
    head: &Head,
    mut events: Vec<(Vec<Channel>, Event)>,
) -> Vec<(Vec<Channel>, Event)> {
    let Some(dialect) = head.dialect(room) else { return events };
    let again = |(channels, event): &(Vec<Channel>, Event)| {
        (dialect.words)(event)?;
        let channels: Vec<Channel> =
            channels.iter().filter_map(|channel| channel.in_dialect(dialect)).collect();
        (!channels.is_empty()).then(|| (channels, event.clone()))
    };
    let again: Vec<_> = events.iter().filter_map(again).collect();
    events.extend(again);
    events
}
