//! Which Pusher-compatible server events go through.

use super::{
    channel::{Channel, Naming},
    encrypt::{ChannelKey, MasterKey},
    sign::{ChannelName, Signer},
};
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
    /// With which rooms' events are encrypted, if they are.
    pub encryption: Option<MasterKey>,
    /// Key and secret that were current until they were replaced: the relay's webhooks may still be
    /// signed with them.
    pub previous: Option<AppKey>,
}

/// An app's key, which is public, and its secret.
#[derive(Clone, Debug)]
pub struct AppKey {
    /// The key.
    pub key: String,
    /// The secret.
    pub secret: Secret,
}

impl Relay {
    /// What signs for the app.
    pub fn signer(&self) -> Signer<'_> {
        Signer::new(&self.key, &self.secret)
    }

    /// The name of a channel.
    pub fn name(&self, channel: &Channel) -> String {
        self.naming().name(channel)
    }

    /// The channel of this name, if it is one that we would build.
    pub fn channel(&self, name: &str) -> Option<Channel> {
        self.naming().parse(name)
    }

    /// The key of a channel that the relay must not read, by its name.
    pub fn channel_key(&self, channel: &Channel, name: &str) -> Option<ChannelKey> {
        match (&self.encryption, channel) {
            (Some(master), Channel::Room(..)) => {
                Some(master.channel_key(ChannelName::parse(name).ok()?))
            }
            _ => None,
        }
    }

    fn naming(&self) -> Naming {
        Naming { encrypts_rooms: self.encryption.is_some() }
    }

    /// Whether the app signed a webhook's raw body, with its current key or with the previous one.
    pub fn signed_webhook(&self, key: &str, signature: &str, body: &[u8]) -> bool {
        let previous = self.previous.as_ref().map(|app| Signer::new(&app.key, &app.secret));
        let mut signers = [Some(self.signer()), previous].into_iter().flatten();
        signers.any(|signer| signer.key() == key && signer.verify_webhook(signature, body))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn app(key: &str, secret: &str) -> AppKey {
        AppKey { key: key.into(), secret: Secret::new(secret) }
    }

    fn relay(previous: Option<AppKey>) -> Relay {
        let nowhere = Endpoint { host: "relay.example".into(), port: 443, tls: true };
        Relay {
            app_id: "1".into(),
            key: "new-key".into(),
            secret: Secret::new("new secret"),
            api: nowhere.clone(),
            socket: nowhere,
            cluster: None,
            encryption: None,
            previous,
        }
    }

    fn takes(relay: &Relay, by: &AppKey) -> bool {
        let signature = Signer::new(&by.key, &by.secret).webhook_signature(b"{}");
        relay.signed_webhook(&by.key, &signature, b"{}")
    }

    /// Fault F17.
    #[test]
    fn webhooks_of_the_previous_key_are_good_and_it_signs_nothing() {
        let (old, new) = (app("old-key", "old secret"), app("new-key", "new secret"));
        let rotating = relay(Some(old.clone()));
        assert!(takes(&rotating, &old) && takes(&rotating, &new));
        assert_eq!(rotating.signer().key(), "new-key");
        let rotated = relay(None);
        assert!(takes(&rotated, &new) && !takes(&rotated, &old));
        // Each key goes with its own secret.
        for mixed in [app("old-key", "new secret"), app("new-key", "old secret"), app("", "")] {
            assert!(!takes(&rotating, &mixed));
        }
    }

    /// Fault F17.
    #[test]
    fn a_secret_may_be_replaced_under_the_same_key() {
        let old = app("new-key", "old secret");
        assert!(takes(&relay(Some(old.clone())), &old));
        assert!(takes(&relay(Some(old)), &app("new-key", "new secret")));
    }
}
