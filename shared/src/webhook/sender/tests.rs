use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, http::HeaderMap};
use tokio::net::TcpListener;

use super::*;
use crate::webhook::{ReceiverUrl, SigningSecret, SigningSecrets};

const ID: &str = "00000000-0000-8000-8000-000000000000";
const WITHIN: Duration = Duration::from_secs(10);

/// A receiver that answers so, how often it was called, and its port.
async fn receiver(
    status: u16,
    headers: &[(&'static str, &'static str)],
) -> (Arc<AtomicUsize>, u16) {
    let calls = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let counted = Arc::clone(&calls);
    let answer = async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        (reqwest::StatusCode::from_u16(status).unwrap(), headers, "secret")
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (calls, port)
}

/// A sender to a URL that was not looked at.
fn sender(url: &str, private: bool) -> Sender {
    let current = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    Sender::new(WebhookSettings {
        url: ReceiverUrl { url: url.parse().unwrap(), private },
        secrets: SigningSecrets { current, previous: None },
        events: BTreeSet::new(),
    })
    .unwrap()
}

async fn sends(sender: &Sender) -> Result<(), SendError> {
    sender.send(ID.parse().unwrap(), b"{}".to_vec(), WITHIN, Timestamp::default()).await
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_when_it_is_looked_up() {
    let (calls, port) = receiver(200, &[]).await;
    let url = format!("http://localhost:{port}/");

    let refused = sends(&sender(&url, false)).await;

    assert!(matches!(refused, Err(SendError::Unreachable(_))), "{refused:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    sends(&sender(&url, true)).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_redirect_is_a_refusal() {
    let (elsewhere, port) = receiver(200, &[]).await;
    let location = format!("http://127.0.0.1:{port}/").leak();
    let (calls, port) = receiver(307, &[("location", location)]).await;

    let refused = sends(&sender(&format!("http://127.0.0.1:{port}/"), true)).await.unwrap_err();

    assert_eq!(refused.status(), Some(307));
    assert_eq!((calls.load(Ordering::Relaxed), elsewhere.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test]
async fn every_status_of_success_is_one_and_410_is_final() {
    for (status, taken, is_final) in [
        (200, true, false),
        (204, true, false),
        (299, true, false),
        (400, false, false),
        (404, false, false),
        (410, false, true),
        (500, false, false),
    ] {
        let (_, port) = receiver(status, &[]).await;
        let sent = sends(&sender(&format!("http://127.0.0.1:{port}/"), true)).await;
        assert_eq!(sent.is_ok(), taken, "{status}");
        assert_eq!(sent.is_err_and(|error| error.is_final()), is_final, "{status}");
    }
}

#[tokio::test]
async fn a_busy_receiver_says_when_to_come_back() {
    for (status, header, seconds) in [
        (429, "120", Some(120)),
        (503, "Fri, 31 Dec 1999 23:59:59 GMT", Some(0)),
        (503, "soon", None),
        (500, "120", None),
    ] {
        let (_, port) = receiver(status, &[("retry-after", header)]).await;
        let refused = sends(&sender(&format!("http://127.0.0.1:{port}/"), true)).await.unwrap_err();
        assert_eq!(refused.retry_after(), seconds, "{status} {header}");
        assert!(!format!("{refused:?} {refused}").contains("secret"));
    }
}
