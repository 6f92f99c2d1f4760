//! What an actor does with its life, and what it learns.

use std::{
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use shared::{
    domain::{
        ids::ClientId,
        message::{Draft, Emoji, Message, MessageType, Slot},
        room::RoomKind,
        time::Clock,
    },
    store::{AppendError, Change, Changed, Changer, Filed, Removed, Store, StoreError, Window},
};
use uuid::Uuid;

use crate::{
    lab::{Place, clock, sender},
    scenario::{Actor, Becomes, Does},
};

/// How many slots a reader asks for at a time.
const PAGE: u64 = 4;

/// What an actor learned.
#[derive(Default)]
pub(crate) struct Seen {
    /// Posts that were answered.
    pub(crate) posts: Vec<Post>,
    /// The messages of all runs of posts that were begun.
    pub(crate) begun: Vec<u8>,
    /// What posts ended in that were not answered.
    pub(crate) failures: Vec<String>,
    /// What stood at slots.
    pub(crate) slots: Vec<Slot>,
    /// Logs read on from the beginning, page by page.
    pub(crate) logs: Vec<Vec<Slot>>,
    /// Where pages ended before a slot that was still open.
    pub(crate) stops: Vec<Stop>,
    /// Messages on pages, and the room's revision that the page told.
    pub(crate) shown: Vec<(Message, u64)>,
    /// Changes that were answered.
    pub(crate) changes: Vec<Message>,
    /// Marks that were answered: whose, and up to which slot.
    pub(crate) marks: Vec<(&'static str, u64)>,
    /// When the room was put away or taken back.
    pub(crate) filed: Vec<Filing>,
    /// How often somebody has begun to put it away.
    pub(crate) begun_to_file: usize,
    /// When it was answered that carol is no member any more.
    pub(crate) removed: Option<i64>,
}

/// A room that was put away, or taken back.
pub(crate) struct Filing {
    pub(crate) begun: i64,
    pub(crate) answered: i64,
    pub(crate) away: bool,
}

/// A page that was asked for at `begun` and ended before the slot `at`.
pub(crate) struct Stop {
    pub(crate) begun: i64,
    pub(crate) at: u64,
}

/// A post that was answered.
pub(crate) struct Post {
    pub(crate) user: &'static str,
    pub(crate) message: u8,
    pub(crate) begun: i64,
    pub(crate) answered: i64,
    pub(crate) seq: u64,
}

/// An actor at work.
struct Living {
    actor: Actor,
    store: Rc<Store>,
    place: Arc<Place>,
    now: Arc<AtomicI64>,
    clock: Clock,
    seen: Arc<Mutex<Seen>>,
}

/// What an actor does, one thing after another.
pub(crate) async fn live(
    actor: Actor,
    store: Rc<Store>,
    place: Arc<Place>,
    now: Arc<AtomicI64>,
    seen: Arc<Mutex<Seen>>,
) {
    let clock = clock(&now, actor.clock_skew);
    let living = Living { actor, store, place, now, clock, seen };
    for does in living.actor.does.clone() {
        living.does(does).await;
    }
}

impl Living {
    async fn does(&self, does: Does) {
        match does {
            Does::Post { message, client_id, retry } => self.posts(message, client_id, retry).await,
            Does::Read { pages } => self.reads(pages).await,
            Does::List => self.lists().await,
            Does::Change { seq, into } => self.changes(seq, into).await,
            Does::Mark { seq } => self.marks(seq).await,
            Does::File { away } => self.files(away).await,
            Does::RemoveCarol => self.removes_carol().await,
        }
    }

    fn time(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn sees(&self, see: impl FnOnce(&mut Seen)) {
        see(&mut self.seen.lock().expect("nobody panicked"));
    }

    fn fails(&self, error: &StoreError) {
        self.sees(|seen| seen.failures.push(format!("{error:?}")));
    }

    async fn posts(&self, message: u8, client_id: bool, retry: bool) {
        let (begun, user) = (self.time(), self.actor.user);
        self.sees(|seen| seen.begun.push(message));
        let sender = sender(&self.place.askers[user], user);
        let draft = draft(message, client_id);
        match self.store.append(self.place.room, sender, &draft, retry, &self.clock).await {
            Ok(done) => {
                let stored = &done.message;
                let is_own = stored.body == Some(body(message)) || is_changed(stored);
                assert!(is_own, "an answer with another body: {stored:?}");
                let (answered, seq) = (self.time(), stored.seq);
                self.sees(|seen| {
                    seen.slots.push(Slot::Message(done.message));
                    seen.posts.push(Post { user, message, begun, answered, seq });
                });
            }
            Err(AppendError::NotAMember) => {
                assert_eq!(user, "carol", "a member is told to be none")
            }
            Err(error) => self.sees(|seen| seen.failures.push(format!("{error:?}"))),
        }
    }

    async fn reads(&self, pages: usize) {
        let me = &self.place.askers[self.actor.user];
        let (mut log, mut stops) = (Vec::new(), Vec::new());
        for _ in 0..pages {
            let begun = self.time();
            let window = Window::After(log.last().map_or(0, Slot::seq));
            let page = self.store.page(self.place.room, me, window, PAGE, &self.clock).await;
            let Ok(Some(page)) = page else { break };
            let full = page.slots.len() as u64 == PAGE;
            let shown = page.slots.iter().filter_map(message).cloned();
            let shown = shown.map(|message| (message, page.room.head.rev));
            self.sees(|seen| seen.shown.extend(shown));
            log.extend(page.slots);
            let next = log.last().map_or(1, |slot| slot.seq() + 1);
            if !full && next <= page.room.head.seq {
                stops.push(Stop { begun, at: next });
            }
        }
        self.sees(|seen| {
            seen.slots.extend(log.iter().cloned());
            seen.logs.push(log);
            seen.stops.extend(stops);
        });
    }

    /// What a list does with a preview that has no text: it reads the newest messages.
    async fn lists(&self) {
        let me = &self.place.askers[self.actor.user];
        let Ok(list) = self.store.inbox(me, None, 10, None).await else { return };
        for (room, _) in list.rooms.iter().filter(|(room, _)| room.head.preview.text.is_none()) {
            if let Ok(page) = self.store.page_of(room, Window::Newest, 2, &self.clock).await {
                self.sees(|seen| seen.slots.extend(page.slots));
            }
        }
    }

    async fn changes(&self, seq: u64, into: Becomes) {
        let change = match into {
            Becomes::Edited => Change::Edit(format!("{EDITED} at {}", self.time())),
            Becomes::Deleted => Change::Delete,
            Becomes::ReactedTo => {
                Change::React { emoji: Emoji::parse("\u{1f381}").expect("an emoji"), on: true }
            }
        };
        let by = Changer { asker: &self.place.askers[self.actor.user], moderates: false };
        match self.store.change(self.place.room, seq, by, &change, self.clock.now()).await {
            Ok(Changed::Done { message, .. }) => self.sees(|seen| seen.changes.push(*message)),
            // There is none yet, or it is not of a sort that can become this any more.
            Ok(_) => {}
            Err(error) => self.fails(&error),
        }
    }

    /// I6: what is unread is what lies between the mark and the head.
    async fn marks(&self, seq: u64) {
        let user = self.actor.user;
        let me = &self.place.askers[user];
        let mut there = 0;
        self.sees(|seen| there = seen.posts.iter().map(|post| post.seq).max().unwrap_or_default());
        match self.store.mark_read(self.place.room, me, seq, self.clock.now()).await {
            Ok(Some(marked)) => {
                let (read, head) = (marked.room.mark.read, marked.room.head.seq);
                assert!(read >= seq.min(there), "I6: marked {seq} of {there}, is {read}");
                // In a group the mark is read beside the head, and may have moved on since.
                assert_eq!(marked.room.unread(), head.saturating_sub(read), "I6");
                self.sees(|seen| seen.marks.push((user, read)));
            }
            Ok(None) => assert_eq!(user, "carol", "a member is told to be none"),
            Err(error) => self.fails(&error),
        }
    }

    async fn files(&self, away: bool) {
        let (begun, room) = (self.time(), self.place.room);
        let me = &self.place.askers[self.actor.user];
        self.sees(|seen| seen.begun_to_file += usize::from(away));
        let filed = match away {
            true => self.store.archive(room, me, None, self.clock.now()).await,
            false => self.store.unarchive(room, me, None).await,
        };
        match filed {
            Ok(Filed::Done { .. }) => {
                let answered = self.time();
                self.sees(|seen| seen.filed.push(Filing { begun, answered, away }));
            }
            Ok(refused) => panic!("the desk's own room is refused: {refused:?}"),
            Err(error) => self.fails(&error),
        }
    }

    async fn removes_carol(&self) {
        let asker = |name| &self.place.askers[name];
        let by = match self.store.membership(self.place.room, asker(self.actor.user)).await {
            Ok(by) => by.expect("a member"),
            Err(error) => return self.fails(&error),
        };
        match self.store.remove_member(&by, &asker("carol").me).await {
            Ok(Removed::Done | Removed::NoSuchMember) => {
                let answered = self.time();
                self.sees(|seen| seen.removed = seen.removed.or(Some(answered)));
            }
            Ok(refused) => panic!("the owner may not remove: {refused:?}"),
            Err(error) => self.fails(&error),
        }
    }
}

/// How every text begins that a message was edited into.
pub(crate) const EDITED: &str = "another text";

pub(crate) fn is_changed(message: &Message) -> bool {
    message.edited_at.is_some() || message.deleted_at.is_some()
}

pub(crate) fn body(message: u8) -> String {
    format!("message {message}")
}

pub(crate) fn draft(message: u8, client_id: bool) -> Draft {
    let id = client_id.then(|| ClientId(Uuid::from_u128(message.into())));
    Draft::new(RoomKind::Direct, MessageType::Text, body(message), id, None).expect("a short text")
}

/// The message of a slot, if there is one.
pub(crate) fn message(slot: &Slot) -> Option<&Message> {
    match slot {
        Slot::Message(message) => Some(message),
        _ => None,
    }
}
