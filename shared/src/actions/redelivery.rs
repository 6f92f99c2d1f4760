//! Telling the relay what it was not told while it was down: in order, and of the log as it is now.

use std::collections::BTreeSet;

use crate::{
    actions::{
        Services, and_in_dialect,
        messages::{Announced, view},
        outcome::Outcome,
        rooms::{own_channel, updated},
        view::RoomState,
    },
    domain::{
        event::{Event, MessagesRead, RoomChange, RoomUpdated},
        ids::{RoomId, SideKey},
        member::MemberType,
        message::Message,
        principal::{Principal, Profile},
    },
    error::Error,
    realtime::channel::Channel,
    store::{Due, Lease, Poster, Push, Told},
};

/// How many messages are read at a time.
const PER_PAGE: u64 = 100;

/// How many messages of two sides are told with one call: each has three events at most, and ten go
/// together. Where they are told in a dialect as well, each has six.
const PER_CALL: usize = 3;

/// How many changes are told with one call, each perhaps in a dialect as well.
const CHANGES_PER_CALL: usize = 5;

/// How long a relay that is down is left alone at most, in milliseconds.
const LONGEST_PAUSE: i64 = 5 * 60_000;

/// How often a room is read again because messages changed meanwhile.
const MAX_READINGS: usize = 8;

/// Why a room's events were not told again.
enum Untellable {
    RelayIsDown,
    /// Messages have changed since the room was read, by whose name the channel is called.
    MovedOn,
    /// A slot is neither written nor given up, and what stands behind it is told after it.
    IsOpen,
    Store(Error),
}

impl<E: Into<Error>> From<E> for Untellable {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

impl Services {
    /// Tells the relay what it was not told of a room.
    ///
    /// # Errors
    /// When the store cannot be reached; it is due again when the lease ends.
    pub async fn redeliver(&self, due: &Due, room: RoomId) -> Result<Outcome, Error> {
        let now = self.clock.now();
        let Some((lease, push)) = self.store.take_push(due, now).await? else {
            return Ok(Outcome::Taken);
        };
        if push.is_stale(now) {
            tracing::warn!(%room, "events could not be sent for a day and are given up");
            self.store.finish_push(&lease, &push, now).await?;
            return Ok(Outcome::GivenUp);
        }
        match self.tell_as_it_is_now(room, &lease, &push).await {
            Ok(()) => {
                self.store.finish_push(&lease, &push, now).await?;
                Ok(Outcome::Done)
            }
            Err(Untellable::RelayIsDown | Untellable::MovedOn | Untellable::IsOpen) => {
                let pause = 60_000 << lease.taken.saturating_sub(1).min(8);
                let pause = LONGEST_PAUSE.min(pause);
                // An alarm reads how long, in seconds.
                let waiting = push.waiting(now);
                tracing::warn!(%room, waiting, "events wait to be sent");
                self.store.postpone(&lease, now.plus_millis(pause)).await?;
                Ok(Outcome::PutOff)
            }
            Err(Untellable::Store(error)) => Err(error),
        }
    }

    /// Tells it again from a reading of the room that is no older than any message: an older one would tell a member
    /// who was removed in between what was written after that.
    async fn tell_as_it_is_now(
        &self,
        room: RoomId,
        lease: &Lease,
        push: &Push,
    ) -> Result<(), Untellable> {
        for _ in 0..MAX_READINGS {
            match self.tell_again(room, lease, push).await {
                Err(Untellable::MovedOn) => {}
                told => return told,
            }
        }
        Err(Untellable::MovedOn)
    }

    /// Everything that was noted, messages first.
    async fn tell_again(&self, room: RoomId, lease: &Lease, push: &Push) -> Result<(), Untellable> {
        let told = self.store.to_be_told(room).await?;
        let members: BTreeSet<SideKey> =
            told.iter().flat_map(|told| told.members.iter().cloned()).collect();
        if let Some(told) = &told {
            self.tell_messages(room, told, &members, (lease, push)).await?;
            self.tell_changes(room, told, push.from_rev).await?;
            self.send(self.as_it_is(room, told, push).await?).await?;
        }
        self.send(gone(room, told.as_ref(), push.gone.difference(&members))).await
    }

