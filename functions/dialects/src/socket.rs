//! For systems whose clients speak through a socket: each of their messages is a request here, and what
//! their server would say at once is the answer. What it says later comes through the relay, on the
//! channels that the answer names. The shims in `web/shims` do both.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a client says.
#[derive(Debug, Deserialize)]
pub(crate) struct Said<T> {
    /// As it would go through the socket.
    pub(crate) payload: T,
}

/// What is said to the client.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Reply {
    /// Where more will be said: channels of the relay.
    listen: Vec<String>,
    /// What is said at once: names and data.
    emit: Vec<(&'static str, Value)>,
}

impl Reply {
    /// More will be said on this channel.
    #[must_use]
    pub(crate) fn listen(mut self, channel: String) -> Self {
        self.listen.push(channel);
        self
    }

    /// This is said at once.
    #[must_use]
    pub(crate) fn emit(mut self, name: &'static str, data: impl Serialize) -> Self {
        self.emit.push((name, json!(data)));
        self
    }
}
