//! BLOCK: whom a person does not want to hear from, and what follows from it in the room that the
//! two may have.
//!
//! The item is what holds; a room's HEAD repeats it, so that a post needs no other read. Blocking
//! writes the item first and HEAD second, and opening a room puts HEAD first and reads the items
//! second: whichever comes later sees the other one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    attr::{n, s},
    key::{self, Key},
    open::next_generation,
    update::{self, Updated},
};
use crate::domain::{ids::SideKey, person::Person, principal::Principal, room::Founding};

/// Somebody whom a person has blocked.
#[derive(Clone, Debug)]
pub struct Block {
    /// Who.
    pub principal: Principal,
    /// What is known of it, if it was ever seen.
    pub person: Option<Person>,
}

/// A place among a person's blocks: just behind this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCursor(Principal);

impl BlockCursor {
    /// The cursor that this text spells.
    pub fn parse(text: &str) -> Option<Self> {
        let id = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        Principal::user(&id).map(Self)
    }
}

impl std::fmt::Display for BlockCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0.id))
    }
}

/// A page of a person's blocks.
#[derive(Clone, Debug)]
pub struct BlockPage {
    /// Whom, in no order that means anything.
    pub blocks: Vec<Block>,
    /// Where the next page begins, if there is more.
    pub next: Option<BlockCursor>,
}

impl Store {
    /// Writes down that `me` has blocked a user.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_block(
        &self,
        me: &SideKey,
        them: &SideKey,
        blocked: &Principal,
    ) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key::of(key::side(me), key::block(them))))
            .item("id", s(&blocked.id))
            // So that all of them are found when the blocked one is erased.
            .item("q1p", s(key::blocked(them)))
            .item("q1s", n(0))
            .send()
            .boxed()
            .await?;
        Ok(())
    }

    /// Forgets that `me` has blocked somebody.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn delete_block(&self, me: &SideKey, them: &SideKey) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key::of(key::side(me), key::block(them))))
            .send()
            .boxed()
            .await?;
        Ok(())
    }

    /// Whether `one` has blocked `other`, and whether `other` has blocked `one`, at this moment.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn blocks_between(
        &self,
        one: &SideKey,
        other: &SideKey,
    ) -> Result<(bool, bool), StoreError> {
        let keys =
            [(one, other), (other, one)].map(|(by, whom)| key::of(key::side(by), key::block(whom)));
        let items = self.batch_get(keys.into(), true).await?;
        let by =
            |who: &SideKey| items.iter().any(|item| item.get("pk") == Some(&s(key::side(who))));
        Ok((by(one), by(other)))
    }

    /// The BLOCKs, by anybody, of a person: their keys.
    pub(super) async fn blocks_of(&self, person: &SideKey) -> Result<Vec<Key>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("gq1")
            .key_condition_expression("q1p = :person")
            .expression_attribute_values(":person", s(key::blocked(person)));
        self.query_all(query).await
    }

    /// A page of whom `me` has blocked.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn blocks(
        &self,
        me: &SideKey,
        limit: usize,
        after: Option<&BlockCursor>,
    ) -> Result<BlockPage, StoreError> {
        let salt = self.salt().await?;
        let from =
            after.map(|cursor| key::of(key::side(me), key::block(&SideKey::of(salt, &cursor.0))));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :me AND begins_with(sk, :blocks)")
            .expression_attribute_values(":me", s(key::side(me)))
            .expression_attribute_values(":blocks", s(key::BLOCKS))
            .set_exclusive_start_key(from)
            // One more than the page holds tells whether there is another page.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .boxed()
            .await?;
        let items = answer.items.unwrap_or_default();
        let mut blocked = items.iter().map(who).collect::<Result<Vec<_>, _>>()?;
        let next = (blocked.len() > limit).then(|| blocked.get(limit.checked_sub(1)?)).flatten();
        let next = next.cloned().map(BlockCursor);
        blocked.truncate(limit);
        let key_of = |principal: &Principal| SideKey::of(salt, principal);
        let mut known = self.people(&blocked.iter().map(key_of).collect()).await?;
        let blocks = blocked.into_iter().map(|principal| {
            let person = known.remove(&key_of(&principal));
            Block { principal, person }
        });
        Ok(BlockPage { blocks: blocks.collect(), next })
    }

    /// Says in the HEAD of a founding's room whether a side may post there; nothing if there is no
    /// such room.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn set_blocked(
        &self,
        founding: &Founding,
        side: &SideKey,
        blocked: bool,
    ) -> Result<(), StoreError> {
        let salt = self.salt().await?;
        let mut generation = Some(0);
        // A room that was deleted says where to look for the one after it.
        while let Some(at) = generation {
            let mut request = self
                .update(key::of(key::room(founding.id(salt, at)), key::HEAD))
                .expression_attribute_names("#side", side.as_str());
            let mut both = vec!["attribute_exists(bl)".to_owned()];
            for (place, seat) in founding.seats.iter().enumerate() {
                both.push(format!("attribute_exists(rd.#s{place})"));
                request =
                    request.expression_attribute_names(format!("#s{place}"), seat.key.as_str());
            }
            let request = request.condition_expression(both.join(" AND "));
            let request = if blocked {
                request
                    .update_expression("SET bl.#side = :one")
                    .expression_attribute_values(":one", n(1))
            } else {
                request.update_expression("REMOVE bl.#side")
            };
            generation = match update::send(request).await? {
                Updated::Refused(Some(item)) => {
                    let tombstone = next_generation(&item);
                    // Or somebody else's, who had the id of one of the two before.
                    let others = self.parse_head(item)?.map(|head| head.opened_again + 1);
                    tombstone.or(others).filter(|next| *next > at)
                }
                Updated::Done(_) | Updated::Refused(None) => None,
            };
        }
        Ok(())
    }
}

fn who(item: &HashMap<String, AttributeValue>) -> Result<Principal, StoreError> {
    item.get("id")
        .and_then(|value| value.as_s().ok())
        .and_then(|id| Principal::user(id))
        .ok_or_else(|| StoreError::broken("a block of nobody"))
}
