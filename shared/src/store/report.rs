//! REPORT: a copy of a message that somebody reported, beside the message, so that it goes with the
//! room. The key follows from message and reporter: reporting again finds the first one.
//!
//! A copy is only put while the message says what was copied, and while the room is there. So whoever
//! takes a message's text away, or the room, and the copies after it, leaves none behind.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{
        AttributeValue, ConditionCheck, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem,
    },
};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::condition_failed,
    key::{self, Key},
    membership::Membership,
    table,
    transact::{Transacted, transaction},
    update::{self, Updated},
};
use crate::domain::{
    ids::{ReportId, RoomId},
    message::SenderType,
    report::{Report, ReportState, Resolution},
    time::Timestamp,
};

/// The index in which reports stand by their state, newest last.
const BY_STATE: (&str, &str) = ("gq3", "q3p");
/// The index in which each is found by its id.
const BY_ID: &str = "gq1";

/// How many copies of one message are taken away at a time.
const UPDATES_AT_ONCE: usize = 8;

/// The item as it is stored.
#[derive(Serialize, Deserialize)]
struct Item {
    pk: String,
    sk: String,
    /// When it was reported.
    t: i64,
    /// The copy of the message's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<String>,
    /// The sender's id in the room, and in which capacity.
    i: String,
    y: SenderType,
    /// The reporter's id in the room, and its account where the room hides nothing.
    m: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<String>,
    /// The reason.
    r: String,
    /// When it was resolved, by whom, and the note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    z: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zb: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zn: Option<String>,
    q1p: String,
    q1s: i64,
    q3p: String,
    q3s: i64,
}

/// What came of reporting a message.
#[derive(Clone, Debug)]
pub enum Reported {
    /// It is stored now.
    New,
    /// The reporter had reported this message before: that report.
    Before(Box<Report>),
    /// The message, or the room, is not as it was read: read it again.
    Changed,
}

/// A place in the list of reports: just behind this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportCursor {
    at: i64,
    room: RoomId,
    seq: u64,
    id: ReportId,
}

/// A page of the list of reports.
#[derive(Clone, Debug)]
pub struct ReportPage {
    /// The reports, newest first.
    pub reports: Vec<Report>,
    /// Where the next page begins, if there is more.
    pub next: Option<ReportCursor>,
}

