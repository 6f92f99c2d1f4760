//! WEBHOOK: something that the application's server could not be told at once. It holds where to look,
//! never what is said there, so that nothing lives on in it that is deleted.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    attr::{n, s},
    key::{self, Key},
    table,
    timer::{Due, Lease},
    update,
};
use crate::domain::{
    ids::{NotAnId, ReportId, RoomId, WebhookId},
    principal::{Principal, PrincipalType},
    time::Timestamp,
    webhook::{Happened, Hook, HookKind, HookState},
};

/// The index in which webhooks stand by their state, newest last.
const BY_STATE: (&str, &str) = ("gq1", "q1p");

/// How long one is kept, in seconds, from when it was due first or given up.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// A webhook that did not arrive at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHook {
    /// Its id.
    pub id: WebhookId,
    /// What is to be told.
    pub hook: Hook,
    /// How often it was tried.
    pub attempts: u32,
    /// What the receiver answered last, if it did.
    pub last_status: Option<u16>,
    /// When trying began: when it happened, or when it was replayed with all others.
    pub since: Timestamp,
    /// What is to become of it.
    pub next: Next,
}

/// What is to become of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    AttemptAt(Timestamp),
    /// It was given up then.
    GivenUpAt(Timestamp),
}

impl Next {
    /// The state that goes with it.
    pub fn state(self) -> HookState {
        match self {
            Self::AttemptAt(_) => HookState::Pending,
            Self::GivenUpAt(_) => HookState::Failed,
        }
    }
}

/// A place in the list of webhooks: just behind this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookCursor {
    at: i64,
    id: WebhookId,
}

/// A page of the list of webhooks.
#[derive(Clone, Debug)]
pub struct WebhookPage {
    /// The webhooks, newest first.
    pub hooks: Vec<StoredHook>,
    /// Where the next page begins, if there is more.
    pub next: Option<WebhookCursor>,
}

/// The item as it is stored.
#[derive(Serialize, Deserialize)]
struct Item {
    pk: String,
    sk: String,
    /// What happened, and when.
    e: HookKind,
    t: i64,
    /// The room, the message's place in it, the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    i: Option<ReportId>,
    /// The person who was erased: type and id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<(PrincipalType, String)>,
    /// How often it was tried, what was answered last, and when trying began.
    a: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<u16>,
    u: i64,
    /// Index keys: by state, and, while it is tried again, when that is due.
    q1p: String,
    q1s: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q3p: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q3s: Option<i64>,
    ttl: i64,
}