    /// Sends events. One that the relay refuses for good is left out: it must not keep the others back.
    async fn send(&self, events: Vec<(Vec<Channel>, Event)>) -> Result<(), Untellable> {
        match self.publish(&events).await {
            Ok(()) => Ok(()),
            Err(error) if !error.is_final() => Err(Untellable::RelayIsDown),
            Err(_) if events.len() == 1 => Ok(()),
            Err(_) => {
                for event in events {
                    Box::pin(self.send(vec![event])).await?;
                }
                Ok(())
            }
        }
    }

    /// The messages from the first on that was not told.
    async fn tell_messages(
        &self,
        room: RoomId,
        told: &Told,
        members: &BTreeSet<SideKey>,
        (lease, push): (&Lease, &Push),
    ) -> Result<(), Untellable> {
        let Some(first) = push.from_seq else { return Ok(()) };
        let many = room.kind().rules().has_many_members();
        let members = many.then_some(members);
        let mut after = first.saturating_sub(1);
        loop {
            let page = self.store.messages_after(room, &told.head, after, PER_PAGE, &self.clock);
            let (messages, reached) = page.await?;
            if is_newer(&messages, told) {
                return Err(Untellable::MovedOn);
            }
            let by_itself = many || told.head.dialect(room).is_some();
            for together in messages.chunks(if by_itself { 1 } else { PER_CALL }) {
                let mut events = Vec::new();
                for message in together {
                    events.extend(self.announced(message, told, members).await?);
                }
                self.send(events).await?;
            }
            if reached >= told.head.seq {
                return Ok(());
            }
            if reached == after {
                return Err(Untellable::IsOpen);
            }
            self.store.told_up_to(lease, push, reached).await?;
            after = reached;
        }
    }

    /// What was told of a message, or should have been.
    async fn announced(
        &self,
        message: &Message,
        told: &Told,
        members: Option<&BTreeSet<SideKey>>,
    ) -> Result<Vec<(Vec<Channel>, Event)>, Error> {
        let Told { head, info, .. } = told;
        let side = head.marks.iter().find(|(_, mark)| mark.member_id == message.sender_id);
        let poster = match (side, members) {
            (Some((key, mark)), _) if mark.kind == MemberType::Admin => Poster::Agent(key.clone()),
            (Some((key, _)), _) => Poster::Side(key.clone()),
            (None, Some(_)) => match Principal::parse_member_id(&message.sender_id) {
                Some(sender) => Poster::Member(SideKey::of(self.store.salt().await?, &sender)),
                None => Poster::System,
            },
            (None, None) => Poster::System,
        };
        let side = poster.key().and_then(|key| info.sides.get(key)).cloned().unwrap_or_default();
        let profile =
            Profile { name: side.name, picture: side.picture, email: side.email, locale: None };
        Ok(Announced { message, head, poster: &poster, members, profile: &profile }.events())
    }

    /// The messages that were changed, with the first change on that was not told: each as it is now.
    async fn tell_changes(
        &self,
        room: RoomId,
        told: &Told,
        from: Option<u64>,
    ) -> Result<(), Untellable> {
        let Some(first) = from else { return Ok(()) };
        let mut after = first.saturating_sub(1);
        while after < told.head.rev {
            let page = self.store.changed_after(room, &told.head, after, PER_PAGE as usize);
            let (messages, reached) = page.await?;
            if is_newer(&messages, told) {
                return Err(Untellable::MovedOn);
            }
            let channel = Channel::Room(room, told.head.generation);
            let events = messages.iter().map(|message| {
                let shown = Box::new(view(message, &told.head, None));
                let event = match message.deleted_at {
                    Some(_) => Event::MessageDeleted(shown),
                    None => Event::MessageUpdated(shown),
                };
                (vec![channel.clone()], event)
            });
            let events: Vec<_> = events.collect();
            for together in events.chunks(CHANGES_PER_CALL) {
                self.send(and_in_dialect(room, &told.head, together.to_vec())).await?;
            }
            if reached == after {
                return Ok(());
            }
            after = reached;
        }
        Ok(())
    }

