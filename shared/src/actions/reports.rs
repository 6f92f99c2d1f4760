//! Telling the support agents of a message that is not right, and seeing to it.

use serde::Serialize;

use crate::{
    actions::Services,
    domain::{
        ids::{ReportId, RoomId},
        message::{Message, SenderType, Slot},
        principal::Caller,
        report::{Report, ReportState, Resolution},
        room::r#match,
        time::Timestamp,
        webhook::{Happened, Hook},
    },
    error::Error,
    store::{Membership, ReportCursor, Reported, StoreError, Window},
};

/// How often a message is read again that changes just while it is reported.
const TRIES: usize = 3;

/// A report as its reporter sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Report)]
pub struct ReportView {
    /// UUID.
    #[schema(value_type = uuid::Uuid)]
    pub id: ReportId,
    /// The room of the message.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: String,
    /// The message's place in the room.
    pub seq: u64,
    /// Why, in the reporter's words.
    pub reason: String,
    /// Whether an agent has seen to it.
    pub state: ReportState,
    /// When it was reported.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A report as support agents see it. Who hides behind an alias in the room hides here as well.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReportedMessage {
    /// What its reporter sees.
    #[serde(flatten)]
    pub report: ReportView,
    /// What the message said when it was reported; null once the message is deleted.
    pub body: Option<String>,
    /// The sender's id in the room.
    pub sender_id: String,
    /// In which capacity it was sent.
    pub sender_type: SenderType,
    /// The reporter's id in the room.
    pub reporter_id: String,
    /// The reporter's account; null where the room hides whose the id is.
    pub reporter_account: Option<String>,
    /// When it was resolved.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Timestamp>,
    /// The account of the agent who did.
    pub resolved_by: Option<String>,
    /// What the agent noted.
    pub note: Option<String>,
}

/// A page of the list of reports.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReportList {
    /// The reports, newest first.
    pub reports: Vec<ReportedMessage>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

impl Services {
    /// Reports a message; whether that is new. A member's first report of a message stays.
    ///
    /// # Errors
    /// `NotFound` to strangers, and where no message stands; `Invalid` for one's own.
    pub async fn report(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: u64,
        reason: &str,
    ) -> Result<(ReportView, bool), Error> {
        for _ in 0..TRIES {
            let (member, message) = self.message_to_report(caller, room, seq).await?;
            let sent = message.created_at;
            let report = self.new_report(caller, &member, message, reason).await?;
            let (report, new) = match self.store.put_report(&report, &member, sent).await? {
                Reported::New => (report, true),
                Reported::Before(first) => (*first, false),
                Reported::Changed => continue,
            };
            // Whoever repeats it, because the first try was not answered, finds it reported.
            let is_news = new || self.is_moments_ago(report.created_at);
            let what = Happened::ReportFiled(room, seq, report.id);
            let hook = Hook { what, at: report.created_at };
            self.tell_app(is_news.then_some(hook)).await?;
            return Ok(((&report).into(), new));
        }
        Err(StoreError::Unavailable("a message that was reported went on changing".into()).into())
    }

    /// The message at a slot, for a member who did not write it.
    async fn message_to_report(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: u64,
    ) -> Result<(Membership, Message), Error> {
        let asker = self.asker(caller).await?;
        // The page of this one slot. Before the first one there is nothing: then it is the first's,
        // which is not the one that is asked for.
        let window = Window::After(seq.saturating_sub(1));
        let page = self.store.page(room, &asker, window, 1, &self.clock).await?;
        let page = page.ok_or(Error::NotFound)?;
        match page.slots.into_iter().next() {
            Some(Slot::Message(message)) if message.seq == seq && message.body.is_some() => {
                if message.sender_id == page.room.mark.member_id {
                    return Err(Error::invalid("seq", "must be a message of somebody else"));
                }
                Ok((page.room, message))
            }
            _ => Err(Error::NotFound),
        }
    }

    async fn new_report(
        &self,
        caller: &Caller,
        member: &Membership,
        message: Message,
        reason: &str,
    ) -> Result<Report, Error> {
        // Each agent reports as itself, although the desk is one member.
        let account = self.asker(caller).await?.me;
        let reporter_id = member.mark.member_id.clone();
        let is_hidden = r#match::is_alias(&reporter_id);
        Ok(Report {
            id: ReportId::derive(self.store.salt().await?, message.room, message.seq, &account),
            room: message.room,
            seq: message.seq,
            body: message.body,
            sender_id: message.sender_id,
            sender_type: message.sender_type,
            reporter_account: (!is_hidden).then(|| caller.principal.member_id()),
            reporter_id,
            reason: reason.to_owned(),
            created_at: self.clock.now(),
            resolution: None,
        })
    }

    /// What was reported, newest first.
    ///
    /// # Errors
    /// `Forbidden` to all but support agents.
    pub async fn reports(
        &self,
        caller: &Caller,
        state: ReportState,
        limit: usize,
        after: Option<ReportCursor>,
    ) -> Result<ReportList, Error> {
        only_admins(caller)?;
        let page = self.store.reports(state, limit, after).await?;
        Ok(ReportList {
            reports: page.reports.into_iter().map(ReportedMessage::from).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        })
    }

    /// Says that a report has been seen to. Once is enough; what was noted first stays.
    ///
    /// # Errors
    /// `Forbidden` to all but support agents; `NotFound` if there is no such report.
    pub async fn resolve_report(
        &self,
        caller: &Caller,
        id: &str,
        note: Option<String>,
    ) -> Result<ReportedMessage, Error> {
        only_admins(caller)?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let by = caller.principal.member_id();
        let resolution = Resolution { at: self.clock.now(), by, note };
        let report = self.store.resolve_report(id, &resolution).await?;
        report.map(ReportedMessage::from).ok_or(Error::NotFound)
    }
}

/// Reports hold what was said in rooms that agents are not in, so this comes before anything is read.
fn only_admins(caller: &Caller) -> Result<(), Error> {
    if caller.roles.admin {
        return Ok(());
    }
    Err(Error::Forbidden {
        code: "admins_only",
        detail: "Only support agents see what was reported.",
    })
}

impl From<&Report> for ReportView {
    fn from(report: &Report) -> Self {
        Self {
            id: report.id,
            room_id: report.room.to_string(),
            seq: report.seq,
            reason: report.reason.clone(),
            state: report.state(),
            created_at: report.created_at,
        }
    }
}

impl From<Report> for ReportedMessage {
    fn from(report: Report) -> Self {
        let view = ReportView::from(&report);
        let (at, by, note) = match report.resolution {
            Some(Resolution { at, by, note }) => (Some(at), Some(by), note),
            None => (None, None, None),
        };
        Self {
            report: view,
            body: report.body,
            sender_id: report.sender_id,
            sender_type: report.sender_type,
            reporter_id: report.reporter_id,
            reporter_account: report.reporter_account,
            resolved_at: at,
            resolved_by: by,
            note,
        }
    }
}
