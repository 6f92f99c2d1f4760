//! `/v1/webhooks`: what the application's own server could not be told.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    actions::webhooks::{Replay, ReplayedWebhooks, WebhookList},
    domain::{principal::Caller, webhook::HookState},
    error::Error,
    http::{BadQuery, Fields, IdPath, NoToken, NotYours, Problem, Shared, Unavailable, ValidQuery},
    store::WebhookCursor,
};
use utoipa::IntoParams;

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListWebhooks {
    /// `failed` unless given; or `pending`.
    #[serde(default)]
    #[param(inline)]
    state: HookState,
    /// How many webhooks: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Webhooks that did not arrive, newest first; for the application's server and support agents.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    params(ListWebhooks),
    responses(
        (status = 200, body = WebhookList, description = "A page of webhooks"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Neither the application's server nor a support agent"),
        NoToken,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_webhooks(
    State(app): State<Shared>,
    caller: Caller,
    ValidQuery(asked): ValidQuery<ListWebhooks>,
) -> Result<Json<WebhookList>, Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT);
    let after = fields.cursor(asked.cursor, WebhookCursor::parse);
    fields.check()?;
    app.services.webhooks(&caller, asked.state, limit, after).await.map(Json)
}

/// Tries a webhook again, now, under the same id; for the application's server and support agents.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/replay",
    params(("id" = uuid::Uuid, Path, description = "The webhook")),
    responses(
        (status = 200, body = Replay, description = "What came of it"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Neither the application's server nor a support agent"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "No receiver is set"),
        NoToken,
        NotYours,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn replay_webhook(
    State(app): State<Shared>,
    caller: Caller,
    IdPath(id): IdPath,
) -> Result<Json<Replay>, Error> {
    app.services.replay_webhook(&caller, &id).await.map(Json)
}

/// Makes the failed webhooks due again, a thousand or so with each call; for the application's server and
/// support agents.
#[utoipa::path(
    post,
    path = "/v1/webhooks/replay",
    responses(
        (status = 200, body = ReplayedWebhooks, description = "How many"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Neither the application's server nor a support agent"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "No receiver is set"),
        NoToken,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn replay_webhooks(
    State(app): State<Shared>,
    caller: Caller,
) -> Result<Json<ReplayedWebhooks>, Error> {
    app.services.replay_webhooks(&caller).await.map(Json)
}
