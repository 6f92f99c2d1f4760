//! Who is in a group, as this process remembers it.
//!
//! What is remembered goes with HEAD's *generation*, which grows with each removal, and with the version
//! of its members, which grows with every change. A post commits only under the generation under which its
//! sender was seen to be a member: so memory may be old, and a removal still holds at once.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Store, StoreError,
    head::Head,
    membership::Membership,
    part::{self, Part},
};
use crate::domain::ids::{RoomId, SideKey};

/// How many groups a process remembers the members of. A thousand members are about 100 kB.
const REMEMBERED: usize = 256;

/// Who was in a group when HEAD had this generation and this version of its members.
#[derive(Clone, Debug)]
pub struct Members {
    pub(super) generation: u64,
    pub(super) version: u64,
    /// The members.
    pub keys: BTreeSet<SideKey>,
}

/// The groups whose members this process has seen. That somebody is *no* member is only taken from
/// here under the version that HEAD has just shown.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<RoomId, Arc<Members>>>);

impl Remembered {
    pub(super) fn get(&self, room: RoomId) -> Option<Arc<Members>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&room).cloned()
    }

    fn put(&self, room: RoomId, members: Arc<Members>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(room, members);
    }
}

impl Store {
    /// The members of a group: those remembered, if HEAD has not changed since, or as they are.
    pub(super) async fn members_at(
        &self,
        room: RoomId,
        head: &Head,
    ) -> Result<Arc<Members>, StoreError> {
        let current = |members: &Arc<Members>| {
            members.generation == head.generation && members.version == head.members_version
        };
        match self.remembered.get(room).filter(current) {
            Some(members) => Ok(members),
            None => self.load_members(room, head).await,
        }
    }

    /// The members of a group as this process remembers them, or as they are; `None` where there is
    /// no such group.
    pub(super) async fn members(&self, room: RoomId) -> Result<Option<Arc<Members>>, StoreError> {
        if let Some(members) = self.remembered.get(room) {
            return Ok(Some(members));
        }
        self.fresh_members(room).await
    }

    /// The members of a group as they are. HEAD first: see [`Store::membership`].
    pub(super) async fn fresh_members(
        &self,
        room: RoomId,
    ) -> Result<Option<Arc<Members>>, StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        self.members_at(room, &head).await.map(Some)
    }

    async fn load_members(&self, room: RoomId, head: &Head) -> Result<Arc<Members>, StoreError> {
        let keys = self.all_members(room).await?.into_iter().map(|(key, _)| key).collect();
        let (generation, version) = (head.generation, head.members_version);
        let members = Arc::new(Members { generation, version, keys });
        self.remembered.put(room, Arc::clone(&members));
        Ok(members)
    }

    /// A group's HEAD and the keys of its members, as they are; `None` where there is no such group.
    /// It is for whoever has just changed the members.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn group_now(
        &self,
        room: RoomId,
    ) -> Result<Option<(Head, Vec<SideKey>)>, StoreError> {
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        let members = self.members_at(room, &head).await?;
        Ok(Some((head, members.keys.iter().cloned().collect())))
    }

    /// A room's HEAD and the keys of whoever is in it, as they are; `None` where there is no such room. It
    /// is for whoever has just erased somebody.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn whoever_is_in(
        &self,
        room: RoomId,
    ) -> Result<Option<(Head, Vec<SideKey>)>, StoreError> {
        if room.kind().rules().has_many_members() {
            return self.group_now(room).await;
        }
        let Some(head) = self.read_head(room).await? else { return Ok(None) };
        let there = head.marks.iter().filter(|(_, mark)| !mark.is_erased());
        let there = there.map(|(key, _)| key.clone()).collect();
        Ok(Some((head, there)))
    }

    /// The keys of whoever is in a room: of its two sides, or of a group's members.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn keys_of(&self, room: &Membership) -> Result<Vec<SideKey>, StoreError> {
        if room.part.is_none() {
            return Ok(room.head.marks.keys().cloned().collect());
        }
        let members = self.members_at(room.room, &room.head).await?;
        Ok(members.keys.iter().cloned().collect())
    }

    /// All members of a group, as they are.
    pub(super) async fn all_members(
        &self,
        room: RoomId,
    ) -> Result<Vec<(SideKey, Part)>, StoreError> {
        let items = self.query_all(self.parts(room).consistent_read(true)).await?;
        part::collect(Some(items))
    }
}
