//! What a program that listens on a laptop must refuse: requests that a foreign page made the
//! browser send (with its Origin), or sent to a name that was made to point here (DNS rebinding).

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Whether the request was addressed to this machine by one of its own names.
pub(crate) fn is_local_host(headers: &HeaderMap) -> bool {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_some_and(is_local_authority)
}

/// Whether the request comes from a page of this machine, or from no page at all.
fn is_local_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix("http://"))
        .is_some_and(is_local_authority)
}

/// Whether `host[:port]` names the loopback interface.
fn is_local_authority(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Lets only requests through that this machine's own programs and pages made.
pub(crate) async fn local_only(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from_here = peer.is_some_and(|ConnectInfo(peer)| peer.ip().is_loopback());
    if from_here && is_local_host(request.headers()) && is_local_origin(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "only for this machine").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_this_machine_are_local() {
        for local in ["localhost", "localhost:3000", "127.0.0.1:1", "[::1]:3000", "[::1]"] {
            assert!(is_local_authority(local), "{local}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example:3000",
            "127.0.0.1.nip.example",
            "localhost:",
            "",
            "::1:",
        ] {
            assert!(!is_local_authority(foreign), "{foreign}");
        }
    }
}
