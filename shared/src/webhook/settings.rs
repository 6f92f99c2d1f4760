//! Who is told, and of what.

use std::{collections::BTreeSet, net::IpAddr};

use reqwest::Url;

use super::{address::is_public, sign::SigningSecrets};
use crate::domain::webhook::HookKind;

/// The application's own server, as a deployment names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where it listens.
    pub url: ReceiverUrl,
    /// What signs for it.
    pub secrets: SigningSecrets,
    /// What it wants to know.
    pub events: BTreeSet<HookKind>,
}

/// Where webhooks go. A name is looked up with each connection, and is refused then if it leads to a
/// private address.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceiverUrl {
    pub(super) url: Url,
    pub(super) private: bool,
}

impl ReceiverUrl {
    /// Reads an address; the error says what is wrong with it. `private` lets addresses of private
    /// networks and of this machine through.
    ///
    /// # Errors
    /// When it is no URL, holds a password, is not `https` (but on this machine), or is private.
    pub fn parse(text: &str, private: bool) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "is not a URL")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user's name or password");
        }
        let host = Host::of(&url);
        match url.scheme() {
            "https" => {}
            "http" if private && host == Host::Loopback => {}
            _ => return Err("is not an https URL (http only for this machine)"),
        }
        if !private && host != Host::Public {
            return Err(
                "is a private address, which PARLOUR_APP_WEBHOOK_PRIVATE does not let through",
            );
        }
        Ok(Self { url, private })
    }
}

/// An address may hold what only its owner should know.
impl std::fmt::Debug for ReceiverUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReceiverUrl({})", self.url.host_str().unwrap_or_default())
    }
}

/// Where a host seems to be, as far as its name or number tells.
#[derive(PartialEq, Eq)]
enum Host {
    Loopback,
    Private,
    Public,
}

impl Host {
    /// Other ways to write a number (`0x7f.1`, `2130706433`) have been read as one by the URL's parser.
    fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let name = host.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            return Self::Loopback;
        }
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) if address.to_canonical().is_loopback() => Self::Loopback,
            Ok(address) if !is_public(address) => Self::Private,
            _ => Self::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_asked_for_but_on_this_machine() {
        for (url, private, good) in [
            ("https://app.example/hooks", false, true),
            ("https://app.example:8443/hooks?a=b", false, true),
            ("https://8.8.8.8/", false, true),
            ("http://app.example/", false, false),
            ("http://app.example/", true, false),
            ("http://127.0.0.1:9000/", true, true),
            ("http://localhost:9000/", true, true),
            ("http://[::1]:9000/", true, true),
            ("http://10.0.0.1/", true, false),
            ("https://10.0.0.1/", true, true),
            ("https://me:secret@app.example/", false, false),
            ("ftp://app.example/", true, false),
            ("app.example", true, false),
        ] {
            assert_eq!(ReceiverUrl::parse(url, private).is_ok(), good, "{url}, {private}");
        }
    }

    #[test]
    fn a_private_address_is_refused_however_it_is_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "0177.0.0.1",
            "10.0.0.1",
            "0xa9fea9fe",
            "169.254.169.254",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[fd00:ec2::254]",
            "[64:ff9b::a00:1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "0",
            "0.0.0.0",
        ] {
            let url = format!("https://{host}/hooks");
            let refused = ReceiverUrl::parse(&url, false).unwrap_err();
            assert!(refused.starts_with("is a private address"), "{url}: {refused}");
            assert!(ReceiverUrl::parse(&url, true).is_ok(), "{url}");
        }
    }

    /// Signs that stand for others lead nowhere; what they stand for may be written.
    #[test]
    fn a_host_beyond_ascii_is_none_wherever_it_would_lead() {
        for host in ["\u{ff11}27.0.0.1", "127\u{3002}0.0.1", "m\u{fc}nchen.example"] {
            let url = format!("https://{host}/hooks");
            assert!(ReceiverUrl::parse(&url, false).is_err(), "{url}");
            assert!(ReceiverUrl::parse(&url, true).is_err(), "{url}");
        }
        assert!(ReceiverUrl::parse("https://xn--mnchen-3ya.example/hooks", false).is_ok());
    }
}
