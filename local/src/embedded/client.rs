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

use super::{
    disk::DiskFailed,
    engine::{Answer, Engine, Request},
};

/// The request or its answer did not arrive, as when a connection breaks.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection to the store broke")]
pub struct Lost;

/// Where the SDK's requests go: the engine itself, or a test that counts, delays or loses them.
pub trait Wire: fmt::Debug + Send + Sync + 'static {
    /// Carries a request over and its answer back. What that tells of lasts.
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>>;

    /// The same store without a wait for the disk in each call, if it does wait for one.
    fn ahead(&self) -> Option<Ahead> {
        None
    }
}

impl Wire for Engine {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let engine = self.clone();
        Box::pin(async move { engine.answer_kept(&request).await.map_err(|_| Lost) })
    }

    fn ahead(&self) -> Option<Ahead> {
        self.waits_for_disk().then(|| Ahead(self.clone()))
    }
}

/// A store whose answers are ahead of the disk. Whoever uses it waits, before it tells anybody of anything, until all
/// is [kept](Self::kept).
#[derive(Clone, Debug)]
pub struct Ahead(Engine);

impl Ahead {
    /// Lets the disk begin with what was answered so far; somebody will wait for it soon.
    pub(crate) fn begin(&self) {
        self.0.begin_to_keep();
    }

    /// Waits until the disk has all that was answered so far.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn kept(&self) -> Result<(), DiskFailed> {
        self.0.kept().await
    }
}

impl Wire for Ahead {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let engine = self.0.clone();
        Box::pin(async move { Ok(engine.answer_in_turn(&request).await) })
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::runtime::Builder;

    use super::*;

    /// Each thread that waits holds memory, and the system switches between all of them.
    #[test]
    fn calls_that_come_at_once_wait_for_each_other_without_a_thread_each() {
        let threads = Builder::new_multi_thread().worker_threads(2).max_blocking_threads(1).build();
        threads.expect("a runtime").block_on(async {
            let (release, released) = mpsc::channel::<()>();
            // The only thread there is for what blocks.
            let blocked = tokio::task::spawn_blocking(move || released.recv());
            let engine = Engine::memory().expect("an empty store");
            let asks = || Request {
                operation: "DescribeTable".into(),
                body: b"{\"TableName\":\"t\"}".to_vec(),
            };
            let calls: Vec<_> = (0..200).map(|_| tokio::spawn(engine.call(asks()))).collect();

            for call in calls {
                let answer = call.await.expect("no panic").expect("an answer");
                assert_eq!(answer.status, 400, "{}", answer.body);
            }

            drop(release);
            assert!(blocked.await.expect("no panic").is_err());
        });
    }
}
