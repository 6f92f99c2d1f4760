//! Opening rooms: finding the one that is asked for, or making it.

use std::slice;

use futures_util::future::{try_join, try_join3};
use uuid::Uuid;

use crate::{
    actions::{Services, view::RoomView},
    domain::{
        ids::ClientId,
        member::MemberType,
        person::Person,
        principal::{Asker, Caller, Principal, PrincipalType},
        room::{Founding, Opening, RoomKind, Seat, group},
        webhook::{Happened, Hook},
    },
    error::Error,
    store::{Doing, Opened},
};

/// Which room of a kind is to be opened. Each way of opening has its own way to name it.
#[derive(Clone, Debug)]
pub enum Naming {
    /// The caller's room with this user.
    Pair {
        /// The other user's id.
        with: String,
    },
    /// The caller's room with the desk, or, for an agent, a user's.
    Asking {
        /// The user's id.
        user: Option<String>,
    },
    /// The caller's room with a listing's merchant.
    Listing {
        /// The application's own id of the listing.
        listing_id: String,
    },
    /// The caller's room, as giver, with whom it drew.
    Group {
        /// The application's own id of the group.
        group_id: String,
    },
    /// A new room for these users and the caller.
    Members {
        /// The users' ids.
        members: Vec<String>,
        /// The title.
        title: Option<String>,
        /// Makes repeating the request safe.
        client_id: Option<ClientId>,
    },
}

impl Services {
    /// Opens a room, or finds it open. The flag says whether it is new.
    ///
    /// # Errors
    /// `Invalid` when what is named cannot be, `NotFound` when it is not there, `Forbidden` when the
    /// caller may not, `Conflict` when it is not time yet, `TooMany` when it opens too many.
    pub async fn open(
        &self,
        caller: &Caller,
        kind: RoomKind,
        naming: Naming,
    ) -> Result<(RoomView, bool), Error> {
        let asks = matches!(naming, Naming::Asking { .. });
        if caller.principal.kind == PrincipalType::Guest && !asks {
            return Err(Error::Forbidden {
                code: "guests_support_only",
                detail: "A guest can only talk to support. Sign in for more.",
            });
        }
        let (mut founding, asker, ()) = try_join3(
            self.founding(caller, kind, naming),
            async {
                self.remember(caller).await?;
                self.asker(caller).await
            },
            self.throttle_caller(caller, Doing::Opening, self.limits.openings),
        )
        .await?;
        founding.in_dialect = caller.in_dialect;
        let opened = self.store.open(&founding, &asker, self.clock.now()).await?;
        let opened = opened.ok_or(Error::NotFound)?;
        let opened = match kind.rules().opening {
            Opening::ByPair => self.respect_blocks(&asker, &founding, opened).await?,
            _ => opened,
        };
        let Opened { room, info, new } = opened;
        let opened_at = info.created_at();
        // Whoever repeats an opening, because the first one was not answered, finds the room open.
        let is_news = new || room.head.seq == 0 && self.is_moments_ago(opened_at);
        let hook = Hook { what: Happened::RoomOpened(room.room), at: opened_at };
        let told = self.tell_app(is_news.then_some(hook));
        let (view, ()) = try_join(self.show(caller, &asker, room, info), told).await?;
        if caller.in_dialect {
            self.speak_dialect(slice::from_ref(&view)).await?;
        }
        Ok((view, new))
    }

