//! What one connected client may do: answer and send pings, subscribe, unsubscribe, and send events to other clients.
//! Nothing here waits or writes; a reaction is a frame for the socket to send.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use shared::realtime::{
    publisher::{MAX_EVENT_DATA, MAX_EVENT_NAME},
    sign::{ChannelName, SocketId},
};
use tokio::time::Instant;

use super::{
    Hub,
    channels::Kind,
    mailbox::Mailbox,
    protocol::{self, ClientEvent, Command, Refusal},
};

/// How many client events a socket may send in a second.
const CLIENT_EVENTS_PER_SECOND: usize = 10;

/// A client's standing at the hub. Dropping it unsubscribes from everything, however the connection ended.
pub(super) struct Peer {
    hub: Hub,
    id: SocketId,
    mailbox: Mailbox,
    channels: HashSet<String>,
    /// When the latest client events came, as far as they count for the rate.
    client_events: VecDeque<Instant>,
}

/// A `pusher:error` for the client: code and message.
type Complaint = (Option<u16>, &'static str);

impl Peer {
    /// Admits a client whose frames go to this mailbox.
    pub(super) fn open(hub: Hub, mailbox: Mailbox) -> Self {
        let id = hub.admit(&mailbox);
        Self { hub, id, mailbox, channels: HashSet::new(), client_events: VecDeque::new() }
    }

    /// The frame that greets the client.
    pub(super) fn greeting(&self) -> Utf8Bytes {
        protocol::connection_established(&self.id, self.hub.settings().activity_timeout)
    }

    /// Does what a text frame asks for and gives the frame to answer with.
    pub(super) fn react(&mut self, text: &str) -> Option<Utf8Bytes> {
        let command = match Command::parse(text) {
            Ok(command) => command,
            Err(message) => return Some(protocol::error(None, message)),
        };
        match command {
            Command::Ping => Some(protocol::pong()),
            Command::Pong => None,
            Command::Subscribe { channel, .. } if self.channels.contains(&*channel) => {
                Some(protocol::error(None, "This socket is subscribed to the channel already"))
            }
            Command::Subscribe { channel, auth } => {
                Some(match self.subscribe(&channel, auth.as_deref()) {
                    Ok(()) => protocol::subscription_succeeded(&channel),
                    Err(refusal) => protocol::subscription_error(&channel, refusal),
                })
            }
            Command::Unsubscribe { channel } => {
                if self.channels.remove(&*channel) {
                    self.hub.channels().leave(&channel, &self.id);
                }
                None
            }
            Command::ClientEvent(event) => {
                self.pass_on(&event).err().map(|(code, message)| protocol::error(code, message))
            }
        }
    }

    fn subscribe(&mut self, channel: &str, auth: Option<&str>) -> Result<(), Refusal> {
        let name = ChannelName::parse(channel).map_err(|_| Refusal {
            kind: "InvalidChannel",
            error: "The channel name is too long or has characters that are not allowed",
            status: 400,
        })?;
        match Kind::of(name) {
            Kind::Public => {}
            Kind::Private => self.check_auth(name, auth)?,
            Kind::Unsupported => {
                let error = "This server does not support channels of this kind";
                return Err(Refusal { kind: "UnsupportedChannel", error, status: 501 });
            }
        }
        self.hub.channels().join(channel, &self.id, &self.mailbox);
        self.channels.insert(channel.to_owned());
        Ok(())
    }

    fn check_auth(&self, channel: ChannelName<'_>, auth: Option<&str>) -> Result<(), Refusal> {
        let refused = |error| Refusal { kind: "AuthError", error, status: 401 };
        let auth = auth.ok_or_else(|| refused("A private channel needs an auth"))?;
        if self.hub.signer().verify_channel_auth(auth, &self.id, channel, None) {
            Ok(())
        } else {
            Err(refused("The auth is not this app's signature of this socket and channel"))
        }
    }

    /// Sends a client event to the channel's other subscribers.
    fn pass_on(&mut self, event: &ClientEvent<'_>) -> Result<(), Complaint> {
        let channel = ChannelName::parse(&event.channel)
            .map_err(|_| (None, "The channel name is not allowed"))?;
        if Kind::of(channel) != Kind::Private {
            return Err((None, "Client events are for private and presence channels only"));
        }
        if !self.channels.contains(&event.channel) {
            return Err((
                Some(protocol::UNAUTHORISED),
                "This socket is not subscribed to the channel",
            ));
        }
        if event.name.chars().count() > MAX_EVENT_NAME {
            return Err((None, "The name of a client event is at most 200 characters"));
        }
        if event.data.is_some_and(|data| data.get().len() > MAX_EVENT_DATA) {
            return Err((None, "The data of a client event is at most 10 KB"));
        }
        if !self.is_within_rate(Instant::now()) {
            return Err((
                Some(protocol::TOO_MANY_CLIENT_EVENTS),
                "At most 10 client events per second",
            ));
        }
        self.hub
            .channels()
            .deliver(&event.channel, Some(&self.id), || protocol::client_event(event));
        Ok(())
    }

    /// Whether one more client event makes at most ten in the second that ends now. One that is refused does not count.
    fn is_within_rate(&mut self, now: Instant) -> bool {
        while self.client_events.front().is_some_and(|sent| now - *sent >= Duration::from_secs(1)) {
            self.client_events.pop_front();
        }
        let is_within = self.client_events.len() < CLIENT_EVENTS_PER_SECOND;
        if is_within {
            self.client_events.push_back(now);
        }
        is_within
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        for channel in &self.channels {
            self.hub.channels().leave(channel, &self.id);
        }
        self.hub.dismiss(&self.id);
    }
}
