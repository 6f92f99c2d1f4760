//! Who is subscribed to which channel. No method waits for a client.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak},
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use shared::realtime::sign::SocketId;

use super::{Cache, Cached, Kind, name::is_listed, presence::Members};
use crate::hub::{
    mailbox::Mailbox,
    protocol::{Refusal, frame},
    user::{Member, UserId},
    webhook::{News, Outbox},
};

/// Up to so many subscribers each change of their number is told at once. With more of them each change would be
/// as many frames, so that a crowd that comes in together would be told its square.
const COUNTED_AT_ONCE: usize = 100;
/// How often more of them are told.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// All channels with at least one subscriber.
pub(crate) struct Channels {
    open: RwLock<HashMap<String, Channel>>,
    cache: Cache,
    outbox: Outbox,
    counts: bool,
    /// Itself, for the count that is told later.
    this: Weak<Self>,
}

#[derive(Default)]
struct Channel {
    subscribers: HashMap<SocketId, Subscriber>,
    /// Of a presence channel.
    members: Members,
    /// Held while an event is queued, so that two of them come in the same order to everybody.
    order: Mutex<()>,
    /// Whether the number of subscribers will be told soon.
    count_is_due: bool,
}

struct Subscriber {
    mailbox: Mailbox,
    /// Of a presence channel.
    user: Option<UserId>,
}

impl Channel {
    fn tell(&self, except: Option<&SocketId>, frame: &Utf8Bytes) {
        for (id, subscriber) in &self.subscribers {
            if Some(id) != except {
                subscriber.mailbox.put(frame.clone());
            }
        }
    }
}

/// A socket that subscribes.
pub(crate) struct Joining<'a> {
    pub(crate) id: &'a SocketId,
    pub(crate) mailbox: &'a Mailbox,
    /// On a presence channel: who it is.
    pub(crate) member: Option<Member>,
    /// On a cache channel, the last event is told.
    pub(crate) is_cache: bool,
}

/// How many there are on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audience {
    pub(crate) sockets: usize,
    pub(crate) users: usize,
}

