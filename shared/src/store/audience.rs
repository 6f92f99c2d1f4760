//! Who is to be notified of a message: what decides it, read in one round trip.
//!
//! These reads are not any caller's, so nothing of them goes to one: they are for what the application's
//! own server is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join;

use super::{
    Store, StoreError,
    attr::s,
    head::{Head, Mark},
    info::{self, Info},
    key, part, presence, slot,
};
use crate::domain::{
    ids::{RoomId, SideKey},
    message::{Message, Slot},
    time::Timestamp,
};

/// Whoever is in a room, and what of it decides who is notified.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    /// What seldom changes about the room.
    pub info: Info,
    /// The members.
    pub members: Vec<Notified>,
}

/// A member of a room.
#[derive(Clone, Debug)]
pub struct Notified {
    /// The key under which the room knows it.
    pub key: SideKey,
    /// Its mark there.
    pub mark: Mark,
    /// Whether it is known to listen at the relay.
    pub online: bool,
}

impl Store {
    /// Whoever is in a room; a moment old at most.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn audience(
        &self,
        room: RoomId,
        head: &Head,
        now: Timestamp,
    ) -> Result<Audience, StoreError> {
        let ((info, online), marks) = if room.kind().rules().has_many_members() {
            let members = self.members_at(room, head).await?;
            try_join(self.info_and_online(room, &members.keys, now), self.marks_of_group(room))
                .await?
        } else {
            let keys = head.marks.keys().cloned().collect();
            (self.info_and_online(room, &keys, now).await?, head.marks.clone())
        };
        let members = marks.into_iter().map(|(key, mark)| {
            let online = online.contains(&key);
            Notified { key, mark, online }
        });
        Ok(Audience { info, members: members.collect() })
    }

    /// The marks of a group's members.
    async fn marks_of_group(&self, room: RoomId) -> Result<BTreeMap<SideKey, Mark>, StoreError> {
        let parts = part::collect(Some(self.query_all(self.parts(room)).await?))?;
        Ok(parts.into_iter().map(|(key, part)| (key, part.mark)).collect())
    }

    /// A room's INFO, and those among the accounts that are known to listen.
    async fn info_and_online(
        &self,
        room: RoomId,
        accounts: &BTreeSet<SideKey>,
        now: Timestamp,
    ) -> Result<(Info, BTreeSet<SideKey>), StoreError> {
        let keys = accounts.iter().map(|account| key::of(key::side(account), key::PRESENCE));
        let keys = std::iter::once(key::of(key::room(room), key::INFO)).chain(keys);
        let (mut info, mut online) = (Info::default(), BTreeSet::new());
        for item in self.batch_get(keys.collect(), false).await? {
            if info::is_info(&item) {
                info = info::parse(item)?;
                continue;
            }
            let account = item.get("pk").and_then(|pk| key::side_key(pk.as_s().ok()?));
            let presence = presence::parse(item)?;
            online.extend(account.filter(|_| presence.online && presence.is_known(now)));
        }
        Ok((info, online))
    }

    /// A room as it is at this moment, without asking for anybody; `None` where there is none.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn room_to_tell_of(&self, room: RoomId) -> Result<Option<(Head, Info)>, StoreError> {
        let items = self.room_items(room, [key::HEAD.to_owned(), key::INFO.to_owned()]).await?;
        let [head, info] = items;
        let head = head.map_or(Ok(None), |head| self.parse_head(head))?;
        let info = info.map_or(Ok(Info::default()), info::parse)?;
        Ok(head.map(|head| (head, info)))
    }

    /// A message as it is at this moment, without asking for anybody, and its room's HEAD; `None` where
    /// there is none, or it is too old.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn message_to_tell_of(
        &self,
        room: RoomId,
        seq: u64,
    ) -> Result<Option<(Head, Message)>, StoreError> {
        let items = self.room_items(room, [key::HEAD.to_owned(), key::slot(seq)]).await?;
        let [head, slot] = items;
        let head = head.map_or(Ok(None), |head| self.parse_head(head))?;
        let (Some(head), Some(item)) = (head, slot) else { return Ok(None) };
        let Slot::Message(message) = slot::parse(room, item)?.slot else { return Ok(None) };
        Ok((seq > head.floor).then_some((head, message)))
    }

    /// Two items of a room, as they are at this moment.
    async fn room_items(
        &self,
        room: RoomId,
        sorts: [String; 2],
    ) -> Result<[Option<HashMap<String, AttributeValue>>; 2], StoreError> {
        let keys = sorts.iter().map(|sort| key::of(key::room(room), sort.as_str())).collect();
        let mut items = self.batch_get(keys, true).await?;
        Ok(sorts.map(|sort| {
            let sort = s(sort);
            let place = items.iter().position(|item| item.get("sk") == Some(&sort))?;
            Some(items.swap_remove(place))
        }))
    }
}
