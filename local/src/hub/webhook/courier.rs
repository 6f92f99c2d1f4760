//! Posts webhooks until they are taken.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, redirect};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep},
};

use super::News;
use crate::hub::WebhookSettings;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How many batches may be tried again at the same time. Beyond it all wait, and what happens meanwhile is batched.
const RETRYING: usize = 16;

/// A signed webhook. A retry has the same body and so the same signature.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) key: String,
    pub(super) signature: String,
    pub(super) body: String,
}

pub(super) struct Courier {
    settings: WebhookSettings,
    http: Client,
}

impl Courier {
    pub(super) fn new(settings: WebhookSettings) -> Self {
        // It follows no redirect and takes no proxy from the environment: what is signed is for this address alone.
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(settings.timeout)
            .build()
            .expect("a client without certificates of its own can always be made");
        Self { settings, http }
    }

    /// Posts what comes, one after another, so that a server that takes everything gets it in its order. One that is
    /// not taken at once is tried again beside the following ones, which do not wait for its retries.
    pub(super) async fn run(
        self,
        mut batches: mpsc::Receiver<Vec<News>>,
        sign: impl Fn(Vec<News>) -> Batch,
    ) {
        let courier = Arc::new(self);
        let retrying = Arc::new(Semaphore::new(RETRYING));
        while let Some(events) = batches.recv().await {
            let batch = sign(events);
            if courier.post(&batch).await {
                continue;
            }
            let Ok(permit) = Arc::clone(&retrying).acquire_owned().await else { return };
            let courier = Arc::clone(&courier);
            tokio::spawn(async move {
                let WebhookSettings { first_pause, patience, .. } = courier.settings;
                if !retry(first_pause, patience, || courier.post(&batch)).await {
                    tracing::warn!(url = %courier.settings.url.url(), "a webhook was never taken, and is dropped");
                }
                drop(permit);
            });
        }
    }

    /// Whether it was taken: any 2xx.
    async fn post(&self, Batch { key, signature, body }: &Batch) -> bool {
        let request = self
            .http
            .post(self.settings.url.url())
            .header("content-type", "application/json")
            .header("x-pusher-key", key)
            .header("x-pusher-signature", signature)
            .body(body.clone());
        request.send().await.is_ok_and(|answer| answer.status().is_success())
    }
}

/// Tries again, with pauses that double, for as long as patience lasts; whether it worked.
async fn retry<F: Future<Output = bool>>(
    first_pause: Duration,
    patience: Duration,
    mut attempt: impl FnMut() -> F,
) -> bool {
    let (start, mut pause) = (Instant::now(), first_pause);
    while start.elapsed() + pause <= patience {
        sleep(pause).await;
        if attempt().await {
            return true;
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
    false
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const FIVE_MINUTES: Duration = Duration::from_secs(300);

    #[tokio::test(start_paused = true)]
    async fn it_is_tried_for_five_minutes_ever_more_rarely() {
        let (start, tries) = (Instant::now(), RefCell::new(Vec::new()));
        let attempt = || {
            tries.borrow_mut().push(start.elapsed().as_secs());
            async { false }
        };
        assert!(!retry(SECOND, FIVE_MINUTES, attempt).await);
        assert_eq!(tries.into_inner(), [1, 3, 7, 15, 31, 63, 123, 183, 243]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_not_sent_again_once_it_was_taken() {
        let tries = RefCell::new(0);
        let attempt = || {
            *tries.borrow_mut() += 1;
            let is_taken = *tries.borrow() == 3;
            async move { is_taken }
        };
        assert!(retry(SECOND, FIVE_MINUTES, attempt).await);
        assert_eq!(tries.into_inner(), 3);
    }
}
