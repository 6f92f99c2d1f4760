//! Posting and reading messages.

use std::collections::BTreeSet;

use futures_util::future::join4;

use crate::{
    actions::{Services, and_in_dialect},
    domain::{
        event::{ChatListUpdate, Event, NewUserMessage},
        ids::{RoomId, SideKey, message_id},
        member::{DeskUser, MemberType, PresenceView},
        message::{Draft, Message, MessageView, Reaction, Slot},
        principal::{Caller, Profile},
        room::Desk,
    },
    error::Error,
    realtime::channel::Channel,
    store::{AppendError, Appended, Head, Mark, Page, Poster, Sender, StoreError, Untold, Window},
};

/// A message that is stored.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The message.
    pub message: MessageView,
    /// Whether this call stored it; otherwise an earlier one with the same client id did.
    pub new: bool,
    /// Whether the relay took its events. If not, clients find it in the log.
    pub delivered: bool,
}

/// A part of a room's log.
#[derive(Clone, Debug)]
pub struct History {
    /// What stands there, ascending.
    pub slots: Vec<SlotView>,
    /// The room's highest `seq`.
    pub head: u64,
    /// The room's revision.
    pub rev: u64,
    /// Whether there is more beyond.
    pub has_more: bool,
}

/// A slot as the API shows it.
#[derive(Clone, Debug)]
pub enum SlotView {
    /// A message.
    Message(Box<MessageView>),
    /// No message will ever stand here.
    Void(u64),
    /// A message may still come.
    Pending(u64),
}

impl Services {
    /// Stores a message and tells the room.
    ///
    /// # Errors
    /// `NotFound` to strangers, `Forbidden` to the blocked, `Conflict` when the client id belongs to
    /// another message.
    pub async fn post(
        &self,
        caller: &Caller,
        room: RoomId,
        draft: Draft,
        retry: bool,
    ) -> Result<Posted, Error> {
        let asker = self.asker(caller).await?;
        let member_id = match caller.roles.service {
            true => format!("service:{}", caller.principal.id),
            false => caller.principal.member_id(),
        };
        let sender = Sender {
            asker: &asker,
            member_id: &member_id,
            is_system: caller.roles.service,
            rate: self.limits.posts,
            in_dialect: caller.in_dialect,
            sent_at: None,
        };
        let done = self.store.append(room, sender, &draft, retry, &self.clock).await?;
        let profile = &caller.profile;
        let announced = Announced {
            message: &done.message,
            head: &done.head,
            poster: &done.poster,
            members: done.members.as_ref().map(|members| &members.keys),
            profile,
        };
        let untold = [Untold::Message(done.message.seq)];
        // A notification on a phone must not wait either.
        let (delivered, app_told, noted, moved) = join4(
            self.tell(room, &untold, announced.events()),
            self.tell_app_of_message(&done.head, &done.message),
            self.note_unread(&done),
            self.move_group(&done),
        )
        .await;
        let delivered = delivered?;
        app_told?;
        noted?;
        if let Err(error) = moved {
            // The message is stored and told; the next post moves the group.
            tracing::warn!(%error, %room, "a group was not moved in its members' inboxes");
        }
        let message = view(&done.message, &done.head, Some(&asker.me));
        Ok(Posted { message, new: done.new, delivered })
    }

    /// A group's first message of an hour moves it in all its members' inboxes.
    async fn move_group(&self, done: &Appended) -> Result<(), StoreError> {
        match &done.members {
            Some(members) if done.head.is_due_to_move(done.message.created_at) => {
                let at = done.message.created_at;
                self.store.move_in_inboxes(done.message.room, members, at).await
            }
            _ => Ok(()),
        }
    }

    /// A part of a room's log.
    ///
    /// # Errors
    /// `NotFound` to strangers.
    pub async fn history(
        &self,
        caller: &Caller,
        room: RoomId,
        window: Window,
        limit: u64,
    ) -> Result<History, Error> {
        let asker = self.asker(caller).await?;
        let page = self
            .store
            .page(room, &asker, window, limit, &self.clock)
            .await?
            .ok_or(Error::NotFound)?;
        let Page { room, slots, has_more } = page;
        let head = &room.head;
        let slots = slots.iter().map(|slot| match slot {
            Slot::Message(message) => {
                SlotView::Message(Box::new(view_with_read_at(message, head, &asker.me)))
            }
            Slot::Void(seq) => SlotView::Void(*seq),
            Slot::Pending(seq) => SlotView::Pending(*seq),
        });
        Ok(History { slots: slots.collect(), head: head.seq, rev: head.rev, has_more })
    }
}

/// A message that is told: to the room, to each receiver that its list moved, and to a desk that somebody
/// wrote to it.
pub(super) struct Announced<'a> {
    pub(super) message: &'a Message,
    pub(super) head: &'a Head,
    pub(super) poster: &'a Poster,
    /// In groups: the members.
    pub(super) members: Option<&'a BTreeSet<SideKey>>,
    /// How the poster is shown.
    pub(super) profile: &'a Profile,
}

