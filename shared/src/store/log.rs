//! The write path of a message: commit, claim, put.
//!
//! 1. **Commit**: one update of the room's HEAD checks that the sender is a member, hands out the
//!    next slot and moves everything that follows from it (read mark, preview, inbox position).
//! 2. **Claim**, when the client gave an id: an item that says which slot belongs to that id. If
//!    there is one already, its slot is used and the slot just taken is closed.
//! 3. **Put** the message at the slot, if nothing is there. The same message there means that
//!    somebody ran this post too: done. A void there means that a reader thought the slot
//!    abandoned: commit anew, and move the claim on if it still names the voided slot.
//!
//! Any step may be lost, repeated, delayed or never follow. `docs/data-model.md` says why nothing
//! is lost, doubled or moved all the same; `tests/model` tries it.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::{
        transact_write_items::{
            TransactWriteItemsError, builders::TransactWriteItemsFluentBuilder,
        },
        update_item::builders::UpdateItemFluentBuilder,
    },
    types::{
        AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
        Update,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::{
        CONFLICT_TRIES, condition_failed, in_conflict, is_conflict, old_item, wait_for_conflict,
    },
    head::{self, Membership, bucket},
    key,
    slot::{self, Stored},
    table,
};
use crate::domain::{
    ids::{RoomId, SideKey},
    message::{Draft, Message, SenderType, Slot},
    time::{Clock, Timestamp},
};

/// A client id is remembered this long: a repeat is safe for seven days.
const CLAIM_SECONDS: i64 = 7 * 24 * 3600;

/// How many slots a post may lose to readers before it gives up; each costs a reader that thought
/// it dead.
const MAX_MOVES: u32 = 16;

/// Whoever posts.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The hash under which it is a member.
    pub key: &'a SideKey,
    /// Its id in the room.
    pub member_id: &'a str,
    /// In which capacity it posts.
    pub sender_type: SenderType,
}

/// A post that succeeded.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The stored message.
    pub message: Message,
    /// Whether this run stored it, and not an earlier or a parallel one.
    pub new: bool,
    /// The room as the sender's last commit or reading left it.
    pub room: Membership,
}

/// Why a post was not stored.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No such room, or the sender is not in it.
    #[error("not found")]
    NotAMember,
    /// The sender is blocked here.
    #[error("blocked")]
    Blocked,
    /// The room has no slot of the number that the message answers.
    #[error("no such message to reply to")]
    NothingToReplyTo,
    /// The client id belongs to another message.
    #[error("this client_id was used for another message")]
    ClientIdReused,
    /// The store did not do its part; repeating the post is safe, given a client id.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A slot that belongs to this post.
#[derive(Clone, Copy, Debug)]
struct Owned {
    seq: u64,
    /// When it was taken: the message's time, whoever puts it.
    at: Timestamp,
}

/// What one run of a post needs at each step.
struct Run<'a> {
    store: &'a Store,
    room: RoomId,
    sender: Sender<'a>,
    draft: &'a Draft,
    clock: &'a Clock,
    /// Sort key of the claim, when the client gave an id.
    claim: Option<String>,
    fingerprint: String,
}

/// How a put ended.
enum PutOutcome {
    Stored(Message),
    Found(Stored),
}

impl Store {
    /// Stores a message at the end of a room's log, once, whatever happens in between.
    ///
    /// With `retry` the caller says that it may have posted this before: then it is looked for
    /// first, so that a repeat takes no slot.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn append(
        &self,
        room: RoomId,
        sender: Sender<'_>,
        draft: &Draft,
        retry: bool,
        clock: &Clock,
    ) -> Result<Appended, AppendError> {
        let salt = self.salt().await?;
        let encode = |bytes: [u8; 16]| URL_SAFE_NO_PAD.encode(bytes);
        let claim = draft.client_id.map(|id| {
            key::claim(&encode(
                salt.hash("claim", &[sender.key.as_str().as_bytes(), id.0.as_bytes()]),
            ))
        });
        let parts = draft.fingerprint_parts();
        let [kind, body, reply_to] = parts.each_ref().map(Vec::as_slice);
        let fingerprint = encode(salt.hash(
            "fingerprint",
            &[room.as_bytes(), sender.key.as_str().as_bytes(), kind, body, reply_to],
        ));
        let run = Run { store: self, room, sender, draft, clock, claim, fingerprint };
        run.append(retry).await
    }
}

