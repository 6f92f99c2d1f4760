//! The table itself: its keys and indexes, and how to make one.
//!
//! The deployed table is declared in `infra/template.yaml`; a test holds the two together.

use aws_sdk_dynamodb::{
    Client,
    operation::{create_table::CreateTableError, update_time_to_live::UpdateTimeToLiveError},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
    },
};
use futures_util::FutureExt as _;

use super::StoreError;

/// The attribute whose time (in seconds) ends an item's life.
pub const TTL: &str = "ttl";

/// The sparse indexes, all of keys only: name, partition key (text), sort key (number).
///
/// `gq1` is the b side's inbox or a desk's queue, `gq2` the a side's inbox, `gq3` what needs
/// attention.
pub const INDEXES: [(&str, &str, &str); 3] =
    [("gq1", "q1p", "q1s"), ("gq2", "q2p", "q2s"), ("gq3", "q3p", "q3s")];

/// Makes the table, with its time to live, if there is none: for the local store, never for AWS.
///
/// # Errors
/// When the store refuses or cannot be reached.
pub async fn create(client: &Client, table: &str) -> Result<(), StoreError> {
    let made = create_request(client, table).send().boxed().await;
    match made {
        Ok(_) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) => {}
        Err(error) => return Err(error.into()),
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(TTL)
        .enabled(true)
        .build()
        .map_err(StoreError::broken)?;
    match client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(ttl)
        .send()
        .boxed()
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(already_enabled) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn already_enabled(error: &UpdateTimeToLiveError) -> bool {
    error.meta().message().is_some_and(|message| message.contains("already enabled"))
}

fn create_request(
    client: &Client,
    table: &str,
) -> aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder {
    let text = |name: &str| attribute(name, ScalarAttributeType::S);
    let number = |name: &str| attribute(name, ScalarAttributeType::N);
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(vec![text("pk"), text("sk")]))
        .set_key_schema(Some(key_schema("pk", "sk")));
    for (name, partition, sort) in INDEXES {
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(key_schema(partition, sort)))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
            .expect("name and keys are given");
        request = request
            .attribute_definitions(text(partition))
            .attribute_definitions(number(sort))
            .global_secondary_indexes(index);
    }
    request
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(kind)
        .build()
        .expect("name and type are given")
}

fn key_schema(partition: &str, sort: &str) -> Vec<KeySchemaElement> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .expect("name and type are given")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The deployed table and the one that is made locally are the same.
    #[test]
    fn the_stack_declares_the_same_keys_and_indexes() {
        let stack = include_str!("../../../infra/template.yaml");
        let declared =
            |line: String| assert!(stack.contains(&line), "infra/template.yaml lacks {line}");
        let key = |name: &str, role: &str, kind: &str| {
            declared(format!("{{AttributeName: {name}, KeyType: {role}}}"));
            declared(format!("{{AttributeName: {name}, AttributeType: {kind}}}"));
        };
        key("pk", "HASH", "S");
        key("sk", "RANGE", "S");
        for (name, partition, sort) in INDEXES {
            declared(format!("IndexName: {name}"));
            key(partition, "HASH", "S");
            key(sort, "RANGE", "N");
        }
        declared(format!("AttributeName: {TTL}\n"));
        let occurrences = |text: &str| stack.matches(text).count();
        assert_eq!(occurrences("IndexName: "), INDEXES.len());
        assert_eq!(occurrences("ProjectionType: KEYS_ONLY"), INDEXES.len());
        assert_eq!(occurrences("AttributeType: "), 2 + 2 * INDEXES.len());
    }
}
