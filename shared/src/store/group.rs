//! GROUP and MATCH: who gives to whom, and until when receivers must not know.
//!
//! A match is one item for each giver, so that looking one up tells nothing about the others. It is
//! put once and never changed: a giver may have a room with the receiver by then.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::old_item,
    key,
};
use crate::domain::{
    group::Group,
    ids::{Salt, SideKey},
    principal::Principal,
    time::Timestamp,
};

/// How many matches are put at a time.
const AT_ONCE: usize = 32;

/// The item as it is stored.
#[derive(serde::Deserialize)]
struct Item {
    id: String,
    name: String,
    reveal_at: i64,
    #[serde(default)]
    raffled: bool,
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<Group, StoreError> {
    let item: Item = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
    let reveal_at = Timestamp::from_millis(item.reveal_at);
    Ok(Group { id: item.id, name: item.name, reveal_at, raffled: item.raffled })
}

impl Store {
    /// A group at this moment, if it was ever described.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn group(&self, id: &str) -> Result<Option<Group>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::group(self.salt().await?, id), key::SUBJECT)))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        answer.item.map(parse).transpose()
    }

    /// Those of the groups that were ever described, at this moment, by their ids. A date that is
    /// put off must hold at once, so this too reads strongly.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn groups(&self, ids: &[&str]) -> Result<BTreeMap<String, Group>, StoreError> {
        let salt = self.salt().await?;
        let partitions: BTreeSet<String> = ids.iter().map(|id| key::group(salt, id)).collect();
        let keys = partitions.into_iter().map(|partition| key::of(partition, key::SUBJECT));
        let items = self.batch_get(keys.collect(), true).await?;
        items.into_iter().map(|item| parse(item).map(|group| (group.id.clone(), group))).collect()
    }

    /// Keeps a group as it is described now. Once `raffled`, it stays so.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_group(
        &self,
        id: &str,
        name: &str,
        reveal_at: Timestamp,
        raffled: bool,
    ) -> Result<Group, StoreError> {
        let described = "SET id = :id, #name = :name, reveal_at = :reveal_at";
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::group(self.salt().await?, id), key::SUBJECT)))
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":id", s(id))
            .expression_attribute_values(":name", s(name))
            .expression_attribute_values(":reveal_at", n(reveal_at.millis()))
            .return_values(ReturnValue::AllNew);
        let update = if raffled {
            update
                .update_expression(format!("{described}, raffled = :yes"))
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
        } else {
            update.update_expression(described)
        };
        let answer = update.send().boxed().await?;
        let item = answer.attributes.ok_or_else(|| StoreError::broken("a group not shown"))?;
        parse(item)
    }

    /// To whom a giver gives, if that was drawn.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn match_of(
        &self,
        group: &str,
        giver: &SideKey,
    ) -> Result<Option<Principal>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::group(self.salt().await?, group), key::drawn_by(giver))))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        answer.item.map(|item| receiver(&item)).transpose()
    }

    /// Keeps who gives to whom, by giver, and says whether it is so now. Where a giver's match is
    /// another one already, nothing is written. Of two different raffles at the same moment each giver
    /// keeps what came first, and one of them is told.
    ///
    /// # Errors
    /// When the store cannot be reached; repeating it is safe.
    pub async fn put_matches(
        &self,
        group: &str,
        matches: &BTreeMap<SideKey, Principal>,
    ) -> Result<bool, StoreError> {
        let salt = self.salt().await?;
        let stored = self.stored_matches(salt, group, matches).await?;
        let fixed = |giver: &SideKey| stored.get(&key::drawn_by(giver));
        if matches.iter().any(|(giver, drawn)| fixed(giver).is_some_and(|fixed| fixed != drawn)) {
            return Ok(false);
        }
        let missing = matches.iter().filter(|(giver, _)| fixed(giver).is_none());
        let puts = missing.map(|(giver, drawn)| self.put_match(salt, group, giver, drawn));
        stream::iter(puts.collect::<Vec<_>>())
            .buffer_unordered(AT_ONCE)
            .try_fold(true, async |all, one| Ok(all && one))
            .await
    }

    /// Those of the matches' givers that have one, by sort key.
    async fn stored_matches(
        &self,
        salt: &Salt,
        group: &str,
        matches: &BTreeMap<SideKey, Principal>,
    ) -> Result<BTreeMap<String, Principal>, StoreError> {
        let partition = key::group(salt, group);
        let keys = matches.keys().map(|giver| key::of(&partition, key::drawn_by(giver)));
        let mut stored = BTreeMap::new();
        for item in self.batch_get(keys.collect(), true).await? {
            if let Some(sort) = item.get("sk").and_then(|value| value.as_s().ok()) {
                stored.insert(sort.clone(), receiver(&item)?);
            }
        }
        Ok(stored)
    }

    /// Whether the giver's match is this one now.
    async fn put_match(
        &self,
        salt: &Salt,
        group: &str,
        giver: &SideKey,
        drawn: &Principal,
    ) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key::of(key::group(salt, group), key::drawn_by(giver))))
            .item("id", s(&drawn.id))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .boxed()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => {
                let fixed = old_item(error)?;
                let fixed = fixed.ok_or_else(|| StoreError::broken("a match not shown"))?;
                Ok(receiver(&fixed)? == *drawn)
            }
        }
    }
}

fn receiver(item: &HashMap<String, AttributeValue>) -> Result<Principal, StoreError> {
    item.get("id")
        .and_then(|value| value.as_s().ok())
        .and_then(|id| Principal::user(id))
        .ok_or_else(|| StoreError::broken("a match with nobody"))
}
