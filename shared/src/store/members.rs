//! Changes of a group's members. Each is one transaction with HEAD's counters, so that a removal
//! holds from the moment it is answered.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
    builders::TransactWriteItemBuilder,
};

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::condition_failed,
    info::{Info, SHOWN_MEMBERS, Side},
    key,
    membership::Membership,
    part::Part,
    transact::{Transacted, transaction},
};
use crate::domain::{
    ids::{RoomId, SideKey},
    member::MemberRole,
    room::{Seat, group::MAX_MEMBERS},
    time::Timestamp,
};

/// How many members join in one transaction, which takes a hundred items: these, HEAD, INFO, and
/// whoever adds them.
const JOIN_AT_ONCE: usize = 97;

/// How often those who leave at once may get in each other's way.
const MAX_TRIES: usize = 16;

/// The role of an owner as it is stored.
const OWNER: &str = "owner";

/// What came of adding members.
#[derive(Clone, Debug)]
pub enum Joined {
    /// Whoever adds is no member any more.
    NotAMember,
    /// The group would be too large. Where others filled it meanwhile, some may have joined.
    Full(Vec<SideKey>),
    /// They are members now; those who were none before.
    Done(Vec<SideKey>),
}

/// What came of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// Nobody of this id is a member.
    NoSuchMember,
    /// Whoever removes may not, or not any more.
    NotAllowed,
    /// Removed.
    Done,
}

