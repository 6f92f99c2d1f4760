//! Why a connection ends.

/// A close code and its reason. The code tells the client what to do: 4000–4099 stay away, 4100–4199 come back a
/// little later, 4200–4299 come back at once. Pusher's own numbers; 4000, "TLS only", is the one that this hub,
/// which leaves TLS to others, has no use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

impl Close {
    pub(crate) const UNKNOWN_APP: Self = Self::new(4001, "There is no app with this key");
    pub(crate) const APP_DISABLED: Self = Self::new(4003, "The app is disabled");
    pub(crate) const TOO_MANY: Self = Self::new(4004, "The app has too many connections");
    pub(crate) const NO_SUCH_PATH: Self = Self::new(4005, "There is nothing at this path");
    pub(crate) const BAD_VERSION: Self = Self::new(4006, "The protocol version is not a number");
    pub(crate) const UNSUPPORTED_VERSION: Self =
        Self::new(4007, "Only protocol versions 5 to 7 are spoken here");
    pub(crate) const NO_VERSION: Self = Self::new(4008, "The protocol version is missing");
    pub(crate) const NOT_SIGNED_IN: Self =
        Self::new(4009, "The user data is not signed by this app, or is no user's");
    pub(crate) const NOT_AUTHORIZED: Self =
        Self::new(4009, "The connection was not authorized within the timeout");
    pub(crate) const TERMINATED: Self =
        Self::new(4009, "The app has terminated this user's connections");
    pub(crate) const TOO_SLOW: Self = Self::new(4100, "The client does not read fast enough");
    pub(crate) const RECONNECT: Self = Self::new(4200, "The server closes; reconnect");
    pub(crate) const NO_PONG: Self = Self::new(4201, "The client did not answer a ping");
    pub(crate) const IDLE: Self =
        Self::new(4202, "Nothing was said on this connection for too long");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }
}
