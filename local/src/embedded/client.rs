//! The AWS SDK over something that is not a network.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use http::StatusCode;

use super::engine::{Answer, Engine, Request};

/// The request or its answer did not arrive, as when a connection breaks.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection to the store broke")]
pub struct Lost;

/// Where the SDK's requests go: the engine itself, or a test that counts, delays or loses them.
pub trait Wire: fmt::Debug + Send + Sync + 'static {
    /// Carries a request over and its answer back.
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>>;
}

impl Wire for Engine {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let engine = self.clone();
        Box::pin(async move {
            let (_busy, at_once) = engine.begin();
            if at_once {
                // A tenth of a millisecond; handing it to another thread would take as long.
                return Ok(engine.answer(&request));
            }
            // The engine does one thing at a time. Whoever waits for it must not hold up the rest.
            let answer = tokio::task::spawn_blocking(move || engine.answer(&request));
            answer.await.map_err(|_| Lost)
        })
    }
}

/// A client whose requests go over `wire`, unsigned: nobody checks signatures inside a process.
pub fn client(wire: Arc<dyn Wire>, retries: RetryConfig) -> Client {
    let connector = SharedHttpConnector::new(Connector(wire));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .endpoint_url("http://embedded.invalid")
        .allow_no_auth()
        .retry_config(retries)
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(
            aws_sdk_dynamodb::config::StalledStreamProtectionConfig::disabled(),
        )
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    Client::from_conf(config)
}

#[derive(Debug)]
struct Connector(Arc<dyn Wire>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let body = request.body().bytes().unwrap_or_default().to_vec();
            match wire.call(Request { operation, body }).await {
                Ok(answer) => Ok(response(answer)?),
                Err(lost) => Err(ConnectorError::io(lost.into())),
            }
        })
    }
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::from_u16(answer.status)
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status.into(), SdkBody::from(answer.body)))
}
