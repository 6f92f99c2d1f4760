//! A letter as an internet message (RFC 5322).

use lettre::{
    Address, Message,
    message::{
        Mailbox as Box, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use shared::mail::{Letter, Mailbox};

use super::Uncarried;

/// A letter as an internet message: with both forms of its text, and with what mail programs need to offer
/// that no more come (RFC 8058).
///
/// # Errors
/// When an address is none after all.
pub fn as_message(letter: &Letter) -> Result<Message, Uncarried> {
    let id = format!("<{}@{}>", letter.id, domain(&letter.from));
    Message::builder()
        .message_id(Some(id))
        .from(mailbox(&letter.from)?)
        .to(mailbox(&letter.to)?)
        .subject(&letter.subject)
        .raw_header(header("List-Unsubscribe", format!("<{}>", letter.unsubscribe)))
        .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()))
        // Nobody's absence is to be answered to it (RFC 3834).
        .raw_header(header("Auto-Submitted", "auto-generated".into()))
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(Uncarried::for_good)
}

fn mailbox(mailbox: &Mailbox) -> Result<Box, Uncarried> {
    let address: Address =
        mailbox.address.parse().map_err(|_| Uncarried::for_good("an address is none"))?;
    Ok(Box::new(mailbox.name.clone(), address))
}

fn domain(mailbox: &Mailbox) -> &str {
    mailbox.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}
