//! Deleting a room: a tombstone takes HEAD's place, and everything else goes, a part at a time.
//!
//! The tombstone comes first and is one write. From then on the room is gone for everybody: there is
//! no membership and no slot without HEAD. It holds only which generation the room's key is at,
//! so that opening the room again gives another id, under which no old message can return.

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::old_item,
    head::Head,
    key,
    open::next_generation,
};
use crate::domain::ids::{RoomId, SideKey};
use futures_util::FutureExt as _;

/// How many items one call deletes; then it says that there is more: a few seconds.
const ITEMS_PER_CALL: i32 = 10_000;

/// What came of deleting a room.
#[derive(Clone, Debug)]
pub enum Deleted {
    /// There is and was no such room.
    NotFound,
    /// It is gone. What is left of it, if anything, goes with the next calls.
    Gone {
        /// The room as it was, if this call ended it, and who was in it.
        was: Option<Box<(Head, Vec<SideKey>)>>,
        /// Whether all its items are gone, too.
        done: bool,
    },
}

impl Store {
    /// Deletes a room and its items; of a large room only a part, and the rest with the next calls.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call goes on.
    pub async fn delete_room(&self, room: RoomId) -> Result<Deleted, StoreError> {
        let Some(item) = self.read_head_item(room).await? else { return Ok(Deleted::NotFound) };
        let is_tombstone = next_generation(&item).is_some();
        let was = match self.parse_head(item)? {
            Some(head) => self.bury(room, head).await?.map(Box::new),
            None if is_tombstone => None,
            None => return Ok(Deleted::NotFound),
        };
        let done = self.sweep(room).await?;
        Ok(Deleted::Gone { was, done })
    }

    /// Puts the tombstone; `None` where somebody else was first.
    async fn bury(
        &self,
        room: RoomId,
        head: Head,
    ) -> Result<Option<(Head, Vec<SideKey>)>, StoreError> {
        let members = if room.kind().rules().has_many_members() {
            self.all_members(room).await?.into_iter().map(|(key, _)| key).collect()
        } else {
            head.marks.keys().cloned().collect()
        };
        let mut tombstone = key::of(key::room(room), key::HEAD);
        tombstone.insert("gen".into(), n(head.opened_again + 1));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(tombstone))
            .condition_expression("attribute_exists(seq)")
            .send()
            .boxed()
            .await;
        match put {
            Ok(_) => Ok(Some((head, members))),
            Err(error) => old_item(error).map(|_| None),
        }
    }

    /// Deletes what stands behind HEAD; says whether that was all.
    async fn sweep(&self, room: RoomId) -> Result<bool, StoreError> {
        let (mut start, mut left) = (None, ITEMS_PER_CALL);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :room AND sk > :head")
                .expression_attribute_values(":room", s(key::room(room)))
                .expression_attribute_values(":head", s(key::HEAD))
                .projection_expression("pk, sk")
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .limit(left)
                .send()
                .boxed()
                .await?;
            let keys = answer.items.unwrap_or_default();
            left -= answer.count;
            self.delete_items(keys).await?;
            start = answer.last_evaluated_key;
            if start.is_none() || left <= 0 {
                return Ok(start.is_none());
            }
        }
    }
}
