//! CHANGE: what becomes of a message after it was stored. An edit, a deletion and a reaction are one
//! transaction each: HEAD's revision, the message, and an item that says which message the revision is
//! about, so that a client can ask what it missed.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, TransactWriteItem, Update,
    builders::{TransactWriteItemBuilder, UpdateBuilder},
};
use futures_util::{FutureExt as _, future::join};

use super::{
    Store, StoreError,
    attr::{n, s},
    head::Head,
    key::{self, MAX_SEQ},
    membership::Membership,
    slot, table,
    transact::{Transacted, transaction},
};
use crate::domain::{
    ids::{RoomId, SideKey},
    message::{Emoji, MAX_EMOJI, Message, MessageType, Slot},
    principal::Asker,
    time::Timestamp,
};

/// How often a change may find that another one was faster.
const MAX_TRIES: u32 = 64;

/// What is to become of a message.
#[derive(Clone, Debug)]
pub enum Change {
    /// Another text.
    Edit(String),
    /// None at all.
    Delete,
    /// One more, or one less, who reacts with an emoji.
    React {
        /// Which.
        emoji: Emoji,
        /// Whether it is put or taken away.
        on: bool,
    },
}

/// Whoever changes a message.
#[derive(Clone, Copy, Debug)]
pub struct Changer<'a> {
    /// The caller, as rooms may know it.
    pub asker: &'a Asker,
    /// Whether it deletes any message in any room, as an agent does.
    pub moderates: bool,
}

/// What came of a change.
#[derive(Clone, Debug)]
pub enum Changed {
    /// No such room or message, or not the asker's.
    NotFound,
    /// The asker may no longer write here.
    Blocked,
    /// The message is somebody else's.
    NotYours,
    /// A deleted message stays as it is.
    IsDeleted,
    /// Only text can be edited.
    NoText,
    /// The message has too many emoji already.
    TooManyEmoji,
    /// The message is as it was asked for.
    Done {
        /// The message.
        message: Box<Message>,
        /// The room.
        head: Box<Head>,
        /// The asker's id in the room; none of an agent who is not in it.
        by: Option<String>,
        /// Whether this call changed anything.
        changed: bool,
    },
}

/// A part of what has changed.
#[derive(Clone, Debug)]
pub struct ChangesPage {
    /// The room.
    pub room: Membership,
    /// The messages as they are now, in the order in which they changed last.
    pub messages: Vec<Message>,
    /// Up to which revision this tells everything.
    pub rev: u64,
}

