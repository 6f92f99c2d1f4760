//! Who is in a room: listing them, and, in groups, adding and removing.

use serde::Serialize;

use crate::{
    actions::{
        Services,
        rooms::{own_channel, updated},
        view::{RoomView, part_member},
    },
    domain::{
        event::{Event, RoomChange},
        ids::{RoomId, SideKey},
        member::Member,
        principal::{Caller, Principal},
    },
    error::Error,
    realtime::channel::Channel,
    store::{Head, Joined, Membership, Removed, Untold},
};

/// A page of a room's members.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MemberList {
    /// The members, in no telling order, but always the same.
    pub members: Vec<Member>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

impl Services {
    /// A page of a room's members.
    ///
    /// # Errors
    /// `NotFound` to strangers.
    pub async fn members(
        &self,
        caller: &Caller,
        room: RoomId,
        limit: usize,
        after: Option<SideKey>,
    ) -> Result<MemberList, Error> {
        let asker = self.asker(caller).await?;
        let (room, info) = self.store.room(room, &asker).await?.ok_or(Error::NotFound)?;
        if room.part.is_none() {
            return Ok(MemberList { members: self.view(room, info).await?.members, next: None });
        }
        let page = self.store.members_page(room.room, limit, after.as_ref()).await?;
        Ok(MemberList {
            members: page.members.iter().map(|(key, part)| part_member(key, part)).collect(),
            next: page.next.map(|key| key.as_str().to_owned()),
        })
    }

    /// Adds users to a group; those who are in it stay as they are. Each member may.
    ///
    /// # Errors
    /// `NotFound` to strangers, `Forbidden` where members do not come and go, `Conflict` when the
    /// group would be too large.
    pub async fn add_members(
        &self,
        caller: &Caller,
        room: RoomId,
        ids: &[String],
    ) -> Result<RoomView, Error> {
        let asker = self.asker(caller).await?;
        let (room, info) = self.store.room(room, &asker).await?.ok_or(Error::NotFound)?;
        only_in_groups(&room)?;
        let seats = self.seats_of(ids).await?;
        let joined = self.store.add_members(&room, &info, &seats, self.clock.now()).await?;
        let (joined, full) = match joined {
            Joined::NotAMember => return Err(Error::NotFound),
            Joined::Full(joined) => (joined, true),
            Joined::Done(joined) => (joined, false),
        };
        let (room, info) = self.store.room(room.room, &asker).await?.ok_or(Error::NotFound)?;
        if !joined.is_empty() {
            let change = RoomChange {
                member_count: Some(room.head.member_count()),
                ..RoomChange::default()
            };
            self.tell(room.room, &[Untold::Room], self.room_updated(&room, change).await?).await?;
        }
        if full {
            return Err(FULL);
        }
        self.view(room, info).await
    }

    /// Removes a member of a group, or leaves it. From the answer on the removed one posts nothing,
    /// reads nothing and hears nothing.
    ///
    /// # Errors
    /// `NotFound` to strangers and for strangers, `Forbidden` to members who are not the owner.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        room: RoomId,
        member_id: &str,
    ) -> Result<(), Error> {
        let asker = self.asker(caller).await?;
        let room = self.store.membership(room, &asker).await?.ok_or(Error::NotFound)?;
        only_in_groups(&room)?;
        let member = Principal::parse_member_id(member_id).ok_or(Error::NotFound)?;
        let member = SideKey::of(self.store.salt().await?, &member);
        match self.store.remove_member(&room, &member).await? {
            Removed::NoSuchMember => return Err(Error::NotFound),
            Removed::NotAllowed => return Err(OWNER_ONLY),
            Removed::Done => {}
        }
        self.tell_of_removal(room.room, &member).await
    }

    /// The others are told the channel's new name, each on its own channel: the old one may still be
    /// heard by whoever was removed.
    async fn tell_of_removal(&self, room: RoomId, removed: &SideKey) -> Result<(), Error> {
        let Some((head, members)) = self.store.group_now(room).await? else { return Ok(()) };
        let mut told = self.removal_told(room, &head, members);
        let change = RoomChange { removed: Some(true), ..RoomChange::default() };
        let to_removed = Event::RoomUpdated(Box::new(updated(room, &head, change)));
        told.push((vec![Channel::User(removed.clone())], to_removed));
        let untold = [Untold::Room, Untold::Gone(vec![removed.clone()])];
        self.tell(room, &untold, told).await.map(|_| ())
    }

    /// What those are told who are left in a room: the new name of its channel.
    pub(super) fn removal_told(
        &self,
        room: RoomId,
        head: &Head,
        members: Vec<SideKey>,
    ) -> Vec<(Vec<Channel>, Event)> {
        let change = RoomChange {
            channel: Some(self.relay.name(&Channel::Room(room, head.generation))),
            member_count: Some(head.member_count()),
            ..RoomChange::default()
        };
        let event = Event::RoomUpdated(Box::new(updated(room, head, change)));
        let channels: Vec<_> =
            members.into_iter().map(|key| own_channel(room, head, key)).collect();
        if channels.is_empty() { Vec::new() } else { vec![(channels, event)] }
    }
}

fn only_in_groups(room: &Membership) -> Result<(), Error> {
    match room.part {
        Some(_) => Ok(()),
        None => Err(Error::Forbidden {
            code: "groups_only",
            detail: "Members come and go in groups alone.",
        }),
    }
}

const FULL: Error =
    Error::Conflict { code: "group_full", detail: "A group has at most 1,000 members." };

const OWNER_ONLY: Error =
    Error::Forbidden { code: "owner_only", detail: "Only the group's owner removes others." };
