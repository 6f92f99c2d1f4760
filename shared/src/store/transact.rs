//! Writes of several items, all or none.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem, builders::TransactWriteItemBuilder},
};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    fault::{CONFLICT_TRIES, condition_failed, in_conflict, is_conflict, wait_for_conflict},
};

/// What came of a transaction.
pub(super) enum Transacted {
    /// All was written.
    Done,
    /// Nothing was: a condition did not hold. One reason for each item, in their order.
    Refused(Vec<CancellationReason>),
}

impl Transacted {
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

/// The items of a transaction.
pub(super) fn transaction(
    items: impl IntoIterator<Item = TransactWriteItemBuilder>,
) -> Vec<TransactWriteItem> {
    items.into_iter().map(TransactWriteItemBuilder::build).collect()
}

impl Store {
    /// Writes the items, all or none, again while another transaction is at work on one of them.
    pub(super) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<Transacted, StoreError> {
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        let mut tries = 0;
        loop {
            let error = match request.clone().send().boxed().await {
                Ok(_) => return Ok(Transacted::Done),
                Err(error) => error,
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                _ => &[],
            };
            if reasons.iter().any(condition_failed) {
                return Ok(Transacted::Refused(reasons.to_vec()));
            }
            let conflict = in_conflict(&error)
                || reasons.iter().any(|reason| reason.code().is_some_and(is_conflict));
            if !conflict || tries >= CONFLICT_TRIES {
                return Err(error.into());
            }
            wait_for_conflict(tries).await;
            tries += 1;
        }
    }
}
