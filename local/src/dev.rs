//! `/dev/…`: what a developer needs and a deployment must not have.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    middleware,
    routing::{get, post, put},
};
use dispatch::Summary;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    domain::time::{Clock, Timestamp, system_now},
    error::Error,
};

use crate::{
    due::Due,
    guard,
    live::{self, Live},
    outbox::Sent,
};

/// How long a token is good when its claims do not say, in seconds.
const WEEK: i64 = 7 * 24 * 3600;

/// The domain's clock, to be moved by hand. It goes on from wherever it is put.
#[derive(Clone, Debug, Default)]
pub(crate) struct DevClock {
    /// How far it is from the machine's clock, in milliseconds.
    offset: Arc<AtomicI64>,
}

impl DevClock {
    /// The clock as the domain reads it.
    pub(crate) fn clock(&self) -> Clock {
        let offset = Arc::clone(&self.offset);
        Clock::from_fn(move || system_now().plus_millis(offset.load(Ordering::Relaxed)))
    }
}

#[derive(Clone)]
struct Dev {
    clock: DevClock,
    due: Arc<Due>,
}

/// The development routes; they answer only to this machine.
pub(crate) fn router(clock: DevClock, due: Arc<Due>, live: Live) -> Router {
    let watching = Router::new().route("/dev/live", get(live::watch)).with_state(live);
    Router::new()
        .route("/dev/tokens", post(mint_token))
        .route("/dev/clock", put(set_clock).delete(reset_clock))
        .route("/dev/dispatch", post(dispatch))
        .route("/dev/mail", get(list_mail))
        .with_state(Dev { clock, due })
        .merge(watching)
        .layer(middleware::from_fn(guard::local_only))
}

/// A token with the claims of the body, whatever they are: also ones that will not hold.
async fn mint_token(
    State(dev): State<Dev>,
    body: Bytes,
) -> Result<Json<BTreeMap<&'static str, String>>, Error> {
    let mut claims: Map<String, Value> = serde_json::from_slice(&body)
        .map_err(|_| Error::Malformed("the body must be the claims, as a JSON object".into()))?;
    claims.entry("exp").or_insert_with(|| (system_now().seconds() + WEEK).into());
    let token =
        dev.due.app.tokens.mint(claims).map_err(|error| Error::Malformed(error.to_string()))?;
    Ok(Json(BTreeMap::from([("token", token)])))
}

/// Runs the scheduled function once.
async fn dispatch(State(dev): State<Dev>) -> Result<Json<Summary>, Error> {
    dev.due.run().await.map(Json)
}

/// What would have been mailed.
async fn list_mail(State(dev): State<Dev>) -> Json<Vec<Sent>> {
    Json(dev.due.mail.sent())
}

/// Where to put the clock.
#[derive(Deserialize)]
#[serde(untagged)]
enum SetClock {
    Now { now: Timestamp },
    Advance { advance_ms: i64 },
}

async fn set_clock(
    State(dev): State<Dev>,
    body: Bytes,
) -> Result<Json<BTreeMap<&'static str, Timestamp>>, Error> {
    let set = serde_json::from_slice(&body).map_err(|_| {
        Error::Malformed("the body must be {\"now\": time} or {\"advance_ms\": number}".into())
    })?;
    match set {
        SetClock::Now { now } => {
            dev.clock
                .offset
                .store(now.millis().saturating_sub(system_now().millis()), Ordering::Relaxed);
        }
        SetClock::Advance { advance_ms } => {
            dev.clock.offset.fetch_add(advance_ms, Ordering::Relaxed);
        }
    }
    Ok(now(&dev))
}

async fn reset_clock(State(dev): State<Dev>) -> Json<BTreeMap<&'static str, Timestamp>> {
    dev.clock.offset.store(0, Ordering::Relaxed);
    now(&dev)
}

fn now(dev: &Dev) -> Json<BTreeMap<&'static str, Timestamp>> {
    Json(BTreeMap::from([("now", dev.clock.clock().now())]))
}
