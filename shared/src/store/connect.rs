//! The client of a deployed function.

use std::time::Duration;

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{Client, config::StalledStreamProtectionConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// DynamoDB answers within milliseconds; a call that takes this long is better sent again.
const ATTEMPT: Duration = Duration::from_millis(1500);
/// All attempts of a call together.
const OPERATION: Duration = Duration::from_secs(4);
/// A first handshake on a small function takes hundreds of milliseconds.
const CONNECT: Duration = Duration::from_secs(1);

/// A client as the environment says: region, credentials, and the endpoint where it is not AWS.
pub async fn client_from_env() -> Client {
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
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .load()
        .await;
    Client::new(&config)
}
