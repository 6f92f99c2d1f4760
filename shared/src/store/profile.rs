//! PROFILE: an account as its own tokens describe it, for others to show before they meet it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Store, StoreError, attr::s, key};
use crate::domain::{
    ids::SideKey,
    principal::{Principal, Profile},
};

impl Store {
    /// How an account is shown, if it was ever seen.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn profile(&self, account: &SideKey) -> Result<Option<Profile>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::side(account), key::PROFILE)))
            .send()
            .await?;
        Ok(answer.item.map(serde_dynamo::aws_sdk_dynamodb_1::from_item).transpose()?)
    }

    /// Keeps an account's profile, if its token tells anything.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_profile(
        &self,
        account: &SideKey,
        principal: &Principal,
        profile: &Profile,
    ) -> Result<(), StoreError> {
        if *profile == Profile::default() {
            return Ok(());
        }
        let mut item: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(profile)?;
        item.extend(key::of(key::side(account), key::PROFILE));
        item.insert("type".into(), s(principal.kind.as_str()));
        item.insert("id".into(), s(&principal.id));
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }
}
