//! A name and an address (RFC 5322, section 3.4).

use std::{fmt, str::FromStr};

/// The longest address (RFC 5321 leaves no room for more).
const MAX_ADDRESS: usize = 254;

/// A name and an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name to show.
    pub name: Option<String>,
    /// The address: `support@shop.example`.
    pub address: String,
}

/// A text that holds no address to which mail could go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not an address like support@shop.example, or a name and an address like Shop <support@shop.example>"
)]
pub struct BadMailbox;

impl Mailbox {
    /// The mailbox of somebody with a name; `None` where no mail can go to the address.
    pub fn new(name: Option<&str>, address: &str) -> Option<Self> {
        // Whatever ends a line would begin another header.
        let name = name.map(|name| name.split(char::is_control).collect::<Vec<_>>().join(" "));
        let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let (local, domain) = address.rsplit_once('@')?;
        let printable = |text: &str| {
            !text.is_empty()
                && !text.contains(|letter: char| letter.is_control() || letter.is_whitespace())
        };
        let good = printable(local)
            && printable(domain)
            && !address.contains(['<', '>', ',', ';', '"', '(', ')', '\\'])
            && !local.contains('@')
            && address.len() <= MAX_ADDRESS;
        good.then(|| Self { name, address: address.to_owned() })
    }
}

impl FromStr for Mailbox {
    type Err = BadMailbox;

    fn from_str(text: &str) -> Result<Self, BadMailbox> {
        let (name, address) =
            match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
                Some((name, address)) => (Some(name.trim().trim_matches('"')), address),
                None => (None, text.trim()),
            };
        Self::new(name, address).ok_or(BadMailbox)
    }
}

/// Whose address it is, is for no log.
impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_an_address_or_an_address_alone() {
        for (text, name, address) in [
            ("a@b.example", None, "a@b.example"),
            ("Shop <a@b.example>", Some("Shop"), "a@b.example"),
            ("\"Shop, Inc.\" <a@b.example>", Some("Shop, Inc."), "a@b.example"),
            (" <a+tag@b.example> ", None, "a+tag@b.example"),
        ] {
            let mailbox: Mailbox = text.parse().unwrap();
            assert_eq!(
                (mailbox.name.as_deref(), mailbox.address.as_str()),
                (name, address),
                "{text}"
            );
        }
    }

    #[test]
    fn no_mail_goes_to_what_is_no_address() {
        let long = format!("{}@b.example", "a".repeat(250));
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a b@c.example",
            "a@b@c.example",
            "a@b.example\r\nBcc: x@y.example",
            "a@b.example,c@d.example",
            "<a@b.example",
            &long,
        ] {
            assert_eq!(Mailbox::new(None, text), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_begins_no_header() {
        let mailbox = Mailbox::new(Some("Eve\r\nBcc: x@y.example"), "a@b.example").unwrap();
        assert_eq!(mailbox.name.as_deref(), Some("Eve  Bcc: x@y.example"));
    }
}
