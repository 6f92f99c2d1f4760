//! How a mail is carried.

mod message;
mod smtp;

use std::{fmt::Display, future::Future};

use shared::mail::Letter;

pub use self::{
    message::as_message,
    smtp::{BadServer, Smtp},
};

/// Carries mails.
pub trait PostOffice: Sync {
    /// Carries a mail; from then on it is somebody else's to deliver.
    ///
    /// # Errors
    /// When it was not taken.
    fn carry(&self, letter: &Letter) -> impl Future<Output = Result<(), Uncarried>> + Send;
}

/// A mail was not taken.
#[derive(Debug, thiserror::Error)]
#[error("a mail was not taken: {why}")]
pub struct Uncarried {
    /// Whether it never will be.
    pub for_good: bool,
    /// Why. It tells nobody's address.
    why: String,
}

impl Uncarried {
    /// It may be taken later.
    pub fn for_now(why: impl Display) -> Self {
        Self { for_good: false, why: why.to_string() }
    }

    /// It never will be.
    pub fn for_good(why: impl Display) -> Self {
        Self { for_good: true, why: why.to_string() }
    }
}

/// Where there may be none.
impl<P: PostOffice> PostOffice for Option<P> {
    async fn carry(&self, letter: &Letter) -> Result<(), Uncarried> {
        match self {
            Some(office) => office.carry(letter).await,
            None => Err(Uncarried::for_now("there is no mail server")),
        }
    }
}
