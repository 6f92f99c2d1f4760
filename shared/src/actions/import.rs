//! Bringing in rooms and messages from another system, with their times and in their order. Nobody is told
//! of them, and nobody is mailed.

use crate::{
    actions::{
        Services,
        messages::{History, SlotView, view},
        open::{checked_title, found_by_members},
    },
    domain::{
        ids::{ClientId, RoomId},
        message::{Draft, Slot},
        principal::{Asker, Caller, Principal, PrincipalType, Service},
        room::{Founding, Opening, RoomKind, Seat},
        time::Timestamp,
    },
    error::Error,
    store::{AppendError, Sender},
};

/// A room as another system had it.
#[derive(Clone, Debug)]
pub struct RoomImport {
    /// What sort of room.
    pub kind: RoomKind,
    /// Its users. Of `direct` rooms two, of groups all, the first of whom founded it; of others the one who
    /// opened it.
    pub users: Vec<Principal>,
    /// Of `listing` rooms: the application's own id of the listing. Of `match` rooms: of the group.
    pub about: Option<String>,
    /// Of groups: the title.
    pub title: Option<String>,
    /// Of groups, of which the same people may have many: tells this one from the others.
    pub client_id: Option<ClientId>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Whether its events are told in its kind's dialect as well.
    pub in_dialect: bool,
}

/// Who sent a message that is brought in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// One of the room's members.
    Member(Principal),
    /// An agent, for the support desk.
    Agent,
    /// The application.
    System,
}

/// A message as another system had it.
#[derive(Clone, Debug)]
pub struct MessageImport {
    /// Who sent it.
    pub author: Author,
    /// What, with the client id under which it is brought in once.
    pub draft: Draft,
    /// When it was sent.
    pub created_at: Timestamp,
    /// Whether whom it was for has read it.
    pub read: bool,
}

/// A room that was brought in, or was there already.
#[derive(Clone, Copy, Debug)]
pub struct Imported {
    /// The room.
    pub room: RoomId,
    /// Its highest `seq`.
    pub head: u64,
}

impl Services {
    /// Makes a room, or finds it.
    ///
    /// # Errors
    /// `Invalid` when its people do not make a room of this kind, `NotFound` for a listing or a group that
    /// has not been told of, or was not drawn.
    pub async fn import_room(
        &self,
        service: Service,
        import: RoomImport,
    ) -> Result<Imported, Error> {
        let salt = self.store.salt().await?;
        let created_at = import.created_at;
        let founder = import.users.first().cloned();
        let founder = founder.ok_or(Error::invalid("users", "must name somebody"))?;
        let asker = Asker::new(salt, &Caller::by_server(service, founder, false));
        let founding = self.founding_of(import).await?;
        let opened = self.store.open(&founding, &asker, created_at).await?;
        let room = opened.ok_or(Error::NotFound)?.room;
        if founding.in_dialect && room.head.dialect(room.room).is_none() {
            self.store.speak_dialect(room.room).await?;
        }
        Ok(Imported { room: room.room, head: room.head.seq })
    }

    async fn founding_of(&self, import: RoomImport) -> Result<Founding, Error> {
        let RoomImport { kind, users, about, title, client_id, in_dialect, .. } = import;
        let mut seats = Vec::with_capacity(users.len());
        for user in users {
            seats.push(self.seat_of(user).await?);
        }
        let about = about.unwrap_or_default();
        let wrong_number = |says: &str| Error::invalid("users", says);
        let mut founding = match (kind.rules().opening, seats.len()) {
            (Opening::ByMembers, _) => {
                let founder = seats.remove(0);
                found_by_members(kind, founder, seats, checked_title(title)?, client_id)?
            }
            (Opening::ByPair, 2) => {
                let other = seats.remove(1);
                if other.key == seats[0].key {
                    return Err(wrong_number("must be two people"));
                }
                Founding::by_pair(kind, seats.remove(0), other)
            }
            (Opening::ByPair, _) => return Err(wrong_number("must be two people")),
            (Opening::ByAsking, 1) => {
                let salt = self.store.salt().await?;
                Founding::by_asking(kind, seats.remove(0), Seat::support_desk(salt))
            }
            (Opening::ByListing, 1) => {
                let listing = self.store.listing(&about).await?.ok_or(Error::NotFound)?;
                let merchant = self.seat_of(listing.merchant).await?;
                let named = (listing.id.as_str(), listing.title.as_str());
                Founding::by_listing(kind, named, seats.remove(0), merchant)
            }
            (Opening::ByGroup, 1) => {
                let giver = seats.remove(0);
                let receiver = self.store.match_of(&about, &giver.key).await?;
                let receiver = self.seat_of(receiver.ok_or(Error::NotFound)?).await?;
                Founding::by_group(kind, &about, giver, receiver)
            }
            (Opening::ByAsking | Opening::ByListing | Opening::ByGroup, _) => {
                return Err(wrong_number("must be the one who opened it"));
            }
        };
        founding.in_dialect = in_dialect;
        Ok(founding)
    }