impl Announced<'_> {
    /// Who is told what.
    pub(super) fn events(&self) -> Vec<(Vec<Channel>, Event)> {
        let Self { message, head, poster, .. } = *self;
        let room = Channel::Room(message.room, head.generation);
        let shown = Event::NewMessage(Box::new(view(message, head, None)));
        let mut events = vec![(vec![room], shown)];
        if let Some(members) = self.members {
            let others = members.iter().filter(|key| Some(*key) != poster.key());
            let others: Vec<Channel> = others.cloned().map(Channel::User).collect();
            if !others.is_empty() {
                events.push((others, self.list_update(None)));
            }
        }
        for (key, mark) in head.others(poster.key()).filter(|(_, mark)| !mark.is_erased()) {
            if let (Some(desk), Poster::Side(side)) = (self.desk_of(mark), poster) {
                events.push((vec![Channel::Desk(key.clone())], self.to_desk(desk, side)));
            }
            if mark.kind != MemberType::Admin {
                let unread = head.unread(mark);
                events.push((vec![Channel::User(key.clone())], self.list_update(Some(unread))));
            }
        }
        and_in_dialect(message.room, head, events)
    }

    /// The desk that has this mark, if one has.
    fn desk_of(&self, mark: &Mark) -> Option<Desk> {
        match mark.kind {
            MemberType::Admin => Some(Desk::Support),
            MemberType::Merchant => self.message.room.kind().rules().desk,
            MemberType::User | MemberType::Guest => None,
        }
    }

    fn list_update(&self, unread: Option<u64>) -> Event {
        let Self { message, head, .. } = *self;
        Event::ChatListUpdate(Box::new(ChatListUpdate {
            room_id: message.room.to_string(),
            seq: message.seq,
            rev: head.rev,
            last_message: message.preview(),
            sender_id: message.sender_id.clone(),
            updated_at: message.created_at,
            unread,
        }))
    }

    fn to_desk(&self, desk: Desk, writer: &SideKey) -> Event {
        let Self { message, head, profile, .. } = *self;
        let Profile { name, picture, email, .. } = profile.clone();
        let user = DeskUser {
            id: message.sender_id.clone(),
            kind: head.marks.get(writer).map_or(MemberType::User, |mark| mark.kind),
            name,
            picture,
            // Only support agents are told the e-mail address.
            email: email.filter(|_| desk == Desk::Support),
            user_id: None,
            presence: PresenceView::default(),
            key: None,
        };
        Event::NewUserMessage(Box::new(NewUserMessage {
            room_id: message.room.to_string(),
            seq: message.seq,
            rev: head.rev,
            user,
            message: view(message, head, None),
        }))
    }
}

/// A message as everyone in the room may see it, or as one viewer does.
pub(super) fn view(message: &Message, head: &Head, viewer: Option<&SideKey>) -> MessageView {
    let reactions = message.reactions.iter().map(|(emoji, members)| Reaction {
        emoji: emoji.clone(),
        count: members.len() as u64,
        mine: viewer.map(|viewer| members.contains(viewer)),
    });
    let receiver = receiver(message, head);
    MessageView {
        id: message_id(message.room, message.seq),
        room_id: message.room.to_string(),
        seq: message.seq,
        kind: message.kind,
        client_id: message.client_id.map(|id| id.0),
        sender_id: message.sender_id.clone(),
        sender_type: message.sender_type,
        receiver_id: receiver.map(|mark| mark.member_id.clone()),
        receiver_type: receiver.map(|mark| mark.kind.into()),
        body: message.body.clone(),
        reply_to: message.reply_to,
        created_at: message.created_at,
        edited_at: message.edited_at,
        deleted_at: message.deleted_at,
        read_at: None,
        reactions: reactions.collect(),
        rev: message.rev,
        truncated: false,
    }
}

/// A message in a reader's page: with the time of the receiver's last mark, where that covers it.
pub(super) fn view_with_read_at(message: &Message, head: &Head, viewer: &SideKey) -> MessageView {
    let read_at =
        receiver(message, head).filter(|mark| mark.read >= message.seq).and_then(Mark::read_at);
    MessageView { read_at, ..view(message, head, Some(viewer)) }
}

/// The side that the message is for, in a room of two.
fn receiver<'a>(message: &Message, head: &'a Head) -> Option<&'a Mark> {
    head.marks.values().find(|mark| mark.member_id != message.sender_id)
}

impl From<AppendError> for Error {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NotAMember => Self::NotFound,
            AppendError::Blocked => {
                Self::Forbidden { code: "blocked", detail: "You cannot post into this room." }
            }
            AppendError::NothingToReplyTo => {
                Self::invalid("reply_to", "must be the seq of a message in this room")
            }
            AppendError::TooFast { retry_after } => Self::TooMany { retry_after },
            AppendError::ClientIdReused => Self::Conflict {
                code: "client_id_reused",
                detail: "This client_id was used for another message in this room.",
            },
            AppendError::Store(error) => error.into(),
        }
    }
}
