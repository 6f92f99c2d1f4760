//! Listing rooms, looking at one, and what a member or a desk changes about it.

use serde::Serialize;

use crate::{
    actions::{
        Services,
        open::checked_title,
        view::{RoomState, RoomView},
    },
    domain::{
        change::Change,
        event::{Event, RoomChange, RoomUpdated},
        ids::{RoomId, SideKey},
        principal::{Asker, Caller},
        room::RoomKind,
        webhook::{Happened, Hook},
    },
    error::Error,
    realtime::channel::Channel,
    store::{Cursor, Deleted, Filed, Head, Info, Membership, OwnSettings, Untold},
};

/// A page of an inbox or of a desk's queue.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RoomList {
    /// The rooms, latest activity first.
    pub rooms: Vec<RoomView>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// What is to be changed about a room; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct RoomChanges {
    /// Of a group: the title.
    pub title: Change<String>,
    /// For the caller alone.
    pub own: OwnSettings,
}

impl Services {
    /// One room.
    ///
    /// # Errors
    /// `NotFound` to strangers.
    pub async fn room(&self, caller: &Caller, room: RoomId) -> Result<RoomView, Error> {
        let asker = self.asker(caller).await?;
        let (room, info) = self.store.room(room, &asker).await?.ok_or(Error::NotFound)?;
        let mut view = self.show(caller, &asker, room, info).await?;
        self.add_presence(caller, std::slice::from_mut(&mut view)).await?;
        Ok(view)
    }

    /// The caller's rooms, latest activity first, without those that the caller hid.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn rooms(
        &self,
        caller: &Caller,
        kind: Option<RoomKind>,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Result<RoomList, Error> {
        let asker = self.asker(caller).await?;
        let page = self.store.inbox(&asker, kind, limit, cursor).await?;
        let next = page.next.map(|cursor| cursor.to_string());
        Ok(RoomList { rooms: self.views(page.rooms).await?, next })
    }

