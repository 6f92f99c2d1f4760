//! Where webhooks go.

use std::str::FromStr;

/// An address for webhooks: http or https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(reqwest::Url);

/// A text that is no address for webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--webhooks (PARLOUR_WEBHOOK_URL) wants an address like http://127.0.0.1:8080/webhooks")]
pub struct BadUrl;

impl FromStr for WebhookUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        let url: reqwest::Url = text.parse().map_err(|_| BadUrl)?;
        if matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(Self(url))
        } else {
            Err(BadUrl)
        }
    }
}

impl WebhookUrl {
    pub(super) fn url(&self) -> reqwest::Url {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_go_to_web_addresses_alone() {
        for good in ["http://127.0.0.1:8080/webhooks", "https://shop.example"] {
            assert!(good.parse::<WebhookUrl>().is_ok(), "{good}");
        }
        for bad in ["", "8080", "127.0.0.1:8080", "file:///tmp/hooks", "http://"] {
            assert_eq!(bad.parse::<WebhookUrl>(), Err(BadUrl), "{bad}");
        }
    }
}