    /// Appends messages in the order in which they are given, each once by its client id; then, if it is
    /// said when, puts the room away for its desk. Answers the room's highest `seq`.
    ///
    /// # Errors
    /// `NotFound` where no room is, `Invalid` for an author who is not in it. What comes before stays.
    pub async fn import_messages(
        &self,
        service: Service,
        room: RoomId,
        messages: Vec<MessageImport>,
        archived_at: Option<Timestamp>,
    ) -> Result<u64, Error> {
        let salt = self.store.salt().await?;
        let nobody = Principal { kind: PrincipalType::User, id: "import".into() };
        let agent = Asker::new(salt, &Caller::by_server(service, nobody, true));
        let page = self.store.page_for_server(service, room, 0, 1, &self.clock).await?;
        let (mut head, mut read) = (page.ok_or(Error::NotFound)?.0.seq, None);
        for (place, import) in messages.into_iter().enumerate() {
            let MessageImport { author, draft, created_at, read: was_read } = import;
            let (asker, member_id) = match &author {
                Author::Member(who) => {
                    let caller = Caller::by_server(service, who.clone(), false);
                    (Asker::new(salt, &caller), who.member_id())
                }
                Author::Agent | Author::System => (agent.clone(), "service:import".to_owned()),
            };
            let sender = Sender {
                asker: &asker,
                member_id: &member_id,
                is_system: author == Author::System,
                rate: None,
                in_dialect: false,
                sent_at: Some(created_at),
            };
            // Looked for first: a repeat must not leave empty places.
            let done = self.store.append(room, sender, &draft, true, &self.clock).await;
            let done = done.map_err(|error| refusal(error, place))?;
            head = done.head.seq.max(done.message.seq);
            if was_read {
                read = Some((done.message.seq, created_at));
            }
        }
        if let Some((seq, at)) = read {
            self.store.mark_all_read(room, seq, at).await?;
        }
        if let Some(at) = archived_at {
            self.store.archive(room, &agent, None, at).await?;
        }
        Ok(head)
    }

    /// A part of any room's log, to see that all of it was brought in.
    ///
    /// # Errors
    /// `NotFound` where no room is.
    pub async fn imported(
        &self,
        service: Service,
        room: RoomId,
        after: u64,
        limit: u64,
    ) -> Result<History, Error> {
        let page = self.store.page_for_server(service, room, after, limit, &self.clock).await?;
        let (head, slots, has_more) = page.ok_or(Error::NotFound)?;
        let slots = slots.iter().map(|slot| match slot {
            Slot::Message(message) => SlotView::Message(Box::new(view(message, &head, None))),
            Slot::Void(seq) => SlotView::Void(*seq),
            Slot::Pending(seq) => SlotView::Pending(*seq),
        });
        Ok(History { slots: slots.collect(), head: head.seq, rev: head.rev, has_more })
    }
}

fn refusal(error: AppendError, place: usize) -> Error {
    match error {
        AppendError::NotAMember => {
            Error::invalid(format!("messages[{place}].sender_id"), "must be in the room")
        }
        AppendError::NothingToReplyTo => {
            Error::invalid(format!("messages[{place}].reply_to"), "must come before")
        }
        other => other.into(),
    }
}
