//! The client of a deployed function, made to start fast.
//!
//! The SDK's own HTTP client reads every certificate that the system trusts and brings a second HTTP stack;
//! its usual chain of credential providers brings a second AWS client. Together they made a function twice
//! as slow to start and a third larger. So requests go over the HTTP client that the publisher uses, and
//! credentials come from the environment, where Lambda puts them.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;

use crate::{
    config::DynamoDb,
    telemetry::{self, Remote},
};

/// DynamoDB answers within milliseconds; a call that takes this long is better sent again.
const ATTEMPT: Duration = Duration::from_millis(1500);
/// All attempts of a call together.
const OPERATION: Duration = Duration::from_secs(4);
/// A first handshake on a small function takes hundreds of milliseconds.
const CONNECT: Duration = Duration::from_secs(1);

/// A client for a deployed function.
///
/// # Errors
/// When the HTTP client cannot be made.
pub(crate) fn connect(dynamodb: &DynamoDb) -> Result<Client, reqwest::Error> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .build()?;
    let connector = SharedHttpConnector::new(Connector(http));
    let timeouts = TimeoutConfig::builder()
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
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .timeout_config(timeouts)
        .retry_config(retries)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(dynamodb.endpoint.clone());
    Ok(Client::from_conf(config.build()))
}

/// Carries the SDK's requests over `reqwest`.
#[derive(Debug)]
struct Connector(reqwest::Client);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let request = outgoing(request)?;
            let (status, headers, body) = telemetry::call(Remote::Store, &operation, async {
                let answer = http.execute(request).await?;
                let (status, headers) = (answer.status(), answer.headers().clone());
                Ok((status, headers, answer.bytes().await?))
            })
            .await
            .map_err(failed)?;
            let mut incoming = http::Response::new(SdkBody::from(body));
            *incoming.status_mut() = status;
            *incoming.headers_mut() = headers;
            HttpResponse::try_from(incoming)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The SDK's request as `reqwest` wants it. DynamoDB's bodies are never streams.
fn outgoing(request: HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let wrong = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let request = request.try_into_http1x().map_err(|error| wrong(error.into()))?;
    let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
    reqwest::Request::try_from(request).map_err(|error| wrong(error.into()))
}

/// Either way the SDK tries again.
fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
