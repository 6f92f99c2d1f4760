//! Lists of rooms, latest activity first: inboxes, and whatever else an index keeps.
//!
//! The indexes keep rooms by *bucket*: the time of the last activity, cut to some minutes, so that
//! most messages cost no index write. The true order is in the rooms' HEADs. What to read for it is
//! decided in [`plan`]; here it is read.

mod cursor;
mod plan;
mod source;

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;

pub use self::cursor::{BadCursor, Cursor};
use self::plan::{Plan, Step};
pub(super) use self::source::Source;
use super::{
    Store, StoreError,
    head::{DESK_WIDTH, GROUP_WIDTH, INBOX_WIDTH},
    info::{self, Info},
    key::{self, Key},
    membership::Membership,
};
use crate::domain::{
    ids::{RoomId, SideKey},
    principal::Asker,
    room::RoomKind,
};

/// A page of a list.
#[derive(Clone, Debug)]
pub struct InboxPage {
    /// The rooms, latest activity first.
    pub rooms: Vec<(Membership, Info)>,
    /// Where the next page begins, if there is more.
    pub next: Option<Cursor>,
}

/// Which list, and which part of it.
#[derive(Clone, Debug)]
pub(super) struct Listing<'a> {
    /// What the list is made of.
    pub(super) sources: &'a [Source],
    /// Who must be a member of whatever is shown.
    pub(super) asker: &'a Asker,
    /// Only rooms of this kind.
    pub(super) kind: Option<RoomKind>,
    /// Only rooms of which this holds.
    pub(super) keep: fn(&Membership) -> bool,
    /// How many rooms at most.
    pub(super) limit: usize,
    /// Where to go on.
    pub(super) cursor: Option<Cursor>,
}

/// The indexes, each with its partition and its sort key.
const B_SIDE: (&str, &str, &str) = ("gq1", "q1p", "q1s");
const A_SIDE: (&str, &str, &str) = ("gq2", "q2p", "q2s");

impl Store {
    /// A page of the asker's rooms, of one kind or of all, without those that it hid. A page may be
    /// short: `next` alone says whether there is more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn inbox(
        &self,
        asker: &Asker,
        kind: Option<RoomKind>,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Result<InboxPage, StoreError> {
        let me = &asker.me;
        let own = |index| Source {
            index,
            partition: key::side(me),
            width: INBOX_WIDTH,
            item: key::HEAD.to_owned(),
        };
        let mut sources = vec![own(B_SIDE), own(A_SIDE)];
        sources.push(Source {
            index: A_SIDE,
            partition: key::groups(me),
            width: GROUP_WIDTH,
            item: key::part(me),
        });
        // A merchant's rooms are those of its queue.
        sources.extend(asker.own_queue().map(|desk| queue(key::queue(desk))));
        let keep = |room: &Membership| !room.is_hidden();
        self.list(Listing { sources: &sources, asker, kind, keep, limit, cursor }).await
    }

    /// A page of a desk's queue, or of what the desk has put away.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn queue(
        &self,
        asker: &Asker,
        desk: &SideKey,
        archived: bool,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Result<InboxPage, StoreError> {
        let partition = if archived { key::archive(desk) } else { key::queue(desk) };
        let sources = [queue(partition)];
        let keep = match archived {
            true => |room: &Membership| room.head.archived_at().is_some(),
            false => |room: &Membership| room.head.archived_at().is_none(),
        };
        self.list(Listing { sources: &sources, asker, kind: None, keep, limit, cursor }).await
    }

    /// A page of the rooms that some sources list together.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(super) async fn list(&self, listing: Listing<'_>) -> Result<InboxPage, StoreError> {
        let page = self.listed(&listing).await?;
        match page.next {
            // Nothing comes before a bucket that is too full: its first run is the page.
            Some(next) if page.rooms.is_empty() && next.enters_bucket() => {
                self.listed(&Listing { cursor: Some(next), ..listing }).await
            }
            next => Ok(InboxPage { next, ..page }),
        }
    }

    async fn listed(&self, listing: &Listing<'_>) -> Result<InboxPage, StoreError> {
        let sources = listing.sources;
        let widths: Vec<i64> = sources.iter().map(|source| source.width).collect();
        let mut plan = Plan::new(&widths, listing.limit, listing.cursor.clone());
        let mut behind: Vec<Option<Key>> = vec![None; sources.len()];
        let mut found = Found::default();
        loop {
            match plan.step() {
                Step::Read(asked) => {
                    let reads = asked.iter().map(|(source, limit)| {
                        let (begin, last) = (plan.begin(*source), behind[*source].take());
                        sources[*source].read(self, begin, last, *limit)
                    });
                    for ((source, _), batch) in asked.iter().zip(try_join_all(reads).await?) {
                        let batch = batch.of_kind(listing.kind);
                        plan.took(*source, batch.entries, batch.last.is_none());
                        behind[*source] = batch.last;
                    }
                }
                Step::Look { rooms, with_info } => {
                    found.extend(self.look(listing.asker, &rooms, with_info).await?);
                    for room in rooms {
                        let kept = found.rooms.get(&room).filter(|room| (listing.keep)(room));
                        plan.looked(room, kept.map(|room| room.head.last_activity().millis()));
                    }
                }
                Step::Show { rooms, next } => {
                    return Ok(InboxPage { rooms: self.with_info(rooms, found).await?, next });
                }
            }
        }
    }

    /// Reads the HEADs of rooms, and their INFO too if that is wanted. What the asker is no member
    /// of is not found.
    async fn look(
        &self,
        asker: &Asker,
        rooms: &[RoomId],
        with_info: bool,
    ) -> Result<Found, StoreError> {
        let (members, infos) = self.members_and_infos(rooms, asker, with_info, false).await?;
        let rooms = members.into_iter().map(|member| (member.room, member)).collect();
        Ok(Found { rooms, infos })
    }

    /// The rooms of the page with their INFO, which is read where it was not.
    async fn with_info(
        &self,
        page: Vec<RoomId>,
        mut found: Found,
    ) -> Result<Vec<(Membership, Info)>, StoreError> {
        let missing = page.iter().filter(|room| !found.infos.contains_key(room));
        let keys = missing.map(|room| key::of(key::room(*room), key::INFO)).collect();
        for item in self.batch_get(keys, false).await? {
            if let Some(room) = info::partition(&item) {
                found.infos.insert(room, info::parse(item)?);
            }
        }
        let mut row = |room: RoomId| {
            let member = found.rooms.remove(&room)?;
            Some((member, found.infos.remove(&room).unwrap_or_default()))
        };
        Ok(page.into_iter().filter_map(&mut row).collect())
    }
}

/// A desk's list.
fn queue(partition: String) -> Source {
    Source { index: B_SIDE, partition, width: DESK_WIDTH, item: key::HEAD.to_owned() }
}

/// What was read of rooms.
#[derive(Default)]
struct Found {
    rooms: BTreeMap<RoomId, Membership>,
    infos: HashMap<RoomId, Info>,
}

impl Found {
    fn extend(&mut self, more: Self) {
        self.rooms.extend(more.rooms);
        self.infos.extend(more.infos);
    }
}
