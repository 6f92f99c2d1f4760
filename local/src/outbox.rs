//! Mails that would have been sent: kept for `GET /dev/mail`, and written to files that mail programs open.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use dispatch::mail::{PostOffice, Smtp, Uncarried, as_message};
use serde::Serialize;
use shared::{
    domain::time::{Clock, Timestamp},
    mail::Letter,
};

/// How many are kept to be looked at; the files stay.
const KEPT: usize = 1_000;

/// A mail that would have been sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sent {
    to: String,
    subject: String,
    text: String,
    html: String,
    sent_at: Timestamp,
}

/// Keeps mails instead of sending them.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    folder: Option<PathBuf>,
    sent: Arc<Mutex<VecDeque<Sent>>>,
    clock: Clock,
}

impl Outbox {
    /// One that writes into a folder, which need not be there yet; or nowhere.
    pub(crate) fn new(folder: Option<PathBuf>, clock: Clock) -> Self {
        Self { folder, sent: Arc::default(), clock }
    }

    /// What would have been sent since the program started, oldest first.
    fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn write(&self, letter: &Letter, sent_at: Timestamp) -> Result<(), Uncarried> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let message = as_message(letter)?.formatted();
        // Some file systems refuse a colon.
        let time = sent_at.to_string().replace(':', "-");
        let file = folder.join(format!("{time}-{}.eml", letter.id));
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(file, message));
        written.map_err(Uncarried::for_now)
    }
}

impl PostOffice for Outbox {
    async fn carry(&self, letter: &Letter) -> Result<(), Uncarried> {
        let sent_at = self.clock.now();
        self.write(letter, sent_at)?;
        let Letter { to, subject, text, html, .. } = letter.clone();
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() == KEPT {
            sent.pop_front();
        }
        sent.push_back(Sent { to: to.address, subject, text, html, sent_at });
        Ok(())
    }
}

/// Where a laptop's mails go.
#[derive(Debug)]
pub(crate) enum LocalMail {
    /// Into its outbox.
    Outbox(Outbox),
    /// To a mail server.
    Smtp(Smtp),
}

impl LocalMail {
    /// The mails of the outbox, oldest first; none of those that a server has taken.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        match self {
            Self::Outbox(outbox) => outbox.sent(),
            Self::Smtp(_) => Vec::new(),
        }
    }
}

impl PostOffice for LocalMail {
    async fn carry(&self, letter: &Letter) -> Result<(), Uncarried> {
        match self {
            Self::Outbox(outbox) => outbox.carry(letter).await,
            Self::Smtp(server) => server.carry(letter).await,
        }
    }
}
