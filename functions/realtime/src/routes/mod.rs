//! The handlers: what was sent in, an action, its result out. One file per resource.

pub(crate) mod asyncapi;
pub(crate) mod auth;
pub(crate) mod relay;
pub(crate) mod user;
pub(crate) mod webhook;

use shared::{error::Error, realtime::sign::SocketId};

/// The connection that a client names.
fn socket(text: &str) -> Result<SocketId, Error> {
    SocketId::parse(text).map_err(|_| {
        Error::Malformed("socket_id must be two numbers with a dot between them".into())
    })
}
