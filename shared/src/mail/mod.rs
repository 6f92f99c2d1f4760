//! What is mailed: who gets it, in which words, and how one gets no more of it. How it is carried is the
//! dispatch function's.

mod delays;
mod html;
mod letter;
mod mailbox;
mod unsubscribe;
mod words;

pub use self::{
    delays::{BadDelays, Delays},
    letter::{LINE_CHARS, Letter, Line, MOST_LINES, Unread},
    mailbox::{BadMailbox, Mailbox},
    unsubscribe::{Farewell, page, page_policy, token, whose},
    words::{BadLanguage, Language},
};
use crate::domain::{ids::RoomId, time::Timestamp};

/// How a deployment mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// Who writes.
    pub from: Mailbox,
    /// After how long without being read.
    pub after: Delays,
    /// Where a room is read, with `{room}` in the place of its id.
    pub room_url: String,
    /// The address under which clients reach the API, without a slash at the end: a mail's link to get no
    /// more leads there.
    pub public_url: String,
    /// The language of those who have not told theirs.
    pub language: Language,
}

impl MailSettings {
    /// Where a room is read.
    pub fn room_url(&self, room: RoomId) -> String {
        self.room_url.replace("{room}", &room.to_string())
    }

    /// When a mail about what came at `at` is due, if rooms of its kind are mailed about.
    pub fn due(&self, room: RoomId, at: Timestamp) -> Option<Timestamp> {
        self.after.of(room.kind()).map(|millis| at.plus_millis(millis))
    }
}
