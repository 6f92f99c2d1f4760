//! The frames that the hub sends.

use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use serde_json::json;
use shared::realtime::sign::SocketId;

use super::{ClientEvent, Complaint, Refusal};
use crate::hub::user::{Member, UserId};

#[derive(Serialize)]
struct Frame<'a, D> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a UserId>,
}

fn frame<D: Serialize>(event: &str, channel: Option<&str>, data: Option<D>) -> Utf8Bytes {
    text(&Frame { event, channel, data, user_id: None })
}

fn text(value: &impl Serialize) -> Utf8Bytes {
    json_of(value).into()
}

fn json_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and JSON values are always JSON")
}

/// The first frame: the socket's id, and after how many silent seconds the client should ping.
pub(crate) fn connection_established(id: &SocketId, activity_timeout: Duration) -> Utf8Bytes {
    let data = json!({ "socket_id": id.as_str(), "activity_timeout": activity_timeout.as_secs() });
    frame("pusher:connection_established", None, Some(data.to_string()))
}

/// `pusher:error`.
pub(crate) fn error(Complaint { code, message }: Complaint) -> Utf8Bytes {
    frame("pusher:error", None, Some(json!({ "code": code, "message": message })))
}

/// Asks the client for a sign of life.
pub(crate) fn ping() -> Utf8Bytes {
    frame("pusher:ping", None, Some("{}"))
}

/// The answer to a client's ping.
pub(crate) fn pong() -> Utf8Bytes {
    frame("pusher:pong", None, Some("{}"))
}

/// From here on the client gets the channel's events. `data` is `{}`, or who is there.
pub(crate) fn subscription_succeeded(channel: &str, data: &str) -> Utf8Bytes {
    frame("pusher_internal:subscription_succeeded", Some(channel), Some(data))
}

/// `pusher:subscription_error`.
pub(crate) fn subscription_error(channel: &str, refusal: Refusal) -> Utf8Bytes {
    let Refusal { kind, error, status } = refusal;
    frame(
        "pusher:subscription_error",
        Some(channel),
        Some(json!({ "type": kind, "error": error, "status": status })),
    )
}

/// An event from a server. Its data is a text already.
pub(crate) fn event(channel: &str, name: &str, data: &str) -> Utf8Bytes {
    frame(name, Some(channel), Some(data))
}

/// An event from another client; on a presence channel with who that is.
pub(crate) fn client_event(event: &ClientEvent<'_>, user_id: Option<&UserId>) -> Utf8Bytes {
    let channel = Some(event.channel.as_str());
    text(&Frame { event: &event.name, channel, data: event.data, user_id })
}

/// A new member of a presence channel.
pub(crate) fn member_added(channel: &str, member: &Member) -> Utf8Bytes {
    frame("pusher_internal:member_added", Some(channel), Some(json_of(member)))
}

/// A member of a presence channel has left with its last socket.
pub(crate) fn member_removed(channel: &str, user_id: &UserId) -> Utf8Bytes {
    let data = json!({ "user_id": user_id }).to_string();
    frame("pusher_internal:member_removed", Some(channel), Some(data))
}

/// Nothing is kept for a new subscriber of a cache channel.
pub(crate) fn cache_miss(channel: &str) -> Utf8Bytes {
    frame("pusher:cache_miss", Some(channel), Some("{}"))
}

/// How many sockets are subscribed.
pub(crate) fn subscription_count(channel: &str, count: usize) -> Utf8Bytes {
    let data = json!({ "subscription_count": count }).to_string();
    frame("pusher_internal:subscription_count", Some(channel), Some(data))
}

/// The client is signed in; it hears the identical text that was signed.
pub(crate) fn signin_success(user_data: &str) -> Utf8Bytes {
    let data = json!({ "user_data": user_data }).to_string();
    frame("pusher:signin_success", None, Some(data))
}

/// Who of the watched came or went: `online` or `offline`, and who.
pub(crate) fn watchlist_events(events: &[(&str, &[&UserId])]) -> Utf8Bytes {
    let events: Vec<_> =
        events.iter().map(|(name, users)| json!({ "name": name, "user_ids": users })).collect();
    let data = json!({ "events": events }).to_string();
    frame("pusher_internal:watchlist_events", None, Some(data))
}
