//! The frames of protocol version 7 and its close codes.
//!
//! A frame is a JSON object with `event`, mostly `data`, and `channel` where it belongs to one. The `data` of events
//! is a string that holds JSON once more; that of `pusher:error` and `pusher:subscription_error` is a plain object.

use std::{borrow::Cow, time::Duration};

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use shared::realtime::sign::SocketId;

/// The protocol version that the hub speaks.
pub(super) const VERSION: u32 = 7;

/// An error code, in a `pusher:error`: the client asks for what it has no right to.
pub(super) const UNAUTHORISED: u16 = 4009;
/// An error code, in a `pusher:error`: more than ten client events in a second.
pub(super) const TOO_MANY_CLIENT_EVENTS: u16 = 4301;

/// Why a connection ends. The code tells the client what to do: 4000–4099 stay away, 4100–4199 come back a little
/// later, 4200–4299 come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: &'static str,
}

impl Close {
    pub(super) const UNKNOWN_APP: Self = Self::new(4001, "There is no app with this key");
    pub(super) const NO_SUCH_PATH: Self = Self::new(4005, "There is nothing at this path");
    pub(super) const BAD_VERSION: Self = Self::new(4006, "The protocol version is not a number");
    pub(super) const UNSUPPORTED_VERSION: Self =
        Self::new(4007, "Only protocol version 7 is spoken here");
    pub(super) const NO_VERSION: Self = Self::new(4008, "The protocol version is missing");
    pub(super) const TOO_SLOW: Self = Self::new(4100, "The client does not read fast enough");
    pub(super) const RECONNECT: Self = Self::new(4200, "The server closes; reconnect");
    pub(super) const NO_PONG: Self = Self::new(4201, "The client did not answer a ping");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

/// What a client says.
pub(super) enum Command<'a> {
    /// `pusher:ping`.
    Ping,
    /// `pusher:pong`.
    Pong,
    /// `pusher:subscribe`; `auth` where the channel needs it.
    Subscribe { channel: Cow<'a, str>, auth: Option<String> },
    /// `pusher:unsubscribe`.
    Unsubscribe { channel: Cow<'a, str> },
    /// An event whose name starts with `client-`, for the other subscribers.
    ClientEvent(ClientEvent<'a>),
}

/// An event from one client to others. Its data is passed on as it came, to the byte.
pub(super) struct ClientEvent<'a> {
    pub(super) channel: String,
    pub(super) name: Cow<'a, str>,
    pub(super) data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    channel: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Subscription<'a> {
    #[serde(borrow)]
    channel: Cow<'a, str>,
    auth: Option<String>,
}

impl<'a> Command<'a> {
    /// Reads a text frame; an error is what to tell the client.
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let Envelope { event, channel, data }: Envelope<'a> = serde_json::from_str(text)
            .map_err(|_| "A message must be a JSON object with an event")?;
        let subscription = || -> Result<Subscription<'a>, &'static str> {
            let data = data.map_or("null", RawValue::get);
            serde_json::from_str(data).map_err(|_| "The data must be an object with a channel")
        };
        match &*event {
            "pusher:ping" => Ok(Self::Ping),
            "pusher:pong" => Ok(Self::Pong),
            "pusher:subscribe" => {
                let Subscription { channel, auth } = subscription()?;
                Ok(Self::Subscribe { channel, auth })
            }
            "pusher:unsubscribe" => Ok(Self::Unsubscribe { channel: subscription()?.channel }),
            name if name.starts_with("client-") => {
                let channel = channel.ok_or("A client event must name a channel")?;
                Ok(Self::ClientEvent(ClientEvent { channel, name: event, data }))
            }
            _ => Err("This event is not known here"),
        }
    }
}

#[derive(Serialize)]
struct Frame<'a, D> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
}

fn frame<D: Serialize>(event: &str, channel: Option<&str>, data: Option<D>) -> Utf8Bytes {
    let frame = Frame { event, channel, data };
    serde_json::to_string(&frame).expect("a frame of strings and JSON values is always JSON").into()
}

/// The first frame: the socket's id, and after how many silent seconds the client should ping.
pub(super) fn connection_established(id: &SocketId, activity_timeout: Duration) -> Utf8Bytes {
    let data = json!({ "socket_id": id.as_str(), "activity_timeout": activity_timeout.as_secs() });
    frame("pusher:connection_established", None, Some(data.to_string()))
}

/// `pusher:error`. Without a code the client may only log it.
pub(super) fn error(code: Option<u16>, message: &str) -> Utf8Bytes {
    frame("pusher:error", None, Some(json!({ "code": code, "message": message })))
}

/// Asks the client for a sign of life.
pub(super) fn ping() -> Utf8Bytes {
    frame("pusher:ping", None, Some("{}"))
}

/// The answer to a client's ping.
pub(super) fn pong() -> Utf8Bytes {
    frame("pusher:pong", None, Some("{}"))
}

/// From here on the client gets the channel's events.
pub(super) fn subscription_succeeded(channel: &str) -> Utf8Bytes {
    frame("pusher_internal:subscription_succeeded", Some(channel), Some("{}"))
}

/// Why a subscription is refused; the connection stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// A word for programs.
    pub(super) kind: &'static str,
    /// A sentence for people.
    pub(super) error: &'static str,
    /// The HTTP status that fits.
    pub(super) status: u16,
}

/// `pusher:subscription_error`.
pub(super) fn subscription_error(channel: &str, refusal: Refusal) -> Utf8Bytes {
    let Refusal { kind, error, status } = refusal;
    frame(
        "pusher:subscription_error",
        Some(channel),
        Some(json!({ "type": kind, "error": error, "status": status })),
    )
}

/// An event from a server. Its data is a text already.
pub(super) fn event(channel: &str, name: &str, data: &str) -> Utf8Bytes {
    frame(name, Some(channel), Some(data))
}

/// An event from another client.
pub(super) fn client_event(event: &ClientEvent<'_>) -> Utf8Bytes {
    frame(&event.name, Some(&event.channel), event.data)
}
