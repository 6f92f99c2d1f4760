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

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    attr::n,
    commit::{Committed, Poster},
    fault::{condition_failed, old_item},
    head::Head,
    key,
    membership::Membership,
    roster::Members,
    slot::{self, Stored},
    table,
    transact::{Transacted, transaction},
};
use crate::domain::{
    ids::RoomId,
    message::{Draft, Message, Slot},
    principal::Asker,
    rate::Rate,
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
    /// The caller, as rooms may know it.
    pub asker: &'a Asker,
    /// The caller's id where no read mark in HEAD tells it: in groups, and of the application.
    pub member_id: &'a str,
    /// Whether it is the application's own server, which belongs to no room and posts in all.
    pub is_system: bool,
    /// How often it may post in a room, where that is limited.
    pub rate: Option<Rate>,
    /// Whether it posts through a [dialect](crate::dialect).
    pub in_dialect: bool,
    /// When it posted, where that was not now but in another system.
    pub sent_at: Option<Timestamp>,
}

/// A post that succeeded.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The stored message.
    pub message: Message,
    /// Whether this run stored it, and not an earlier or a parallel one.
    pub new: bool,
    /// As whom the sender posted.
    pub poster: Poster,
    /// The room's HEAD as the sender's last commit or reading left it.
    pub head: Head,
    /// In groups: the members.
    pub members: Option<Arc<Members>>,
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
    /// The sender posts faster than it may.
    #[error("too fast")]
    TooFast {
        /// In how many seconds it may post again.
        retry_after: u64,
    },
    /// The client id belongs to another message.
    #[error("this client_id was used for another message")]
    ClientIdReused,
    /// The store did not do its part; repeating the post is safe, given a client id.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A slot that belongs to this post.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned {
    pub(super) seq: u64,
    /// When it was taken: the message's time, whoever puts it.
    pub(super) at: Timestamp,
}

