//! Reading many items by key, in as few calls as DynamoDB takes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;

use super::{
    Store, StoreError,
    fault::{CONFLICT_TRIES, wait_for_conflict},
    key::Key,
};

/// The most keys that one call may name.
const KEYS_PER_CALL: usize = 100;

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
            let answer =
                self.client.batch_get_item().request_items(&self.table, wanted).send().await?;
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
}