impl Store {
    /// Writes down what is to be told, unless it is written down already.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_webhook(&self, stored: &StoredHook) -> Result<(), StoreError> {
        self.put_if_absent(item(stored)?).await.map(|_| ())
    }

    /// What is written down under an id.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<StoredHook>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item_key(id)))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        answer.item.map(parse).transpose()
    }

    /// Takes a webhook that is due, to try it again; `None` where another run was faster, or it is done.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn take_webhook(
        &self,
        due: &Due,
        now: Timestamp,
    ) -> Result<Option<(Lease, StoredHook)>, StoreError> {
        let Some((lease, item)) = self.take(due, now).await? else { return Ok(None) };
        Ok(Some((lease, parse(item)?)))
    }

    /// Writes down what has become of a webhook, if the webhook is still there.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn update_webhook(&self, stored: &StoredHook) -> Result<(), StoreError> {
        let Item { q1p, q1s, q3p, q3s, ttl, .. } = Item::of(stored);
        let mut set = vec!["a = :a", "u = :u", "q1p = :q1p", "q1s = :q1s", "#ttl = :ttl"];
        let mut remove = Vec::new();
        let mut request = self
            .update(item_key(stored.id))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#ttl", table::TTL)
            .expression_attribute_values(":a", n(stored.attempts))
            .expression_attribute_values(":u", n(stored.since.millis()))
            .expression_attribute_values(":q1p", s(q1p))
            .expression_attribute_values(":q1s", n(q1s))
            .expression_attribute_values(":ttl", n(ttl));
        match stored.last_status {
            None => remove.push("y"),
            Some(status) => {
                set.push("y = :y");
                request = request.expression_attribute_values(":y", n(status));
            }
        }
        match q3p.zip(q3s) {
            None => remove.extend(["q3p", "q3s"]),
            Some((timers, due)) => {
                set.extend(["q3p = :timers", "q3s = :due"]);
                request = request
                    .expression_attribute_values(":timers", s(timers))
                    .expression_attribute_values(":due", n(due));
            }
        }
        let remove = match remove.as_slice() {
            [] => String::new(),
            names => format!(" REMOVE {}", names.join(", ")),
        };
        let request = request.update_expression(format!("SET {}{remove}", set.join(", ")));
        update::send(request).await.map(|_| ())
    }

    /// Forgets a webhook: it has arrived, or there is nothing to tell any more.
    ///
    /// # Errors
    /// When the store cannot be reached; it is then told again.
    pub async fn forget_webhook(&self, id: WebhookId) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(item_key(id)))
            .send()
            .boxed()
            .await?;
        Ok(())
    }

    /// A page of the webhooks of a state, newest first. A page may be short, where the index is a
    /// moment behind: `next` alone says whether there is more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn webhooks(
        &self,
        state: HookState,
        limit: usize,
        after: Option<WebhookCursor>,
    ) -> Result<WebhookPage, StoreError> {
        let state_of = (BY_STATE, key::webhooks_in(state));
        let after = after.map(|cursor| cursor.key(state));
        let (entries, more) = self.newest(state_of, after, limit).await?;
        let places = entries.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let next = places.last().copied().filter(|_| more);
        let keys = places.iter().map(|place| item_key(place.id)).collect();
        let items = self.batch_get(keys, true).await?.into_iter();
        let hooks = items.map(parse).collect::<Result<Vec<_>, _>>()?.into_iter();
        let mut found: HashMap<_, _> = hooks.map(|stored| (stored.id, stored)).collect();
        let hooks = places.iter().filter_map(|place| found.remove(&place.id));
        let hooks = hooks.filter(|stored| stored.next.state() == state).collect();
        Ok(WebhookPage { hooks, next })
    }
}

impl WebhookCursor {
    /// The cursor that this text spells.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let cursor = Self { at: at.parse().ok()?, id: id.parse().ok()? };
        (cursor.to_string() == text).then_some(cursor)
    }

    /// The key of its entry in the index.
    fn key(&self, state: HookState) -> Key {
        let mut key = item_key(self.id);
        key.insert("q1p".to_owned(), s(key::webhooks_in(state)));
        key.insert("q1s".to_owned(), n(self.at));
        key
    }
}

impl std::fmt::Display for WebhookCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

/// Where an entry of the index stands.
fn place(entry: &HashMap<String, AttributeValue>) -> Result<WebhookCursor, StoreError> {
    let parts = || {
        let id = key::webhook_id(entry.get("pk")?.as_s().ok()?)?;
        let at = entry.get("q1s")?.as_n().ok()?.parse().ok()?;
        Some(WebhookCursor { at, id })
    };
    parts().ok_or_else(|| StoreError::broken("an entry that is no webhook's"))
}

fn item_key(id: WebhookId) -> Key {
    key::of(key::webhook(id), key::SUBJECT)
}

