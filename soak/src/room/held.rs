//! What a listener holds, and how it comes to hold what it was told of.

use reqwest::Method;
use serde_json::Value;
use tests::history::{Broken, Slot};

use super::{cast::number, listener::Listener};
use crate::{Failure, tally::count};

/// How many messages are fetched at a time.
const PAGE: usize = 100;

/// What a listener holds of a room.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Of each slot from the first on, what it holds.
    pub(crate) digests: Vec<u64>,
    /// Up to which revision.
    pub(crate) rev: u64,
    /// The highest place and revision that any event on the room's channel told of.
    pub(crate) heard: (u64, u64),
    /// The same, with what it was told on its own channel.
    pub(super) told: (u64, u64),
    /// It is no member any more, and fetches nothing.
    pub(super) out: bool,
}

impl Listener<'_> {
    /// Rules 1 to 4.
    pub(super) async fn goes_by(
        &mut self,
        name: &str,
        data: &Value,
        head: u64,
        rev: u64,
    ) -> Result<(), Failure> {
        let message = (name == "new_message").then(|| Slot::of(data)).flatten();
        if let Some(slot) = message.filter(|_| data["truncated"] != true) {
            // I4: what is told is what is there, or will be seen to be.
            self.room.sees(&slot, &self.me.caller.id);
            if head == self.head() + 1 && rev <= self.held.rev {
                self.held.digests.push(slot.digest());
                return Ok(());
            }
        }
        self.held.told = (self.held.told.0.max(head), self.held.told.1.max(rev));
        if self.is_behind() { self.catches_up().await } else { Ok(()) }
    }

    pub(super) async fn looks(&mut self) -> Result<(), Failure> {
        self.reads_on().await?;
        self.asks_for_changes().await
    }

    pub(super) async fn catches_up(&mut self) -> Result<(), Failure> {
        if self.held.told.0 > self.head() {
            self.reads_on().await?;
        }
        if self.held.told.1 > self.held.rev {
            self.asks_for_changes().await?;
        }
        Ok(())
    }

    async fn reads_on(&mut self) -> Result<(), Failure> {
        while !self.held.out {
            let path = format!("{}/messages?after={}&limit={PAGE}", self.room.path, self.head());
            let Some(page) = self.fetch(&path).await? else { return Ok(()) };
            let before = self.head();
            for slot in
                page["messages"].as_array().ok_or("no messages")?.iter().filter_map(Slot::of)
            {
                self.room.sees(&slot, &self.me.caller.id);
                if slot.seq != self.head() + 1 {
                    let what =
                        format!("{} reads {} after {}", self.me.caller.id, slot.seq, self.head());
                    self.room.finds(Broken::OutOfOrder, what);
                    return Err("a page that does not go on".into());
                }
                self.held.digests.push(slot.digest());
            }
            if page["has_more"] != true || self.head() == before {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn asks_for_changes(&mut self) -> Result<(), Failure> {
        while !self.held.out {
            let path =
                format!("{}/changes?after_rev={}&limit={PAGE}", self.room.path, self.held.rev);
            let Some(changes) = self.fetch(&path).await? else { return Ok(()) };
            for slot in
                changes["messages"].as_array().ok_or("no messages")?.iter().filter_map(Slot::of)
            {
                if slot.seq > self.head() {
                    self.reads_on().await?;
                }
                let at = usize::try_from(slot.seq)?;
                match self.held.digests.get_mut(at - 1) {
                    Some(held) => *held = slot.digest(),
                    // Behind a place that is still open; its change is asked for again.
                    None => return Ok(()),
                }
            }
            let rev = number(&changes, "rev")?;
            if changes["has_more"] != true || rev == self.held.rev {
                self.held.rev = rev;
                return Ok(());
            }
            self.held.rev = rev;
        }
        Ok(())
    }

    /// Something of the room, unless it is none of this listener's any more.
    async fn fetch(&mut self, path: &str) -> Result<Option<Value>, Failure> {
        count(&self.room.world.tally.fetches);
        let (status, page) =
            self.me.caller.insists(Method::GET, path, &Value::Null, &[200, 404]).await?;
        if status == 404 {
            self.is_out()?;
            return Ok(None);
        }
        Ok(Some(page))
    }
}
