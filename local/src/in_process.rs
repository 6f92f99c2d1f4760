//! The way to the program's own hub: its HTTP API as every other server calls it, but for the connection, which
//! would be a tenth of what a post costs on a laptop.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
};
use reqwest::Request;
use shared::realtime::publisher::{Carried, Carrier, PublishError};
use tokio::task::yield_now;
use tower::ServiceExt as _;

use crate::embedded::Ahead;

/// An answer of the hub's is never longer: it names what it was asked for.
const MAX_ANSWER: usize = 16 << 20;

/// Routes of this process.
#[derive(Debug)]
pub(crate) struct InProcess {
    routes: Router,
    /// What these routes [wait for](crate::kept::requests).
    ahead: Option<Ahead>,
}

impl InProcess {
    pub(crate) fn to(routes: Router, ahead: Option<Ahead>) -> Arc<dyn Carrier> {
        Arc::new(Self { routes, ahead })
    }
}

impl Carrier for InProcess {
    fn prepare(&self) {
        if let Some(ahead) = &self.ahead {
            ahead.begin();
        }
    }

    fn carry(&self, call: Request) -> Carried<'_> {
        let routes = self.routes.clone();
        Box::pin(async move {
            let call = http::Request::try_from(call).map_err(|_| PublishError::Unreadable)?;
            let Ok(answer) = routes.oneshot(call.map(Body::new)).await;
            // The sockets' turn: whoever listens does not wait until the poster is answered.
            yield_now().await;
            let (parts, body) = answer.into_parts();
            let body = to_bytes(body, MAX_ANSWER).await.map_err(|_| PublishError::Unreadable)?;
            Ok(http::Response::from_parts(parts, body).into())
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        http::{HeaderMap, Method, StatusCode, Uri},
        routing::post,
    };

    use super::*;

    #[tokio::test]
    async fn a_call_and_its_answer_arrive_as_they_are() {
        let tell = async |method: Method, uri: Uri, headers: HeaderMap, body: String| {
            let kind = headers["content-type"].to_str().expect("a text").to_owned();
            (StatusCode::ACCEPTED, [("x-kind", kind)], format!("{method} {uri} {body}"))
        };
        let hub = InProcess::to(Router::new().route("/apps/{id}/events", post(tell)), None);
        let url = "http://127.0.0.1:1/apps/one/events?auth_key=a%20b";
        let mut call = Request::new(Method::POST, url.parse().expect("a URL"));
        call.headers_mut().insert("content-type", "application/json".parse().expect("a value"));
        *call.body_mut() = Some("{}".into());

        let answer = hub.carry(call).await.expect("an answer");

        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        assert_eq!(answer.headers()["x-kind"], "application/json");
        let body = answer.text().await.expect("a body");
        assert_eq!(body, "POST http://127.0.0.1:1/apps/one/events?auth_key=a%20b {}");
    }

    #[tokio::test]
    async fn a_path_that_there_is_not_is_answered_so() {
        let url = "http://127.0.0.1:1/apps".parse().expect("a URL");
        let answer = InProcess::to(Router::new(), None).carry(Request::new(Method::GET, url)).await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::NOT_FOUND);
    }
}
