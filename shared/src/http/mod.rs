//! The HTTP side that all functions share: who calls, what they sent, what went wrong.

mod extract;
mod observe;
mod problem;
mod refusals;
mod start;

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};

pub use self::{
    extract::{
        EmojiPath, Fields, IdPath, MemberPath, OptionalJson, RoomPath, SeqPath, SourceAddress,
        ValidForm, ValidJson, ValidQuery,
    },
    problem::Problem,
    refusals::{BadForm, BadJson, BadQuery, NoToken, NotTheServer, NotYours, TooMany, Unavailable},
    start::{StartError, init_logs, run_function, serve, services_of},
};
use crate::{actions::Services, auth::TokenRules, config::Origins, telemetry::Telemetry};

/// Makes a post of a dialect safe to repeat, as a `client_id` does
/// (draft-ietf-httpapi-idempotency-key-header). Pages may send it.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Of a dialect's list: where its next page begins. Pages may read it.
pub const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// What handlers work with. Made once, at start; requests share it.
#[derive(Debug)]
pub struct App {
    /// What actions work with.
    pub services: Services,
    /// Whose tokens are good.
    pub tokens: TokenRules,
    /// Which web pages may call.
    pub origins: Origins,
    /// The address under which clients reach the API, where it is set.
    pub public_url: Option<String>,
    /// What is told of requests.
    pub telemetry: Telemetry,
}

/// The state of every router.
pub type Shared = Arc<App>;

impl App {
    /// Opens the connections and fetches the keys, all at once: a first handshake takes long on a small
    /// function, and is better paid at start than by a caller. Nothing has to succeed; requests try again.
    pub async fn connect(&self) {
        futures_util::future::join(self.services.connect(), self.tokens.connect()).await;
    }

    /// The address under which clients reach the API: as set, or as this request did. Whoever lies
    /// about it in a request misleads only that request's own client.
    pub fn public_url(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let scheme =
            text("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
        format!("{scheme}://{}", text("host").unwrap_or("localhost"))
    }
}
