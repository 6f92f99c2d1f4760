//! What has changed since a client last looked, in one call for all its rooms.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{
    actions::{Services, view::LastMessage},
    domain::{ids::RoomId, principal::Caller, time::Timestamp},
    error::Error,
    store::{Cursor, Membership},
};

/// The most rooms that a client names in one call.
pub const MAX_HELD: usize = 100;

/// How many rooms with news one call lists; then it says that there is more.
const LISTED: usize = 100;

/// How far the next call looks back behind this one. Lists may lag behind rooms by seconds, and
/// clocks may differ.
const OVERLAP_MILLIS: i64 = 60_000;

/// Where a client stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncCursor {
    /// Rooms with news since then are listed.
    since: Timestamp,
    /// When the first call of the round was made: the next round looks back to there.
    began: Timestamp,
    /// How far the list of this round has come.
    behind: Option<Cursor>,
}

/// A room that moved on.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SyncedRoom {
    /// The room.
    #[schema(value_type = uuid::Uuid)]
    pub id: String,
    /// The highest `seq`.
    pub head: u64,
    /// Counts edits, deletions and reactions.
    pub rev: u64,
    /// How many messages the caller has not read.
    pub unread: u64,
    /// The newest message.
    pub last_message: Option<LastMessage>,
}

/// What has changed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Synced {
    /// The rooms that moved on: of those that the client holds, and others with news.
    pub rooms: Vec<SyncedRoom>,
    /// Rooms that the client holds and that are not there any more, or not the caller's.
    pub gone: Vec<String>,
    /// Pass it with the next call.
    pub cursor: String,
    /// Whether more rooms have news: call again, at once, with the cursor.
    pub has_more: bool,
}

/// The text is no cursor that we gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSyncCursor;

impl fmt::Display for SyncCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let behind = self.behind.as_ref().map(ToString::to_string).unwrap_or_default();
        let plain = format!("{} {} {behind}", self.since.millis(), self.began.millis());
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl FromStr for SyncCursor {
    type Err = BadSyncCursor;

    fn from_str(text: &str) -> Result<Self, BadSyncCursor> {
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadSyncCursor)?;
        let plain = String::from_utf8(plain).map_err(|_| BadSyncCursor)?;
        let mut parts = plain.splitn(3, ' ');
        let mut part = || parts.next().ok_or(BadSyncCursor);
        let time = |text: &str| text.parse().map(Timestamp::from_millis).map_err(|_| BadSyncCursor);
        let (since, began) = (time(part()?)?, time(part()?)?);
        let behind = match part()? {
            "" => None,
            behind => Some(behind.parse().map_err(|_| BadSyncCursor)?),
        };
        Ok(Self { since, began, behind })
    }
}

impl Services {
    /// Of the rooms that the client holds those that moved on, exactly, and other rooms with news.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn sync(
        &self,
        caller: &Caller,
        cursor: Option<SyncCursor>,
        held: BTreeMap<String, (u64, u64)>,
    ) -> Result<Synced, Error> {
        let asker = self.asker(caller).await?;
        let now = self.clock.now();
        let start = SyncCursor { since: Timestamp::default(), began: now, behind: None };
        let from = cursor.clone().unwrap_or(start);
        // A round begins with its first call; the calls that go on with its list belong to it.
        let began = if from.behind.is_some() { from.began } else { now };
        let mut gone = Vec::new();
        let mut known = BTreeMap::new();
        for (text, place) in held {
            match text.parse::<RoomId>() {
                Ok(room) => _ = known.insert(room, place),
                // What is no room's id is no room.
                Err(_) => gone.push(text),
            }
        }
        let held = known;
        let ids: Vec<RoomId> = held.keys().copied().collect();
        let (theirs, page) = futures_util::future::try_join(
            self.store.memberships(&ids, &asker),
            self.store.inbox(&asker, None, LISTED, from.behind.clone()),
        )
        .await?;
        let there: BTreeSet<RoomId> = theirs.iter().map(|room| room.room).collect();
        gone.extend(ids.iter().filter(|id| !there.contains(id)).map(ToString::to_string));
        let is_news = |room: &&Membership| {
            held.get(&room.room).is_some_and(|known| *known != (room.head.seq, room.head.rev))
        };
        let mut news: Vec<&Membership> = theirs.iter().filter(is_news).collect();
        let listed = page.rooms.iter().map(|(room, _)| room);
        let fresh: Vec<&Membership> =
            listed.take_while(|room| room.head.last_activity() >= from.since).collect();
        // A first call lists one page: the client has none of the rooms, and asks for its inbox.
        let has_more = cursor.is_some() && page.next.is_some() && fresh.len() == page.rooms.len();
        news.extend(fresh.into_iter().filter(|room| !held.contains_key(&room.room)));
        let next = match page.next {
            Some(behind) if has_more => {
                SyncCursor { since: from.since, began, behind: Some(behind) }
            }
            _ => {
                let since = began.plus_millis(-OVERLAP_MILLIS);
                SyncCursor { since, began, behind: None }
            }
        };
        let rooms =
            futures_util::future::try_join_all(news.into_iter().map(|room| self.synced(room)));
        Ok(Synced { rooms: rooms.await?, gone, cursor: next.to_string(), has_more })
    }

    async fn synced(&self, room: &Membership) -> Result<SyncedRoom, Error> {
        Ok(SyncedRoom {
            id: room.room.to_string(),
            head: room.head.seq,
            rev: room.head.rev,
            unread: room.unread(),
            last_message: self.last_message(room).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let cursor = SyncCursor {
            since: Timestamp::from_millis(12),
            began: Timestamp::from_millis(34),
            behind: None,
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in
            ["", "%", "AAAA", &URL_SAFE_NO_PAD.encode("1 2"), &URL_SAFE_NO_PAD.encode("1 2 x")]
        {
            assert_eq!(text.parse::<SyncCursor>(), Err(BadSyncCursor), "{text}");
        }
    }
}
