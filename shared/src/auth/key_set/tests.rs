//! The issuer and the clock are scripted.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
};

use futures_util::{FutureExt as _, future::join_all};
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::auth::fixtures::RSA;

/// What the issuer does when it is asked.
enum Answer {
    /// It answers with keys of these names.
    Keys(&'static [&'static str]),
    /// It answers with a text.
    Text(&'static str),
    /// It answers an error.
    Error,
    /// It answers with a key of this name, once it is told to.
    Waits(&'static str),
    /// It never answers.
    Hangs,
}

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: AtomicUsize,
    now: AtomicI64,
    go: Notify,
}

struct Issuer {
    script: Arc<Script>,
    set: KeySet,
}

fn set_of(names: &[&str]) -> Vec<u8> {
    let key = |kid: &&str| json!({ "kid": kid, "kty": "RSA", "n": RSA, "e": "AQAB" });
    json!({ "keys": names.iter().map(key).collect::<Vec<_>>() }).to_string().into_bytes()
}

impl Issuer {
    /// One that will answer so, and fail from then on.
    fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        let now = AtomicI64::new(1_700_000_000_000);
        let script = Arc::new(Script { answers, now, ..Script::default() });
        let (asked, told) = (Arc::clone(&script), Arc::clone(&script));
        let fetch: Fetch = Box::new(move || {
            asked.asked.fetch_add(1, Ordering::SeqCst);
            let answer = asked.answers.lock().unwrap().pop_front().unwrap_or(Answer::Error);
            let script = Arc::clone(&asked);
            async move {
                match answer {
                    Answer::Keys(names) => Ok(set_of(names)),
                    Answer::Text(text) => Ok(text.into()),
                    Answer::Error => Err(FetchError::Status(500)),
                    Answer::Waits(name) => {
                        script.go.notified().await;
                        Ok(set_of(&[name]))
                    }
                    Answer::Hangs => std::future::pending().await,
                }
            }
            .boxed()
        });
        let clock = Clock::from_fn(move || Timestamp::from_millis(told.now.load(Ordering::SeqCst)));
        Self { script, set: KeySet::new(fetch, clock) }
    }

    fn later(&self, seconds: i64) {
        self.script.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.script.asked.load(Ordering::SeqCst)
    }

    async fn has(&self, kid: &str) -> bool {
        self.set.key(kid, Algorithm::RS256).await.is_ok()
    }

    async fn refuses(&self, kid: &str) -> TokenError {
        self.set.key(kid, Algorithm::RS256).await.unwrap_err()
    }
}

fn is_bad(error: TokenError) -> bool {
    matches!(error, TokenError::Bad(_))
}

#[tokio::test]
async fn the_keys_are_fetched_once() {
    let issuer = Issuer::answering([Answer::Keys(&["a", "b"])]);
    issuer.set.connect().await;
    for kid in ["a", "b", "a"] {
        assert!(issuer.has(kid).await, "{kid}");
    }
    assert_eq!(issuer.asked(), 1);
}

/// Fault F16.
#[tokio::test]
async fn a_new_key_is_known_after_one_fetch_and_the_one_before_is_gone() {
    let issuer = Issuer::answering([Answer::Keys(&["a"]), Answer::Keys(&["b"])]);
    issuer.set.connect().await;
    issuer.later(60);

    assert!(issuer.has("b").await);

    assert_eq!(issuer.asked(), 2);
    assert!(is_bad(issuer.refuses("a").await), "the issuer took it back");
}

/// Fault F16.
#[tokio::test]
async fn however_many_unknown_keys_come_the_issuer_is_asked_once_a_minute() {
    let known = || Answer::Keys(&["a"]);
    let issuer = Issuer::answering([known(), known(), known()]);
    issuer.set.connect().await;

    for asked in 1..=3 {
        let names: Vec<String> = (0..200).map(|number| format!("unknown-{number}")).collect();
        for refused in join_all(names.iter().map(|name| issuer.refuses(name))).await {
            assert!(is_bad(refused), "{refused:?}");
        }
        assert_eq!(issuer.asked(), asked);
        issuer.later(59);
        assert!(is_bad(issuer.refuses("unknown").await));
        assert_eq!(issuer.asked(), asked, "not before the minute is over");
        issuer.later(1);
    }
    assert!(issuer.has("a").await);
}

