//! A store by its wire protocol, as JSON.

use std::net::SocketAddr;

use reqwest::Client;
use serde_json::Value;

use crate::{Failure, PATIENCE};

/// Where a store answers.
#[derive(Clone, Debug)]
pub(crate) struct Dynamo {
    url: String,
    http: Client,
}

impl Dynamo {
    /// The store at an address.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub(crate) fn at(address: SocketAddr) -> Result<Self, Failure> {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { url: format!("http://{address}/"), http })
    }

    /// One operation.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn ask(&self, operation: &str, body: &Value) -> Result<Value, Failure> {
        let request = self
            .http
            .post(&self.url)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string());
        let answer = request.send().await?;
        let status = answer.status();
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        if status.is_success() {
            Ok(answer)
        } else {
            Err(format!("{operation} was refused: {answer}").into())
        }
    }
}
