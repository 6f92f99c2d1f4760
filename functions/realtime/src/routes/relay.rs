//! `/v1/realtime`.

use axum::{Json, extract::State, http::HeaderMap};
use serde::Serialize;
use shared::{
    domain::principal::Caller,
    error::Error,
    http::{NoToken, Shared, Unavailable},
    realtime::relay::Endpoint,
};
use utoipa::ToSchema;

/// How to reach the relay with any Pusher client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connection {
    /// The app key.
    key: String,
    /// The host of the WebSocket (`wsHost`).
    host: String,
    /// Its port (`wsPort`, `wssPort`).
    port: u16,
    /// Whether it speaks TLS (`forceTLS`).
    tls: bool,
    /// The cluster of hosted Pusher, where it is that.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    /// Where a client has its channels authorized (`channelAuthorization.endpoint`).
    auth_url: String,
    /// Where a client signs in (`userAuthentication.endpoint`).
    user_auth_url: String,
}

/// How to reach the relay with any Pusher client.
#[utoipa::path(
    get,
    path = "/v1/realtime",
    responses(
        (status = 200, body = Connection, description = "What a client is configured with"),
        NoToken,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_realtime(
    State(app): State<Shared>,
    _: Caller,
    headers: HeaderMap,
) -> Result<Json<Connection>, Error> {
    let relay = &app.services.relay;
    let url = app.public_url(&headers);
    // A relay without an address of its own is where the API is.
    let socket = relay.socket.clone().or_else(|| Endpoint::of_url(&url));
    let socket = socket.unwrap_or_else(|| relay.api.clone());
    Ok(Json(Connection {
        key: relay.key.clone(),
        host: socket.host,
        port: socket.port,
        tls: socket.tls,
        cluster: relay.cluster.clone(),
        auth_url: format!("{url}/v1/realtime/auth"),
        user_auth_url: format!("{url}/v1/realtime/user"),
    }))
}