    /// The queue of the caller's desk, or what the desk has put away; latest activity first.
    ///
    /// # Errors
    /// `Forbidden` to those who have no desk.
    pub async fn desk_rooms(
        &self,
        caller: &Caller,
        state: RoomState,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Result<RoomList, Error> {
        let asker = self.asker(caller).await?;
        let desk = asker.queue().ok_or(NO_DESK)?;
        let archived = state == RoomState::Archived;
        let page = self.store.queue(&asker, desk, archived, limit, cursor).await?;
        let next = page.next.map(|cursor| cursor.to_string());
        let mut rooms = self.views(page.rooms).await?;
        self.add_presence(caller, &mut rooms).await?;
        Ok(RoomList { rooms, next })
    }

    /// Changes a group's title, or how the room is for the caller.
    ///
    /// # Errors
    /// `NotFound` to strangers; `Invalid` for a title that a room of this kind does not have.
    pub async fn change_room(
        &self,
        caller: &Caller,
        room: RoomId,
        changes: RoomChanges,
    ) -> Result<RoomView, Error> {
        let asker = self.asker(caller).await?;
        let (mut room, mut info) = self.store.room(room, &asker).await?.ok_or(Error::NotFound)?;
        if changes.title != Change::Keep {
            if room.part.is_none() {
                return Err(Error::invalid("title", "only groups have one"));
            }
            let title = checked_title(changes.title.of(&None))?;
            if !self.store.set_title(&room, title.as_deref()).await? {
                return Err(Error::NotFound);
            }
            info.title.clone_from(&title);
            // Whoever was removed before the title was set must not be told: HEAD after it.
            room.head = self.store.group_now(room.room).await?.ok_or(Error::NotFound)?.0;
            let change = RoomChange { title: Some(title), ..RoomChange::default() };
            self.tell(room.room, &[Untold::Room], self.room_updated(&room, change).await?).await?;
        }
        if changes.own != OwnSettings::default() {
            if room.is_agent() {
                return Err(Error::Forbidden {
                    code: "desk_shares",
                    detail: "The desk's agents share their rooms; nobody can hide, mute or pin one alone.",
                });
            }
            room = self.store.set_own(&room, changes.own).await?.ok_or(Error::NotFound)?;
            // For the caller's other devices.
            let OwnSettings { hidden, muted, pinned } = changes.own;
            let change = RoomChange { hidden, muted, pinned, ..RoomChange::default() };
            let event = Event::RoomUpdated(Box::new(updated(room.room, &room.head, change)));
            let told = vec![(vec![Channel::User(asker.me.clone())], event)];
            self.tell(room.room, &[Untold::Own(asker.me.clone())], told).await?;
        }
        self.view(room, info).await
    }

    /// Puts a room away for its desk. With `seen`, only if nothing beyond that `seq` has come.
    ///
    /// # Errors
    /// `NotFound` to strangers, `Forbidden` to members who are not the desk, `Conflict` when more
    /// has come.
    pub async fn archive(
        &self,
        caller: &Caller,
        room: RoomId,
        seen: Option<u64>,
    ) -> Result<RoomView, Error> {
        let asker = self.asker(caller).await?;
        let filed = self.store.archive(room, &asker, seen, self.clock.now()).await?;
        self.filed(filed).await
    }

    /// Takes a room back into its desk's queue.
    ///
    /// # Errors
    /// As [`Services::archive`].
    pub async fn unarchive(
        &self,
        caller: &Caller,
        room: RoomId,
        seen: Option<u64>,
    ) -> Result<RoomView, Error> {
        let asker = self.asker(caller).await?;
        let filed = self.store.unarchive(room, &asker, seen).await?;
        self.filed(filed).await
    }

    async fn filed(&self, filed: Filed) -> Result<RoomView, Error> {
        let (room, info, changed) = match filed {
            Filed::NotFound => return Err(Error::NotFound),
            Filed::NotTheDesk => return Err(NOT_THE_DESK),
            Filed::MoreCame => return Err(MORE_CAME),
            Filed::Done { room, info, changed } => (*room, *info, changed),
        };
        let archived_at = room.head.archived_at();
        if changed {
            let change = RoomChange {
                state: Some(RoomState::since(archived_at).as_str()),
                archived_at: Some(archived_at),
                ..RoomChange::default()
            };
            self.tell(room.room, &[Untold::Room], self.room_updated(&room, change).await?).await?;
        }
        // Whoever repeats it, because the first try was not answered, finds it done.
        let news = archived_at.filter(|at| changed || self.is_moments_ago(*at));
        let news = news.map(|at| Hook { what: Happened::RoomArchived(room.room), at });
        self.tell_app(news).await?;
        self.view(room, info).await
    }

    /// Deletes a room and all its items. Says whether all are gone: of a large room only a part goes
    /// with one call, and the rest with the next.
    ///
    /// # Errors
    /// `NotFound` where no room is or was, and to strangers; `Forbidden` to members.
    pub async fn delete_room(&self, caller: &Caller, room: RoomId) -> Result<bool, Error> {
        if !caller.roles.admin && !caller.roles.service {
            let asker = self.asker(caller).await?;
            let member = self.store.membership(room, &asker).await?;
            return Err(if member.is_some() { MAY_NOT_DELETE } else { Error::NotFound });
        }
        let (was, done) = match self.store.delete_room(room).await? {
            Deleted::NotFound => return Err(Error::NotFound),
            Deleted::Gone { was, done } => (was, done),
        };
        if let Some(was) = was {
            let (head, members) = *was;
            let change = RoomChange { deleted: Some(true), ..RoomChange::default() };
            let event = Event::RoomUpdated(Box::new(updated(room, &head, change)));
            let mut channels = vec![Channel::Room(room, head.generation)];
            channels.extend(members.iter().map(|key| own_channel(room, &head, key.clone())));
            self.tell(room, &[Untold::Gone(members)], vec![(channels, event)]).await?;
        }
        Ok(done)
    }

    /// Who is told that a room changed: whoever listens to it, and each member's own channel.
    pub(super) async fn room_updated(
        &self,
        room: &Membership,
        change: RoomChange,
    ) -> Result<Vec<(Vec<Channel>, Event)>, Error> {
        let members = self.store.keys_of(room).await?;
        let mut channels = vec![Channel::Room(room.room, room.head.generation)];
        channels.extend(members.into_iter().map(|key| own_channel(room.room, &room.head, key)));
        let event = Event::RoomUpdated(Box::new(updated(room.room, &room.head, change)));
        Ok(vec![(channels, event)])
    }

    /// A room that the caller looks at: if the caller goes by another name than when it was last
    /// seen here, the room learns it.
    pub(super) async fn show(
        &self,
        caller: &Caller,
        asker: &Asker,
        mut room: Membership,
        mut info: Info,
    ) -> Result<RoomView, Error> {
        if let Some(part) = &mut room.part {
            let renewed = part.shown.renewed(room.room, &caller.profile);
            if renewed != part.shown {
                self.store.update_shown(room.room, &room.me, &renewed).await?;
                part.shown = renewed;
            }
        }
        let shown = info.sides.get_mut(&room.me).filter(|_| room.me == asker.me);
        if let Some(shown) = shown {
            let renewed = shown.renewed(room.room, &caller.profile);
            if renewed != *shown {
                self.store.update_side(room.room, &room.me, &renewed).await?;
                *shown = renewed;
            }
        }
        self.view(room, info).await
    }
}

/// The channel on which a side of a room is told about it: a person's own, or the desk's.
pub(super) fn own_channel(room: RoomId, head: &Head, key: SideKey) -> Channel {
    let is_desk = head
        .marks
        .get(&key)
        .is_some_and(|mark| mark.kind == crate::domain::member::MemberType::Admin);
    match is_desk && room.kind().rules().desk.is_some() {
        true => Channel::Desk(key),
        false => Channel::User(key),
    }
}

/// The data of a `room_updated`.
pub(super) fn updated(room: RoomId, head: &Head, change: RoomChange) -> RoomUpdated {
    RoomUpdated { room_id: room.to_string(), head: head.seq, rev: head.rev, change }
}

const NO_DESK: Error =
    Error::Forbidden { code: "no_desk", detail: "Only support agents and merchants have a desk." };

const NOT_THE_DESK: Error = Error::Forbidden {
    code: "desk_only",
    detail: "Only the desk in whose queue the room stands can do this.",
};

const MAY_NOT_DELETE: Error = Error::Forbidden {
    code: "service_or_admin",
    detail: "Only the application's server or a support agent deletes rooms.",
};

const MORE_CAME: Error = Error::Conflict {
    code: "more_came",
    detail: "More has come than you had seen. Look again before you put it away.",
};
