//! Who is present on a presence channel: each user once, however many of his sockets are subscribed.

use std::collections::{BTreeMap, btree_map::Entry};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::hub::{
    limits,
    user::{Member, UserId},
};

/// The members of a channel.
#[derive(Default)]
pub(super) struct Members(BTreeMap<UserId, Present>);

struct Present {
    member: Member,
    sockets: usize,
}

/// The channel has as many members as it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// What a new subscriber is told: `{"presence":{"count":…,"ids":[…],"hash":{ID:INFO,…}}}`.
#[derive(Serialize)]
struct Told<'a> {
    presence: Presence<'a>,
}

#[derive(Serialize)]
struct Presence<'a> {
    count: usize,
    ids: Vec<&'a UserId>,
    hash: BTreeMap<&'a UserId, &'a RawValue>,
}

impl Members {
    /// One more socket of a user; whether it is his first. What his first one said about him stays.
    pub(super) fn enter(&mut self, member: &Member) -> Result<bool, Full> {
        let is_full = self.0.len() >= limits::MEMBERS;
        match self.0.entry(member.user_id.clone()) {
            Entry::Occupied(mut present) => {
                present.get_mut().sockets += 1;
                Ok(false)
            }
            Entry::Vacant(_) if is_full => Err(Full),
            Entry::Vacant(absent) => {
                absent.insert(Present { member: member.clone(), sockets: 1 });
                Ok(true)
            }
        }
    }

    /// One socket less; whether it was the user's last.
    pub(super) fn leave(&mut self, user: &UserId) -> bool {
        let Some(present) = self.0.get_mut(user) else { return false };
        present.sockets -= 1;
        let is_last = present.sockets == 0;
        if is_last {
            self.0.remove(user);
        }
        is_last
    }

    /// The users' ids, in their order.
    pub(super) fn users(&self) -> Vec<UserId> {
        self.0.keys().cloned().collect()
    }

    /// How many users.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Everybody, as JSON.
    pub(super) fn told(&self) -> String {
        let told = Told {
            presence: Presence {
                count: self.0.len(),
                ids: self.0.keys().collect(),
                hash: self.0.iter().map(|(id, present)| (id, present.member.info())).collect(),
            },
        };
        serde_json::to_string(&told).expect("ids and JSON values are always JSON")
    }
}