impl Item {
    fn of(stored: &StoredHook) -> Self {
        let Hook { what, at } = &stored.hook;
        let person = match what {
            Happened::PersonErased(person) => Some((person.kind, person.id.clone())),
            _ => None,
        };
        let report = match what {
            Happened::ReportFiled(_, _, report) => Some(*report),
            _ => None,
        };
        // While it is tried it stands in the list at the time when it happened, so that it does not move.
        let (listed, due, kept_from) = match stored.next {
            Next::AttemptAt(due) => (*at, Some(due), stored.since),
            Next::GivenUpAt(given_up) => (given_up, None, given_up),
        };
        Self {
            pk: key::webhook(stored.id),
            sk: key::SUBJECT.to_owned(),
            e: stored.hook.kind(),
            t: at.millis(),
            r: stored.hook.room().map(|room| room.to_string()),
            m: stored.hook.seq(),
            i: report,
            w: person,
            a: stored.attempts,
            y: stored.last_status,
            u: stored.since.millis(),
            q1p: key::webhooks_in(stored.next.state()),
            q1s: listed.millis(),
            q3p: due.map(|_| key::TIMERS.to_owned()),
            q3s: due.map(Timestamp::millis),
            ttl: kept_from.seconds() + KEPT_SECONDS,
        }
    }

    /// What happened; `None` where the item lacks a part of it.
    fn happened(&self) -> Option<Happened> {
        let room: Option<Result<RoomId, NotAnId>> = self.r.as_ref().map(|room| room.parse());
        let room = room.and_then(Result::ok);
        Some(match self.e {
            HookKind::MessageCreated => Happened::MessageCreated(room?, self.m?),
            HookKind::RoomOpened => Happened::RoomOpened(room?),
            HookKind::RoomArchived => Happened::RoomArchived(room?),
            HookKind::ReportFiled => Happened::ReportFiled(room?, self.m?, self.i?),
            HookKind::PersonErased => {
                let (kind, id) = self.w.as_ref()?;
                Happened::PersonErased(Principal::new(*kind, id)?)
            }
        })
    }
}

fn item(stored: &StoredHook) -> Result<HashMap<String, AttributeValue>, StoreError> {
    Ok(serde_dynamo::aws_sdk_dynamodb_1::to_item(Item::of(stored))?)
}

/// Reads an item that is a WEBHOOK.
pub(super) fn parse(item: HashMap<String, AttributeValue>) -> Result<StoredHook, StoreError> {
    let item: Item = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
    let (Some(id), Some(what)) = (key::webhook_id(&item.pk), item.happened()) else {
        return Err(StoreError::broken("a webhook of nothing"));
    };
    let next = match item.q3s {
        Some(due) => Next::AttemptAt(Timestamp::from_millis(due)),
        None => Next::GivenUpAt(Timestamp::from_millis(item.q1s)),
    };
    Ok(StoredHook {
        id,
        hook: Hook { what, at: Timestamp::from_millis(item.t) },
        attempts: item.a,
        last_status: item.y,
        since: Timestamp::from_millis(item.u),
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Salt;

    #[test]
    fn what_is_written_down_is_read_back_and_holds_nothing_but_where_to_look() {
        let room: RoomId = "00000000-0000-8100-8000-00000000000a".parse().unwrap();
        let report = "00000000-0000-8000-8000-000000000000".parse().unwrap();
        let at = Timestamp::from_millis(1_700_000_000_007);
        for what in [
            Happened::MessageCreated(room, 7),
            Happened::RoomOpened(room),
            Happened::RoomArchived(room),
            Happened::ReportFiled(room, 7, report),
            Happened::PersonErased(Principal::user("una").unwrap()),
        ] {
            let hook = Hook { what, at };
            let id = hook.id(&Salt::from_bytes([7; 32]));
            for next in [Next::AttemptAt(at.plus_millis(5)), Next::GivenUpAt(at.plus_millis(9))] {
                let stored = StoredHook {
                    id,
                    hook: hook.clone(),
                    attempts: 3,
                    last_status: Some(500),
                    since: at,
                    next,
                };
                assert_eq!(parse(item(&stored).unwrap()).unwrap(), stored);
            }
        }
    }

    #[test]
    fn a_cursor_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let text = "12.00000000-0000-8000-8000-000000000000";
        assert_eq!(WebhookCursor::parse(text).map(|c| c.to_string()).as_deref(), Some(text));
        for other in ["", "12", &format!("{text}.4"), &format!("0{text}"), "1.2"] {
            assert_eq!(WebhookCursor::parse(other), None, "{other}");
        }
    }
}
