//! What a person wrote in a room: each message keeps its place, without its text and from nobody.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::{
    super::{
        Store, StoreError,
        attr::{n, s},
        change::put_entry,
        head::{Head, Mark},
        key,
        membership::Membership,
        page::Window,
        transact::transaction,
        update,
    },
    MAX_TRIES, Person, Share, Work,
};
use crate::domain::{
    message::{Message, Slot},
    time::Timestamp,
};

/// How many slots are looked at together.
const SLOTS: u64 = 200;
/// How many messages lose their text in one transaction, which takes a hundred items: two for each.
const MESSAGES: usize = 49;

impl Store {
    /// Whether all of the person's messages in the room have lost their text.
    pub(super) async fn erase_messages(
        &self,
        person: &Person<'_>,
        work: &mut Work,
        share: &mut Share,
    ) -> Result<bool, StoreError> {
        let nobody = person.key.erased_in(self.salt().await?, work.room);
        let new_id = work.new_id(&nobody);
        for _ in 0..MAX_TRIES {
            // A room that was deleted has nothing left.
            let Some(head) = self.read_head(work.room).await? else { return Ok(true) };
            // What is too old is not seen in HEAD, and may still be there.
            if !self.remove_expired(work.room, &head).await? {
                continue;
            }
            self.forget_sender(work, &head, &new_id).await?;
            let (room, mark) = (work.room, Mark::default());
            let mut reader = Membership { room, me: nobody.clone(), mark, part: None, head };
            if work.next <= reader.head.floor {
                self.delete_hidden(work, reader.head.floor).await?;
                work.next = reader.head.floor + 1;
            }
            loop {
                if work.next > reader.head.seq {
                    return Ok(true);
                }
                if share.is_used_up() {
                    return Ok(false);
                }
                let window = Window::After(work.next - 1);
                let page = self.page_of(&reader, window, SLOTS, person.clock).await?;
                // A post may be under way at the next slot.
                let Some(last) = page.slots.last().map(Slot::seq) else { return Ok(false) };
                let theirs = page.slots.iter().filter_map(|slot| match slot {
                    Slot::Message(message) if work.wrote(message) => Some(message),
                    _ => None,
                });
                let theirs: Vec<&Message> = theirs.collect();
                if !self.erase_texts(&mut reader, &theirs, &new_id, person.clock.now()).await? {
                    break;
                }
                share.use_up(page.slots.len() as u64);
                work.next = last + 1;
            }
        }
        Err(StoreError::Unavailable("the room's messages changed too often".into()))
    }

    /// Deletes the person's messages up to a slot that nobody sees any more: too old to be shown, and perhaps
    /// from before the table was told to delete them.
    async fn delete_hidden(&self, work: &Work, floor: u64) -> Result<(), StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :room AND sk BETWEEN :first AND :last")
            .filter_expression("i = :sender")
            .projection_expression("pk, sk")
            .expression_attribute_values(":room", s(key::room(work.room)))
            .expression_attribute_values(":first", s(key::slot(work.next)))
            .expression_attribute_values(":last", s(key::slot(floor)))
            .expression_attribute_values(":sender", s(&work.member_id))
            .consistent_read(true);
        self.delete_items(self.query_all(query).await?).await
    }

    /// The newest message's sender by its new id, where HEAD does not hold the sender's mark.
    async fn forget_sender(
        &self,
        work: &Work,
        head: &Head,
        new_id: &str,
    ) -> Result<(), StoreError> {
        if head.preview.unmarked_sender() != Some(&work.member_id) {
            return Ok(());
        }
        let request = self
            .update(key::of(key::room(work.room), key::HEAD))
            .update_expression("SET pv.w.i = :new")
            .condition_expression("pv.w.i = :old")
            .expression_attribute_values(":new", s(new_id))
            .expression_attribute_values(":old", s(&work.member_id));
        // Where it does not hold any more, somebody else has posted.
        update::send(request).await.map(|_| ())
    }

    /// Takes the texts of these messages away; false when somebody else just changed the room's.
    async fn erase_texts(
        &self,
        room: &mut Membership,
        messages: &[&Message],
        new_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        for chunk in messages.chunks(MESSAGES) {
            if !self.transact(self.texts_request(room, chunk, new_id, now)?).await?.is_done() {
                return Ok(false);
            }
            room.head.rev += chunk.len() as u64;
        }
        Ok(true)
    }

    fn texts_request(
        &self,
        room: &Membership,
        messages: &[&Message],
        new_id: &str,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (partition, rev) = (key::room(room.room), room.head.rev);
        let last = rev + messages.len() as u64;
        let mut head = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(partition.clone(), key::HEAD)))
            .expression_attribute_values(":rev", n(last))
            .expression_attribute_values(":old", n(rev))
            .expression_attribute_values(":now", n(now.millis()));
        let shown = room.head.preview.seq;
        let is_shown = messages.iter().any(|message| Some(message.seq) == shown);
        head = match shown {
            Some(seq) if is_shown => head
                .update_expression("SET rev = :rev, lc = :now, pv.x = :none")
                .condition_expression("rev = :old AND pv.s = :seq")
                .expression_attribute_values(":none", s(""))
                .expression_attribute_values(":seq", n(seq)),
            _ => head
                .update_expression("SET rev = :rev, lc = :now")
                .condition_expression("rev = :old"),
        };
        let mut items =
            vec![TransactWriteItem::builder().update(head.build().map_err(StoreError::broken)?)];
        let ttl = self.expiry(room.room.kind(), now);
        for (message, rev) in messages.iter().zip(rev + 1..) {
            let at_slot = Update::builder()
                .table_name(&self.table)
                .set_key(Some(key::of(partition.clone(), key::slot(message.seq))))
                .update_expression(
                    "SET d = if_not_exists(d, :now), i = :new, v = :rev REMOVE b, c, h, re, e",
                )
                .condition_expression("i = :old")
                .expression_attribute_values(":now", n(now.millis()))
                .expression_attribute_values(":new", s(new_id))
                .expression_attribute_values(":old", s(&message.sender_id))
                .expression_attribute_values(":rev", n(rev));
            items.push(
                TransactWriteItem::builder().update(at_slot.build().map_err(StoreError::broken)?),
            );
            items.push(put_entry(&self.table, message, rev, ttl.clone())?);
        }
        Ok(transaction(items))
    }
}
