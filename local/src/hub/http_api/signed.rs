//! Calls that the app has signed.

use std::collections::HashMap;

use axum::{
    RequestExt,
    body::Bytes,
    extract::{FromRequest, Path, Query, Request},
    http::StatusCode,
};
use serde::de::DeserializeOwned;
use shared::realtime::sign::request;

use super::Refused;
use crate::hub::Hub;

/// A call that is for this hub's app and signed by it. A handler cannot see any other.
pub(super) struct Signed {
    body: Bytes,
    path: HashMap<String, String>,
    query: HashMap<String, String>,
}

impl FromRequest<Hub> for Signed {
    type Rejection = Refused;

    async fn from_request(mut call: Request, hub: &Hub) -> Result<Self, Refused> {
        let Path(path): Path<HashMap<String, String>> =
            call.extract_parts().await.map_err(|_| Refused::bad("The path cannot be read"))?;
        if path.get("app") != Some(&hub.app().id) {
            return Err(Refused(StatusCode::NOT_FOUND, "There is no app with this id".to_owned()));
        }
        let (method, uri) = (call.method().clone(), call.uri().clone());
        let body = Bytes::from_request(call, hub).await.map_err(|_| {
            Refused(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large".to_owned())
        })?;
        let request = request::Request {
            method: method.as_str(),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            body: &body,
        };
        let now = hub.settings().clock.now().seconds().unsigned_abs();
        let verified = hub.signer().verify_request(&request, now);
        verified.map_err(|refused| Refused(StatusCode::UNAUTHORIZED, refused.to_string()))?;
        if !hub.is_enabled() {
            return Err(Refused(StatusCode::FORBIDDEN, "The app is disabled".to_owned()));
        }
        let Query(query) =
            Query::try_from_uri(&uri).map_err(|_| Refused::bad("The query cannot be read"))?;
        Ok(Self { body, path, query })
    }
}

impl Signed {
    /// The body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Refused::bad(format!("The body is not what it should be: {error}")))
    }

    /// A part of the path, decoded.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A parameter of the query; none is an empty one.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }
}
