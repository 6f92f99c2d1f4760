//! The keys that an issuer publishes: fetched once, kept, and asked for again when a token names one that
//! is not among them. Whatever floods in, the issuer is asked at most once a minute.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jsonwebtoken::Algorithm;
use tokio::{sync::OwnedMutexGuard, time::timeout};

use super::{
    TokenError,
    download::{Fetch, FetchError},
    jwk::{self, NamedKey},
    key::Key,
};
use crate::domain::time::{Clock, Timestamp};

/// The issuer is asked at most this often, in milliseconds.
const INTERVAL: i64 = 60_000;
/// Keys older than this are asked for again, in milliseconds, so that one the issuer took back does not
/// hold for ever.
const MAX_AGE: i64 = 3_600_000;
/// How long the issuer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// An issuer's keys. Clones share them.
#[derive(Clone)]
pub(super) struct KeySet(Arc<Inner>);

struct Inner {
    fetch: Fetch,
    clock: Clock,
    known: Mutex<Known>,
    /// Held by whoever asks the issuer; all others wait for the same answer.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What is known of the issuer.
#[derive(Default)]
struct Known {
    /// The keys of the last answer that held any.
    keys: Vec<NamedKey>,
    /// When that was.
    since: Option<Timestamp>,
    /// When the issuer was asked last.
    asked: Option<Timestamp>,
    /// Whether it answered then.
    answered: bool,
}

impl Known {
    /// The key of this name, if there is one: bound to its algorithm, and to no other that a token says.
    fn find(&self, kid: &str, algorithm: Algorithm) -> Option<Result<Key, TokenError>> {
        let mut named = self.keys.iter().filter(|key| key.kid == kid).peekable();
        named.peek()?;
        let fitting = named.find(|named| named.key.algorithm == algorithm);
        Some(fitting.map(|named| named.key.clone()).ok_or(TokenError::ALGORITHM))
    }

    /// Why there is no such key. Only an issuer that answers can say that a key is none of its own.
    fn missing(&self, now: Timestamp) -> TokenError {
        if self.answered {
            return TokenError::Bad("the token's key (kid) is not one of its issuer's");
        }
        let left = INTERVAL - age(self.asked, now).unwrap_or(0);
        TokenError::NoKeys { retry_after: (left as u64).div_ceil(1000).max(1) }
    }
}

/// How long ago something was; `None` for never. A clock that was set back must not keep the issuer
/// from being asked, so what lies in the future counts as long ago.
fn age(then: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    let age = now.millis() - then?.millis();
    Some(if age < 0 { INTERVAL } else { age })
}

impl KeySet {
    /// Nothing is fetched yet.
    pub(super) fn new(fetch: Fetch, clock: Clock) -> Self {
        let (known, turn) = (Mutex::default(), Arc::default());
        Self(Arc::new(Inner { fetch, clock, known, turn }))
    }

    /// Fetches the keys, so that the first token need not wait for them. It does not have to succeed.
    pub(super) async fn connect(&self) {
        self.fetch(self.turn().await).await;
    }

    /// The key that a token names, for the algorithm that it says.
    pub(super) async fn key(&self, kid: &str, algorithm: Algorithm) -> Result<Key, TokenError> {
        if self.is_old() {
            // Whoever comes meanwhile goes on with the old keys.
            if let Ok(turn) = Arc::clone(&self.0.turn).try_lock_owned() {
                self.fetch(turn).await;
            }
        }
        if let Some(found) = self.known().find(kid, algorithm) {
            return found;
        }
        self.fetch(self.turn().await).await;
        let (known, now) = (self.known(), self.0.clock.now());
        known.find(kid, algorithm).unwrap_or_else(|| Err(known.missing(now)))
    }

    async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0.turn).lock_owned().await
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_old(&self) -> bool {
        age(self.known().since, self.0.clock.now()).is_some_and(|age| age >= MAX_AGE)
    }

    /// Asks the issuer, unless that was done within the last minute.
    async fn fetch(&self, turn: OwnedMutexGuard<()>) {
        if !self.begin() {
            return;
        }
        let this = self.clone();
        // A task of its own: whoever asked may hang up, and must not take the minute's only try along.
        let fetched = tokio::spawn(async move {
            match this.ask().await {
                Ok(keys) => this.learn(keys),
                // What was known stays good.
                Err(error) => tracing::warn!(%error, "the key set could not be fetched"),
            }
            drop(turn);
        });
        let _ = fetched.await;
    }

    /// Whether it is time to ask; if so, it is taken as done, and as failed until there is an answer.
    fn begin(&self) -> bool {
        let now = self.0.clock.now();
        let mut known = self.known();
        if age(known.asked, now).is_some_and(|age| age < INTERVAL) {
            return false;
        }
        known.asked = Some(now);
        known.answered = false;
        true
    }

    async fn ask(&self) -> Result<Vec<NamedKey>, FetchError> {
        let answer = timeout(PATIENCE, (self.0.fetch)()).await;
        let answer = answer.map_err(|_| FetchError::TimedOut)??;
        jwk::parse(&answer).filter(|keys| !keys.is_empty()).ok_or(FetchError::NoKeys)
    }

    fn learn(&self, keys: Vec<NamedKey>) {
        let mut known = self.known();
        known.keys = keys;
        known.since = known.asked;
        known.answered = true;
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.known().keys.len())
    }
}

#[cfg(test)]
mod tests;
