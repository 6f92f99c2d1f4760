//! Which Pusher-compatible server events go through.

use crate::secret::Secret;

/// A Pusher app on a Pusher-compatible server (Pusher itself, sockudo, soketi, Reverb, the local hub).
#[derive(Clone, Debug)]
pub struct Relay {
    /// The app's id, in the paths of the HTTP API.
    pub app_id: String,
    /// The app's public key; clients connect with it.
    pub key: String,
    /// Signs triggers and channel authorisations.
    pub secret: Secret,
    /// Where the HTTP API is.
    pub api: Endpoint,
    /// Where clients open their socket.
    pub socket: Endpoint,
    /// Hosted Pusher's cluster, which its clients want to know.
    pub cluster: Option<String>,
}

/// A host, a port, and whether TLS is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `https`/`wss` rather than `http`/`ws`.
    pub tls: bool,
}
