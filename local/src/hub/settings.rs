//! What a hub allows and how long it waits. What the protocol fixes for everybody is in `limits`.

use std::time::Duration;

use shared::domain::time::Clock;

use super::webhook::WebhookUrl;

/// What a hub allows and how long it waits. The defaults are the protocol's.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A client that was silent for this long is asked for a sign of life. Clients are told, in whole seconds.
    pub activity_timeout: Duration,
    /// How long it may take to give one.
    pub pong_timeout: Duration,
    /// A connection on which nothing but signs of life went either way for so long is closed with 4202.
    pub idle_timeout: Duration,
    /// Within this time a client must have signed in, or have subscribed to a channel that needs the
    /// app's signature, or it is closed with 4009 ("authorized connections"). Not asked for by default.
    pub authorize_within: Option<Duration>,
    /// How many frames may wait for one socket before it counts as too slow.
    pub queue: usize,
    /// How many sockets may be connected; one more is refused with 4004.
    pub max_connections: usize,
    /// Whether subscribers are told how many they are, and calls may ask for it.
    pub subscription_counts: bool,
    /// How long the last event of a cache channel is kept.
    pub cache_for: Duration,
    /// Who is told what happens on the channels.
    pub webhooks: Option<WebhookSettings>,
    /// The time that calls and webhooks are stamped with. Waiting goes by tokio's clock.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            activity_timeout: Duration::from_secs(120),
            pong_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(24 * 3600),
            authorize_within: None,
            queue: 1024,
            max_connections: usize::MAX,
            subscription_counts: false,
            cache_for: Duration::from_secs(30 * 60),
            webhooks: None,
            clock: Clock::system(),
        }
    }
}

/// Where webhooks go and how long is waited.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where they are posted.
    pub url: WebhookUrl,
    /// Who leaves and is back within this time never left: a page that is loaded again.
    pub grace: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// The pause before the first retry; it doubles with each, up to a minute.
    pub first_pause: Duration,
    /// For how long a webhook that is not taken is sent again.
    pub patience: Duration,
}

impl WebhookSettings {
    /// As the protocol has it.
    pub fn to(url: WebhookUrl) -> Self {
        Self {
            url,
            grace: Duration::from_secs(3),
            timeout: Duration::from_secs(10),
            first_pause: Duration::from_secs(1),
            patience: Duration::from_secs(5 * 60),
        }
    }
}
