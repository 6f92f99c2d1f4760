//! The only place that sees the AWS SDK: one table, one file per entity.
//!
//! Every operation on a room takes the key of whoever asks and answers nothing to a stranger, in
//! the same round trip: there is no way here to read a room first and to think of membership later.
//!
//! A call of the SDK is a future of six kilobytes. Each is kept on the heap (`boxed`): what awaits it stays small, and is
//! not copied with it from level to level on the way down.

mod aging;
mod attr;
mod audience;
mod batch;
mod block;
mod change;
mod commit;
mod connect;
mod desk;
mod erasure;
mod export;
mod fault;
mod group;
mod handover;
mod head;
mod inbox;
mod info;
mod key;
mod life;
mod listing;
mod log;
mod mail;
mod mark;
mod members;
mod membership;
mod name;
mod open;
mod page;
mod part;
mod presence;
mod profile;
mod push;
mod rate;
mod recent;
mod report;
mod roster;
mod salt;
mod slot;
mod sweep;
pub mod table;
mod throttle;
mod timer;
mod transact;
mod update;
mod webhook;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use futures_util::FutureExt as _;
use tokio::sync::OnceCell;

pub(crate) use self::connect::connect;
use self::{aging::Aging, recent::Recent, roster::Remembered};
pub use self::{
    audience::{Audience, Notified},
    block::{Block, BlockCursor, BlockPage},
    change::{Change, Changed, Changer, ChangesPage},
    commit::Poster,
    desk::Filed,
    erasure::Erasure,
    export::LifeRoom,
    fault::StoreError,
    handover::HandedOver,
    head::{Head, Mark, Preview},
    inbox::{BadCursor, Cursor, InboxPage},
    info::{Info, ListingRef, Side},
    life::LifePlace,
    log::{AppendError, Appended, Sender},
    mark::{Marked, OwnSettings},
    members::{Joined, Removed},
    membership::Membership,
    name::{NameCursor, NamePage},
    open::Opened,
    page::{Page, Window},
    part::{MembersPage, Part},
    presence::Presence,
    push::{Push, Told, Untold},
    report::{ReportCursor, ReportPage, Reported},
    roster::Members,
    sweep::Deleted,
    throttle::{Doing, Throttled},
    timer::{Due, DueCursor, DueTimers, Lease, Timer},
    webhook::{Next, StoredHook, WebhookCursor, WebhookPage},
};
use crate::domain::ids::Salt;

/// The table, and the client to reach it.
#[derive(Debug)]
pub struct Store {
    client: Client,
    table: String,
    salt: OnceCell<Salt>,
    /// How long messages are kept, unless for ever.
    aging: Option<Aging>,
    recent: Recent,
    /// Whom this process has seen in groups.
    remembered: Remembered,
}

impl Store {
    /// A store on `table`. Nothing is sent yet.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
            salt: OnceCell::new(),
            aging: None,
            recent: Recent::default(),
            remembered: Remembered::default(),
        }
    }

    /// The same store, its salt known already.
    #[must_use]
    pub fn with_salt(self, salt: Salt) -> Self {
        Self { salt: OnceCell::new_with(Some(salt)), ..self }
    }

    /// Puts an item where there is none; says whether it did.
    async fn put_if_absent(
        &self,
        item: HashMap<String, AttributeValue>,
    ) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .boxed()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => fault::old_item(error).map(|_| false),
        }
    }
}
