//! Mailing somebody about what it has not read: once for each time it falls behind, and never while it is
//! there.

use std::collections::VecDeque;

use crate::{
    actions::{Services, outcome::Outcome, view::RoomView},
    domain::{
        ids::{RoomId, SideKey},
        member::MemberType,
        message::{Message, SenderType, Slot},
        person::Person,
        principal::{Asker, Caller},
        time::Timestamp,
    },
    error::Error,
    mail::{
        self, Farewell, LINE_CHARS, Language, Letter, Line, MOST_LINES, MailSettings, Mailbox,
        Unread,
    },
    store::{Appended, Due, Lease, Membership, StoreError, Window},
};

/// How many messages are read at a time.
const PER_PAGE: u64 = 100;

/// How long a mail waits for a message that is just being stored, in milliseconds.
const MOMENT: i64 = 60_000;

/// How long a mail server is left alone at most, in milliseconds.
const LONGEST_PAUSE: i64 = 3_600_000;

/// How often a mail is tried: a day long.
const MAX_TRIES: u32 = 30;

/// What is to be done about a mail that is due.
#[derive(Debug)]
pub enum Mailing {
    /// Nothing more.
    Ended(Outcome),
    /// It is to be carried, and then told what came of it.
    Carry(Box<Mail>),
}

/// A mail that is to be carried.
#[derive(Debug)]
pub struct Mail {
    /// What it says.
    pub letter: Letter,
    lease: Lease,
    /// The first message that was not read.
    first: u64,
}

/// What somebody has not read.
struct Behind {
    /// The first message: its place, and when it was sent.
    first: Option<(u64, Timestamp)>,
    newest: VecDeque<Message>,
    /// How many there are beside these.
    more: usize,
    /// Whether one is just being stored.
    is_pending: bool,
}

impl Services {
    /// Sees to it that whoever has not read a message in time is mailed.
    pub(super) async fn note_unread(&self, done: &Appended) -> Result<(), StoreError> {
        let Appended { message, head, poster, .. } = done;
        let due = self.mail.as_ref().and_then(|mail| mail.due(message.room, message.created_at));
        let Some(due) = due else { return Ok(()) };
        for (side, mark) in head.others(poster.key()) {
            if mark.kind != MemberType::Admin && !mark.is_erased() {
                let of = (message.room, side);
                self.store.note_unread(of, message.seq, mark.read, due).await?;
            }
        }
        Ok(())
    }

    /// What is to be done about a mail that is due.
    ///
    /// # Errors
    /// When the store cannot be reached; it is due again when the lease ends.
    pub async fn mail_due(
        &self,
        due: &Due,
        room: RoomId,
        side: &SideKey,
    ) -> Result<Mailing, Error> {
        let now = self.clock.now();
        let Some(lease) = self.store.take_mail(due, now).await? else {
            return Ok(Mailing::Ended(Outcome::Taken));
        };
        let settings = self.mail.as_ref();
        let person = self.store.person(side).await?.filter(|person| !person.unsubscribed);
        let delay = settings.and_then(|settings| settings.after.of(room.kind()));
        let (Some(settings), Some(delay), Some(person)) = (settings, delay, person) else {
            return self.needless(&lease).await;
        };
        let address = person.email.as_deref();
        let to = address.and_then(|address| Mailbox::new(person.name.as_deref(), address));
        let asker = Asker { me: side.clone(), kind: person.principal.kind, desk: None };
        let found = self.store.room(room, &asker).await?.filter(|(room, _)| !room.mark.muted);
        let (Some(to), Some((room, info))) = (to, found) else {
            return self.needless(&lease).await;
        };
        let behind = self.behind(&room).await?;
        let Some((first, sent_at)) = behind.first else {
            return match behind.is_pending {
                true => self.later(&lease, now.plus_millis(MOMENT)).await,
                false => self.needless(&lease).await,
            };
        };
        let ripe = sent_at.plus_millis(delay);
        if ripe > now {
            // What it was noted for was read, but not what came after that.
            return self.later(&lease, ripe).await;
        }
        if self.store.presence(side, now).await?.is_some_and(|presence| presence.online) {
            return self.later(&lease, now.plus_millis(delay)).await;
        }
        let view = self.view(room.clone(), info).await?;
        let unread = self.unread(settings, (&room, &view), (first, behind), (&person, to)).await?;
        let letter = unread.letter();
        Ok(Mailing::Carry(Box::new(Mail { letter, lease, first })))
    }

    /// A mail was carried.
    ///
    /// # Errors
    /// When the store cannot be reached; it is carried again, under the same id, when the lease ends.
    pub async fn mail_carried(&self, mail: &Mail) -> Result<Outcome, Error> {
        self.store.mailed(&mail.lease, mail.first).await?;
        Ok(Outcome::Done)
    }

    /// A mail was not carried: for now, or for good.
    ///
    /// # Errors
    /// When the store cannot be reached; it is tried again when the lease ends.
    pub async fn mail_refused(&self, mail: &Mail, for_good: bool) -> Result<Outcome, Error> {
        let taken = mail.lease.taken;
        if for_good || taken >= MAX_TRIES {
            // As if it had been: the next message shall not try again what cannot be.
            self.store.mailed(&mail.lease, mail.first).await?;
            return Ok(Outcome::GivenUp);
        }
        let pause = (MOMENT << taken.saturating_sub(1).min(8)).min(LONGEST_PAUSE);
        self.store.postpone(&mail.lease, self.clock.now().plus_millis(pause)).await?;
        Ok(Outcome::PutOff)
    }

