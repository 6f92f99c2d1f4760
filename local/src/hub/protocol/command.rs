//! The frames that clients send.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Complaint;

/// What a client says.
pub(crate) enum Command<'a> {
    /// `pusher:ping`.
    Ping,
    /// `pusher:pong`.
    Pong,
    /// `pusher:subscribe`.
    Subscribe(Subscribe<'a>),
    /// `pusher:unsubscribe`.
    Unsubscribe { channel: Cow<'a, str> },
    /// `pusher:signin`.
    Signin { auth: String, user_data: String },
    /// An event whose name starts with `client-`, for the other subscribers.
    ClientEvent(ClientEvent<'a>),
}

/// The data of `pusher:subscribe`: with `auth` where the channel needs it, and with `channel_data`, a JSON text about
/// the member, where it is a presence channel.
#[derive(Deserialize)]
pub(crate) struct Subscribe<'a> {
    #[serde(borrow)]
    pub(crate) channel: Cow<'a, str>,
    pub(crate) auth: Option<String>,
    pub(crate) channel_data: Option<String>,
}

/// An event from one client to others. Its data is passed on as it came, to the byte.
pub(crate) struct ClientEvent<'a> {
    pub(crate) channel: String,
    pub(crate) name: Cow<'a, str>,
    pub(crate) data: Option<&'a RawValue>,
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
struct Unsubscribe<'a> {
    #[serde(borrow)]
    channel: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Signin {
    auth: String,
    user_data: String,
}

impl<'a> Command<'a> {
    /// Reads a text frame.
    ///
    /// # Errors
    /// With what to tell the client.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Complaint> {
        let Envelope { event, channel, data } = serde_json::from_str(text)
            .map_err(|_| Complaint::nonsense("A message must be a JSON object with an event"))?;
        match &*event {
            "pusher:ping" => Ok(Self::Ping),
            "pusher:pong" => Ok(Self::Pong),
            "pusher:subscribe" => of(data).map(Self::Subscribe),
            "pusher:unsubscribe" => {
                let Unsubscribe { channel } = of(data)?;
                Ok(Self::Unsubscribe { channel })
            }
            "pusher:signin" => {
                let Signin { auth, user_data } = of(data)?;
                Ok(Self::Signin { auth, user_data })
            }
            name if name.starts_with("client-") => {
                let channel =
                    channel.ok_or(Complaint::nonsense("A client event must name a channel"))?;
                Ok(Self::ClientEvent(ClientEvent { channel, name: event, data }))
            }
            _ => Err(Complaint::nonsense("This event is not known here")),
        }
    }
}

fn of<'a, T: Deserialize<'a>>(data: Option<&'a RawValue>) -> Result<T, Complaint> {
    serde_json::from_str(data.map_or("null", RawValue::get))
        .map_err(|_| Complaint::nonsense("The data is not what this event needs"))
}
