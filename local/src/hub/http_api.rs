//! The HTTP trigger API, for servers: `POST /apps/{id}/events` for one event on up to 100 channels, `POST
//! /apps/{id}/batch_events` for up to ten events with a channel each. A call is done as a whole or not at all.
//!
//! Statuses: 400 for what is malformed or beyond a limit, 401 for a wrong signature, key, timestamp or MD5, 404 for an
//! unknown app, 413 for too much data.

use std::{collections::HashMap, time::SystemTime};

use axum::{
    Json, RequestExt,
    body::Bytes,
    extract::{FromRequest, Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::realtime::{
    publisher::{MAX_BATCH, MAX_EVENT_DATA, MAX_EVENT_NAME},
    sign::{ChannelName, SocketId, request},
};

use super::{Hub, protocol};

/// The longest body, in bytes: ten events full of characters that JSON writes as six.
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// The most channels that one event may go to.
const MAX_CHANNELS: usize = 100;

/// Why a call is refused, as a status and a line of text.
pub(super) struct Refused(StatusCode, String);

impl Refused {
    fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

/// The body of a call that is for this hub's app and signed by it. A handler cannot see any other.
pub(super) struct Signed(Bytes);

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
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let request = request::Request { method: method.as_str(), path, query, body: &body };
        let verified = hub.signer().verify_request(&request, now);
        verified.map_err(|refused| Refused(StatusCode::UNAUTHORIZED, refused.to_string()))?;
        Ok(Self(body))
    }
}

impl Signed {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.0)
            .map_err(|error| Refused::bad(format!("The body is not what it should be: {error}")))
    }
}

/// The body of `events`.
#[derive(Deserialize)]
struct Trigger {
    name: String,
    data: String,
    channels: Option<Vec<String>>,
    channel: Option<String>,
    socket_id: Option<String>,
}

/// The body of `batch_events`.
#[derive(Deserialize)]
struct TriggerBatch {
    batch: Vec<BatchEvent>,
}

#[derive(Deserialize)]
struct BatchEvent {
    name: String,
    data: String,
    channel: String,
    socket_id: Option<String>,
}

/// An event within all limits.
struct Event {
    name: String,
    data: String,
    channels: Vec<String>,
    /// The socket that must not get it: the one whose request caused it.
    except: Option<SocketId>,
}

/// `POST /apps/{id}/events`.
pub(super) async fn trigger(State(hub): State<Hub>, call: Signed) -> Result<Json<Value>, Refused> {
    let Trigger { name, data, channels, channel, socket_id } = call.json()?;
    let channels = match (channels, channel) {
        (Some(channels), None) => channels,
        (None, Some(channel)) => vec![channel],
        _ => return Err(Refused::bad("Give either channels or channel")),
    };
    Event::check(name, data, channels, socket_id.as_deref())?.publish(&hub);
    Ok(Json(json!({})))
}

/// `POST /apps/{id}/batch_events`.
pub(super) async fn trigger_batch(
    State(hub): State<Hub>,
    call: Signed,
) -> Result<Json<Value>, Refused> {
    let TriggerBatch { batch } = call.json()?;
    if batch.len() > MAX_BATCH {
        return Err(Refused::bad(format!("A batch is at most {MAX_BATCH} events")));
    }
    let checked = batch.into_iter().map(|BatchEvent { name, data, channel, socket_id }| {
        Event::check(name, data, vec![channel], socket_id.as_deref())
    });
    for event in checked.collect::<Result<Vec<_>, _>>()? {
        event.publish(&hub);
    }
    Ok(Json(json!({})))
}

impl Event {
    fn check(
        name: String,
        data: String,
        channels: Vec<String>,
        socket_id: Option<&str>,
    ) -> Result<Self, Refused> {
        if name.is_empty() || name.chars().count() > MAX_EVENT_NAME {
            return Err(Refused::bad(format!(
                "An event's name is 1 to {MAX_EVENT_NAME} characters"
            )));
        }
        if name.starts_with("pusher:") || name.starts_with("pusher_internal:") {
            return Err(Refused::bad("Names with this prefix are the protocol's own"));
        }
        if data.len() > MAX_EVENT_DATA {
            let message = format!("The data of an event is at most {MAX_EVENT_DATA} bytes");
            return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        if !(1..=MAX_CHANNELS).contains(&channels.len()) {
            return Err(Refused::bad(format!("An event goes to 1 to {MAX_CHANNELS} channels")));
        }
        if channels.iter().any(|channel| ChannelName::parse(channel).is_err()) {
            return Err(Refused::bad(
                "A channel name is too long or has characters that are not allowed",
            ));
        }
        let except = socket_id.map(SocketId::parse).transpose();
        let except = except.map_err(|_| Refused::bad("The socket_id is not a socket id"))?;
        Ok(Self { name, data, channels, except })
    }

    fn publish(&self, hub: &Hub) {
        for channel in &self.channels {
            let frame = || protocol::event(channel, &self.name, &self.data);
            hub.channels().deliver(channel, self.except.as_ref(), frame);
        }
    }
}
