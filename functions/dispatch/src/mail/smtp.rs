//! A mail server.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    transport::smtp::{
        Error, PoolConfig,
        response::{Category, Severity},
    },
};
use shared::{mail::Letter, secret::Secret};

use super::{PostOffice, Uncarried, as_message};

/// How long each step of a conversation with the server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many connections there are at once.
const CONNECTIONS: u32 = 4;

/// A mail server, reached by SMTP (RFC 5321).
#[derive(Debug)]
pub struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

/// A URL that leads to no mail server. It is a secret, so it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "PARLOUR_SMTP_URL is not like smtps://user:password@host or smtp://user:password@host:587?tls=required"
)]
pub struct BadServer;

impl Smtp {
    /// The server at a URL: `smtps://` for TLS from the start, `smtp://…?tls=required` for STARTTLS. Nothing is
    /// sent yet.
    ///
    /// # Errors
    /// When it is none.
    pub fn at(url: &Secret) -> Result<Self, BadServer> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose());
        let pool = PoolConfig::new().max_size(CONNECTIONS);
        let builder = builder.map_err(|_| BadServer)?.timeout(Some(PATIENCE)).pool_config(pool);
        Ok(Self(builder.build()))
    }
}

impl PostOffice for Smtp {
    async fn carry(&self, letter: &Letter) -> Result<(), Uncarried> {
        match self.0.send(as_message(letter)?).await {
            Ok(_) => Ok(()),
            Err(error) if is_final(&error) => Err(Uncarried::for_good(what(&error))),
            Err(error) => Err(Uncarried::for_now(what(&error))),
        }
    }
}

/// Whether the server will never take this mail: it does not want it, or there is no such mailbox. That it does
/// not want us is another matter, which somebody will mend.
fn is_final(error: &Error) -> bool {
    error.status().is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion
            && code.category == Category::MailSystem
    })
}

/// The server's own words may repeat an address.
fn what(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("the server answered {code}"),
        None if error.is_timeout() => "the server did not answer in time".into(),
        None if error.is_tls() => "TLS failed".into(),
        None => "the server cannot be reached, or broke off".into(),
    }
}