    async fn needless(&self, lease: &Lease) -> Result<Mailing, Error> {
        self.store.finish(lease).await?;
        Ok(Mailing::Ended(Outcome::Needless))
    }

    async fn later(&self, lease: &Lease, to: Timestamp) -> Result<Mailing, Error> {
        self.store.delay_mail(lease, to).await?;
        Ok(Mailing::Ended(Outcome::PutOff))
    }

    /// What a member has not read.
    async fn behind(&self, room: &Membership) -> Result<Behind, Error> {
        let (mut reached, mut all) = (room.mark.read, 0);
        let mut behind =
            Behind { first: None, newest: VecDeque::new(), more: 0, is_pending: false };
        while reached < room.head.seq {
            let after = Window::After(reached);
            let page = self.store.page_of(room, after, PER_PAGE, &self.clock).await?;
            let Some(last) = page.slots.last() else {
                behind.is_pending = true;
                break;
            };
            reached = last.seq();
            let messages = page.slots.into_iter().filter_map(|slot| match slot {
                Slot::Message(message) => Some(message),
                Slot::Void(_) | Slot::Pending(_) => None,
            });
            for message in messages {
                let is_own = message.sender_id == room.mark.member_id;
                if is_own || message.deleted_at.is_some() {
                    continue;
                }
                all += 1;
                behind.first.get_or_insert((message.seq, message.created_at));
                behind.newest.push_back(message);
                behind.newest.drain(..behind.newest.len().saturating_sub(MOST_LINES));
            }
        }
        behind.more = all - behind.newest.len();
        Ok(behind)
    }

    async fn unread(
        &self,
        settings: &MailSettings,
        (room, view): (&Membership, &RoomView),
        (first, behind): (u64, Behind),
        (person, to): (&Person, Mailbox),
    ) -> Result<Unread, Error> {
        let salt = self.store.salt().await?;
        let parts =
            [room.room.as_bytes().as_slice(), room.me.as_str().as_bytes(), &first.to_be_bytes()];
        let id = uuid::Uuid::from_bytes(salt.hash("mail", &parts));
        let line = |message: &Message| Line {
            sender: sender_name(settings, view, message),
            text: message.beginning(LINE_CHARS),
        };
        let token = mail::token(salt, &room.me);
        Ok(Unread {
            id: id.to_string(),
            from: settings.from.clone(),
            to,
            language: language_of(settings, person),
            lines: behind.newest.iter().map(line).collect(),
            more: behind.more,
            room_url: settings.room_url(room.room),
            unsubscribe: format!("{}/v1/mail/unsubscribe?token={token}", settings.public_url),
        })
    }

    /// The page that a mail's link leads to; whoever is sure gets no more mails. False when the link is none
    /// of ours.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn unsubscribe(&self, token: &str, is_sure: bool) -> Result<(bool, String), Error> {
        let Some(account) = mail::whose(self.store.salt().await?, token) else {
            return Ok((false, mail::page(self.language(None), Farewell::Invalid)));
        };
        if is_sure {
            // Whoever is gone gets none in the first place.
            self.store.set_unsubscribed(&account, true).await?;
        }
        let person = self.store.person(&account).await?;
        let state = if is_sure { Farewell::Done } else { Farewell::Ask };
        Ok((true, mail::page(self.language(person.as_ref()), state)))
    }

    /// Whether the caller is mailed about what it has not read.
    ///
    /// # Errors
    /// `Forbidden` when the caller was erased.
    pub async fn wants_mail(&self, caller: &Caller) -> Result<bool, Error> {
        self.remember(caller).await?;
        let me = self.asker(caller).await?.me;
        Ok(!self.store.person(&me).await?.is_some_and(|person| person.unsubscribed))
    }

    /// Whether the caller is to be mailed about what it has not read, from now on.
    ///
    /// # Errors
    /// `Forbidden` when the caller was erased.
    pub async fn set_wants_mail(&self, caller: &Caller, wanted: bool) -> Result<(), Error> {
        self.remember(caller).await?;
        let me = self.asker(caller).await?.me;
        self.store.set_unsubscribed(&me, !wanted).await?;
        Ok(())
    }

    fn language(&self, person: Option<&Person>) -> Language {
        match (&self.mail, person) {
            (Some(settings), Some(person)) => language_of(settings, person),
            (Some(settings), None) => settings.language,
            (None, _) => Language::default(),
        }
    }
}

fn language_of(settings: &MailSettings, person: &Person) -> Language {
    person.locale.as_deref().and_then(Language::of_tag).unwrap_or(settings.language)
}

/// By which name a sender writes: an agent and the application by the deployment's.
fn sender_name(settings: &MailSettings, view: &RoomView, message: &Message) -> String {
    let sender = view.members.iter().find(|member| member.id == message.sender_id);
    let name = match message.sender_type {
        SenderType::Admin | SenderType::System => None,
        SenderType::User | SenderType::Merchant => sender.and_then(|sender| sender.name.clone()),
    };
    let from = || settings.from.name.clone().unwrap_or_else(|| settings.from.address.clone());
    name.unwrap_or_else(from)
}
