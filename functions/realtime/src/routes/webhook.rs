//! `/v1/realtime/webhook`.

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
};
use shared::{
    error::Error,
    http::{Problem, Shared, Unavailable},
    realtime::webhook::Webhook,
};

/// The longest body: a relay tells thousands of things at once, and loses them if they are refused.
pub(crate) const MAX_BODY: usize = 2 * 1024 * 1024;

const UNSIGNED: Error =
    Error::Unauthenticated("the webhook is not signed with the key of the relay's app");

/// Takes what the relay tells: who listens, and who does no more. Telling it again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/realtime/webhook",
    params(
        ("X-Pusher-Key" = String, Header, description = "The app's key"),
        ("X-Pusher-Signature" = String, Header, description = "HMAC-SHA256 of the body, in hexadecimal"),
    ),
    request_body = Webhook,
    responses(
        (status = 204, description = "Taken"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Signed, and no webhook"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "Too long"),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "Not signed by the relay"),
        Unavailable,
    ),
    security(("webhook" = []))
)]
pub(crate) async fn receive_webhook(
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Error> {
    let body = body.map_err(|_| Error::TooLarge { limit: MAX_BODY })?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (key, signature) =
        header("x-pusher-key").zip(header("x-pusher-signature")).ok_or(UNSIGNED)?;
    if !app.services.relay.signed_webhook(key, signature, &body) {
        return Err(UNSIGNED);
    }
    let webhook: Webhook = serde_json::from_slice(&body)
        .map_err(|_| Error::Malformed("the body is no webhook of a relay".into()))?;
    app.services.heard_from_relay(&webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}