    /// Has rooms told in their kind's dialect from now on: those that the caller has before it, and in which it
    /// is not spoken yet.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn speak_dialect(&self, rooms: &[RoomView]) -> Result<(), Error> {
        for room in rooms.iter().filter(|room| !room.speaks_dialect) {
            if let Ok(id) = room.id.parse() {
                self.store.speak_dialect(id).await?;
            }
        }
        Ok(())
    }

    async fn founding(
        &self,
        caller: &Caller,
        kind: RoomKind,
        naming: Naming,
    ) -> Result<Founding, Error> {
        let salt = self.store.salt().await?;
        let mine = Seat::account(salt, caller.principal.clone(), caller.profile.clone());
        match naming {
            Naming::Pair { with } => self.found_by_pair(kind, mine, &with).await,
            Naming::Asking { user } => {
                let user = match user {
                    None => mine,
                    Some(_) if !caller.roles.admin => return Err(ONLY_AGENTS),
                    Some(id) => self.seat_of(account("user", &id)?).await?,
                };
                Ok(Founding::by_asking(kind, user, Seat::support_desk(salt)))
            }
            Naming::Listing { listing_id } => self.found_by_listing(kind, mine, &listing_id).await,
            Naming::Group { group_id } => self.found_by_group(kind, mine, &group_id).await,
            Naming::Members { members, title, client_id } => {
                let seats = self.seats_of(&members).await?;
                found_by_members(kind, mine, seats, title, client_id)
            }
        }
    }

    async fn found_by_pair(
        &self,
        kind: RoomKind,
        mine: Seat,
        with: &str,
    ) -> Result<Founding, Error> {
        only_users(&mine)?;
        let theirs = self.seat_of(account("with", with)?).await?;
        if theirs.key == mine.key {
            return Err(Error::invalid("with", "must be somebody else"));
        }
        // Who is blocked makes no room. Somebody who blocks at this moment is found afterwards.
        let (_, they_block_me) = self.store.blocks_between(&mine.key, &theirs.key).await?;
        if they_block_me {
            return Err(BLOCKED);
        }
        Ok(Founding::by_pair(kind, mine, theirs))
    }

    async fn found_by_listing(
        &self,
        kind: RoomKind,
        mine: Seat,
        listing_id: &str,
    ) -> Result<Founding, Error> {
        let listing = self.store.listing(listing_id).await?.ok_or(Error::NotFound)?;
        only_users(&mine)?;
        let merchant = self.seat_of(listing.merchant).await?;
        Ok(Founding::by_listing(kind, (&listing.id, &listing.title), mine, merchant))
    }

    async fn found_by_group(
        &self,
        kind: RoomKind,
        mine: Seat,
        group_id: &str,
    ) -> Result<Founding, Error> {
        let group = self.store.group(group_id).await?.ok_or(Error::NotFound)?;
        if !group.raffled {
            return Err(Error::Conflict {
                code: "raffle_not_held",
                detail: "It has not been drawn yet who gives to whom.",
            });
        }
        let receiver = self.store.match_of(group_id, &mine.key).await?.ok_or(Error::NotFound)?;
        Ok(Founding::by_group(kind, group_id, mine, self.seat_of(receiver).await?))
    }

    /// The seat of an account, shown as far as it is known.
    pub(super) async fn seat_of(&self, principal: Principal) -> Result<Seat, Error> {
        let salt = self.store.salt().await?;
        let mut seat = Seat::account(salt, principal, Default::default());
        seat.profile = self.store.profile(&seat.key).await?.unwrap_or_default();
        Ok(seat)
    }

    /// The seats of users by their ids, each once.
    pub(super) async fn seats_of(&self, ids: &[String]) -> Result<Vec<Seat>, Error> {
        let salt = self.store.salt().await?;
        let mut seats = Vec::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate() {
            let principal = account(&format!("members[{place}]"), id)?;
            seats.push(Seat::account(salt, principal, Default::default()));
        }
        seats.sort_by(|one, other| one.key.cmp(&other.key));
        seats.dedup_by(|one, other| one.key == other.key);
        let keys = seats.iter().map(|seat| seat.key.clone()).collect();
        let people = self.store.people(&keys).await?;
        for seat in &mut seats {
            seat.profile = people.get(&seat.key).map(Person::profile).unwrap_or_default();
        }
        Ok(seats)
    }

    /// A block that was put while the room was made did not find it. So it is looked for again,
    /// after: whichever came first, the other sees it.
    async fn respect_blocks(
        &self,
        asker: &Asker,
        founding: &Founding,
        mut opened: Opened,
    ) -> Result<Opened, Error> {
        if opened.new {
            let other = founding.seats.iter().find(|seat| seat.key != asker.me);
            let Some(other) = other else { return Ok(opened) };
            let (i_block, they_block) = self.store.blocks_between(&asker.me, &other.key).await?;
            for (blocks, side) in [(i_block, &other.key), (they_block, &asker.me)] {
                if blocks {
                    self.store.set_blocked(founding, side, true).await?;
                    opened.room.head.blocked.insert(side.clone(), 1);
                }
            }
        }
        match opened.room.head.blocked.contains_key(&asker.me) {
            true => Err(BLOCKED),
            false => Ok(opened),
        }
    }
}

pub(super) fn found_by_members(
    kind: RoomKind,
    mine: Seat,
    mut seats: Vec<Seat>,
    title: Option<String>,
    client_id: Option<ClientId>,
) -> Result<Founding, Error> {
    seats.retain(|seat| seat.key != mine.key);
    if seats.is_empty() {
        return Err(Error::invalid("members", "must name somebody else"));
    }
    if seats.len() >= group::MAX_MEMBERS {
        let most = group::MAX_MEMBERS;
        return Err(Error::invalid("members", format!("a group has at most {most} members")));
    }
    seats.insert(0, mine);
    let nonce = client_id.map_or_else(Uuid::new_v4, |id| id.0);
    Ok(Founding::by_members(kind, nonce.as_bytes(), checked_title(title)?, seats))
}

const BLOCKED: Error =
    Error::Forbidden { code: "blocked", detail: "This person does not want to hear from you." };

const ONLY_AGENTS: Error =
    Error::Forbidden { code: "agents_only", detail: "Only a support agent names a user here." };

/// Merchants answer; they do not open rooms of this sort.
fn only_users(mine: &Seat) -> Result<(), Error> {
    match mine.member_type() {
        MemberType::User => Ok(()),
        _ => Err(Error::Forbidden { code: "users_only", detail: "Only users open such a room." }),
    }
}

/// The user of this id.
fn account(field: &str, id: &str) -> Result<Principal, Error> {
    Principal::user(id).ok_or_else(|| Error::invalid(field, "must have 1 to 128 bytes"))
}

/// A title that fits; blank is none.
pub(super) fn checked_title(title: Option<String>) -> Result<Option<String>, Error> {
    let title = title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
    if title.as_ref().is_some_and(|title| title.contains('\0')) {
        return Err(Error::invalid("title", "must not hold a NUL character"));
    }
    if title.as_ref().is_some_and(|title| title.chars().nth(group::MAX_TITLE).is_some()) {
        let most = group::MAX_TITLE;
        return Err(Error::invalid("title", format!("must have at most {most} characters")));
    }
    Ok(title)
}
