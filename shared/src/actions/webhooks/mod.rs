//! What the application's own server is told, and what could not be told: seeing it, and trying again.

mod payload;
mod tell;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use crate::{
    actions::{Services, outcome::Outcome},
    domain::{
        ids::WebhookId,
        principal::Caller,
        time::Timestamp,
        webhook::{HookKind, HookState},
    },
    error::Error,
    store::{Next, StoreError, StoredHook, WebhookCursor},
};

/// How many webhooks one call makes due again at most, how many are looked up together, and how many are
/// written at a time.
const REPLAYED: usize = 1_000;
const PER_PAGE: usize = 100;
const AT_ONCE: usize = 10;

/// A webhook that did not arrive at once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AppWebhook)]
pub struct WebhookView {
    /// UUID: the `webhook-id` with which it is sent.
    #[schema(value_type = uuid::Uuid)]
    pub id: WebhookId,
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: HookKind,
    /// The room that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub room_id: Option<String>,
    /// The place of the message that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Whether it is tried again.
    pub state: HookState,
    /// How often it was tried.
    pub attempts: u32,
    /// What the receiver answered last; null if it did not.
    pub last_status: Option<u16>,
    /// When what it tells happened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failed_at: Option<Timestamp>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
}

/// A page of the list of webhooks.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookList {
    /// The webhooks, newest first.
    pub webhooks: Vec<WebhookView>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// What came of trying a webhook again.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Replay {
    /// Whether the receiver took it.
    pub delivered: bool,
    /// The webhook as it is now; null when it arrived, or what it tells of is gone.
    pub webhook: Option<WebhookView>,
}

/// How many webhooks were made due again.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct ReplayedWebhooks {
    /// So many.
    pub replayed: usize,
    /// Whether there are more: call again.
    pub more: bool,
}

impl Services {
    /// Webhooks that did not arrive, newest first.
    ///
    /// # Errors
    /// `Forbidden` to all but the application's server and support agents.
    pub async fn webhooks(
        &self,
        caller: &Caller,
        state: HookState,
        limit: usize,
        after: Option<WebhookCursor>,
    ) -> Result<WebhookList, Error> {
        only_server_or_admins(caller)?;
        let page = self.store.webhooks(state, limit, after).await?;
        Ok(WebhookList {
            webhooks: page.hooks.iter().map(WebhookView::from).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        })
    }

    /// Tries a webhook again, now.
    ///
    /// # Errors
    /// `Forbidden` to all but the application's server and support agents; `NotFound` if there is no such
    /// webhook that has yet to arrive; `Conflict` where no receiver is set.
    pub async fn replay_webhook(&self, caller: &Caller, id: &str) -> Result<Replay, Error> {
        only_server_or_admins(caller)?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let stored = self.store.webhook(id).await?.ok_or(Error::NotFound)?;
        let sender = self.webhooks.as_ref().ok_or(NO_RECEIVER)?;
        let (outcome, left) = self.try_again(sender, stored).await?;
        let webhook = left.as_ref().map(WebhookView::from);
        Ok(Replay { delivered: outcome == Outcome::Done, webhook })
    }

    /// Makes failed webhooks due again, all of them unless they are very many.
    ///
    /// # Errors
    /// `Forbidden` to all but the application's server and support agents; `Conflict` where no receiver is
    /// set.
    pub async fn replay_webhooks(&self, caller: &Caller) -> Result<ReplayedWebhooks, Error> {
        only_server_or_admins(caller)?;
        if self.webhooks.is_none() {
            return Err(NO_RECEIVER);
        }
        let (mut replayed, mut cursor) = (0, None);
        loop {
            let page = self.store.webhooks(HookState::Failed, PER_PAGE, cursor).await?;
            replayed += page.hooks.len();
            let revived = page.hooks.into_iter().map(|stored| self.revive(stored));
            let revived: Vec<_> = revived.collect();
            stream::iter(revived).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
            cursor = page.next;
            if cursor.is_none() || replayed >= REPLAYED {
                return Ok(ReplayedWebhooks { replayed, more: cursor.is_some() });
            }
        }
    }

    /// Begins anew with a webhook that was given up.
    async fn revive(&self, stored: StoredHook) -> Result<(), StoreError> {
        let now = self.clock.now();
        let next = Next::AttemptAt(now);
        self.store.update_webhook(&StoredHook { attempts: 0, since: now, next, ..stored }).await
    }
}

const NO_RECEIVER: Error = Error::Conflict {
    code: "no_webhook_receiver",
    detail: "PARLOUR_APP_WEBHOOK_URL is not set: there is nobody to tell.",
};

/// What is listed tells of rooms that the caller is not in, so this comes before anything is read.
fn only_server_or_admins(caller: &Caller) -> Result<(), Error> {
    if caller.roles.service || caller.roles.admin {
        return Ok(());
    }
    Err(Error::Forbidden {
        code: "service_or_admin",
        detail: "Only the application's server or a support agent sees its webhooks.",
    })
}

impl From<&StoredHook> for WebhookView {
    fn from(stored: &StoredHook) -> Self {
        let (failed_at, next_attempt_at) = match stored.next {
            Next::AttemptAt(at) => (None, Some(at)),
            Next::GivenUpAt(at) => (Some(at), None),
        };
        Self {
            id: stored.id,
            kind: stored.hook.kind(),
            room_id: stored.hook.room().map(|room| room.to_string()),
            seq: stored.hook.seq(),
            state: stored.next.state(),
            attempts: stored.attempts,
            last_status: stored.last_status,
            created_at: stored.hook.at,
            failed_at,
            next_attempt_at,
        }
    }
}
