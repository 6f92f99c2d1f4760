//! A conditional update of one item, repeated while a transaction is at work on the item.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    fault::{CONFLICT_TRIES, in_conflict, old_item, wait_for_conflict},
    key::Key,
};

/// What came of a conditional update.
pub(super) enum Updated {
    /// It was made; what the request asked to be returned.
    Done(HashMap<String, AttributeValue>),
    /// The condition did not hold; the item as it is, if there is one.
    Refused(Option<HashMap<String, AttributeValue>>),
}

impl Store {
    /// An update of an item, to be completed.
    pub(super) fn update(&self, key: Key) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).set_key(Some(key))
    }
}

/// Sends an update, again if it meets a transaction on its item.
pub(super) async fn send(request: UpdateItemFluentBuilder) -> Result<Updated, StoreError> {
    let request = request
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let mut tries = 0;
    loop {
        match request.clone().send().boxed().await {
            Ok(answer) => return Ok(Updated::Done(answer.attributes.unwrap_or_default())),
            Err(error) if in_conflict(&error) && tries < CONFLICT_TRIES => {
                wait_for_conflict(tries).await;
                tries += 1;
            }
            Err(error) => return Ok(Updated::Refused(old_item(error)?)),
        }
    }
}
