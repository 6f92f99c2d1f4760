//! MAIL: that a side of a room has not read something, and when it is to be mailed about that. One item for
//! each side: it stands for an *episode*, which begins with the first message that is not read and ends when
//! that is. Once it was mailed it is no timer any more, and keeps a second mail from being sent.

use super::{
    Store, StoreError,
    attr::{n, s},
    key, table,
    timer::{Due, Lease, Timer},
    update,
};
use crate::domain::{
    ids::{RoomId, SideKey},
    time::Timestamp,
};

/// How long an episode is remembered, in seconds: what comes after it begins another.
const KEPT_SECONDS: i64 = 90 * 24 * 3_600;

impl Store {
    /// Notes that a side has not read a message, unless an episode is under way: one that began behind what
    /// the side has read.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn note_unread(
        &self,
        (room, side): (RoomId, &SideKey),
        seq: u64,
        read: u64,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        let request = self
            .update(Timer::Mail(room, side.clone()).key())
            .update_expression("SET s = :seq, q3p = :timers, q3s = :due, #ttl = :ttl REMOVE n")
            .condition_expression("attribute_not_exists(s) OR s <= :read")
            .expression_attribute_names("#ttl", table::TTL)
            .expression_attribute_values(":seq", n(seq))
            .expression_attribute_values(":read", n(read))
            .expression_attribute_values(":timers", s(key::TIMERS))
            .expression_attribute_values(":due", n(due.millis()))
            .expression_attribute_values(":ttl", n(due.seconds() + KEPT_SECONDS));
        update::send(request).await.map(|_| ())
    }

    /// Takes the mail about what a side has not read.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn take_mail(&self, due: &Due, now: Timestamp) -> Result<Option<Lease>, StoreError> {
        Ok(self.take(due, now).await?.map(|(lease, _)| lease))
    }

    /// The mail is due later, as if it had not been due yet.
    ///
    /// # Errors
    /// When the store cannot be reached; it is due again when the lease ends.
    pub async fn delay_mail(&self, lease: &Lease, to: Timestamp) -> Result<(), StoreError> {
        let request = self
            .update(lease.timer.key())
            .update_expression("SET q3s = :to REMOVE n")
            .condition_expression("q3s = :until")
            .expression_attribute_values(":to", n(to.millis()))
            .expression_attribute_values(":until", n(lease.until));
        update::send(request).await.map(|_| ())
    }

    /// Notes that a side was mailed about what it has not read, from this message on: until it has read that,
    /// it is mailed no more.
    ///
    /// # Errors
    /// When the store cannot be reached; it is mailed again when the lease ends.
    pub async fn mailed(&self, lease: &Lease, from: u64) -> Result<(), StoreError> {
        let request = self
            .update(lease.timer.key())
            .update_expression("SET s = :from REMOVE q3p, q3s, n")
            .condition_expression("q3s = :until")
            .expression_attribute_values(":from", n(from))
            .expression_attribute_values(":until", n(lease.until));
        update::send(request).await.map(|_| ())
    }

    /// Forgets what a side has not read: it is nobody any more.
    pub(super) async fn forget_unread(
        &self,
        room: RoomId,
        side: &SideKey,
    ) -> Result<(), StoreError> {
        self.delete_items([Timer::Mail(room, side.clone()).key()]).await
    }
}
