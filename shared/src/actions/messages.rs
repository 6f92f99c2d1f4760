//! Posting and reading messages.

use crate::{
    actions::Services,
    domain::{
        event::{ChatListUpdate, Event},
        ids::{RoomId, message_id},
        message::{Draft, Message, MessageView, SenderType, Slot},
        principal::{Caller, PrincipalType},
    },
    error::Error,
    realtime::channel::Channel,
    store::{AppendError, Head, Mark, Membership, Page, Sender, Window},
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
        let me = self.key_of(caller).await?;
        let sender = Sender {
            key: &me,
            member_id: &caller.principal.member_id(),
            sender_type: sender_type(caller.principal.kind),
        };
        let done = self.store.append(room, sender, &draft, retry, &self.clock).await?;
        let delivered = self.publish(announcements(&done.room, &done.message)).await;
        Ok(Posted { message: view(&done.message, &done.room.head), new: done.new, delivered })
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
        let me = self.key_of(caller).await?;
        let page =
            self.store.page(room, &me, window, limit, &self.clock).await?.ok_or(Error::NotFound)?;
        let Page { room, slots, has_more } = page;
        let head = &room.head;
        let slots = slots.iter().map(|slot| match slot {
            Slot::Message(message) => SlotView::Message(Box::new(view_with_read_at(message, head))),
            Slot::Void(seq) => SlotView::Void(*seq),
            Slot::Pending(seq) => SlotView::Pending(*seq),
        });
        Ok(History { slots: slots.collect(), head: head.seq, rev: head.rev, has_more })
    }
}

/// Who is told what about a new message: the room the message, the other side that its list moved.
fn announcements(room: &Membership, message: &Message) -> Vec<(Channel, Event)> {
    let mut events =
        vec![(Channel::Room(room.room), Event::NewMessage(Box::new(view(message, &room.head))))];
    if let Some((receiver, mark)) = room.head.other(&room.me) {
        let update = ChatListUpdate {
            room_id: room.room.to_string(),
            seq: message.seq,
            rev: room.head.rev,
            last_message: message.preview(),
            sender_id: message.sender_id.clone(),
            updated_at: message.created_at,
            unread: room.head.unread(mark),
        };
        events.push((Channel::User(receiver.clone()), Event::ChatListUpdate(update)));
    }
    events
}

/// A message as everyone in the room may see it.
pub(crate) fn view(message: &Message, head: &Head) -> MessageView {
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
        receiver_type: receiver.map(|mark| sender_type(mark.kind)),
        body: Some(message.body.clone()),
        reply_to: message.reply_to,
        created_at: message.created_at,
        edited_at: None,
        deleted_at: None,
        read_at: None,
        reactions: Vec::new(),
        rev: message.rev,
        truncated: false,
    }
}

/// A message in a reader's page: with the time of the receiver's last mark, where that covers it.
fn view_with_read_at(message: &Message, head: &Head) -> MessageView {
    let read_at =
        receiver(message, head).filter(|mark| mark.read >= message.seq).and_then(Mark::read_at);
    MessageView { read_at, ..view(message, head) }
}

/// The side that the message is for, in a room of two.
fn receiver<'a>(message: &Message, head: &'a Head) -> Option<&'a Mark> {
    head.marks.values().find(|mark| mark.member_id != message.sender_id)
}

pub(crate) fn sender_type(kind: PrincipalType) -> SenderType {
    match kind {
        // Whoever has not signed in yet writes as who will.
        PrincipalType::User | PrincipalType::Guest => SenderType::User,
        PrincipalType::Merchant => SenderType::Merchant,
    }
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
            AppendError::ClientIdReused => Self::Conflict {
                code: "client_id_reused",
                detail: "This client_id was used for another message in this room.",
            },
            AppendError::Store(error) => error.into(),
        }
    }
}
