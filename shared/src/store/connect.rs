//! The client of a deployed function.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::config::DynamoDb;

/// DynamoDB answers within milliseconds; a call that takes this long is better sent again.
const ATTEMPT: Duration = Duration::from_millis(1500);
/// All attempts of a call together.
const OPERATION: Duration = Duration::from_secs(4);
/// A first handshake on a small function takes hundreds of milliseconds.
const CONNECT: Duration = Duration::from_secs(1);

/// A client for a deployed function. Its credentials come from the environment, where Lambda puts them;
/// the SDK's usual chain of providers would make every function half a megabyte larger.
pub(crate) fn connect(dynamodb: &DynamoDb) -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50));
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(dynamodb.region.clone()))
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(dynamodb.endpoint.clone());
    Client::from_conf(config.build())
}
