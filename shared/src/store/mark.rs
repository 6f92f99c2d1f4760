//! What a member sets for itself in a room: how far it has read, and how it wants to see the room.

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ReturnValue},
};

use super::{
    Store, StoreError,
    attr::n,
    key,
    membership::Membership,
    part::Part,
    update::{self, Updated},
};
use crate::domain::{
    ids::{RoomId, SideKey},
    member::MemberType,
    principal::Asker,
    time::Timestamp,
};

/// How often a read mark may find that the head has moved on.
const MAX_TRIES: usize = 16;

/// What came of marking a room as read.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The room as it now is.
    pub room: Membership,
    /// Whether the mark moved.
    pub moved: bool,
}

/// What a member sets for itself; what is not given stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnSettings {
    /// Out of the member's list until something comes.
    pub hidden: Option<bool>,
    /// No notifications.
    pub muted: Option<bool>,
    /// To be shown on top.
    pub pinned: Option<bool>,
}

/// How far a member has read, and when it says so.
#[derive(Clone, Copy)]
struct Reading {
    seq: u64,
    /// Whether that is all there is.
    to_the_end: bool,
    now: Timestamp,
}

impl Store {
    /// Moves a member's read mark forward, never back and never past the head; `None` to a stranger.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn mark_read(
        &self,
        room: RoomId,
        asker: &Asker,
        seq: u64,
        now: Timestamp,
    ) -> Result<Option<Marked>, StoreError> {
        if room.kind().rules().has_many_members() {
            return self.mark_read_in_group(room, asker, seq, now).await;
        }
        let mut me = asker.desk_in(room.kind()).unwrap_or(&asker.me).clone();
        let mut reading = Reading { seq: seq.min(key::MAX_SEQ), to_the_end: true, now };
        for _ in 0..MAX_TRIES {
            let request = self.mark_request(room, asker, &me, reading);
            let item = match update::send(request).await? {
                Updated::Done(item) => {
                    let room = Membership::check(room, asker, self.parse_head(item)?);
                    return Ok(room.map(|room| Marked { room, moved: true }));
                }
                Updated::Refused(item) => item,
            };
            let head = item.map_or(Ok(None), |item| self.parse_head(item))?;
            let Some(room) = Membership::check(room, asker, head) else { return Ok(None) };
            let seq = reading.seq.min(room.head.seq);
            if room.mark.read >= seq {
                return Ok(Some(Marked { room, moved: false }));
            }
            reading = Reading { seq, to_the_end: seq == room.head.seq, now };
            me = room.me;
        }
        Err(StoreError::Unavailable("the room moved on too often".into()))
    }

    /// A mark that goes to the end also ends the waiting of a desk's room. Whether it does is known
    /// only together with the head, so that is tried first.
    fn mark_request(
        &self,
        room: RoomId,
        asker: &Asker,
        me: &SideKey,
        Reading { seq, to_the_end, now }: Reading,
    ) -> UpdateItemFluentBuilder {
        let is_desk = asker.desk_in(room.kind()) == Some(me);
        let (update, head) = match (is_desk, to_the_end) {
            (true, true) => (" REMOVE q3p, q3s", "seq = :seq"),
            _ => ("", "seq >= :seq"),
        };
        let request = self
            .update(key::of(key::room(room), key::HEAD))
            .update_expression(format!("SET rd.#me.s = :seq, rd.#me.t = :now{update}"))
            .expression_attribute_names("#me", me.as_str())
            .expression_attribute_values(":seq", n(seq))
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew);
        let condition = format!("attribute_exists(rd.#me) AND rd.#me.s < :seq AND {head}");
        if *me == asker.me {
            return request.condition_expression(condition);
        }
        request
            .condition_expression(format!("{condition} AND attribute_not_exists(rd.#self)"))
            .expression_attribute_names("#self", asker.me.as_str())
    }

    async fn mark_read_in_group(
        &self,
        room: RoomId,
        asker: &Asker,
        seq: u64,
        now: Timestamp,
    ) -> Result<Option<Marked>, StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        let seq = seq.min(head.seq);
        let marked = self.mark_part(room, &asker.me, seq, now).await?;
        Ok(marked.and_then(|(moved, part)| {
            let room = Membership::of_group(room, asker, Some(head), Some(part))?;
            Some(Marked { room, moved })
        }))
    }

    /// Says of every member of a room that it has read so far, as an import knows it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn mark_all_read(
        &self,
        room: RoomId,
        seq: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(()) };
        if room.kind().rules().has_many_members() {
            for member in &self.members_at(room, &head).await?.keys {
                self.mark_part(room, member, seq, at).await?;
            }
            return Ok(());
        }
        for (side, mark) in head.marks.iter().filter(|(_, mark)| mark.read < seq) {
            // Nothing waits for a desk that has read it all.
            let is_desk = matches!(mark.kind, MemberType::Admin | MemberType::Merchant);
            let remove = if is_desk && head.seq == seq { " REMOVE q3p, q3s" } else { "" };
            let request = self
                .update(key::of(key::room(room), key::HEAD))
                .update_expression(format!("SET rd.#side.s = :seq, rd.#side.t = :at{remove}"))
                .condition_expression(
                    "attribute_exists(rd.#side) AND rd.#side.s < :seq AND seq >= :seq",
                )
                .expression_attribute_names("#side", side.as_str())
                .expression_attribute_values(":seq", n(seq))
                .expression_attribute_values(":at", n(at.millis()));
            update::send(request).await?;
        }
        Ok(())
    }

    /// Keeps what a member sets for itself; `None` if it is a member no more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn set_own(
        &self,
        member: &Membership,
        settings: OwnSettings,
    ) -> Result<Option<Membership>, StoreError> {
        let (room, head) = (member.room, &member.head);
        let is_group = member.part.is_some();
        let (sort, mark) = if is_group {
            (key::part(&member.me), "rd".to_owned())
        } else {
            (key::HEAD.to_owned(), "rd.#me".to_owned())
        };
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut change = |wanted: Option<bool>, name: &str, value: &str| match wanted {
            Some(true) => set.push(format!("{mark}.{name} = {value}")),
            Some(false) => remove.push(format!("{mark}.{name}")),
            None => {}
        };
        change(settings.hidden, "h", ":head");
        change(settings.muted, "m", ":yes");
        change(settings.pinned, "p", ":yes");
        let mut request = self
            .update(key::of(key::room(room), sort))
            .condition_expression(format!("attribute_exists({mark})"))
            .return_values(ReturnValue::AllNew);
        if !is_group {
            request = request.expression_attribute_names("#me", member.me.as_str());
        }
        if settings.hidden == Some(true) {
            request = request.expression_attribute_values(":head", n(head.seq));
        }
        if settings.muted == Some(true) || settings.pinned == Some(true) {
            request = request.expression_attribute_values(":yes", AttributeValue::Bool(true));
        }
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let expression = clause("SET", &set) + &clause("REMOVE", &remove);
        let updated = update::send(request.update_expression(expression)).await?;
        let Updated::Done(item) = updated else { return Ok(None) };
        if is_group {
            let part: Part = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
            return Ok(Some(Membership { mark: part.mark, ..member.clone() }));
        }
        let head =
            self.parse_head(item)?.ok_or_else(|| StoreError::broken("no HEAD at its place"))?;
        let mark = head.marks.get(&member.me).cloned();
        Ok(mark.map(|mark| Membership { mark, head, ..member.clone() }))
    }

    /// Moves a member's read mark forward, never back; says whether it moved. `None` to a stranger.
    pub(super) async fn mark_part(
        &self,
        room: RoomId,
        member: &SideKey,
        seq: u64,
        now: Timestamp,
    ) -> Result<Option<(bool, Part)>, StoreError> {
        let request = self
            .update(key::of(key::room(room), key::part(member)))
            .update_expression("SET rd.s = :seq, rd.t = :now")
            .condition_expression("attribute_exists(pk) AND rd.s < :seq")
            .expression_attribute_values(":seq", n(seq))
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew);
        let (moved, item) = match update::send(request).await? {
            Updated::Done(item) => (true, Some(item)),
            Updated::Refused(item) => (false, item),
        };
        let part = item.map(serde_dynamo::aws_sdk_dynamodb_1::from_item).transpose()?;
        Ok(part.map(|part| (moved, part)))
    }
}
