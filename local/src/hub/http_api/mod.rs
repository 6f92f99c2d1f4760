//! The HTTP API, for servers.
//!
//! | call | what |
//! |---|---|
//! | `POST /apps/{id}/events` | one event on up to 100 channels |
//! | `POST /apps/{id}/batch_events` | up to ten events with a channel each |
//! | `GET /apps/{id}/channels` | which channels are occupied |
//! | `GET /apps/{id}/channels/{name}` | whether this one is |
//! | `GET /apps/{id}/channels/{name}/users` | who is on a presence channel |
//! | `POST /apps/{id}/users/{id}/events` | one event for a signed-in user |
//! | `POST /apps/{id}/users/{id}/terminate_connections` | closes his sockets |
//!
//! A call is done as a whole or not at all. Statuses: 400 for what is malformed or beyond a limit, 401 for a wrong
//! signature, key, timestamp or MD5, 403 for an app that is disabled, 404 for an unknown app, 413 for too much data.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::{Hub, limits};

mod channels;
mod events;
mod info;
mod signed;
mod users;

/// The API's routes.
pub(super) fn router() -> Router<Hub> {
    Router::new()
        .route("/apps/{app}/events", post(events::trigger))
        .route("/apps/{app}/batch_events", post(events::trigger_batch))
        .route("/apps/{app}/channels", get(channels::list))
        .route("/apps/{app}/channels/{channel}", get(channels::show))
        .route("/apps/{app}/channels/{channel}/users", get(channels::users))
        .route("/apps/{app}/users/{user}/events", post(users::send))
        .route("/apps/{app}/users/{user}/terminate_connections", post(users::terminate))
        .layer(DefaultBodyLimit::max(limits::BODY))
}

/// Why a call is refused, as a status and a line of text.
#[derive(Debug)]
struct Refused(StatusCode, String);

impl Refused {
    fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}
