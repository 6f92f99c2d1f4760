//! The textbook's design as a server in Rust: the same SDK, the same embedded store and the same hub as the
//! local program has.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
    serve::ListenerExt as _,
};
use local::{
    demo_tokens,
    embedded::{Request, Wire, client},
};
use serde_json::{Value, json};
use shared::{
    auth::TokenRules,
    domain::time::{Clock, system_now},
};
use tokio::{net::TcpListener, time::sleep};

use super::{
    relay::Relay,
    rows::{self, Message, Meta},
};
use crate::Failure;

/// How often a post is tried, and the longest wait before the next try at first and at last.
const ATTEMPTS: u32 = 30;
const FIRST_WAIT_MS: u64 = 10;
const LONGEST_WAIT_MS: u64 = 1_000;

type Refusal = (StatusCode, String);

struct Server {
    dynamodb: Client,
    tokens: TokenRules,
    relay: Relay,
}

/// The routes, over a store and the hub on this port.
///
/// # Errors
/// When there can be no HTTP client.
pub(crate) fn routes(store: Arc<dyn Wire>, hub: u16) -> Result<Router, Failure> {
    let server = Server {
        dynamodb: client(store, RetryConfig::standard().with_max_attempts(3)),
        tokens: TokenRules::new(demo_tokens(), Clock::system())?,
        relay: Relay::at(hub)?,
    };
    Ok(Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/v1/rooms", get(inbox))
        .route("/v1/rooms/{room}/messages", post(create_message).get(history))
        .with_state(Arc::new(server)))
}

/// The wire protocol of a store that is not the embedded engine itself, to prepare it.
pub(crate) fn wire(store: impl Wire + Clone) -> Router {
    Router::new().route(
        "/",
        post(async move |headers: HeaderMap, body: Bytes| {
            let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
            let operation = target.unwrap_or_default().rsplit('.').next().unwrap_or_default();
            let request = Request { operation: operation.to_owned(), body: body.to_vec() };
            match store.call(request).await {
                Ok(answer) => {
                    let broken = StatusCode::INTERNAL_SERVER_ERROR;
                    (StatusCode::from_u16(answer.status).unwrap_or(broken), answer.body)
                }
                Err(lost) => (StatusCode::BAD_GATEWAY, lost.to_string()),
            }
        }),
    )
}

/// Listens as the local program does.
///
/// # Errors
/// When the address is taken.
pub(crate) async fn listen(
    address: SocketAddr,
) -> Result<impl axum::serve::Listener<Addr = SocketAddr>, Failure> {
    Ok(TcpListener::bind(address).await?.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    }))
}

async fn create_message(
    State(server): State<Arc<Server>>,
    Path(room): Path<String>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let sender = server.caller(&headers).await?;
    let Some(body) = asked["body"].as_str().filter(|body| !body.is_empty()) else {
        return Err((StatusCode::BAD_REQUEST, "bad body".into()));
    };
    let client_id = asked["client_id"].as_str();
    for attempt in 0..ATTEMPTS {
        let meta = Meta::read(&server.dynamodb, &room).await.map_err(broken)?;
        let meta = meta.filter(|meta| meta.members.contains(&sender)).ok_or_else(absent)?;
        let message = Message::new(&room, meta.seq + 1, &sender, body, client_id);
        let writes = rows::writes(&message, &meta);
        match server.dynamodb.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => {
                let told = message.to_json();
                server.relay.triggers(&room, &told).await.map_err(broken)?;
                return Ok((StatusCode::CREATED, Json(told)));
            }
            Err(error) if was_slower(&error) => {
                let longest =
                    FIRST_WAIT_MS.saturating_mul(1 << attempt.min(10)).min(LONGEST_WAIT_MS);
                sleep(Duration::from_millis(fastrand::u64(..longest))).await;
            }
            Err(error) => return Err(broken(error)),
        }
    }
    Err((StatusCode::SERVICE_UNAVAILABLE, "busy".into()))
}

async fn inbox(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Query(query): Query<Value>,
) -> Result<Json<Value>, Refusal> {
    let caller = server.caller(&headers).await?;
    let page = rows::inbox(&server.dynamodb, &caller, limit(&query, 20), query["cursor"].as_str());
    page.await.map(Json).map_err(broken)
}

async fn history(
    State(server): State<Arc<Server>>,
    Path(room): Path<String>,
    headers: HeaderMap,
    Query(query): Query<Value>,
) -> Result<Json<Value>, Refusal> {
    let caller = server.caller(&headers).await?;
    let before = query["before"].as_str().and_then(|before| before.parse().ok());
    let page = rows::history(&server.dynamodb, &room, &caller, limit(&query, 50), before);
    page.await.map_err(broken)?.map(Json).ok_or_else(absent)
}

fn limit(query: &Value, usual: i32) -> i32 {
    query["limit"].as_str().and_then(|limit| limit.parse().ok()).unwrap_or(usual)
}

impl Server {
    async fn caller(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let refused = || (StatusCode::UNAUTHORIZED, "no valid token".to_owned());
        let header = headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer ")).ok_or_else(refused)?;
        let caller = self.tokens.verify(token, system_now()).await.map_err(|_| refused())?;
        Ok(caller.principal.member_id())
    }
}

fn was_slower<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    error.code() == Some("TransactionCanceledException")
}

fn absent() -> Refusal {
    (StatusCode::NOT_FOUND, "not found".into())
}

fn broken(error: impl Into<Failure>) -> Refusal {
    (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": error.into().to_string() }).to_string())
}
