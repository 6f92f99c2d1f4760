//! Events from servers.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::realtime::sign::SocketId;

use super::{Refused, info::Info, signed::Signed};
use crate::hub::{
    Hub,
    channel::{Access, Kind, Name},
    limits,
};

/// The body of `events`.
#[derive(Deserialize)]
struct Trigger {
    name: String,
    data: String,
    channels: Option<Vec<String>>,
    channel: Option<String>,
    socket_id: Option<String>,
    info: Option<String>,
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
    info: Option<String>,
}

/// An event within all limits.
pub(super) struct Event {
    name: String,
    data: String,
    channels: Vec<Target>,
    /// The socket that must not get it: the one whose request caused it.
    except: Option<SocketId>,
    info: Info,
}

/// A channel, or a user's sockets, which are of no kind.
struct Target {
    name: String,
    kind: Option<Kind>,
}

/// `POST /apps/{id}/events`. Where counts are asked for, the answer has them for each channel.
pub(super) async fn trigger(State(hub): State<Hub>, call: Signed) -> Result<Json<Value>, Refused> {
    let Trigger { name, data, channels, channel, socket_id, info } = call.json()?;
    let channels = match (channels, channel) {
        (Some(channels), None) => channels,
        (None, Some(channel)) => vec![channel],
        _ => return Err(Refused::bad("Give either channels or channel")),
    };
    let info = Info::parse(info.as_deref().unwrap_or_default(), &hub)?;
    let event = Event::check(name, data, channels, socket_id.as_deref(), info)?;
    event.publish(&hub);
    if info == Info::default() {
        return Ok(Json(json!({})));
    }
    let channels = event.channels.iter();
    let counts: Map<String, Value> =
        channels.map(|target| (target.name.clone(), event.counts(target, &hub).into())).collect();
    Ok(Json(json!({ "channels": counts })))
}

/// `POST /apps/{id}/batch_events`. Where counts are asked for, the answer has a list: one item for each event.
pub(super) async fn trigger_batch(
    State(hub): State<Hub>,
    call: Signed,
) -> Result<Json<Value>, Refused> {
    let TriggerBatch { batch } = call.json()?;
    if batch.len() > limits::BATCH {
        return Err(Refused::bad(format!("A batch is at most {} events", limits::BATCH)));
    }
    let checked = batch.into_iter().map(|BatchEvent { name, data, channel, socket_id, info }| {
        let info = Info::parse(info.as_deref().unwrap_or_default(), &hub)?;
        Event::check(name, data, vec![channel], socket_id.as_deref(), info)
    });
    let events = checked.collect::<Result<Vec<_>, _>>()?;
    for event in &events {
        event.publish(&hub);
    }
    if events.iter().all(|event| event.info == Info::default()) {
        return Ok(Json(json!({})));
    }
    let counts = events.iter().flat_map(|event| {
        event.channels.iter().map(|target| Value::from(event.counts(target, &hub)))
    });
    Ok(Json(json!({ "batch": counts.collect::<Vec<_>>() })))
}

impl Event {
    /// Checks every limit.
    pub(super) fn check(
        name: String,
        data: String,
        channels: Vec<String>,
        socket_id: Option<&str>,
        info: Info,
    ) -> Result<Self, Refused> {
        if name.is_empty() || name.chars().count() > limits::EVENT_NAME {
            let most = limits::EVENT_NAME;
            return Err(Refused::bad(format!("An event's name is 1 to {most} characters")));
        }
        if name.starts_with("pusher:") || name.starts_with("pusher_internal:") {
            return Err(Refused::bad("Names with this prefix are the protocol's own"));
        }
        if data.len() > limits::EVENT_DATA {
            let message = format!("The data of an event is at most {} bytes", limits::EVENT_DATA);
            return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        let most = limits::CHANNELS_OF_AN_EVENT;
        if !(1..=most).contains(&channels.len()) {
            return Err(Refused::bad(format!("An event goes to 1 to {most} channels")));
        }
        let channels = channels.into_iter().map(Target::parse).collect::<Result<Vec<_>, _>>()?;
        let is_encrypted =
            |target: &Target| target.kind.is_some_and(|kind| kind.access == Access::Encrypted);
        if channels.iter().any(is_encrypted) {
            if channels.len() > 1 {
                return Err(Refused::bad(
                    "An encrypted channel has a key of its own, so its events go to no other",
                ));
            }
            if !is_ciphertext(&data) {
                return Err(Refused::bad(
                    "The data on an encrypted channel is {\"nonce\":…,\"ciphertext\":…}",
                ));
            }
        }
        let except = socket_id.map(SocketId::parse).transpose();
        let except = except.map_err(|_| Refused::bad("The socket_id is not a socket id"))?;
        if info.cache {
            return Err(Refused::bad("An event cannot ask for the cache"));
        }
        Ok(Self { name, data, channels, except, info })
    }

    /// Queues it for everybody who is subscribed.
    pub(super) fn publish(&self, hub: &Hub) {
        for Target { name, kind } in &self.channels {
            hub.channels().publish(name, *kind, (&self.name, &self.data), self.except.as_ref());
        }
    }

    fn counts(&self, target: &Target, hub: &Hub) -> Map<String, Value> {
        let is_presence = target.kind.is_some_and(|kind| kind.access == Access::Presence);
        self.info.counts(hub.channels().audience(&target.name), is_presence)
    }
}

impl Target {
    fn parse(name: String) -> Result<Self, Refused> {
        let kind = match Name::parse(&name) {
            Ok(Name::Channel(_, kind)) => Some(kind),
            Ok(Name::ServerToUser(_)) => None,
            Err(_) => {
                return Err(Refused::bad(
                    "A channel name is too long or has characters that are not allowed",
                ));
            }
        };
        Ok(Self { name, kind })
    }
}

/// Whether the data looks like what only the subscribers can read. Anything else would tell the relay everything.
fn is_ciphertext(data: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only whether they are there matters")]
    struct Encrypted {
        nonce: String,
        ciphertext: String,
    }
    serde_json::from_str::<Encrypted>(data).is_ok()
}