impl Store {
    /// Adds members to a group, all of them or none; those who are members already stay as they are.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn add_members(
        &self,
        by: &Membership,
        info: &Info,
        seats: &[Seat],
        now: Timestamp,
    ) -> Result<Joined, StoreError> {
        let mut joined = Vec::new();
        let there = self.members_at(by.room, &by.head).await?;
        let new = seats.iter().map(|seat| (&seat.key, seat));
        let new: Vec<_> = new.filter(|(key, _)| !there.keys.contains(key)).collect();
        if by.head.member_count() + new.len() > MAX_MEMBERS {
            return Ok(Joined::Full(joined));
        }
        for chunk in new.chunks(JOIN_AT_ONCE) {
            let mut wanted: BTreeMap<&SideKey, &Seat> = chunk.iter().copied().collect();
            while !wanted.is_empty() {
                let shown = info.sides.len() + joined.len();
                let seats: Vec<&Seat> = wanted.values().copied().collect();
                let items = self.join_request(by, &seats, shown, now).await?;
                let reasons = match self.transact(items).await? {
                    Transacted::Done => {
                        joined.extend(wanted.into_keys().cloned());
                        break;
                    }
                    Transacted::Refused(reasons) => reasons,
                };
                match reasons.as_slice() {
                    [asker, ..] if condition_failed(asker) => return Ok(Joined::NotAMember),
                    [_, head, ..] if condition_failed(head) => return Ok(Joined::Full(joined)),
                    [_, _, parts @ ..] => {
                        // Who has become a member meanwhile is left out.
                        for (seat, reason) in seats.iter().zip(parts) {
                            if condition_failed(reason) {
                                wanted.remove(&seat.key);
                            }
                        }
                    }
                    _ => return Err(StoreError::broken("a refusal without reasons")),
                }
            }
        }
        Ok(Joined::Done(joined))
    }

    async fn join_request(
        &self,
        by: &Membership,
        seats: &[&Seat],
        shown: usize,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (salt, room) = (self.salt().await?, by.room);
        let still_there = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::part(&by.me))))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(StoreError::broken)?;
        let head = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::HEAD)))
            .update_expression("SET mv = mv + :one, mc = mc + :more")
            .condition_expression("mc <= :room_for")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":more", n(seats.len()))
            .expression_attribute_values(":room_for", n(MAX_MEMBERS.saturating_sub(seats.len())))
            .build()
            .map_err(StoreError::broken)?;
        let mut items = vec![
            TransactWriteItem::builder().condition_check(still_there),
            TransactWriteItem::builder().update(head),
        ];
        for seat in seats {
            let part = Part::new(seat, MemberRole::Member, room, salt, now);
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(part.item(room, &seat.key)?))
                .condition_expression("attribute_not_exists(pk)");
            let put = put.build().map_err(StoreError::broken)?;
            items.push(TransactWriteItem::builder().put(put));
        }
        items.extend(self.show_members(room, seats, shown).await?);
        Ok(transaction(items))
    }

    /// Puts as many of the new members into INFO as lists have room for.
    async fn show_members(
        &self,
        room: RoomId,
        seats: &[&Seat],
        shown: usize,
    ) -> Result<Option<TransactWriteItemBuilder>, StoreError> {
        let salt = self.salt().await?;
        let room_for = SHOWN_MEMBERS.saturating_sub(shown);
        let mut info = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::INFO)));
        let mut set = Vec::new();
        for (place, seat) in seats.iter().take(room_for).enumerate() {
            let id = seat.member_id(salt, room, false);
            let side = Side::of_member(id, seat.member_type(), &seat.profile);
            let side: HashMap<String, AttributeValue> =
                serde_dynamo::aws_sdk_dynamodb_1::to_item(side)?;
            set.push(format!("sides.#m{place} = :m{place}"));
            info = info
                .expression_attribute_names(format!("#m{place}"), seat.key.as_str())
                .expression_attribute_values(format!(":m{place}"), AttributeValue::M(side));
        }
        if set.is_empty() {
            return Ok(None);
        }
        let info = info.update_expression(format!("SET {}", set.join(", ")));
        Ok(Some(TransactWriteItem::builder().update(info.build().map_err(StoreError::broken)?)))
    }

    /// Removes a member: its item and its place in the room's channel, at once. An owner may remove
    /// others, everybody oneself; where an owner leaves, whoever joined first comes after.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn remove_member(
        &self,
        by: &Membership,
        member: &SideKey,
    ) -> Result<Removed, StoreError> {
        if by.me == *member {
            return self.leave(by).await;
        }
        let owner = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(by.room), key::part(&by.me))))
            .condition_expression("ro = :owner")
            .expression_attribute_values(":owner", s(OWNER))
            .build()
            .map_err(StoreError::broken)?;
        let mut items =
            self.removal(by.room, member, "attribute_exists(pk)", "attribute_exists(v)")?;
        items.push(TransactWriteItem::builder().condition_check(owner));
        Ok(match self.transact(transaction(items)).await? {
            Transacted::Done => Removed::Done,
            Transacted::Refused(reasons) => match reasons.as_slice() {
                [part, ..] if condition_failed(part) => Removed::NoSuchMember,
                _ => Removed::NotAllowed,
            },
        })
    }

    /// Removes whoever asks. An owner makes somebody else the owner, in the same transaction; where
    /// that one has just left too, or the last owner has just made one of the asker, once more.
    async fn leave(&self, by: &Membership) -> Result<Removed, StoreError> {
        let mut role = by.role();
        for _ in 0..MAX_TRIES {
            let Some(now) = role else { return Ok(Removed::NoSuchMember) };
            let items = match now {
                MemberRole::Member => self.leave_as_member(by)?,
                MemberRole::Owner => self.leave_as_owner(by).await?,
            };
            if self.transact(items).await?.is_done() {
                return Ok(Removed::Done);
            }
            if self.read_head(by.room).await?.is_none() {
                return Ok(Removed::NoSuchMember);
            }
            role = self.read_part(by.room, &by.me).await?.map(|part| part.role);
        }
        Err(StoreError::Unavailable("the members changed too often".into()))
    }

    fn leave_as_member(&self, by: &Membership) -> Result<Vec<TransactWriteItem>, StoreError> {
        let no_owner = "attribute_exists(pk) AND ro <> :owner";
        Ok(transaction(self.removal(by.room, &by.me, no_owner, "attribute_exists(v)")?))
    }

    async fn leave_as_owner(&self, by: &Membership) -> Result<Vec<TransactWriteItem>, StoreError> {
        let heir = self.next_owner(by.room, &by.me).await?;
        // Who is alone may have got company.
        let alone = if heir.is_none() { "mc = :one" } else { "attribute_exists(v)" };
        let mut items = self.removal(by.room, &by.me, "attribute_exists(pk)", alone)?;
        if let Some(heir) = heir {
            let owner = Update::builder()
                .table_name(&self.table)
                .set_key(Some(key::of(key::room(by.room), key::part(&heir))))
                .update_expression("SET ro = :owner")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":owner", s(OWNER));
            let owner = owner.build().map_err(StoreError::broken)?;
            items.push(TransactWriteItem::builder().update(owner));
        }
        Ok(transaction(items))
    }

    /// Whoever joined first, but the one who leaves.
    async fn next_owner(
        &self,
        room: RoomId,
        leaving: &SideKey,
    ) -> Result<Option<SideKey>, StoreError> {
        let others = self.all_members(room).await?.into_iter().filter(|(key, _)| key != leaving);
        let first = others.min_by_key(|(key, part)| (part.joined, key.clone()));
        Ok(first.map(|(key, _)| key))
    }

    /// What takes a member out, if what is said of its item and of HEAD holds.
    fn removal(
        &self,
        room: RoomId,
        member: &SideKey,
        part_holds: &str,
        head_holds: &str,
    ) -> Result<Vec<TransactWriteItemBuilder>, StoreError> {
        let mut delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::part(member))))
            .condition_expression(part_holds);
        if part_holds.contains(":owner") {
            delete = delete.expression_attribute_values(":owner", s(OWNER));
        }
        let head = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::HEAD)))
            .update_expression("SET v = v + :one, mv = mv + :one, mc = mc - :one")
            .condition_expression(head_holds)
            .expression_attribute_values(":one", n(1));
        let info = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::INFO)))
            .update_expression("REMOVE sides.#member")
            .expression_attribute_names("#member", member.as_str());
        // What the member said there is still the member's own.
        let left = Put::builder()
            .table_name(&self.table)
            .set_item(Some(key::of(key::side(member), key::own_room(key::LEFT, room))));
        Ok(vec![
            TransactWriteItem::builder().delete(delete.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder().update(head.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder().update(info.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder().put(left.build().map_err(StoreError::broken)?),
        ])
    }
}
