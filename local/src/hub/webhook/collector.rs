//! Puts what happens together into webhooks.

use std::{mem, sync::Arc, time::Duration};

use shared::realtime::sign::Signer;
use tokio::{
    select,
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    News,
    courier::{Batch, Courier},
    grace::Grace,
};
use crate::hub::{App, WebhookSettings};
use shared::domain::time::Clock;

/// The most events of one webhook.
const BATCH: usize = 100;
/// How many events may wait for the collector, and how many for the courier: a server that does not answer must not
/// fill the memory.
const WAITING: usize = 10_000;

/// Where what happens is put.
#[derive(Clone)]
pub(crate) struct Outbox(Option<mpsc::Sender<News>>);

impl Outbox {
    /// Nobody wants to know.
    pub(crate) fn nowhere() -> Self {
        Self(None)
    }

    /// Puts something in, without waiting. Nothing is made of it where nobody wants to know.
    pub(crate) fn tell(&self, news: impl FnOnce() -> News) {
        if let Some(collector) = &self.0
            && let Err(mpsc::error::TrySendError::Full(_)) = collector.try_send(news())
        {
            tracing::warn!("a webhook event is dropped: more happens than can be told");
        }
    }
}

/// Starts to collect and to post.
pub(crate) fn start(app: Arc<App>, settings: WebhookSettings, clock: Clock) -> Outbox {
    let grace = Grace::new(settings.grace);
    let courier = Courier::new(settings);
    let sign = move |events: Vec<News>| {
        let body = serde_json::json!({ "time_ms": clock.now().millis(), "events": events });
        let body = body.to_string();
        let signature = Signer::new(&app.key, &app.secret).webhook_signature(body.as_bytes());
        Batch { key: app.key.clone(), signature, body }
    };
    let (batches, to_send) = mpsc::channel(1);
    let (outbox, news) = mpsc::channel(WAITING);
    tokio::spawn(collect(news, grace, batches));
    tokio::spawn(courier.run(to_send, sign));
    Outbox(Some(outbox))
}

/// Runs until the hub is gone. While the courier is busy, what happens goes into one batch.
async fn collect(
    mut news: mpsc::Receiver<News>,
    mut grace: Grace,
    courier: mpsc::Sender<Vec<News>>,
) {
    let mut waiting: Vec<News> = Vec::new();
    loop {
        let expires = grace.next();
        let expiry = expires.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        select! {
            happened = news.recv() => {
                let Some(happened) = happened else { return };
                if let Some(happened) = grace.pass(happened, Instant::now()) {
                    keep(&mut waiting, happened);
                }
            }
            () = sleep_until(expiry), if expires.is_some() => {
                while let Some(left) = grace.expired(Instant::now()) {
                    keep(&mut waiting, left);
                }
            }
            slot = courier.reserve(), if !waiting.is_empty() => {
                let Ok(slot) = slot else { return };
                let rest = waiting.split_off(waiting.len().min(BATCH));
                slot.send(mem::replace(&mut waiting, rest));
            }
        }
    }
}

fn keep(waiting: &mut Vec<News>, news: News) {
    if waiting.len() < WAITING {
        waiting.push(news);
    } else {
        tracing::warn!("a webhook event is dropped: the server does not take them");
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{sleep, timeout};

    use super::*;

    fn miss(number: usize) -> News {
        News::CacheMiss { channel: format!("cache-{number}") }
    }

    #[tokio::test(start_paused = true)]
    async fn what_happens_while_the_courier_is_busy_goes_into_one_batch() {
        let (outbox, news) = mpsc::channel(WAITING);
        let (courier, mut batches) = mpsc::channel(1);
        tokio::spawn(collect(news, Grace::new(Duration::from_secs(3)), courier));
        for number in 0..250 {
            outbox.send(miss(number)).await.unwrap();
        }
        drop(outbox.reserve().await.unwrap());
        let mut told = Vec::new();
        while told.len() < 250 {
            let batch: Vec<News> = batches.recv().await.unwrap();
            assert!(batch.len() <= BATCH);
            told.extend(batch);
        }
        assert_eq!(told, (0..250).map(miss).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn that_somebody_left_is_told_after_the_time_of_grace() {
        let (outbox, news) = mpsc::channel(WAITING);
        let (courier, mut batches) = mpsc::channel(1);
        tokio::spawn(collect(news, Grace::new(Duration::from_secs(3)), courier));
        let start = Instant::now();
        outbox.send(News::ChannelVacated { channel: "room".into() }).await.unwrap();
        outbox.send(miss(1)).await.unwrap();
        assert_eq!(batches.recv().await.unwrap(), [miss(1)]);
        assert_eq!(start.elapsed(), Duration::ZERO);
        let left = batches.recv().await.unwrap();
        assert_eq!(left, [News::ChannelVacated { channel: "room".into() }]);
        assert_eq!(start.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_courier_that_is_stuck_does_not_fill_the_memory_nor_hold_up_who_tells() {
        let (outbox, news) = mpsc::channel(WAITING);
        let (courier, mut batches) = mpsc::channel(1);
        tokio::spawn(collect(news, Grace::new(Duration::from_secs(3)), courier));
        let moment = Duration::from_secs(1);
        // The first is already on its way to the courier; the time of the pause goes on when all others wait.
        outbox.send(miss(0)).await.unwrap();
        sleep(moment).await;
        let telling = async {
            for number in 1..3 * WAITING {
                outbox.send(miss(number)).await.unwrap();
            }
        };
        timeout(moment, telling).await.expect("nobody is held up");
        sleep(moment).await;

        let mut told = Vec::new();
        while let Ok(batch) = timeout(moment, batches.recv()).await {
            told.extend(batch.expect("a collector, as long as there is an outbox"));
        }

        assert_eq!(told.len(), 1 + WAITING);
        assert_eq!(told, (0..=WAITING).map(miss).collect::<Vec<_>>());
        outbox.send(miss(3 * WAITING)).await.unwrap();
        assert_eq!(batches.recv().await.unwrap(), [miss(3 * WAITING)], "there is room again");
    }
}
