//! Whose tokens are good, as a deployment says it.

use std::net::IpAddr;

use reqwest::Url;

use crate::secret::Secret;

/// What `iss` is in the tokens that we give to guests. The application's own must be another.
pub const GUESTS: &str = "parlour-guests";

/// Whose tokens are good.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// What verifies the tokens of the application's own issuer.
    pub keys: IssuerKeys,
    /// What `iss` must be in them.
    pub issuer: String,
    /// What `aud` must be or hold.
    pub audience: String,
    /// What signs the tokens of guests; none where there are no guests.
    pub guests: Option<Secrets>,
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug)]
pub enum IssuerKeys {
    /// HS256, with a secret shared with the application's server.
    Secrets(Secrets),
    /// RS256 or ES256, with the keys that the issuer publishes.
    KeySet(KeySetUrl),
}

/// A secret and the one before it, whose tokens are good until they expire.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Signs and verifies.
    pub current: Secret,
    /// Verifies only.
    pub previous: Option<Secret>,
}

impl Secrets {
    /// A secret that no other came before.
    pub fn only(current: Secret) -> Self {
        Self { current, previous: None }
    }
}

/// Where an issuer publishes its keys: by TLS, or on this machine, since whoever can change the answer
/// on its way can sign everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetUrl(Url);

impl KeySetUrl {
    /// Reads an address; the error says what is wrong with it.
    ///
    /// # Errors
    /// When it is no URL, is neither `https` nor on this machine, or holds a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "is not a URL")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user's name or password");
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            _ => Err("is not an https URL (http only for this machine)"),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_comes_by_tls_or_from_this_machine() {
        for good in [
            "https://id.example/.well-known/jwks.json",
            "https://id.example:8443/keys?v=2",
            "http://127.0.0.1:9000/keys",
            "http://localhost/keys",
            "http://[::1]:9000/keys",
        ] {
            assert!(KeySetUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "id.example/keys",
            "http://id.example/keys",
            "http://localhost.id.example/keys",
            "http://127.0.0.1.id.example/keys",
            "file:///etc/keys",
            "https://me:secret@id.example/keys",
        ] {
            assert!(KeySetUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
