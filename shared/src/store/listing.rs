//! LISTING: what a merchant offers, as the application's server described it.

use super::{Store, StoreError, attr::s, key};
use crate::domain::{
    listing::Listing,
    principal::{Principal, PrincipalType},
};
use futures_util::FutureExt as _;

/// The item as it is stored.
#[derive(serde::Deserialize)]
struct Item {
    id: String,
    title: String,
    merchant: String,
}

impl Store {
    /// A listing at this moment, if it was ever described.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn listing(&self, id: &str) -> Result<Option<Listing>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::listing(self.salt().await?, id), key::SUBJECT)))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        let Some(item) = answer.item else { return Ok(None) };
        let item: Item = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
        let merchant = Principal { kind: PrincipalType::Merchant, id: item.merchant };
        Ok(Some(Listing { id: item.id, title: item.title, merchant }))
    }

    /// Keeps a listing as it is described now.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_listing(&self, listing: &Listing) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key::of(key::listing(self.salt().await?, &listing.id), key::SUBJECT)))
            .item("id", s(&listing.id))
            .item("title", s(&listing.title))
            .item("merchant", s(&listing.merchant.id))
            .send()
            .boxed()
            .await?;
        Ok(())
    }
}
