//! Fetches a key set.

use futures_util::{FutureExt as _, future::BoxFuture};
use reqwest::{Client, Response, redirect};

use super::settings::KeySetUrl;

/// The longest answer that is read, in bytes: hundreds of keys.
const MAX_ANSWER: usize = 64 * 1024;

/// A key set could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// Nothing, or not all, arrived.
    #[error("it cannot be reached: {0}")]
    Transport(reqwest::Error),
    /// It answered something else. That includes redirects, which could lead anywhere.
    #[error("it answered {0}")]
    Status(u16),
    /// More arrived than any set needs.
    #[error("it answered more than {MAX_ANSWER} bytes")]
    TooLong,
    /// It took too long.
    #[error("it did not answer in time")]
    TimedOut,
    /// What arrived is no set of keys, or none of them is of use.
    #[error("it holds no key for RS256 or ES256 that can be used")]
    NoKeys,
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        // An address may hold what only its owner should know.
        Self::Transport(error.without_url())
    }
}

/// Asks for a key set: what it answers, as it is.
pub(super) type Fetch =
    Box<dyn Fn() -> BoxFuture<'static, Result<Vec<u8>, FetchError>> + Send + Sync>;

/// Asks over HTTP: no redirect, no proxy from the environment.
///
/// # Errors
/// When the HTTP client cannot be made.
pub(super) fn over_http(url: &KeySetUrl) -> Result<Fetch, reqwest::Error> {
    let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build()?;
    let url = url.url().clone();
    Ok(Box::new(move || {
        let request = http.get(url.clone()).header("accept", "application/json");
        async move { read(request.send().await?).await }.boxed()
    }))
}

async fn read(mut answer: Response) -> Result<Vec<u8>, FetchError> {
    if answer.status() != reqwest::StatusCode::OK {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
