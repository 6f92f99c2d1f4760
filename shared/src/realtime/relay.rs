//! Which Pusher-compatible server events go through.

use std::net::{Ipv6Addr, SocketAddr};

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
    /// Where clients open their socket. Where it is not set, at the address by which each request reaches
    /// the API.
    pub socket: Option<Endpoint>,
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
            (Some(master), Channel::Room(..) | Channel::RoomInDialect(..)) => {
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
    /// Host name or address, as it stands in a URL: one of IPv6 in brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `https`/`wss` rather than `http`/`ws`.
    pub tls: bool,
}

impl Endpoint {
    /// A host by name or address, in brackets or not.
    pub fn new(host: &str, port: u16, tls: bool) -> Self {
        let is_bare = host.parse::<Ipv6Addr>().is_ok();
        Self { host: if is_bare { format!("[{host}]") } else { host.to_owned() }, port, tls }
    }

    /// An address without TLS.
    pub fn plain(address: SocketAddr) -> Self {
        Self::new(&address.ip().to_string(), address.port(), false)
    }

    /// The port where nothing else is said.
    pub fn usual_port(tls: bool) -> u16 {
        if tls { 443 } else { 80 }
    }

    /// Where a URL of http or https leads.
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let tls = scheme == "https";
        let authority = rest.split('/').next().unwrap_or_default();
        let with_port =
            authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = with_port.unwrap_or((authority, Self::usual_port(tls)));
        Some(Self::new(host, port, tls))
    }
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
            socket: Some(nowhere),
            cluster: None,
            encryption: None,
            previous,
        }
    }

    fn takes(relay: &Relay, by: &AppKey) -> bool {
        let signature = Signer::new(&by.key, &by.secret).webhook_signature(b"{}");
        relay.signed_webhook(&by.key, &signature, b"{}")
    }

    #[test]
    fn an_address_is_told_as_it_stands_in_a_url() {
        let plain = |address: &str| Endpoint::plain(address.parse().unwrap()).host;
        assert_eq!(
            (plain("[::1]:3000"), plain("127.0.0.1:1")),
            ("[::1]".into(), "127.0.0.1".into())
        );
        for (url, host, port, tls) in [
            ("http://127.0.0.1:3000", "127.0.0.1", 3000, false),
            ("http://[::1]:3000/below", "[::1]", 3000, false),
            ("http://[::1]", "[::1]", 80, false),
            ("https://shop.example", "shop.example", 443, true),
            ("https://shop.example:8443", "shop.example", 8443, true),
        ] {
            let expected = Endpoint { host: host.into(), port, tls };
            assert_eq!(Endpoint::of_url(url), Some(expected), "{url}");
        }
        assert_eq!(Endpoint::of_url("shop.example"), None);
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