/// Fault F16.
#[tokio::test]
async fn all_who_come_while_the_issuer_is_asked_share_its_answer() {
    let issuer = Issuer::answering([Answer::Waits("a")]);
    let all = join_all((0..50).map(|_| issuer.has("a")));
    let told = async {
        while issuer.asked() == 0 {
            tokio::task::yield_now().await;
        }
        issuer.script.go.notify_one();
    };

    let (all, ()) = futures_util::future::join(all, told).await;

    assert!(all.into_iter().all(|has| has));
    assert_eq!(issuer.asked(), 1);
}

/// Whoever can make a request and hang up would else keep the keys from everybody.
/// Fault F16.
#[tokio::test]
async fn one_who_hangs_up_does_not_take_the_fetch_along() {
    let issuer = Issuer::answering([Answer::Waits("a")]);
    {
        let mut hasty = Box::pin(issuer.has("a"));
        while issuer.asked() == 0 {
            assert!((&mut hasty).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    }
    issuer.script.go.notify_one();

    assert!(issuer.has("a").await);

    assert_eq!(issuer.asked(), 1);
}

/// Fault F16.
#[tokio::test]
async fn what_was_known_stays_good_when_the_issuer_fails() {
    for failure in [
        Answer::Error,
        Answer::Text("<html>We are back soon</html>"),
        Answer::Text(r#"{"keys":[]}"#),
        Answer::Text(r#"{"keys":[{"kid":"a","kty":"oct","k":"AAAA"}]}"#),
    ] {
        let issuer = Issuer::answering([Answer::Keys(&["a"]), failure, Answer::Keys(&["b"])]);
        issuer.set.connect().await;
        issuer.later(60);

        // It may be a new one: nobody can tell.
        assert_eq!(issuer.refuses("b").await, TokenError::NoKeys { retry_after: 60 });
        assert!(issuer.has("a").await);

        issuer.later(60);
        assert!(issuer.has("b").await);
        assert_eq!(issuer.asked(), 3);
    }
}

/// Fault F16.
#[tokio::test]
async fn without_any_key_nobody_can_tell_and_it_says_when_to_come_again() {
    let issuer = Issuer::answering([Answer::Error, Answer::Keys(&["a"])]);
    issuer.set.connect().await;

    assert_eq!(issuer.refuses("a").await, TokenError::NoKeys { retry_after: 60 });
    issuer.later(45);
    assert_eq!(issuer.refuses("a").await, TokenError::NoKeys { retry_after: 15 });
    assert_eq!(issuer.asked(), 1);
    issuer.later(15);
    assert!(issuer.has("a").await);
}

/// Fault F16.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_hangs_is_waited_for_two_seconds() {
    let issuer = Issuer::answering([Answer::Hangs]);
    let before = tokio::time::Instant::now();

    assert_eq!(issuer.refuses("a").await, TokenError::NoKeys { retry_after: 60 });

    assert_eq!(before.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn keys_that_are_an_hour_old_are_asked_for_again() {
    let issuer =
        Issuer::answering([Answer::Keys(&["a", "b"]), Answer::Error, Answer::Keys(&["b"])]);
    issuer.set.connect().await;
    issuer.later(3_599);
    assert!(issuer.has("a").await);
    assert_eq!(issuer.asked(), 1);

    issuer.later(1);
    assert!(issuer.has("a").await, "it failed, so they stay");
    assert!(issuer.has("b").await);
    assert_eq!(issuer.asked(), 2);
    issuer.later(60);
    assert!(is_bad(issuer.refuses("a").await), "the issuer took it back");
    assert!(issuer.has("b").await);
    assert_eq!(issuer.asked(), 3);
}

/// Fault F14.
#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_from_asking() {
    let issuer = Issuer::answering([Answer::Keys(&["a"]), Answer::Keys(&["b"])]);
    issuer.set.connect().await;
    issuer.later(-3_600);
    assert!(issuer.has("b").await);
}

/// Fault F16.
#[tokio::test]
async fn a_key_is_not_used_for_another_algorithm_and_nobody_is_asked_for_one() {
    let issuer = Issuer::answering([Answer::Keys(&["a"])]);
    issuer.set.connect().await;
    issuer.later(60);
    for other in [Algorithm::ES256, Algorithm::HS256, Algorithm::RS384, Algorithm::PS256] {
        assert_eq!(issuer.set.key("a", other).await.unwrap_err(), TokenError::ALGORITHM);
    }
    assert_eq!(issuer.asked(), 1);
}