impl Store {
    /// Changes a message, once: asked for what it is already, nothing is written.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn change(
        &self,
        room: RoomId,
        seq: u64,
        by: Changer<'_>,
        change: &Change,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        for tries in 0..MAX_TRIES {
            let (found, message) =
                join(self.membership_at_once(room, by.asker), self.read_slot(room, seq)).await;
            let (head, member) = match found? {
                Some(member) => (member.head.clone(), Some(member)),
                None if by.moderates => match self.read_head(room).await? {
                    Some(head) => (head, None),
                    None => return Ok(Changed::NotFound),
                },
                None => return Ok(Changed::NotFound),
            };
            let Some(message) = message?.filter(|message| message.seq > head.floor) else {
                return Ok(Changed::NotFound);
            };
            if let Some(refused) = refusal(&message, member.as_ref(), by, change) {
                return Ok(refused);
            }
            let rev = head.rev + 1;
            let after = changed(&message, &by.asker.me, change, rev, now);
            let id = member.as_ref().map(|member| member.mark.member_id.clone());
            let done = |message: Message, head: Head, changed| Changed::Done {
                message: Box::new(message),
                head: Box::new(head),
                by: id,
                changed,
            };
            let Some(after) = after else {
                if message.rev > head.rev {
                    // It has changed since the room was read, and so may have who hears of it.
                    continue;
                }
                // It was this call's own doing if it tried before: only the answer was lost then. Or
                // somebody else asked for the same, and the room is told twice.
                return Ok(done(message, head, tries > 0));
            };
            let writing = Writing {
                table: &self.table,
                head: &head,
                member: member.as_ref(),
                after: &after,
                change,
                me: &by.asker.me,
                ttl: self.expiry(room.kind(), now),
                now,
            };
            if let Transacted::Done = self.transact(writing.items()?).await? {
                let mut head = head;
                head.rev = rev;
                return Ok(done(after, head, true));
            }
            // Another change was faster, or the message or the membership is not what it was.
        }
        Err(StoreError::Unavailable("the message changed too often".into()))
    }

    /// The message at a slot, as it is at this moment; none where there is a void or nothing.
    async fn read_slot(&self, room: RoomId, seq: u64) -> Result<Option<Message>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::slot(seq))))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        Ok(answer.item.map(|item| slot::parse(room, item)).transpose()?.and_then(|stored| {
            match stored.slot {
                Slot::Message(message) => Some(message),
                _ => None,
            }
        }))
    }

    /// What edits, deletions and reactions have touched since a revision; `None` to a stranger. The
    /// answer tells everything up to its own `rev`, which may be less than the room's.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn changes(
        &self,
        room: RoomId,
        asker: &Asker,
        after_rev: u64,
        limit: usize,
    ) -> Result<Option<ChangesPage>, StoreError> {
        let entries = self.entries(room, after_rev, limit);
        let (found, entries) = join(self.membership_at_once(room, asker), entries).await;
        let Some(room) = found? else { return Ok(None) };
        let of = (room.room, &room.head);
        let (messages, rev) = self.changed_in(of, after_rev, limit, entries?).await?;
        Ok(Some(ChangesPage { room, messages, rev }))
    }

    /// The messages of a room that changed after a revision, as they are now, and the revision up to which
    /// these are all: for nobody in particular, but for all of the members to be told.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn changed_after(
        &self,
        room: RoomId,
        head: &Head,
        after_rev: u64,
        limit: usize,
    ) -> Result<(Vec<Message>, u64), StoreError> {
        let entries = self.entries(room, after_rev, limit).await?;
        self.changed_in((room, head), after_rev, limit, entries).await
    }

    /// The messages that these changes were about, as they are now.
    async fn changed_in(
        &self,
        (room, head): (RoomId, &Head),
        after_rev: u64,
        limit: usize,
        mut entries: Vec<(u64, u64)>,
    ) -> Result<(Vec<Message>, u64), StoreError> {
        let mut rev = after_rev.min(head.rev);
        if entries.is_empty() && rev < head.rev && self.lifetime(room.kind()).is_some() {
            // Either they came just now, or they have gone with their messages.
            entries = self.entries(room, after_rev, limit).await?;
            rev = head.rev;
        }
        let mut seqs = Vec::new();
        for (at, seq) in entries {
            rev = at;
            seqs.retain(|earlier| *earlier != seq);
            if seq > head.floor {
                seqs.push(seq);
            }
        }
        let keys = seqs.iter().map(|seq| key::of(key::room(room), key::slot(*seq)));
        let mut messages = HashMap::new();
        for item in self.batch_get(keys.collect(), true).await? {
            if let Slot::Message(message) = slot::parse(room, item)?.slot {
                messages.insert(message.seq, message);
            }
        }
        Ok((seqs.iter().filter_map(|seq| messages.remove(seq)).collect(), rev))
    }

    /// Which revisions came after one, and the slot whose message each is about.
    async fn entries(
        &self,
        room: RoomId,
        after_rev: u64,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :room AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":room", s(key::room(room)))
            .expression_attribute_values(":first", s(key::change(after_rev.saturating_add(1))))
            .expression_attribute_values(":last", s(key::change(MAX_SEQ)))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        query.send().boxed().await?.items.unwrap_or_default().iter().map(entry).collect()
    }
}

/// A change that is to be written.
struct Writing<'a> {
    table: &'a str,
    /// The room as it was read.
    head: &'a Head,
    /// The asker's place in it; none of an agent who is not in it.
    member: Option<&'a Membership>,
    /// What the message becomes.
    after: &'a Message,
    change: &'a Change,
    me: &'a SideKey,
    /// When the store may delete the CHANGE, which is of no use without its message.
    ttl: Option<AttributeValue>,
    now: Timestamp,
}

impl Writing<'_> {
    /// The transaction: HEAD, the message, and what says which message the revision is about.
    fn items(&self) -> Result<Vec<TransactWriteItem>, StoreError> {
        let room = key::room(self.after.room);
        let entry = put_entry(self.table, self.after, self.after.rev, self.ttl.clone())?;
        let at_slot = slot_update(self.change, self.me)
            .table_name(self.table)
            .set_key(Some(key::of(room, key::slot(self.after.seq))))
            .expression_attribute_values(":rev", n(self.after.rev));
        let at_slot = match self.change {
            Change::React { .. } => at_slot,
            _ => at_slot.expression_attribute_values(":now", n(self.now.millis())),
        };
        let at_head = self.head_update();
        Ok(transaction([
            TransactWriteItem::builder().update(at_head.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder().update(at_slot.build().map_err(StoreError::broken)?),
            entry,
        ]))
    }

    /// HEAD's part: the revision, if it is still the one that was read and the asker still in the room;
    /// and the preview, where that is of this message.
    fn head_update(&self) -> UpdateBuilder {
        let Self { head, after, .. } = self;
        let mut set = "SET rev = :rev, lc = :now".to_owned();
        let mut condition = "rev = :old".to_owned();
        let mut update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key::of(key::room(after.room), key::HEAD)))
            .expression_attribute_values(":rev", n(after.rev))
            .expression_attribute_values(":old", n(head.rev))
            .expression_attribute_values(":now", n(self.now.millis()));
        if !matches!(self.change, Change::React { .. }) {
            update = update.expression_attribute_values(":seq", n(after.seq));
            if head.preview.seq == Some(after.seq) {
                set += ", pv.x = :text";
                condition += " AND pv.s = :seq";
                update = update.expression_attribute_values(":text", s(after.preview()));
            } else {
                // HEAD may have been read before the message was posted, and the message after.
                condition += " AND (attribute_not_exists(pv.s) OR pv.s <> :seq)";
            }
        }
        if let Some(member) = self.member {
            if member.part.is_some() {
                condition += " AND v = :seen";
                update = update.expression_attribute_values(":seen", n(head.generation));
            } else {
                condition += " AND attribute_exists(rd.#me)";
                update = update.expression_attribute_names("#me", member.me.as_str());
            }
        }
        update.update_expression(set).condition_expression(condition)
    }
}

