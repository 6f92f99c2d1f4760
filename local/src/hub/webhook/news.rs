//! What webhooks tell.

use serde::Serialize;

use crate::hub::user::UserId;

/// Something that happened: an event of a webhook, all seven kinds there are.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub(crate) enum News {
    /// A channel has its first subscriber.
    ChannelOccupied { channel: String },
    /// Its last subscriber has left.
    ChannelVacated { channel: String },
    /// A user is on a presence channel.
    MemberAdded { channel: String, user_id: UserId },
    /// His last socket has left it.
    MemberRemoved { channel: String, user_id: UserId },
    /// A client sent an event to others.
    ClientEvent {
        channel: String,
        event: String,
        /// What the client sent; JSON as text, unless it was a text.
        data: String,
        socket_id: String,
        /// On a presence channel.
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<UserId>,
    },
    /// Somebody subscribed to a cache channel of which nothing is kept. Its server may want to publish something.
    CacheMiss { channel: String },
    /// How many sockets are subscribed now.
    SubscriptionCount { channel: String, subscription_count: usize },
}