impl Run<'_> {
    async fn append(&self, retry: bool) -> Result<Appended, AppendError> {
        if let (true, Some(claim)) = (retry, &self.claim)
            && let Some((owned, room)) = self.look_up(claim).await?
        {
            return self.put_until_stored(owned, room).await;
        }
        let (mut owned, room) = self.commit().await?;
        if let Some(claim) = &self.claim {
            owned = self.claim(claim, owned, &room).await?;
        }
        self.put_until_stored(owned, room).await
    }

    /// Puts the message at its slot, and at another one as long as readers close them.
    async fn put_until_stored(
        &self,
        mut owned: Owned,
        mut room: Membership,
    ) -> Result<Appended, AppendError> {
        for _ in 0..MAX_MOVES {
            match self.put(owned, room.head.rev).await? {
                PutOutcome::Stored(message) => return Ok(Appended { message, new: true, room }),
                PutOutcome::Found(Stored { slot: Slot::Message(message), fingerprint, .. }) => {
                    // Without a client id nobody else can know this slot: it is this run's own
                    // message, whose first put got through and only its answer was lost.
                    if self.claim.is_some() && fingerprint != self.fingerprint {
                        return Err(AppendError::ClientIdReused);
                    }
                    return Ok(Appended { message, new: self.claim.is_none(), room });
                }
                PutOutcome::Found(_) => {
                    let voided = owned.seq;
                    (owned, room) = self.commit().await?;
                    if let Some(claim) = &self.claim {
                        owned = self.move_claim(claim, voided, owned, &room).await?;
                    }
                }
            }
        }
        Err(StoreError::Unavailable("the slots of this post were closed too often".into()).into())
    }

    /// Checks the membership, takes the next slot and moves what follows from it, in one update.
    async fn commit(&self) -> Result<(Owned, Membership), AppendError> {
        let mut tries = 0;
        loop {
            let now = self.clock.now();
            match self.commit_request(now).send().await {
                Ok(answer) => {
                    let head = answer.attributes.map_or(Ok(None), head::parse)?;
                    let room = Membership::check(self.room, self.sender.key, head)
                        .ok_or_else(|| StoreError::broken("a commit that returns no room"))?;
                    return Ok((Owned { seq: room.head.seq, at: now }, room));
                }
                Err(error) if in_conflict(&error) && tries < CONFLICT_TRIES => {
                    wait_for_conflict(tries).await;
                    tries += 1;
                }
                Err(error) => return Err(self.refusal(old_item(error)?)?),
            }
        }
    }

    fn commit_request(&self, now: Timestamp) -> UpdateItemFluentBuilder {
        let member = "attribute_exists(rd.#me) AND attribute_not_exists(bl.#me)";
        let request = self
            .store
            .client
            .update_item()
            .table_name(&self.store.table)
            .set_key(Some(key::of(key::room(self.room), key::HEAD)))
            .update_expression(
                "SET seq = seq + :one, rd.#me.s = seq + :one, rd.#me.t = :now, \
                 pv.s = seq + :one, pv.x = :text, pv.f = :me, pv.t = :now, la = :now, \
                 q1s = :bucket, q2s = :bucket",
            )
            .condition_expression(member)
            .expression_attribute_names("#me", self.sender.key.as_str())
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":now", n(now.millis()))
            .expression_attribute_values(":text", s(self.draft.preview()))
            .expression_attribute_values(":me", s(self.sender.key.as_str()))
            .expression_attribute_values(":bucket", n(bucket(self.room, now)))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.draft.reply_to {
            None => request,
            Some(seq) => request
                .condition_expression(format!("{member} AND seq >= :reply_to"))
                .expression_attribute_values(":reply_to", n(seq)),
        }
    }

    /// Why HEAD's condition did not hold.
    fn refusal(
        &self,
        old: Option<HashMap<String, AttributeValue>>,
    ) -> Result<AppendError, StoreError> {
        let head = old.map_or(Ok(None), head::parse)?;
        Ok(match Membership::check(self.room, self.sender.key, head) {
            None => AppendError::NotAMember,
            Some(room) if room.head.blocked.contains_key(self.sender.key) => AppendError::Blocked,
            Some(_) => AppendError::NothingToReplyTo,
        })
    }

    /// Says that `taken` belongs to the client id, or finds which slot does and closes `taken`.
    async fn claim(
        &self,
        claim: &str,
        taken: Owned,
        room: &Membership,
    ) -> Result<Owned, StoreError> {
        let now = self.clock.now();
        let put = self
            .store
            .client
            .put_item()
            .table_name(&self.store.table)
            .set_item(Some(self.claim_item(claim, taken, now)))
            .condition_expression("attribute_not_exists(pk) OR #ttl < :now")
            .expression_attribute_names("#ttl", table::TTL)
            .expression_attribute_values(":now", n(now.seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(taken),
            Err(error) => self.follow(old_item(error)?, taken, room).await,
        }
    }

    /// Moves the claim from a slot that was voided to `taken`, or finds that somebody else did and
    /// closes `taken`.
    async fn move_claim(
        &self,
        claim: &str,
        voided: u64,
        taken: Owned,
        room: &Membership,
    ) -> Result<Owned, StoreError> {
        let moved = self
            .store
            .client
            .put_item()
            .table_name(&self.store.table)
            .set_item(Some(self.claim_item(claim, taken, self.clock.now())))
            .condition_expression("attribute_not_exists(pk) OR n = :voided")
            .expression_attribute_values(":voided", n(voided))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match moved {
            Ok(_) => Ok(taken),
            Err(error) => self.follow(old_item(error)?, taken, room).await,
        }
    }

    fn claim_item(
        &self,
        claim: &str,
        owned: Owned,
        now: Timestamp,
    ) -> HashMap<String, AttributeValue> {
        let mut item = key::of(key::room(self.room), claim);
        item.insert("n".into(), n(owned.seq));
        item.insert("t".into(), n(owned.at.millis()));
        item.insert(table::TTL.into(), n(now.seconds() + CLAIM_SECONDS));
        item
    }

    /// Goes to the slot that the claim names. When that is the one just taken, an earlier try of
    /// this very call got through and only its answer was lost.
    async fn follow(
        &self,
        claim: Option<HashMap<String, AttributeValue>>,
        taken: Owned,
        room: &Membership,
    ) -> Result<Owned, StoreError> {
        let owner =
            parse_claim(&claim.ok_or_else(|| StoreError::broken("a claim that is not shown"))?)?;
        if owner.seq != taken.seq {
            let newest = room.head.seq == taken.seq;
            self.store.close_slot(self.room, taken.seq, newest, self.clock.now()).await?;
        }
        Ok(owner)
    }

    /// Where an earlier run of this post got to, without taking a slot.
    async fn look_up(&self, claim: &str) -> Result<Option<(Owned, Membership)>, AppendError> {
        let read_claim = self
            .store
            .client
            .get_item()
            .table_name(&self.store.table)
            .set_key(Some(key::of(key::room(self.room), claim)))
            .consistent_read(true)
            .send();
        let (head, claim) =
            futures_util::future::join(self.store.read_head(self.room), read_claim).await;
        let room =
            Membership::check(self.room, self.sender.key, head?).ok_or(AppendError::NotAMember)?;
        if room.head.blocked.contains_key(self.sender.key) {
            return Err(AppendError::Blocked);
        }
        let now = self.clock.now().seconds();
        let claim = claim.map_err(StoreError::from)?.item;
        let live = claim.filter(|item| number(item, table::TTL).is_ok_and(|ends| ends >= now));
        Ok(live.map(|item| parse_claim(&item)).transpose()?.map(|owned| (owned, room)))
    }

    async fn put(&self, owned: Owned, rev: u64) -> Result<PutOutcome, StoreError> {
        let message = Message {
            room: self.room,
            seq: owned.seq,
            kind: self.draft.kind,
            sender_id: self.sender.member_id.to_owned(),
            sender_type: self.sender.sender_type,
            body: self.draft.body.clone(),
            client_id: self.draft.client_id,
            reply_to: self.draft.reply_to,
            created_at: owned.at,
            rev,
        };
        let put = self
            .store
            .client
            .put_item()
            .table_name(&self.store.table)
            .set_item(Some(slot::message_item(&message, &self.fingerprint)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(PutOutcome::Stored(message)),
            Err(error) => {
                let item = old_item(error)?
                    .ok_or_else(|| StoreError::broken("a slot that is not shown"))?;
                Ok(PutOutcome::Found(slot::parse(self.room, item)?))
            }
        }
    }
}

impl Store {
    /// Closes a slot that nobody will fill: a void goes there unless a message came first, and
    /// HEAD counts it, both or neither. `newest` says that nothing was committed after the slot
    /// when HEAD was seen; its preview is then removed too, if that still holds.
    pub(super) async fn close_slot(
        &self,
        room: RoomId,
        seq: u64,
        mut newest: bool,
        now: Timestamp,
    ) -> Result<Stored, StoreError> {
        let mut tries = 0;
        loop {
            let error = match self.close_request(room, seq, newest, now)?.send().await {
                Ok(_) => {
                    return Ok(Stored {
                        slot: Slot::Void(seq),
                        at: now,
                        fingerprint: String::new(),
                    });
                }
                Err(error) => error,
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons().to_vec()
                }
                _ => return Err(error.into()),
            };
            match reasons.as_slice() {
                [at_slot, ..] if condition_failed(at_slot) => {
                    let item = at_slot
                        .item
                        .clone()
                        .ok_or_else(|| StoreError::broken("a slot that is not shown"))?;
                    return slot::parse(room, item);
                }
                [_, at_head] if condition_failed(at_head) && newest => newest = false,
                _ if reasons.iter().any(|reason| reason.code().is_some_and(is_conflict))
                    && tries < CONFLICT_TRIES =>
                {
                    wait_for_conflict(tries).await;
                    tries += 1;
                }
                _ => return Err(error.into()),
            }
        }
    }

    fn close_request(
        &self,
        room: RoomId,
        seq: u64,
        newest: bool,
        now: Timestamp,
    ) -> Result<TransactWriteItemsFluentBuilder, StoreError> {
        let void = Put::builder()
            .table_name(&self.table)
            .set_item(Some(slot::void_item(room, seq, now)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(StoreError::broken)?;
        let count = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::HEAD)))
            .expression_attribute_values(":one", n(1));
        let count = if newest {
            count
                .update_expression("SET vd = vd + :one REMOVE pv.x")
                .condition_expression("pv.s = :seq")
                .expression_attribute_values(":seq", n(seq))
        } else {
            count
                .update_expression("SET vd = vd + :one")
                .condition_expression("attribute_exists(seq)")
        };
        let count = count.build().map_err(StoreError::broken)?;
        Ok(self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(void).build())
            .transact_items(TransactWriteItem::builder().update(count).build()))
    }
}

fn parse_claim(item: &HashMap<String, AttributeValue>) -> Result<Owned, StoreError> {
    let seq = u64::try_from(number(item, "n")?).map_err(StoreError::broken)?;
    Ok(Owned { seq, at: Timestamp::from_millis(number(item, "t")?) })
}

fn number(item: &HashMap<String, AttributeValue>, name: &str) -> Result<i64, StoreError> {
    item.get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| StoreError::broken(format!("a claim without {name}")))
}
