//! A guest signs in: its room becomes the person's.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};

use super::{Store, StoreError, attr::s, info::Side, key, open::Place, transact::transaction};
use crate::domain::{
    ids::{RoomId, SideKey},
    principal::{Asker, Caller},
    room::Founding,
};

/// What came of a guest's signing in.
#[derive(Clone, Debug)]
pub enum HandedOver {
    /// The guest had no room.
    NoRoom,
    /// The person has a room already.
    HasRoom,
    /// The room is the person's now, or was before.
    Done(RoomId),
}

impl Store {
    /// Gives a guest's room to the person that the guest turned out to be: all or nothing. The room
    /// keeps its id, and the person keeps the guest's id in it; at the person's own place there is
    /// a sign to it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn hand_over(
        &self,
        guest: (&Founding, &Asker),
        person: (&Founding, &Asker, &Caller),
    ) -> Result<HandedOver, StoreError> {
        let (own_place, _, own) = self.end_of_chain(person.0, person.1).await?;
        let (guests_room, _, guests) = self.end_of_chain(guest.0, guest.1).await?;
        match (own, guests) {
            // A repeat: the guest's place shows the room, which is the person's by now.
            (Place::Open(own), _) if own_place == guests_room => {
                let is_theirs = own.head.marks.contains_key(&person.1.me);
                Ok(if is_theirs { HandedOver::Done(own_place) } else { HandedOver::HasRoom })
            }
            (_, Place::Open(room)) if !room.head.marks.contains_key(&guest.1.me) => {
                Ok(HandedOver::NoRoom)
            }
            (Place::Open(_), Place::Open(_)) => Ok(HandedOver::HasRoom),
            (_, Place::Open(room)) => {
                let old = room.info.sides.get(&guest.1.me).cloned().unwrap_or_default();
                let (account, profile) = (&person.2.principal, &person.2.profile);
                let side = old.taken_over_by(account, guests_room, profile);
                let done = self
                    .hand_over_request(guests_room, &guest.1.me, own_place, &person.1.me, &side)
                    .await?;
                Ok(if done { HandedOver::Done(guests_room) } else { HandedOver::HasRoom })
            }
            _ => Ok(HandedOver::NoRoom),
        }
    }

    async fn hand_over_request(
        &self,
        room: RoomId,
        from: &SideKey,
        sign_at: RoomId,
        to: &SideKey,
        shown: &Side,
    ) -> Result<bool, StoreError> {
        let mut sign = key::of(key::room(sign_at), key::HEAD);
        sign.insert("to".into(), s(room.to_string()));
        let sign = Put::builder()
            .table_name(&self.table)
            .set_item(Some(sign))
            .condition_expression("attribute_not_exists(pk)");
        let shown: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(shown)?;
        let update = |sort: &str| {
            Update::builder()
                .table_name(&self.table)
                .set_key(Some(key::of(key::room(room), sort)))
                .expression_attribute_names("#from", from.as_str())
                .expression_attribute_names("#to", to.as_str())
        };
        let head = update(key::HEAD)
            .update_expression("SET rd.#to = rd.#from, q2p = :inbox REMOVE rd.#from")
            .condition_expression("attribute_exists(rd.#from)")
            .expression_attribute_values(":inbox", s(key::side(to)));
        let info = update(key::INFO)
            .update_expression("SET sides.#to = :shown REMOVE sides.#from")
            .expression_attribute_values(":shown", AttributeValue::M(shown));
        let items = transaction([
            TransactWriteItem::builder().put(sign.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder().update(head.build().map_err(StoreError::broken)?),
            TransactWriteItem::builder().update(info.build().map_err(StoreError::broken)?),
        ]);
        Ok(self.transact(items).await?.is_done())
    }
}
