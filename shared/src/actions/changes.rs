//! What becomes of messages: editing, deleting, reacting, and what of it a client has missed.

use crate::{
    actions::{
        Services, and_in_dialect,
        messages::{view, view_with_read_at},
    },
    domain::{
        event::{Event, ReactionChange},
        ids::RoomId,
        message::{Emoji, Message, MessageView},
        principal::Caller,
    },
    error::Error,
    realtime::channel::Channel,
    store::{Change, Changed, Changer, Head, Untold},
};

/// What has changed since a revision.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The messages as they are now.
    pub messages: Vec<MessageView>,
    /// Up to which revision this tells everything.
    pub rev: u64,
    /// Whether there is more.
    pub has_more: bool,
}

impl Services {
    /// Gives an own message another text.
    ///
    /// # Errors
    /// `NotFound` to strangers and where no message is, `Forbidden` for others' messages, `Conflict` for
    /// a deleted one, `Invalid` when the text or the message is none that can be.
    pub async fn edit(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: u64,
        body: String,
    ) -> Result<MessageView, Error> {
        self.change(caller, room, seq, Change::Edit(body)).await
    }

    /// Deletes an own message; an agent deletes any. It keeps its place, without its text.
    ///
    /// # Errors
    /// `NotFound` to strangers and where no message is, `Forbidden` for others' messages.
    pub async fn delete_message(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: u64,
    ) -> Result<MessageView, Error> {
        self.change(caller, room, seq, Change::Delete).await
    }

    /// Puts a reaction to a message, or takes it back; once is enough.
    ///
    /// # Errors
    /// `NotFound` to strangers and where no message is, `Conflict` for a deleted message or one with too
    /// many emoji.
    pub async fn react(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: u64,
        emoji: Emoji,
        on: bool,
    ) -> Result<MessageView, Error> {
        self.change(caller, room, seq, Change::React { emoji, on }).await
    }

    async fn change(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: u64,
        change: Change,
    ) -> Result<MessageView, Error> {
        let asker = self.asker(caller).await?;
        let moderates = caller.roles.admin && matches!(change, Change::Delete);
        let by = Changer { asker: &asker, moderates };
        let now = self.clock.now();
        let (message, head, by, changed) =
            match self.store.change(room, seq, by, &change, now).await? {
                Changed::Done { message, head, by, changed } => (message, head, by, changed),
                refused => return Err(refusal(&refused)),
            };
        if matches!(change, Change::Delete) {
            // Copies that were reported go as well. Whoever dies before this deletes again.
            self.store.forget_reported(room, seq).await?;
        }
        if changed {
            let event = event(&change, &message, &head, by);
            let told = vec![(vec![Channel::Room(room, head.generation)], event)];
            let told = and_in_dialect(room, &head, told);
            self.tell(room, &[Untold::Change(head.rev)], told).await?;
        }
        Ok(view(&message, &head, Some(&asker.me)))
    }

    /// What edits, deletions and reactions have touched since a revision.
    ///
    /// # Errors
    /// `NotFound` to strangers.
    pub async fn changes(
        &self,
        caller: &Caller,
        room: RoomId,
        after_rev: u64,
        limit: usize,
    ) -> Result<Changes, Error> {
        let asker = self.asker(caller).await?;
        let page = self.store.changes(room, &asker, after_rev, limit).await?;
        let page = page.ok_or(Error::NotFound)?;
        let head = &page.room.head;
        let show = |message: &Message| view_with_read_at(message, head, &asker.me);
        Ok(Changes {
            messages: page.messages.iter().map(show).collect(),
            rev: page.rev,
            has_more: page.rev < head.rev,
        })
    }
}

/// What the room is told.
fn event(change: &Change, message: &Message, head: &Head, by: Option<String>) -> Event {
    let shown = || Box::new(view(message, head, None));
    let (emoji, on) = match change {
        Change::Edit(_) => return Event::MessageUpdated(shown()),
        Change::Delete => return Event::MessageDeleted(shown()),
        Change::React { emoji, on } => (emoji.as_str().to_owned(), *on),
    };
    let count = message.reactions.get(&emoji).map_or(0, |members| members.len() as u64);
    let told = Box::new(ReactionChange {
        room_id: message.room.to_string(),
        seq: message.seq,
        rev: head.rev,
        emoji,
        member_id: by.unwrap_or_default(),
        count,
    });
    if on { Event::ReactionAdded(told) } else { Event::ReactionRemoved(told) }
}

fn refusal(refused: &Changed) -> Error {
    match refused {
        Changed::NotYours => Error::Forbidden {
            code: "not_your_message",
            detail: "This is somebody else's message.",
        },
        Changed::Blocked => {
            Error::Forbidden { code: "blocked", detail: "You cannot write in this room." }
        }
        Changed::IsDeleted => Error::Conflict {
            code: "message_deleted",
            detail: "The message was deleted, and stays as it is.",
        },
        Changed::NoText => Error::invalid("body", "only a text can be edited"),
        Changed::TooManyEmoji => Error::Conflict {
            code: "too_many_emoji",
            detail: "The message has as many different emoji as it can.",
        },
        Changed::NotFound | Changed::Done { .. } => Error::NotFound,
    }
}
