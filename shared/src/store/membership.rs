//! Whether whoever asks is in a room. Every operation on a room begins with this, or carries it in its
//! own condition.

use std::collections::HashMap;

use futures_util::future::try_join;

use super::{
    Store, StoreError,
    head::{Head, Mark},
    info::{self, Info},
    key,
    part::{self, Part},
};
use crate::domain::{
    ids::{RoomId, SideKey},
    member::{MemberRole, MemberType},
    principal::Asker,
    room::Desk,
};

/// A room together with the proof that whoever asks is in it. Only the store makes one.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The room.
    pub room: RoomId,
    /// The key as which the asker is in it: its own, or its desk's.
    pub me: SideKey,
    /// The member's mark.
    pub mark: Mark,
    /// In groups: the member's own item.
    pub part: Option<Box<Part>>,
    /// The room's HEAD as it was read.
    pub head: Head,
}

impl Membership {
    /// The membership of a room of two sides; `None` to a stranger. Whoever is in the room as itself
    /// is not there as an agent.
    pub(super) fn check(room: RoomId, asker: &Asker, head: Option<Head>) -> Option<Self> {
        let head = head?;
        let mut keys = std::iter::once(&asker.me).chain(asker.desk_in(room.kind()));
        let (me, mark) = keys.find_map(|key| head.marks.get_key_value(key))?;
        Some(Self { room, me: me.clone(), mark: mark.clone(), part: None, head })
    }

    /// The membership of a group; `None` to a stranger.
    pub(super) fn of_group(
        room: RoomId,
        asker: &Asker,
        head: Option<Head>,
        part: Option<Part>,
    ) -> Option<Self> {
        let (head, part) = (head?, part?);
        let me = asker.me.clone();
        Some(Self { room, me, mark: part.mark.clone(), part: Some(Box::new(part)), head })
    }

    /// In groups: what the member may do.
    pub fn role(&self) -> Option<MemberRole> {
        self.part.as_ref().map(|part| part.role)
    }

    /// How many messages the member has not read.
    pub fn unread(&self) -> u64 {
        self.head.unread(&self.mark)
    }

    /// Whether the member hid the room and nothing has come since.
    pub fn is_hidden(&self) -> bool {
        self.mark.is_hidden(self.head.seq)
    }

    /// Whether the member acts for the desk in whose queue the room stands.
    pub fn is_desk(&self) -> bool {
        match self.room.kind().rules().desk {
            None => false,
            Some(Desk::Support) => self.mark.kind == MemberType::Admin,
            Some(Desk::Merchant) => self.mark.kind == MemberType::Merchant,
        }
    }

    /// Whether the member is one of the support agents, who share one mark.
    pub fn is_agent(&self) -> bool {
        self.mark.kind == MemberType::Admin
    }
}

impl Store {
    /// The room, if the asker is in it.
    ///
    /// In a group HEAD is read first and the member after it: then the member was one when HEAD's
    /// generation held, and a grant for that generation's channel ends with its removal. The other
    /// order could hand the next generation's channel to somebody just removed.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn membership(
        &self,
        room: RoomId,
        asker: &Asker,
    ) -> Result<Option<Membership>, StoreError> {
        let head = self.read_head(room).await?;
        if !room.kind().rules().has_many_members() {
            return Ok(Membership::check(room, asker, head));
        }
        if head.is_none() {
            return Ok(None);
        }
        let part = self.read_part(room, &asker.me).await?;
        Ok(Membership::of_group(room, asker, head, part))
    }

    /// The membership, with HEAD and the member read at once where that is enough.
    pub(super) async fn membership_at_once(
        &self,
        room: RoomId,
        asker: &Asker,
    ) -> Result<Option<Membership>, StoreError> {
        if !room.kind().rules().has_many_members() {
            return self.membership(room, asker).await;
        }
        let both = try_join(self.read_head(room), self.read_part(room, &asker.me));
        let (Some(head), Some(part)) = both.await? else { return Ok(None) };
        let part = self.confirmed(room, &asker.me, &head, part).await?;
        Ok(Membership::of_group(room, asker, Some(head), part))
    }

    /// A member that was read beside HEAD, and so perhaps before it: read again, or whoever was
    /// removed between the two would be shown what came after the removal. Somebody who is known as
    /// a member under the very generation that HEAD shows has not been removed.
    pub(super) async fn confirmed(
        &self,
        room: RoomId,
        member: &SideKey,
        head: &Head,
        part: Part,
    ) -> Result<Option<Part>, StoreError> {
        let known = self.remembered.get(room).is_some_and(|members| {
            members.generation == head.generation && members.keys.contains(member)
        });
        if known { Ok(Some(part)) } else { self.read_part(room, member).await }
    }

    /// Those of the rooms that the asker is in, as they are at this moment, in one round trip.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn memberships(
        &self,
        rooms: &[RoomId],
        asker: &Asker,
    ) -> Result<Vec<Membership>, StoreError> {
        Ok(self.members_and_infos(rooms, asker, false, true).await?.0)
    }

    /// Those of the rooms that the asker is in, and, if wanted, their INFO.
    pub(super) async fn members_and_infos(
        &self,
        rooms: &[RoomId],
        asker: &Asker,
        with_info: bool,
        strongly: bool,
    ) -> Result<(Vec<Membership>, HashMap<RoomId, Info>), StoreError> {
        let keys = rooms.iter().flat_map(|room| {
            let part = room.kind().rules().has_many_members().then(|| key::part(&asker.me));
            let info = with_info.then(|| key::INFO.to_owned());
            let sorts = std::iter::once(key::HEAD.to_owned()).chain(info).chain(part);
            sorts.map(|sort| key::of(key::room(*room), sort))
        });
        let (mut heads, mut parts) = (HashMap::new(), HashMap::new());
        let mut infos = HashMap::new();
        for item in self.batch_get(keys.collect(), strongly).await? {
            let Some(room) = info::partition(&item) else { continue };
            if info::is_info(&item) {
                infos.insert(room, info::parse(item)?);
            } else if part::is_part(&item) {
                parts.extend(part::parse(item)?.map(|(_, part)| (room, part)));
            } else if let Some(head) = self.parse_head(item)? {
                heads.insert(room, head);
            }
        }
        let found = rooms
            .iter()
            .filter_map(|room| membership(*room, asker, heads.remove(room)?, parts.remove(room)));
        Ok((found.collect(), infos))
    }
}

/// What the asker is in a room that was read whole.
pub(super) fn membership(
    room: RoomId,
    asker: &Asker,
    head: Head,
    part: Option<Part>,
) -> Option<Membership> {
    if room.kind().rules().has_many_members() {
        Membership::of_group(room, asker, Some(head), part)
    } else {
        Membership::check(room, asker, Some(head))
    }
}
