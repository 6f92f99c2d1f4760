//! The scheduled function, as this program runs it.

use std::time::Duration;

use dispatch::{Dispatch, Summary};
use shared::{actions::Services, error::Error, http::Shared};

use crate::outbox::LocalMail;

/// How long one run takes at most.
const TIME: Duration = Duration::from_secs(60);

/// What does later what is due then, and mails.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) app: Shared,
    /// In whose place, where the app's own answers are ahead of the disk: mails leave this program.
    pub(crate) kept: Option<Services>,
    pub(crate) mail: LocalMail,
}

impl Due {
    /// Does what is due, once.
    pub(crate) async fn run(&self) -> Result<Summary, Error> {
        let services = self.kept.as_ref().unwrap_or(&self.app.services);
        Dispatch { services, post_office: &self.mail }.run(TIME).await
    }
}
