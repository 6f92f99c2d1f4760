//! The scheduled function, as this program runs it.

use std::time::Duration;

use dispatch::{Dispatch, Summary};
use shared::{actions::Services, error::Error};

use crate::outbox::LocalMail;

/// How long one run takes at most.
const TIME: Duration = Duration::from_secs(60);

/// What does later what is due then, and mails.
#[derive(Debug)]
pub(crate) struct Due {
    /// Of its own: mails and webhooks leave this program, so each call of the store waits for the disk.
    pub(crate) services: Services,
    pub(crate) mail: LocalMail,
}

impl Due {
    /// Does what is due, once.
    pub(crate) async fn run(&self) -> Result<Summary, Error> {
        Dispatch { services: &self.services, post_office: &self.mail }.run(TIME).await
    }
}