/// The message's part of a change: what becomes of it, and what it must be for that.
fn slot_update(change: &Change, me: &SideKey) -> UpdateBuilder {
    let update = Update::builder();
    match change {
        Change::Edit(text) => update
            .update_expression("SET b = :text, e = :now, v = :rev")
            .condition_expression("attribute_exists(b)")
            .expression_attribute_values(":text", s(text)),
        Change::Delete => update
            .update_expression("SET d = :now, v = :rev REMOVE b, h, re, e")
            .condition_expression("attribute_exists(b)"),
        Change::React { emoji, on } => {
            let (clause, condition) = match on {
                true => (
                    "ADD re.#emoji :members",
                    "attribute_exists(b) AND NOT contains(re.#emoji, :me) \
                     AND (attribute_exists(re.#emoji) OR size(re) < :most)",
                ),
                false => ("DELETE re.#emoji :members", "contains(re.#emoji, :me)"),
            };
            let update = update
                .update_expression(format!("SET v = :rev {clause}"))
                .condition_expression(condition)
                .expression_attribute_names("#emoji", emoji.as_str())
                .expression_attribute_values(":me", s(me.as_str()))
                .expression_attribute_values(":members", members(me));
            match on {
                true => update.expression_attribute_values(":most", n(MAX_EMOJI)),
                false => update,
            }
        }
    }
}

/// What puts the item that says which message a revision is about.
pub(super) fn put_entry(
    table: &str,
    message: &Message,
    rev: u64,
    ttl: Option<AttributeValue>,
) -> Result<TransactWriteItemBuilder, StoreError> {
    let mut entry = key::of(key::room(message.room), key::change(rev));
    entry.insert("n".into(), n(message.seq));
    entry.extend(ttl.map(|ttl| (table::TTL.to_owned(), ttl)));
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(entry))
        .condition_expression("attribute_not_exists(pk)");
    Ok(TransactWriteItem::builder().put(put.build().map_err(StoreError::broken)?))
}

fn members(me: &SideKey) -> AttributeValue {
    AttributeValue::Ss(vec![me.as_str().to_owned()])
}

/// Why the message is not to be changed so, as far as it can be told from what was read.
fn refusal(
    message: &Message,
    member: Option<&Membership>,
    by: Changer<'_>,
    change: &Change,
) -> Option<Changed> {
    let own = member.is_some_and(|member| member.mark.member_id == message.sender_id);
    let blocked = member.is_some_and(|member| member.head.blocked.contains_key(&member.me));
    let deleted = message.deleted_at.is_some();
    match change {
        Change::Delete if !own && !by.moderates => Some(Changed::NotYours),
        Change::Delete => None,
        _ if blocked => Some(Changed::Blocked),
        Change::Edit(_) if !own => {
            Some(if member.is_some() { Changed::NotYours } else { Changed::NotFound })
        }
        Change::React { .. } if member.is_none() => Some(Changed::NotFound),
        _ if deleted => Some(Changed::IsDeleted),
        Change::Edit(_) if message.kind != MessageType::Text => Some(Changed::NoText),
        Change::React { emoji, on: true } => {
            let is_new = !message.reactions.contains_key(emoji.as_str());
            (is_new && message.reactions.len() >= MAX_EMOJI).then_some(Changed::TooManyEmoji)
        }
        _ => None,
    }
}

/// The message after the change; `None` where it is so already.
fn changed(
    message: &Message,
    me: &SideKey,
    change: &Change,
    rev: u64,
    now: Timestamp,
) -> Option<Message> {
    let mut after = Message { rev, ..message.clone() };
    match change {
        Change::Edit(text) => {
            if message.body.as_ref() == Some(text) {
                return None;
            }
            after.body = Some(text.clone());
            after.edited_at = Some(now);
        }
        Change::Delete => {
            if message.deleted_at.is_some() {
                return None;
            }
            after.body = None;
            after.edited_at = None;
            after.deleted_at = Some(now);
            after.reactions.clear();
        }
        Change::React { emoji, on } => {
            let members = after.reactions.entry(emoji.as_str().to_owned()).or_default();
            let moved = if *on { members.insert(me.clone()) } else { members.remove(me) };
            if !moved {
                return None;
            }
            after.reactions.retain(|_, members| !members.is_empty());
        }
    }
    Some(after)
}

/// Which revision, and which message it is about.
fn entry(item: &HashMap<String, AttributeValue>) -> Result<(u64, u64), StoreError> {
    let rev = item.get("sk").and_then(|sort| key::change_rev(sort.as_s().ok()?));
    let seq = item.get("n").and_then(|seq| seq.as_n().ok()?.parse().ok());
    rev.zip(seq).ok_or_else(|| StoreError::broken("a change of nothing"))
}