impl Store {
    /// Stores a report, unless there is one of this message by the same reporter. `by` is who
    /// reports, `sent` when the message was: its copy is not kept longer.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_report(
        &self,
        report: &Report,
        by: &Membership,
        sent: Timestamp,
    ) -> Result<Reported, StoreError> {
        match self.transact(self.report_request(report, by, sent)?).await? {
            Transacted::Done => Ok(Reported::New),
            Transacted::Refused(reasons) => match reasons.as_slice() {
                [own, ..] if condition_failed(own) => {
                    let item = own
                        .item
                        .clone()
                        .ok_or_else(|| StoreError::broken("a report that is not shown"))?;
                    Ok(Reported::Before(Box::new(parse(item)?)))
                }
                _ => Ok(Reported::Changed),
            },
        }
    }

    fn report_request(
        &self,
        report: &Report,
        by: &Membership,
        sent: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut item = item(report)?;
        let ttl = self.expiry(report.room.kind(), sent);
        item.extend(ttl.map(|ttl| (table::TTL.to_owned(), ttl)));
        let check = |sort: String| {
            ConditionCheck::builder()
                .table_name(&self.table)
                .set_key(Some(key::of(key::room(report.room), sort)))
        };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let message = check(key::slot(report.seq))
            .condition_expression("b = :copy")
            .expression_attribute_values(":copy", s(report.body.clone().unwrap_or_default()));
        // The room is there, and the reporter still in it.
        let room = check(key::HEAD.to_owned());
        let room = match by.part {
            Some(_) => room
                .condition_expression("v = :seen")
                .expression_attribute_values(":seen", n(by.head.generation)),
            None => room
                .condition_expression("attribute_exists(rd.#me)")
                .expression_attribute_names("#me", by.me.as_str()),
        };
        Ok(transaction([
            TransactWriteItem::builder().put(put.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder()
                .condition_check(message.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder().condition_check(room.build().map_err(StoreError::broken)?),
        ]))
    }

    /// A page of the reports of a state, newest first. A page may be short, where the index is a
    /// moment behind: `next` alone says whether there is more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn reports(
        &self,
        state: ReportState,
        limit: usize,
        after: Option<ReportCursor>,
    ) -> Result<ReportPage, StoreError> {
        let state_of = (BY_STATE, key::reports_in(state));
        let after = after.map(|cursor| cursor.key(state));
        let (entries, more) = self.newest(state_of, after, limit).await?;
        let places = entries.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let next = places.last().copied().filter(|_| more);
        Ok(ReportPage { reports: self.reports_at(&places, state).await?, next })
    }

    /// The reports at these places, in their order, as they are at this moment.
    async fn reports_at(
        &self,
        places: &[ReportCursor],
        state: ReportState,
    ) -> Result<Vec<Report>, StoreError> {
        let keys = places.iter().map(ReportCursor::item_key).collect();
        let items = self.batch_get(keys, true).await?;
        let mut found: HashMap<(RoomId, u64, ReportId), Report> = HashMap::new();
        for item in items.into_iter().filter(|item| !self.is_over(item)) {
            let report = parse(item)?;
            found.insert((report.room, report.seq, report.id), report);
        }
        let of_place = |at: &ReportCursor| found.remove(&(at.room, at.seq, at.id));
        let reports = places.iter().filter_map(of_place);
        Ok(reports.filter(|report| report.state() == state).collect())
    }

    /// Says of a report that somebody has seen to it; `None` if there is no such report. What was
    /// said of it before stays.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn resolve_report(
        &self,
        id: ReportId,
        resolution: &Resolution,
    ) -> Result<Option<Report>, StoreError> {
        let Some(key) = self.report_key(id).await? else { return Ok(None) };
        let note = resolution.note.as_ref();
        let change = match note {
            Some(_) => "SET z = :at, zb = :by, zn = :note, q3p = :state",
            None => "SET z = :at, zb = :by, q3p = :state",
        };
        let request = self
            .update(key)
            .update_expression(change)
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(z)")
            .expression_attribute_values(":at", n(resolution.at.millis()))
            .expression_attribute_values(":by", s(&resolution.by))
            .expression_attribute_values(":state", s(key::reports_in(ReportState::Resolved)))
            .return_values(ReturnValue::AllNew);
        let request = match note {
            Some(note) => request.expression_attribute_values(":note", s(note)),
            None => request,
        };
        let item = match update::send(request).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        item.map(parse).transpose()
    }

    /// A report as it is at this moment, without asking for anybody: for what the application's server is
    /// told.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn report_to_tell_of(
        &self,
        room: RoomId,
        seq: u64,
        id: ReportId,
    ) -> Result<Option<Report>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::room(room), key::report(seq, id))))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        answer.item.filter(|item| !self.is_over(item)).map(parse).transpose()
    }

    /// Where a report is.
    async fn report_key(&self, id: ReportId) -> Result<Option<Key>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_ID)
            .key_condition_expression("q1p = :id")
            .expression_attribute_values(":id", s(key::report_id(id)))
            .limit(1)
            .send()
            .boxed()
            .await?;
        let found = answer.items.unwrap_or_default().into_iter().next();
        Ok(found.map(|mut item| {
            item.retain(|name, _| name == "pk" || name == "sk");
            item
        }))
    }

    /// Takes the copies of a message's text away from all its reports. Whoever deletes a message
    /// does that first and calls this second: a report that comes between finds no text to copy.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call goes on.
    pub async fn forget_reported(&self, room: RoomId, seq: u64) -> Result<(), StoreError> {
        let query = self.reports_at_keys(room, &key::reports(seq)).projection_expression("pk, sk");
        let updates = self.query_all(query).await?.into_iter().map(|key| {
            // One that went with its room meanwhile must not come back.
            let request = self.update(key).condition_expression("attribute_exists(pk)");
            update::send(request.update_expression("REMOVE b"))
        });
        let updates: Vec<_> = updates.collect();
        let done = stream::iter(updates).buffer_unordered(UPDATES_AT_ONCE);
        done.try_for_each(|_| std::future::ready(Ok(()))).await
    }

    /// A query for the reports of a room whose sort keys begin so.
    fn reports_at_keys(&self, room: RoomId, begin: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :room AND begins_with(sk, :reports)")
            .expression_attribute_values(":room", s(key::room(room)))
            .expression_attribute_values(":reports", s(begin))
            .consistent_read(true)
    }

    /// What somebody has reported in a room, by its id there.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn reported_by(
        &self,
        room: RoomId,
        member_id: &str,
    ) -> Result<Vec<Report>, StoreError> {
        let query = self
            .reports_at_keys(room, key::REPORTS)
            .filter_expression("m = :reporter")
            .expression_attribute_values(":reporter", s(member_id));
        let items = self.query_all(query).await?.into_iter();
        items.filter(|item| !self.is_over(item)).map(parse).collect()
    }
}

/// Somebody who is to be nobody in the reports of a room.
pub(super) struct Forgotten<'a> {
    /// The id in the room.
    pub(super) member_id: &'a str,
    /// The account's.
    pub(super) account: &'a str,
    /// What takes their place.
    pub(super) new_id: &'a str,
}

