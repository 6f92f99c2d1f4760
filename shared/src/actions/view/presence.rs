//! Who of those whom a viewer sees is connected, where that is told.

use std::collections::{BTreeMap, BTreeSet};

use super::RoomView;
use crate::{
    actions::Services,
    domain::{
        ids::SideKey,
        member::PresenceView,
        principal::{Caller, PrincipalType},
        time::Timestamp,
    },
    store::{Presence, StoreError},
};

/// When somebody was there last is told to the minute.
const MINUTE_MILLIS: i64 = 60_000;

impl From<Presence> for PresenceView {
    fn from(presence: Presence) -> Self {
        let minute = presence.since.millis() / MINUTE_MILLIS * MINUTE_MILLIS;
        let last_seen = (!presence.online).then(|| Timestamp::from_millis(minute));
        Self { online: Some(presence.online), last_seen }
    }
}

impl Services {
    /// Whether presence is told to this caller: to no guest, and to nobody where that is switched off.
    pub(in crate::actions) fn tells_presence(&self, caller: &Caller) -> bool {
        self.features.presence && caller.principal.kind != PrincipalType::Guest
    }

    /// Adds to rooms who of their members is connected, and to a desk's who of the users is.
    pub(in crate::actions) async fn add_presence(
        &self,
        caller: &Caller,
        rooms: &mut [RoomView],
    ) -> Result<(), StoreError> {
        if !self.tells_presence(caller) {
            return Ok(());
        }
        let accounts: BTreeSet<SideKey> = rooms
            .iter()
            .flat_map(|room| {
                let members = room.members.iter().filter(|member| member.id != room.you.member_id);
                members.map(|member| &member.key).chain(room.user.iter().map(|user| &user.key))
            })
            .flatten()
            .cloned()
            .collect();
        let known = self.store.presences(&accounts, self.clock.now()).await?;
        let seen = |key: &Option<SideKey>, known: &BTreeMap<SideKey, Presence>| {
            let presence = key.as_ref().and_then(|key| known.get(key));
            presence.map(|presence| PresenceView::from(*presence)).unwrap_or_default()
        };
        for room in rooms {
            for member in &mut room.members {
                member.presence = seen(&member.key, &known);
            }
            if let Some(user) = &mut room.user {
                user.presence = seen(&user.key, &known);
            }
        }
        Ok(())
    }
}
