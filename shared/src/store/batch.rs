//! Reading and writing many items by key, in as few calls as DynamoDB takes.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest},
};
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _, future::try_join_all, stream,
};

use super::{
    Store, StoreError,
    attr::s,
    fault::{CONFLICT_TRIES, wait_for_conflict},
    key::Key,
};

/// The most keys that one call may name.
const KEYS_PER_CALL: usize = 100;

/// The most items that one call may write.
const WRITES_PER_CALL: usize = 25;

/// How many calls that write are on their way at a time.
const WRITE_CALLS: usize = 8;

impl Store {
    /// The items that exist among `keys`, in no order; a hundred keys to a call, calls in parallel.
    pub(super) async fn batch_get(
        &self,
        keys: Vec<Key>,
        strongly: bool,
    ) -> Result<Vec<HashMap<String, AttributeValue>>, StoreError> {
        let calls =
            keys.chunks(KEYS_PER_CALL).map(|chunk| self.batch_get_call(chunk.to_vec(), strongly));
        Ok(try_join_all(calls).await?.into_iter().flatten().collect())
    }

    /// One call, and again for what it left unprocessed.
    async fn batch_get_call(
        &self,
        mut keys: Vec<Key>,
        strongly: bool,
    ) -> Result<Vec<HashMap<String, AttributeValue>>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        for tries in 0..=CONFLICT_TRIES {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(strongly)
                .build()
                .map_err(StoreError::broken)?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, wanted)
                .send()
                .boxed()
                .await?;
            items.extend(
                answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default(),
            );
            match answer.unprocessed_keys.unwrap_or_default().remove(&self.table) {
                Some(left) if !left.keys.is_empty() => keys = left.keys,
                _ => return Ok(items),
            }
            wait_for_conflict(tries).await;
        }
        Err(StoreError::Unavailable("a batch was left unprocessed too often".into()))
    }

    /// All items that a query finds, however many answers they come in.
    pub(super) async fn query_all(
        &self,
        query: QueryFluentBuilder,
    ) -> Result<Vec<HashMap<String, AttributeValue>>, StoreError> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let answer = query.clone().set_exclusive_start_key(start).send().boxed().await?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// The newest entries of a partition of an index, `limit` of them behind `after`, and whether there are
    /// more. The index goes by its name and that of its partition key.
    pub(super) async fn newest(
        &self,
        ((index, attribute), partition): ((&str, &str), String),
        after: Option<Key>,
        limit: usize,
    ) -> Result<(Vec<Key>, bool), StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression(format!("{attribute} = :partition"))
            .expression_attribute_values(":partition", s(partition))
            .set_exclusive_start_key(after)
            .scan_index_forward(false)
            // One more than is wanted tells whether there are more.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .boxed()
            .await?;
        let mut entries = answer.items.unwrap_or_default();
        let more = entries.len() > limit;
        entries.truncate(limit);
        Ok((entries, more))
    }

    /// Deletes items, of which no more than the keys need be there.
    pub(super) async fn delete_items(
        &self,
        items: impl IntoIterator<Item = Key>,
    ) -> Result<(), StoreError> {
        let requests = items.into_iter().map(|mut key| {
            key.retain(|name, _| name == "pk" || name == "sk");
            let delete = DeleteRequest::builder().set_key(Some(key)).build();
            let delete = delete.map_err(StoreError::broken)?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        });
        self.batch_write(requests.collect::<Result<_, StoreError>>()?).await
    }

    /// Writes items without conditions, some calls at a time.
    async fn batch_write(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let calls: Vec<_> = requests
            .chunks(WRITES_PER_CALL)
            .map(|chunk| self.batch_write_call(chunk.to_vec()))
            .collect();
        stream::iter(calls).buffer_unordered(WRITE_CALLS).try_collect::<Vec<()>>().await?;
        Ok(())
    }

    /// One call, and again for what it left unprocessed.
    async fn batch_write_call(&self, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        for tries in 0..=CONFLICT_TRIES {
            let answer = self
                .client
                .batch_write_item()
                .request_items(&self.table, requests)
                .send()
                .boxed()
                .await?;
            match answer.unprocessed_items.unwrap_or_default().remove(&self.table) {
                Some(left) if !left.is_empty() => requests = left,
                _ => return Ok(()),
            }
            wait_for_conflict(tries).await;
        }
        Err(StoreError::Unavailable("a batch was left unprocessed too often".into()))
    }
}