impl Store {
    /// Takes out of a room's reports who somebody was and what it said.
    pub(super) async fn forget_in_reports(
        &self,
        room: RoomId,
        who: Forgotten<'_>,
    ) -> Result<(), StoreError> {
        for item in self.query_all(self.reports_at_keys(room, key::REPORTS)).await? {
            let is = |name: &str, id: &str| item.get(name) == Some(&s(id));
            let (sent, reported) = (is("i", who.member_id), is("m", who.member_id));
            let mut changes = Vec::new();
            let mut gone = Vec::new();
            if sent {
                changes.push("i = :new");
                gone.push("b");
            }
            if reported || is("u", who.account) {
                changes.extend(["m = :new", "r = :none"]);
                gone.push("u");
            }
            if changes.is_empty() {
                continue;
            }
            let place = [("pk", &item["pk"]), ("sk", &item["sk"])];
            let place = place.map(|(name, value)| (name.to_owned(), value.clone()));
            let (set, gone) = (changes.join(", "), gone.join(", "));
            let mut request = self
                .update(place.into())
                .update_expression(format!("SET {set} REMOVE {gone}"))
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":new", s(who.new_id));
            if set.contains(":none") {
                request = request.expression_attribute_values(":none", s(""));
            }
            update::send(request).await?;
        }
        Ok(())
    }
}

impl ReportCursor {
    /// The cursor that this text spells.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut part = || parts.next();
        let cursor = Self {
            at: part()?.parse().ok()?,
            room: part()?.parse().ok()?,
            seq: part()?.parse().ok()?,
            id: part()?.parse().ok()?,
        };
        (part().is_none() && cursor.to_string() == text).then_some(cursor)
    }

    fn item_key(&self) -> Key {
        key::of(key::room(self.room), key::report(self.seq, self.id))
    }

    /// The key of its entry in the index.
    fn key(&self, state: ReportState) -> Key {
        let mut key = self.item_key();
        key.insert("q3p".to_owned(), s(key::reports_in(state)));
        key.insert("q3s".to_owned(), n(self.at));
        key
    }
}

impl std::fmt::Display for ReportCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}.{}", self.at, self.room, self.seq, self.id)
    }
}

/// Where an entry of the index stands.
fn place(entry: &HashMap<String, AttributeValue>) -> Result<ReportCursor, StoreError> {
    let text = |name: &str| entry.get(name)?.as_s().ok();
    let parts = || {
        let (seq, id) = key::report_parts(text("sk")?)?;
        let at = entry.get("q3s")?.as_n().ok()?.parse().ok()?;
        Some(ReportCursor { at, room: key::room_id(text("pk")?)?, seq, id })
    };
    parts().ok_or_else(|| StoreError::broken("an entry that is no report's"))
}

fn item(report: &Report) -> Result<HashMap<String, AttributeValue>, StoreError> {
    let resolution = report.resolution.as_ref();
    Ok(serde_dynamo::aws_sdk_dynamodb_1::to_item(Item {
        pk: key::room(report.room),
        sk: key::report(report.seq, report.id),
        t: report.created_at.millis(),
        b: report.body.clone(),
        i: report.sender_id.clone(),
        y: report.sender_type,
        m: report.reporter_id.clone(),
        u: report.reporter_account.clone(),
        r: report.reason.clone(),
        z: resolution.map(|resolution| resolution.at.millis()),
        zb: resolution.map(|resolution| resolution.by.clone()),
        zn: resolution.and_then(|resolution| resolution.note.clone()),
        q1p: key::report_id(report.id),
        q1s: 0,
        q3p: key::reports_in(report.state()),
        q3s: report.created_at.millis(),
    })?)
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<Report, StoreError> {
    let item: Item = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
    let (room, place) = (key::room_id(&item.pk), key::report_parts(&item.sk));
    let (Some(room), Some((seq, id))) = (room, place) else {
        return Err(StoreError::broken("a report of no message"));
    };
    let resolution = item.z.zip(item.zb).map(|(at, by)| Resolution {
        at: Timestamp::from_millis(at),
        by,
        note: item.zn,
    });
    Ok(Report {
        id,
        room,
        seq,
        body: item.b,
        sender_id: item.i,
        sender_type: item.y,
        reporter_id: item.m,
        reporter_account: item.u,
        reason: item.r,
        created_at: Timestamp::from_millis(item.t),
        resolution,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let text = "12.00000000-0000-8100-8000-000000000000.3.00000000-0000-8000-8000-000000000000";
        assert_eq!(ReportCursor::parse(text).map(|c| c.to_string()).as_deref(), Some(text));
        for other in ["", "12", &format!("{text}.4"), &format!("0{text}"), "1.2.3.4"] {
            assert_eq!(ReportCursor::parse(other), None, "{other}");
        }
    }
}
