//! What the store can answer besides what was asked: one place that tells a failed condition, an
//! outage and a mistake of ours apart.

use std::{collections::HashMap, error::Error as StdError, time::Duration};

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError,
    },
    types::{AttributeValue, CancellationReason, error::ConditionalCheckFailedException},
};

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out, unreachable or in conflict for too long. Repeating it later is safe.
    #[error("the store is not available now")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// The store refused a call as wrong, or holds an item that cannot be read: a mistake of ours,
    /// or of whoever set up the table.
    #[error("the store refused a call, or holds an item that cannot be read")]
    Broken(#[source] Box<dyn StdError + Send + Sync>),
}

impl StoreError {
    pub(super) fn broken(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Broken(cause.into())
    }

    /// Sorts an answer that is an error.
    fn of_service(error: impl ProvideErrorMetadata + StdError + Send + Sync + 'static) -> Self {
        let passing = error.code().is_some_and(|code| {
            PASSING.contains(&code) || is_conflict(code) || code == "TransactionCanceledException"
        });
        if passing { Self::Unavailable(error.into()) } else { Self::Broken(error.into()) }
    }
}

impl From<serde_dynamo::Error> for StoreError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::broken(error)
    }
}

/// Answers of DynamoDB that say "not now" rather than "not so".
const PASSING: [&str; 8] = [
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionInProgressException",
];

/// Sorts whatever else a call may end in; conditions are looked at before.
impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        match error {
            SdkError::ServiceError(answer) => Self::of_service(answer.into_err()),
            SdkError::ConstructionFailure(_) => Self::Broken(error.into()),
            other => Self::Unavailable(other.into()),
        }
    }
}

/// Whether a transaction was just at work on the same item.
pub(super) fn is_conflict(code: &str) -> bool {
    matches!(code, "TransactionConflictException" | "TransactionConflict")
}

/// Whether a call ended because a transaction was just at work on its item.
pub(super) fn in_conflict<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(is_conflict)
}

/// A write whose condition may fail, and then show the item as it was.
pub(super) trait ConditionalWrite {
    /// The exception, if it is that one.
    fn condition_failed(self) -> Result<ConditionalCheckFailedException, Self>
    where
        Self: Sized;
}

impl ConditionalWrite for PutItemError {
    fn condition_failed(self) -> Result<ConditionalCheckFailedException, Self> {
        match self {
            Self::ConditionalCheckFailedException(failed) => Ok(failed),
            other => Err(other),
        }
    }
}

impl ConditionalWrite for DeleteItemError {
    fn condition_failed(self) -> Result<ConditionalCheckFailedException, Self> {
        match self {
            Self::ConditionalCheckFailedException(failed) => Ok(failed),
            other => Err(other),
        }
    }
}

impl ConditionalWrite for UpdateItemError {
    fn condition_failed(self) -> Result<ConditionalCheckFailedException, Self> {
        match self {
            Self::ConditionalCheckFailedException(failed) => Ok(failed),
            other => Err(other),
        }
    }
}

/// The item as it was, when a write's condition did not hold; every other failure is the store's.
pub(super) fn old_item<E, R>(
    error: SdkError<E, R>,
) -> Result<Option<HashMap<String, AttributeValue>>, StoreError>
where
    E: ConditionalWrite + ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(answer) => match answer.into_err().condition_failed() {
            Ok(failed) => Ok(failed.item),
            Err(other) => Err(StoreError::of_service(other)),
        },
        other => Err(other.into()),
    }
}

/// Whether this part of a cancelled transaction is the one whose condition did not hold.
pub(super) fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// How often a call is repeated that met a transaction on its item. Such transactions take
/// milliseconds.
pub(super) const CONFLICT_TRIES: u32 = 8;

/// Waits a little before a call is repeated that met a transaction on its item: a random part of
/// 5 ms, doubled with each try.
pub(super) async fn wait_for_conflict(tries: u32) {
    let longest = 5_000_u64 << tries.min(6);
    tokio::time::sleep(Duration::from_micros(fastrand::u64(..longest))).await;
}
