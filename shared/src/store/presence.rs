//! ON: whether an account listens at the relay, and since when.

use std::collections::HashMap;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt as _;
use serde::Deserialize;

use super::{Store, StoreError, attr::n, key, table, update};
use crate::domain::{ids::SideKey, time::Timestamp};

/// For how long it is worth knowing when somebody was there.
const KEPT_SECONDS: i64 = 90 * 24 * 3_600;

/// How long somebody listens without a break, at most: the relay tells of no end when it dies.
const LONGEST_SECONDS: i64 = 24 * 3_600;

/// Whether an account listens at the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Whether it does.
    pub online: bool,
    /// Since when.
    pub since: Timestamp,
}

impl Presence {
    /// Whether what was so since then is too old to be known.
    pub fn is_forgotten(since: Timestamp, now: Timestamp) -> bool {
        since.seconds() + KEPT_SECONDS < now.seconds()
    }

    /// Whether it still tells something.
    pub(super) fn is_known(self, now: Timestamp) -> bool {
        let went_silent = self.online && self.since.seconds() + LONGEST_SECONDS < now.seconds();
        !went_silent && !Self::is_forgotten(self.since, now)
    }
}

/// The item as it is stored.
#[derive(Deserialize)]
struct Item {
    on: bool,
    at: i64,
}

/// Reads an item that is an ON.
pub(super) fn parse(item: HashMap<String, AttributeValue>) -> Result<Presence, StoreError> {
    let Item { on, at } = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
    Ok(Presence { online: on, since: Timestamp::from_millis(at) })
}

impl Store {
    /// Writes down whether an account listens, as it was then, unless something newer is known, or the
    /// account was erased. Of two that are of the same moment, that it listens holds: so the order in which
    /// they come changes nothing.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_presence(&self, account: &SideKey, now: Presence) -> Result<(), StoreError> {
        // First, so that what an erasure has deleted does not come back: it begins with its marker.
        if self.is_erased(account).await? {
            return Ok(());
        }
        let older = if now.online { "#at <= :at" } else { "#at < :at" };
        let request = self
            .update(key::of(key::side(account), key::PRESENCE))
            .update_expression("SET #on = :on, #at = :at, #ttl = :ttl")
            .condition_expression(format!("attribute_not_exists(#at) OR {older}"))
            .expression_attribute_names("#on", "on")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#ttl", table::TTL)
            .expression_attribute_values(":on", AttributeValue::Bool(now.online))
            .expression_attribute_values(":at", n(now.since.millis()))
            .expression_attribute_values(":ttl", n(now.since.seconds() + KEPT_SECONDS));
        update::send(request).await.map(|_| ())
    }

    /// Whether each of these accounts listens, where that was told and is not too old; a moment old at most.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn presences(
        &self,
        accounts: &BTreeSet<SideKey>,
        now: Timestamp,
    ) -> Result<BTreeMap<SideKey, Presence>, StoreError> {
        let keys = accounts.iter().map(|account| key::of(key::side(account), key::PRESENCE));
        let mut known = BTreeMap::new();
        for item in self.batch_get(keys.collect(), false).await? {
            let account = item.get("pk").and_then(|pk| key::side_key(pk.as_s().ok()?));
            let presence = parse(item)?;
            known.extend(account.filter(|_| presence.is_known(now)).map(|key| (key, presence)));
        }
        Ok(known)
    }

    /// Whether an account listens, if that was told and is not too old; a moment old at most.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn presence(
        &self,
        account: &SideKey,
        now: Timestamp,
    ) -> Result<Option<Presence>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::side(account), key::PRESENCE)))
            .send()
            .boxed()
            .await?;
        let presence = answer.item.map(parse).transpose()?;
        Ok(presence.filter(|presence| presence.is_known(now)))
    }
}