impl Channels {
    /// No channels. Webhooks go to the outbox; `counts` says whether subscribers are told how many they are.
    pub(crate) fn new(cache: Cache, outbox: Outbox, counts: bool) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            open: RwLock::default(),
            cache,
            outbox,
            counts,
            this: this.clone(),
        })
    }

    /// Subscribes a socket and queues all that it hears first: that it is subscribed (and who else is), and on a cache
    /// channel the last event.
    ///
    /// # Errors
    /// When a presence channel is full.
    pub(crate) fn join(&self, name: &str, joining: Joining<'_>) -> Result<(), Refusal> {
        let Joining { id, mailbox, member, is_cache } = joining;
        let mut open = self.write();
        let is_new = !open.contains_key(name);
        let channel = open.entry(name.to_owned()).or_default();
        let mut added = None;
        if let Some(member) = &member
            && channel.members.enter(member).map_err(|_| Refusal::FULL)?
        {
            channel.tell(None, &frame::member_added(name, member));
            added = Some(member.user_id.clone());
        }
        let data = if member.is_some() { channel.members.told() } else { "{}".to_owned() };
        mailbox.put(frame::subscription_succeeded(name, &data));
        let user = member.map(|member| member.user_id);
        channel.subscribers.insert(id.clone(), Subscriber { mailbox: mailbox.clone(), user });
        if !is_listed(name) {
            return Ok(());
        }
        if is_new {
            self.outbox.tell(|| News::ChannelOccupied { channel: name.to_owned() });
        }
        if let Some(user_id) = added {
            self.outbox.tell(|| News::MemberAdded { channel: name.to_owned(), user_id });
        }
        if is_cache {
            match self.cache.last(name) {
                Some(Cached { name: event, data, .. }) => {
                    mailbox.put(frame::event(name, &event, &data));
                }
                None => {
                    mailbox.put(frame::cache_miss(name));
                    self.outbox.tell(|| News::CacheMiss { channel: name.to_owned() });
                }
            }
        }
        self.count(name, channel);
        Ok(())
    }

    /// Unsubscribes a socket; the last one takes the channel with it.
    pub(crate) fn leave(&self, name: &str, id: &SocketId) {
        let mut open = self.write();
        let Some(channel) = open.get_mut(name) else { return };
        let Some(Subscriber { user, .. }) = channel.subscribers.remove(id) else { return };
        if let Some(user_id) = user
            && channel.members.leave(&user_id)
        {
            channel.tell(None, &frame::member_removed(name, &user_id));
            self.outbox.tell(|| News::MemberRemoved { channel: name.to_owned(), user_id });
        }
        if channel.subscribers.is_empty() {
            open.remove(name);
            if is_listed(name) {
                self.outbox.tell(|| News::ChannelVacated { channel: name.to_owned() });
            }
        } else if is_listed(name) {
            self.count(name, channel);
        }
    }

    /// Queues an event of a server for each subscriber but `except`, and keeps it if it is a cache channel's.
    pub(crate) fn publish(
        &self,
        name: &str,
        kind: Option<Kind>,
        (event, data): (&str, &str),
        except: Option<&SocketId>,
    ) {
        let frame = || frame::event(name, event, data);
        if !kind.is_some_and(|kind| kind.is_cache) {
            return self.deliver(name, except, frame);
        }
        // Whoever subscribes meanwhile waits for this lock, so it gets the event either as kept or as new.
        let open = self.read();
        let channel = open.get(name);
        let _order = channel.map(|channel| lock(&channel.order));
        self.cache.keep(name, event, data);
        if let Some(channel) = channel {
            channel.tell(except, &frame());
        }
    }

    /// Queues a frame for each subscriber but `except`. The frame is made once, and only if somebody gets it.
    pub(crate) fn deliver(
        &self,
        name: &str,
        except: Option<&SocketId>,
        frame: impl FnOnce() -> Utf8Bytes,
    ) {
        let open = self.read();
        let Some(channel) = open.get(name) else { return };
        let frame = frame();
        let _order = lock(&channel.order);
        channel.tell(except, &frame);
    }

    /// Who this socket is on a presence channel.
    pub(crate) fn member(&self, name: &str, id: &SocketId) -> Option<UserId> {
        self.read().get(name)?.subscribers.get(id)?.user.clone()
    }

    /// How many there are on a channel; nobody on one that is not occupied.
    pub(crate) fn audience(&self, name: &str) -> Audience {
        self.read().get(name).map(audience).unwrap_or_default()
    }

    /// The ids of a presence channel's members.
    pub(crate) fn users(&self, name: &str) -> Vec<UserId> {
        self.read().get(name).map(|channel| channel.members.users()).unwrap_or_default()
    }

    /// All occupied channels whose name starts so.
    pub(crate) fn list(&self, prefix: &str) -> Vec<(String, Audience)> {
        let open = self.read();
        let listed = open.iter().filter(|(name, _)| is_listed(name) && name.starts_with(prefix));
        listed.map(|(name, channel)| (name.clone(), audience(channel))).collect()
    }

    /// What was last said on a cache channel.
    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The number of subscribers has changed: tells them, or sees to it that they are told soon.
    fn count(&self, name: &str, channel: &mut Channel) {
        if !self.counts || channel.count_is_due {
            return;
        }
        if channel.subscribers.len() <= COUNTED_AT_ONCE {
            return self.tell_count(name, channel);
        }
        // Outside of a runtime, as at its end, nobody is left to be told.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        channel.count_is_due = true;
        let (this, name) = (self.this.clone(), name.to_owned());
        runtime.spawn(async move {
            tokio::time::sleep(COUNT_INTERVAL).await;
            let Some(this) = this.upgrade() else { return };
            if let Some(channel) = this.write().get_mut(&name) {
                channel.count_is_due = false;
                this.tell_count(&name, channel);
            }
        });
    }

    fn tell_count(&self, name: &str, channel: &Channel) {
        let subscription_count = channel.subscribers.len();
        channel.tell(None, &frame::subscription_count(name, subscription_count));
        self.outbox
            .tell(|| News::SubscriptionCount { channel: name.to_owned(), subscription_count });
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Channel>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Channel>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn audience(channel: &Channel) -> Audience {
    Audience { sockets: channel.subscribers.len(), users: channel.members.count() }
}

fn lock(order: &Mutex<()>) -> std::sync::MutexGuard<'_, ()> {
    order.lock().unwrap_or_else(PoisonError::into_inner)
}
