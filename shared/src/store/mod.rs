//! The only place that sees the AWS SDK: one table, one file per entity.
//!
//! Every operation on a room takes the key of whoever asks and answers nothing to a stranger, in
//! the same round trip: there is no way here to read a room first and to think of membership later.

mod attr;
mod batch;
mod block;
mod connect;
mod fault;
mod group;
mod head;
mod inbox;
mod info;
mod key;
mod listing;
mod log;
mod name;
mod page;
mod profile;
mod recent;
mod room;
mod salt;
mod slot;
pub mod table;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use tokio::sync::OnceCell;

pub(crate) use self::connect::connect;
use self::recent::Recent;
pub use self::{
    block::{Block, BlockCursor, BlockPage},
    fault::StoreError,
    head::{Head, Mark, Membership, Preview},
    inbox::{BadCursor, Cursor, InboxPage},
    info::{Info, Side},
    log::{AppendError, Appended, Sender},
    name::{NameCursor, NamePage},
    page::{Page, Window},
    room::{Marked, Opened},
};
use crate::domain::ids::Salt;

/// The table, and the client to reach it.
#[derive(Debug)]
pub struct Store {
    client: Client,
    table: String,
    salt: OnceCell<Salt>,
    recent: Recent,
}

impl Store {
    /// A store on `table`. Nothing is sent yet.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), salt: OnceCell::new(), recent: Recent::default() }
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
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => fault::old_item(error).map(|_| false),
        }
    }
}
