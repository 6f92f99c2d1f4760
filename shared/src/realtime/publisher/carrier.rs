//! What is between a publisher and its relay.

use std::{fmt, pin::Pin};

use reqwest::{Client, Request, Response};

use super::PublishError;

/// A call on its way, and then its answer.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<Response, PublishError>> + Send + 'a>>;

/// How a call gets to the relay and its answer back.
pub trait Carrier: fmt::Debug + Send + Sync + 'static {
    /// Calls are about to be written, which takes a moment that can be used.
    fn prepare(&self) {}

    /// Carries one call, without a deadline of its own.
    ///
    /// # Errors
    /// When there is no answer.
    fn carry(&self, call: Request) -> Carried<'_>;
}

/// Over the network.
impl Carrier for Client {
    fn carry(&self, call: Request) -> Carried<'_> {
        let answer = self.execute(call);
        Box::pin(async { answer.await.map_err(PublishError::from_transport) })
    }
}
