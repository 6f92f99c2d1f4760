//! What one connected client may do: answer and send pings, sign in, subscribe, unsubscribe, and send events to other
//! clients. Nothing here waits or writes: whatever the client is to hear is put into its mailbox, so that it hears
//! everything in its order.

use std::collections::HashSet;

use shared::realtime::sign::SocketId;
use tokio::time::Instant;

use super::{
    Hub,
    channel::Joining,
    client_events::{self, Rate},
    mailbox::Mailbox,
    protocol::{ClientEvent, Close, Command, Complaint, Refusal, Subscribe, frame},
    subscribing::{self, Granted},
    user::SignedIn,
    webhook::News,
};

/// A client's standing at the hub. Dropping it unsubscribes from everything, however the connection ended.
pub(super) struct Peer {
    hub: Hub,
    id: SocketId,
    mailbox: Mailbox,
    channels: HashSet<String>,
    signed_in: Option<SignedIn>,
    is_authorized: bool,
    rate: Rate,
}

/// Whether a frame was more than a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Life,
    More,
}

impl Peer {
    /// Admits a client whose frames go to this mailbox, and greets it.
    ///
    /// # Errors
    /// When there are too many already.
    pub(super) fn open(hub: Hub, mailbox: Mailbox) -> Result<Self, Close> {
        let id = hub.admit(&mailbox)?;
        mailbox.put(frame::connection_established(&id, hub.settings().activity_timeout));
        Ok(Self {
            hub,
            id,
            mailbox,
            channels: HashSet::new(),
            signed_in: None,
            is_authorized: false,
            rate: Rate::default(),
        })
    }

    /// Whether it has signed in or subscribed to a channel with the app's signature.
    pub(super) fn is_authorized(&self) -> bool {
        self.is_authorized
    }

    /// What came was no text frame.
    pub(super) fn complain(&self, message: &'static str) {
        self.mailbox.put(frame::error(Complaint::nonsense(message)));
    }

    /// Does what a text frame asks for.
    ///
    /// # Errors
    /// When the connection must end for it.
    pub(super) fn react(&mut self, text: &str) -> Result<Said, Close> {
        let done = match Command::parse(text) {
            Ok(Command::Ping) => {
                self.mailbox.put(frame::pong());
                return Ok(Said::Life);
            }
            Ok(Command::Pong) => return Ok(Said::Life),
            Ok(Command::Subscribe(ask)) => self.subscribe(&ask),
            Ok(Command::Unsubscribe { channel }) => {
                if self.channels.remove(&*channel) {
                    self.hub.channels().leave(&channel, &self.id);
                }
                Ok(())
            }
            Ok(Command::Signin { auth, user_data }) => self.sign_in(&auth, &user_data)?,
            Ok(Command::ClientEvent(event)) => self.pass_on(&event),
            Err(complaint) => Err(complaint),
        };
        if let Err(complaint) = done {
            self.mailbox.put(frame::error(complaint));
        }
        Ok(Said::More)
    }

    fn subscribe(&mut self, ask: &Subscribe<'_>) -> Result<(), Complaint> {
        if self.channels.contains(&*ask.channel) {
            return Err(Complaint::nonsense("This socket is subscribed to the channel already"));
        }
        if let Err(refusal) = self.join(ask) {
            self.mailbox.put(frame::subscription_error(&ask.channel, refusal));
        }
        Ok(())
    }

    fn join(&mut self, ask: &Subscribe<'_>) -> Result<(), Refusal> {
        let granted =
            subscribing::check(ask, &self.id, self.hub.signer(), self.signed_in.as_ref())?;
        let Granted { member, is_cache, is_authorized } = granted;
        let joining = Joining { id: &self.id, mailbox: &self.mailbox, member, is_cache };
        self.hub.channels().join(&ask.channel, joining)?;
        self.channels.insert(ask.channel.to_string());
        self.is_authorized |= is_authorized;
        Ok(())
    }

    /// A socket is one user's for as long as it lives. A signature that is wrong ends the connection.
    fn sign_in(&mut self, auth: &str, user_data: &str) -> Result<Result<(), Complaint>, Close> {
        if !self.hub.signer().verify_user_auth(auth, &self.id, user_data) {
            return Err(Close::NOT_SIGNED_IN);
        }
        let signed_in = SignedIn::parse(user_data).ok_or(Close::NOT_SIGNED_IN)?;
        if self.signed_in.is_some() {
            return Ok(Err(Complaint::unauthorized("This socket is signed in already")));
        }
        self.hub.users().sign_in(&self.id, &self.mailbox, &signed_in, user_data);
        self.signed_in = Some(signed_in);
        self.is_authorized = true;
        Ok(Ok(()))
    }

    /// Sends a client event to the channel's other subscribers.
    fn pass_on(&mut self, event: &ClientEvent<'_>) -> Result<(), Complaint> {
        client_events::check(event)?;
        let channel = &event.channel;
        if !self.channels.contains(channel) {
            return Err(Complaint::unauthorized("This socket is not subscribed to the channel"));
        }
        if !self.rate.allows(Instant::now()) {
            return Err(Complaint::TOO_MANY_CLIENT_EVENTS);
        }
        let user_id = self.hub.channels().member(channel, &self.id);
        self.hub
            .channels()
            .deliver(channel, Some(&self.id), || frame::client_event(event, user_id.as_ref()));
        self.hub.outbox().tell(|| News::ClientEvent {
            channel: channel.clone(),
            event: event.name.to_string(),
            data: client_events::as_text(event.data),
            socket_id: self.id.to_string(),
            user_id,
        });
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        for channel in &self.channels {
            self.hub.channels().leave(channel, &self.id);
        }
        if let Some(signed_in) = &self.signed_in {
            self.hub.users().sign_out(&self.id, signed_in);
        }
        self.hub.dismiss(&self.id);
    }
}
