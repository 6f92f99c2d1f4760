//! Operations on one room besides its log: opening, looking, marking as read.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::{
    Store, StoreError,
    attr::n,
    fault::{CONFLICT_TRIES, in_conflict, old_item, wait_for_conflict},
    head::{self, Head, Membership},
    info::{self, Info},
    key,
};
use crate::domain::{
    ids::{RoomId, SideKey},
    room::Founding,
    time::Timestamp,
};

/// A room that is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The room.
    pub room: Membership,
    /// What lists show of it.
    pub info: Info,
    /// Whether this call opened it.
    pub new: bool,
}

/// What came of marking a room as read.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The room as it now is.
    pub room: Membership,
    /// Whether the mark moved.
    pub moved: bool,
}

impl Store {
    /// The room and its INFO, in one round trip, if `me` is in it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn room(
        &self,
        room: RoomId,
        me: &SideKey,
    ) -> Result<Option<(Membership, Info)>, StoreError> {
        let keys = [key::HEAD, key::INFO].map(|sort| key::of(key::room(room), sort));
        let (mut head, mut info) = (None, None);
        for item in self.batch_get(keys.into(), true).await? {
            if info::is_info(&item) {
                info = Some(info::parse(item)?);
            } else {
                head = head::parse(item)?;
            }
        }
        Ok(Membership::check(room, me, head).map(|room| (room, info.unwrap_or_default())))
    }

    /// Opens the room, or finds it open: one room whoever asks, also at once.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn open(
        &self,
        founding: &Founding,
        me: &SideKey,
        now: Timestamp,
    ) -> Result<Opened, StoreError> {
        if let Some((room, info)) = self.room(founding.id, me).await? {
            return Ok(Opened { room, info, new: false });
        }
        // INFO first: a room exists once its HEAD does, and then nothing of it is missing.
        self.create_info(founding, now).await?;
        let new = self.create_head(founding, now).await?;
        let (room, info) = self
            .room(founding.id, me)
            .await?
            .ok_or_else(|| StoreError::broken("a room that was opened and is not there"))?;
        Ok(Opened { room, info, new })
    }

    /// Whether this call made the room's HEAD.
    async fn create_head(&self, founding: &Founding, now: Timestamp) -> Result<bool, StoreError> {
        let mut item = serde_dynamo::aws_sdk_dynamodb_1::to_item(Head::new(founding, now))?;
        std::collections::HashMap::extend(&mut item, key::of(key::room(founding.id), key::HEAD));
        self.put_if_absent(item).await
    }

    /// Moves a member's read mark forward, never back and never past the head; `None` to a stranger.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn mark_read(
        &self,
        room: RoomId,
        me: &SideKey,
        seq: u64,
        now: Timestamp,
    ) -> Result<Option<Marked>, StoreError> {
        let mut seq = seq.min(key::MAX_SEQ);
        let mut tries = 0;
        loop {
            let error = match self.mark_request(room, me, seq, now).send().await {
                Ok(answer) => {
                    let head = answer.attributes.map_or(Ok(None), head::parse)?;
                    return Ok(
                        Membership::check(room, me, head).map(|room| Marked { room, moved: true })
                    );
                }
                Err(error) => error,
            };
            if in_conflict(&error) && tries < CONFLICT_TRIES {
                wait_for_conflict(tries).await;
                tries += 1;
                continue;
            }
            let head = old_item(error)?.map_or(Ok(None), head::parse)?;
            let Some(room) = Membership::check(room, me, head) else { return Ok(None) };
            if room.mark().read >= seq.min(room.head.seq) {
                return Ok(Some(Marked { room, moved: false }));
            }
            seq = room.head.seq;
        }
    }

    fn mark_request(
        &self,
        room: RoomId,
        me: &SideKey,
        seq: u64,
        now: Timestamp,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::HEAD)))
            .update_expression("SET rd.#me.s = :seq, rd.#me.t = :now")
            .condition_expression("attribute_exists(rd.#me) AND rd.#me.s < :seq AND seq >= :seq")
            .expression_attribute_names("#me", me.as_str())
            .expression_attribute_values(":seq", n(seq))
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}
