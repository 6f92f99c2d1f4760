//! SALT: the deployment's key for ids. It is made once and never changes: with another one every
//! room would be lost.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use futures_util::FutureExt as _;
use uuid::Uuid;

use super::{Store, StoreError, key};
use crate::domain::ids::Salt;

impl Store {
    /// The salt: read once, made if this table has none. Reading it at start also opens the
    /// connection to the store.
    ///
    /// # Errors
    /// When the store cannot be reached; the next call tries again.
    pub async fn salt(&self) -> Result<&Salt, StoreError> {
        self.salt.get_or_try_init(|| self.read_or_make_salt()).await
    }

    async fn read_or_make_salt(&self) -> Result<Salt, StoreError> {
        if let Some(salt) = self.read_salt().await? {
            return Ok(salt);
        }
        // Two UUIDs are 244 random bits from the operating system.
        let random = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let mut item = key::of(key::SALT, key::HEAD);
        item.insert("salt".into(), AttributeValue::B(Blob::new(random)));
        // Another function that starts at this moment may be first; then its salt holds.
        self.put_if_absent(item).await?;
        self.read_salt().await?.ok_or_else(|| StoreError::broken("the salt is gone"))
    }

    async fn read_salt(&self) -> Result<Option<Salt>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::SALT, key::HEAD)))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        answer.item.map(|item| parse(&item)).transpose()
    }
}

fn parse(item: &HashMap<String, AttributeValue>) -> Result<Salt, StoreError> {
    item.get("salt")
        .and_then(|value| value.as_b().ok())
        .and_then(|blob| blob.as_ref().try_into().ok())
        .map(Salt::from_bytes)
        .ok_or_else(|| StoreError::broken("the salt is no 32 bytes"))
}