    /// How far members have read, how the room is, and how members want to see it.
    async fn as_it_is(
        &self,
        room: RoomId,
        told: &Told,
        push: &Push,
    ) -> Result<Vec<(Vec<Channel>, Event)>, Error> {
        let Told { head, members, .. } = told;
        let channel = Channel::Room(room, head.generation);
        let mut events = Vec::new();
        let asked = push.read.union(&push.own).cloned().collect();
        for (key, mark) in self.store.marks(room, head, &asked).await? {
            if push.read.contains(&key) {
                let read = MessagesRead {
                    room_id: room.to_string(),
                    member_id: mark.member_id.clone(),
                    read: mark.read,
                    head: head.seq,
                    rev: head.rev,
                };
                events.push((vec![channel.clone()], Event::MessagesRead(Box::new(read))));
            }
            if push.own.contains(&key) {
                let change = RoomChange {
                    hidden: Some(mark.is_hidden(head.seq)),
                    muted: Some(mark.muted),
                    pinned: Some(mark.pinned),
                    ..RoomChange::default()
                };
                let event = Event::RoomUpdated(Box::new(updated(room, head, change)));
                events.push((vec![Channel::User(key)], event));
            }
        }
        if push.room {
            let mut channels = vec![channel];
            channels.extend(members.iter().map(|key| own_channel(room, head, key.clone())));
            let event = Event::RoomUpdated(Box::new(updated(room, head, self.whole(room, told))));
            events.push((channels, event));
        }
        Ok(events)
    }

    /// All that members are told when a room changes.
    fn whole(&self, room: RoomId, told: &Told) -> RoomChange {
        let Told { head, info, .. } = told;
        let rules = room.kind().rules();
        RoomChange {
            title: rules.has_many_members().then(|| info.title.clone()),
            state: rules.desk.map(|_| RoomState::since(head.archived_at()).as_str()),
            archived_at: rules.desk.map(|_| head.archived_at()),
            channel: Some(self.relay.name(&Channel::Room(room, head.generation))),
            member_count: Some(head.member_count()),
            ..RoomChange::default()
        }
    }
}

/// Whether any of these has become what it is after the room was read.
fn is_newer(messages: &[Message], told: &Told) -> bool {
    messages.iter().any(|message| message.rev > told.head.rev)
}

/// Those for whom the room is gone, since they were removed or it was deleted, are told so.
fn gone<'a>(
    room: RoomId,
    told: Option<&Told>,
    sides: impl Iterator<Item = &'a SideKey>,
) -> Vec<(Vec<Channel>, Event)> {
    // What a deleted room was is not known any more, nor whose desk it stood in.
    let channels = |side: &SideKey| match told {
        Some(_) => vec![Channel::User(side.clone())],
        None => vec![Channel::User(side.clone()), Channel::Desk(side.clone())],
    };
    let channels: Vec<Channel> = sides.flat_map(channels).collect();
    if channels.is_empty() {
        return Vec::new();
    }
    let (head, rev) = told.map_or((0, 0), |told| (told.head.seq, told.head.rev));
    let change = match told {
        Some(_) => RoomChange { removed: Some(true), ..RoomChange::default() },
        None => RoomChange { deleted: Some(true), ..RoomChange::default() },
    };
    let event =
        Event::RoomUpdated(Box::new(RoomUpdated { room_id: room.to_string(), head, rev, change }));
    vec![(channels, event)]
}
