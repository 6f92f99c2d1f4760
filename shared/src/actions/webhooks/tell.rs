//! Telling the application's server: at once, and if that fails again later.

use std::{future::Future, time::Duration};

use serde_json::Value;

use super::payload;
use crate::{
    actions::{Services, outcome::Outcome},
    domain::{
        ids::WebhookId,
        message::Message,
        time::Timestamp,
        webhook::{Happened, Hook, HookKind, is_overdue, next_attempt},
    },
    error::Error,
    store::{Due, Head, Next, StoreError, StoredHook},
    webhook::{SendError, Sender},
};

/// How long a caller waits for the application's server at most: as long as for the relay, beside it.
const AT_ONCE: Duration = Duration::from_millis(800);
/// How long an attempt may take for which nobody waits.
const LATER: Duration = Duration::from_secs(5);

/// For how long something is news to whoever repeats a call that was not answered, in milliseconds.
const MOMENTS: i64 = 60_000;

/// Why an attempt failed.
enum Trouble {
    /// What is to be told could not be read.
    Store(StoreError),
    /// It could not be sent.
    Send(SendError),
}

impl Services {
    /// Whether the application's server is told of things of this kind.
    pub(in crate::actions) fn app_wants(&self, kind: HookKind) -> bool {
        self.webhooks.as_ref().is_some_and(|sender| sender.wants(kind))
    }

    /// Whether that was so short a time ago that whoever did it may have had no answer yet.
    pub(in crate::actions) fn is_moments_ago(&self, at: Timestamp) -> bool {
        self.clock.now().millis().saturating_sub(at.millis()) < MOMENTS
    }

    /// Tells the application's server what happened, if anything did, or writes down that it is to be told.
    ///
    /// # Errors
    /// When neither could be done: whoever caused it should do it again.
    pub(in crate::actions) async fn tell_app(&self, hook: Option<Hook>) -> Result<(), Error> {
        let Some(hook) = hook else { return Ok(()) };
        self.tell_app_of(&hook, self.data_of(&hook)).await
    }

    /// Tells the application's server of a message that was just stored, or writes down that it is to be
    /// told. What was read anyway is not read again.
    ///
    /// # Errors
    /// As [`Self::tell_app`].
    pub(in crate::actions) async fn tell_app_of_message(
        &self,
        head: &Head,
        message: &Message,
    ) -> Result<(), Error> {
        let what = Happened::MessageCreated(message.room, message.seq);
        let hook = Hook { what, at: message.created_at };
        let data = async { self.message_data(head, message).await.map(Some) };
        self.tell_app_of(&hook, data).await
    }

    async fn tell_app_of(
        &self,
        hook: &Hook,
        data: impl Future<Output = Result<Option<Value>, StoreError>>,
    ) -> Result<(), Error> {
        let wanting = self.webhooks.as_ref().filter(|sender| sender.wants(hook.kind()));
        let Some(sender) = wanting else { return Ok(()) };
        let id = hook.id(self.store.salt().await?);
        let now = self.clock.now();
        let mut stored = StoredHook {
            id,
            hook: hook.clone(),
            attempts: 0,
            last_status: None,
            since: now,
            next: Next::AttemptAt(now),
        };
        let failure = if sender.is_silent(now) {
            None
        } else {
            match self.attempt(sender, (id, hook), data, AT_ONCE).await {
                Ok(_) => return Ok(()),
                Err(Trouble::Store(_)) => None,
                Err(Trouble::Send(error)) => {
                    stored.attempts = 1;
                    Some(error)
                }
            }
        };
        fail(&mut stored, failure.as_ref(), self.clock.now());
        Ok(self.store.put_webhook(&stored).await?)
    }

    /// One attempt; whether there was anything to tell.
    async fn attempt(
        &self,
        sender: &Sender,
        (id, hook): (WebhookId, &Hook),
        data: impl Future<Output = Result<Option<Value>, StoreError>>,
        within: Duration,
    ) -> Result<bool, Trouble> {
        let Some(data) = data.await.map_err(Trouble::Store)? else { return Ok(false) };
        let body = payload::body(hook, &data);
        let sent = sender.send(id, body, within, self.clock.now()).await;
        if let Err(error) = &sent {
            let (kind, status) = (hook.kind().as_str(), error.status());
            tracing::warn!(%id, kind, status, %error, "a webhook did not arrive");
        }
        sent.map(|()| true).map_err(Trouble::Send)
    }

    /// Tries again what is due. While the receiver is silent it is left alone, but not for ever.
    ///
    /// # Errors
    /// When the store cannot be reached; it is due again when the lease ends.
    pub async fn send_webhook(&self, due: &Due) -> Result<Outcome, Error> {
        let now = self.clock.now();
        let Some((lease, mut stored)) = self.store.take_webhook(due, now).await? else {
            return Ok(Outcome::Taken);
        };
        let kind = stored.hook.kind();
        let wanting = self.webhooks.as_ref().filter(|sender| sender.wants(kind));
        let Some(sender) = wanting else {
            // Nobody wants to know any more; it is listed for as long as what failed is.
            stored.next = Next::GivenUpAt(now);
            self.store.update_webhook(&stored).await?;
            return Ok(Outcome::GivenUp);
        };
        if sender.is_silent(now) && !is_overdue(stored.since, now) {
            self.store.postpone(&lease, now.plus_millis(MOMENTS)).await?;
            return Ok(Outcome::PutOff);
        }
        Ok(self.try_again(sender, stored).await?.0)
    }

    /// Tries a webhook again, and writes down what came of it; what is left of it, if anything.
    pub(super) async fn try_again(
        &self,
        sender: &Sender,
        mut stored: StoredHook,
    ) -> Result<(Outcome, Option<StoredHook>), Error> {
        let hook = stored.hook.clone();
        let data = self.data_of(&hook);
        let failure = match self.attempt(sender, (stored.id, &hook), data, LATER).await {
            Ok(arrived) => {
                self.store.forget_webhook(stored.id).await?;
                return Ok((if arrived { Outcome::Done } else { Outcome::Needless }, None));
            }
            Err(Trouble::Store(error)) => return Err(error.into()),
            Err(Trouble::Send(error)) => error,
        };
        stored.attempts = stored.attempts.saturating_add(1);
        fail(&mut stored, Some(&failure), self.clock.now());
        self.store.update_webhook(&stored).await?;
        let outcome = match stored.next {
            Next::AttemptAt(_) => Outcome::PutOff,
            Next::GivenUpAt(_) => Outcome::GivenUp,
        };
        Ok((outcome, Some(stored)))
    }
}

/// What becomes of a webhook after an attempt that failed, or was spared. One that was given up stays so.
fn fail(stored: &mut StoredHook, failure: Option<&SendError>, now: Timestamp) {
    stored.last_status = failure.and_then(SendError::status);
    if matches!(stored.next, Next::GivenUpAt(_)) {
        return;
    }
    let asked_for = failure.and_then(SendError::retry_after);
    let next = next_attempt(now, stored.attempts, fastrand::f64(), asked_for);
    let is_over = failure.is_some_and(SendError::is_final) || is_overdue(stored.since, now);
    let next = next.filter(|_| !is_over);
    stored.next = next.map_or(Next::GivenUpAt(now), Next::AttemptAt);
}
