//! Marking as read.

use crate::{
    actions::Services,
    domain::{
        event::{Event, MessagesRead},
        ids::RoomId,
        principal::Caller,
    },
    error::Error,
    realtime::channel::Channel,
    store::Untold,
};

/// How far a member has read.
#[derive(Clone, Copy, Debug)]
pub struct ReadPosition {
    /// The `seq` up to which everything is read.
    pub read: u64,
    /// How many messages are not.
    pub unread: u64,
}

impl Services {
    /// Moves the caller's read mark forward and tells the room; a mark that is there already tells
    /// nobody.
    ///
    /// # Errors
    /// `NotFound` to strangers.
    pub async fn mark_read(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: u64,
    ) -> Result<ReadPosition, Error> {
        let asker = self.asker(caller).await?;
        let marked = self.store.mark_read(room, &asker, seq, self.clock.now()).await?;
        let marked = marked.ok_or(Error::NotFound)?;
        let (head, mark) = (&marked.room.head, &marked.room.mark);
        if marked.moved {
            let event = MessagesRead {
                room_id: room.to_string(),
                member_id: mark.member_id.clone(),
                read: mark.read,
                head: head.seq,
                rev: head.rev,
            };
            let channel = Channel::Room(room, head.generation);
            let told = vec![(vec![channel], Event::MessagesRead(Box::new(event)))];
            self.tell(room, &[Untold::Read(marked.room.me.clone())], told).await?;
        }
        Ok(ReadPosition { read: mark.read, unread: head.unread(mark) })
    }
}