/// What one run of a post needs at each step.
pub(super) struct Run<'a> {
    pub(super) store: &'a Store,
    pub(super) room: RoomId,
    pub(super) sender: Sender<'a>,
    pub(super) draft: &'a Draft,
    pub(super) clock: &'a Clock,
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
                salt.hash("claim", &[sender.asker.me.as_str().as_bytes(), id.0.as_bytes()]),
            ))
        });
        let parts = draft.fingerprint_parts();
        let [kind, body, reply_to] = parts.each_ref().map(Vec::as_slice);
        let fingerprint = encode(salt.hash(
            "fingerprint",
            &[room.as_bytes(), sender.asker.me.as_str().as_bytes(), kind, body, reply_to],
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
        let (taken, room) = match (self.commit(self.sender.rate).await, &self.claim) {
            // What is stored already is not refused, however fast it is repeated.
            (Err(AppendError::TooFast { retry_after }), Some(claim)) => {
                let found = self.look_up(claim).await?;
                let (owned, room) = found.ok_or(AppendError::TooFast { retry_after })?;
                return self.put_until_stored(owned, room).await;
            }
            (committed, _) => committed?,
        };
        let stored = self.claim_and_put(taken, room.clone());
        // A member of a group has its mark beside HEAD; it moves while the message is put.
        let marked = self.mark_sender(taken, &room);
        let aged = self.store.forget_expired(self.room, &room.head);
        let (stored, (), ()) = futures_util::future::join3(stored, marked, aged).await;
        stored
    }

    async fn claim_and_put(
        &self,
        mut owned: Owned,
        room: Committed,
    ) -> Result<Appended, AppendError> {
        if let Some(claim) = &self.claim {
            owned = self.claim(claim, owned, &room.head).await?;
        }
        self.put_until_stored(owned, room).await
    }

    /// Puts the message at its slot, and at another one as long as readers close them.
    async fn put_until_stored(
        &self,
        mut owned: Owned,
        mut room: Committed,
    ) -> Result<Appended, AppendError> {
        for _ in 0..MAX_MOVES {
            match self.put(owned, &room).await? {
                PutOutcome::Stored(message) => return Ok(room.with(message, true)),
                PutOutcome::Found(Stored { slot: Slot::Message(message), fingerprint, .. }) => {
                    // Without a client id nobody else can know this slot: it is this run's own
                    // message, whose first put got through and only its answer was lost.
                    // A deleted message has no fingerprint: what it was cannot be told any more.
                    let differs = !fingerprint.is_empty() && fingerprint != self.fingerprint;
                    if self.claim.is_some() && differs {
                        return Err(AppendError::ClientIdReused);
                    }
                    let room = self.no_older_than(&message, room).await?;
                    return Ok(room.with(message, self.claim.is_none()));
                }
                PutOutcome::Found(_) => {
                    let voided = owned.seq;
                    // Still the same post, which was let through.
                    (owned, room) = self.commit(None).await?;
                    if let Some(claim) = &self.claim {
                        owned = self.move_claim(claim, voided, owned, &room.head).await?;
                    }
                }
            }
        }
        Err(StoreError::Unavailable("the slots of this post were closed too often".into()).into())
    }

    /// The room as it was when the message became what it is, or later. HEAD names the channel on which the message
    /// is told once more; an older one would tell a member who was removed what was written after that.
    async fn no_older_than(
        &self,
        message: &Message,
        room: Committed,
    ) -> Result<Committed, AppendError> {
        if message.rev <= room.head.rev {
            return Ok(room);
        }
        let head = self.store.read_head(self.room).await?.ok_or(AppendError::NotAMember)?;
        self.admit(head).await
    }

    /// Says that `taken` belongs to the client id, or finds which slot does and closes `taken`.
    async fn claim(&self, claim: &str, taken: Owned, head: &Head) -> Result<Owned, StoreError> {
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
            .boxed()
            .await;
        match put {
            Ok(_) => Ok(taken),
            Err(error) => self.follow(old_item(error)?, taken, head).await,
        }
    }

    /// Moves the claim from a slot that was voided to `taken`, or finds that somebody else did and
    /// closes `taken`.
    async fn move_claim(
        &self,
        claim: &str,
        voided: u64,
        taken: Owned,
        head: &Head,
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
            .boxed()
            .await;
        match moved {
            Ok(_) => Ok(taken),
            Err(error) => self.follow(old_item(error)?, taken, head).await,
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
        head: &Head,
    ) -> Result<Owned, StoreError> {
        let owner =
            parse_claim(&claim.ok_or_else(|| StoreError::broken("a claim that is not shown"))?)?;
        if owner.seq != taken.seq {
            let newest = head.seq == taken.seq;
            self.store.close_slot(self.room, taken.seq, newest, self.clock.now()).await?;
        }
        Ok(owner)
    }

    /// Where an earlier run of this post got to, without taking a slot.
    async fn look_up(&self, claim: &str) -> Result<Option<(Owned, Committed)>, AppendError> {
        let read_claim = self
            .store
            .client
            .get_item()
            .table_name(&self.store.table)
            .set_key(Some(key::of(key::room(self.room), claim)))
            .consistent_read(true)
            .send()
            .boxed();
        let (head, claim) =
            futures_util::future::join(self.store.read_head(self.room), read_claim).await;
        let room = self.admit(head?.ok_or(AppendError::NotAMember)?).await?;
        let now = self.clock.now().seconds();
        let claim = claim.map_err(StoreError::from)?.item;
        let live = claim.filter(|item| number(item, table::TTL).is_ok_and(|ends| ends >= now));
        Ok(live.map(|item| parse_claim(&item)).transpose()?.map(|owned| (owned, room)))
    }

    /// As whom the sender may post in a room that was read.
    pub(super) async fn admit(&self, head: Head) -> Result<Committed, AppendError> {
        let many = self.room.kind().rules().has_many_members();
        if self.sender.is_system {
            let members = match many {
                true => Some(self.store.members_at(self.room, &head).await?),
                false => None,
            };
            return Ok(Committed { poster: Poster::System, head, members });
        }
        if many {
            let members = self.store.members_at(self.room, &head).await?;
            let me = &self.sender.asker.me;
            if !members.keys.contains(me) {
                return Err(AppendError::NotAMember);
            }
            let poster = Poster::Member(me.clone());
            return Ok(Committed { poster, head, members: Some(members) });
        }
        let room = Membership::check(self.room, self.sender.asker, Some(head))
            .ok_or(AppendError::NotAMember)?;
        if room.head.blocked.contains_key(&room.me) {
            return Err(AppendError::Blocked);
        }
        let poster = if room.is_agent() { Poster::Agent(room.me) } else { Poster::Side(room.me) };
        Ok(Committed { poster, head: room.head, members: None })
    }

    /// Marks the sender's own message as read by the sender, where its commit could not. That the
    /// message is stored does not depend on it.
    async fn mark_sender(&self, taken: Owned, room: &Committed) {
        let Poster::Member(me) = &room.poster else { return };
        let marked = self.store.mark_part(self.room, me, taken.seq, taken.at).await;
        if let Err(error) = marked {
            tracing::warn!(%error, room = %self.room, "a sender's mark was not moved");
        }
    }

    async fn put(&self, owned: Owned, room: &Committed) -> Result<PutOutcome, StoreError> {
        let (sender_id, sender_type) = self.signature(&room.poster, &room.head);
        let message = Message {
            room: self.room,
            seq: owned.seq,
            kind: self.draft.kind,
            sender_id,
            sender_type,
            body: Some(self.draft.body.clone()),
            client_id: self.draft.client_id,
            reply_to: self.draft.reply_to,
            created_at: owned.at,
            edited_at: None,
            deleted_at: None,
            reactions: BTreeMap::new(),
            rev: room.head.rev,
        };
        let mut item = slot::message_item(&message, &self.fingerprint)?;
        let ttl = self.store.expiry_in(self.room.kind(), &room.head, owned.at);
        item.extend(ttl.map(|ttl| (table::TTL.to_owned(), ttl)));
        let put = self
            .store
            .client
            .put_item()
            .table_name(&self.store.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .boxed()
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
        loop {
            let reasons = match self.transact(self.close_request(room, seq, newest, now)?).await? {
                Transacted::Done => {
                    let slot = Slot::Void(seq);
                    return Ok(Stored { slot, at: now, fingerprint: String::new() });
                }
                Transacted::Refused(reasons) => reasons,
            };
            match reasons.as_slice() {
                [at_slot, ..] if condition_failed(at_slot) => {
                    let item = at_slot
                        .item
                        .clone()
                        .ok_or_else(|| StoreError::broken("a slot that is not shown"))?;
                    return slot::parse(room, item);
                }
                _ if newest => newest = false,
                _ => return Err(StoreError::broken("a slot of a room that is not there")),
            }
        }
    }

    fn close_request(
        &self,
        room: RoomId,
        seq: u64,
        newest: bool,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut void = slot::void_item(room, seq, now)?;
        let ttl = self.expiry(room.kind(), now);
        void.extend(ttl.map(|ttl| (table::TTL.to_owned(), ttl)));
        let void = Put::builder()
            .table_name(&self.table)
            .set_item(Some(void))
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
        Ok(transaction([
            TransactWriteItem::builder().put(void),
            TransactWriteItem::builder().update(count),
        ]))
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
