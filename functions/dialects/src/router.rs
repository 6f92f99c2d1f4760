//! The systems, a line each. Without its line a system is not served.

use axum::Router;
use shared::http::Shared;

use crate::{direct, exchange, marketplace, support, threads};

/// Their tables.
pub fn routes() -> Router<Shared> {
    Router::new()
        .merge(direct::routes())
        .merge(exchange::routes())
        .merge(marketplace::routes())
        .merge(support::routes())
        .merge(threads::routes())
}
