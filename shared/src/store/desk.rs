//! What a desk does with a room of its queue: putting it away, and taking it back.

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{ReturnValue, Select},
};

use futures_util::{FutureExt as _, future::join};

use super::{
    Store, StoreError,
    attr::{n, s},
    info::Info,
    key,
    membership::Membership,
    update::{self, Updated},
};
use crate::domain::{
    ids::{RoomId, SideKey},
    principal::Asker,
    time::Timestamp,
};

/// What came of putting a room away, or of taking it back.
#[derive(Clone, Debug)]
pub enum Filed {
    /// No such room, or the asker is not in it.
    NotFound,
    /// The asker is in the room, but the desk is not the asker's, or there is none.
    NotTheDesk,
    /// More has come than the desk had seen.
    MoreCame,
    /// The room is as it was asked for; whether that changed anything.
    Done {
        /// The room.
        room: Box<Membership>,
        /// What lists show of it.
        info: Box<Info>,
        /// Whether this call did it.
        changed: bool,
    },
}

/// How many waiting rooms are counted; whoever has more need not know how many.
const COUNTED: i32 = 1_000;

impl Store {
    /// How many of a desk's rooms hold something that nobody there has read, 1,000 at most.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn waiting(&self, desk: &SideKey) -> Result<usize, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("gq3")
            .key_condition_expression("q3p = :desk")
            .expression_attribute_values(":desk", s(key::queue(desk)))
            .select(Select::Count)
            .limit(COUNTED)
            .send()
            .boxed()
            .await?;
        Ok(usize::try_from(answer.count).unwrap_or_default())
    }

    /// Puts a room away, out of its desk's queue, until its user writes again. With `seen`, only if
    /// nothing beyond that slot has come.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn archive(
        &self,
        room: RoomId,
        asker: &Asker,
        seen: Option<u64>,
        now: Timestamp,
    ) -> Result<Filed, StoreError> {
        let Some(desk) = asker.desk_in(room.kind()) else {
            return self.not_the_desk(room, asker).await;
        };
        let condition = "attribute_not_exists(ar)";
        let request = self
            .desk_request(room, asker, desk)
            .update_expression("SET ar = :now, q1p = :archive REMOVE q3p, q3s")
            .expression_attribute_values(":now", n(now.millis()))
            .expression_attribute_values(":archive", s(key::archive(desk)));
        self.file(request, condition, room, asker, seen).await
    }

    /// Takes a room back into its desk's queue.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn unarchive(
        &self,
        room: RoomId,
        asker: &Asker,
        seen: Option<u64>,
    ) -> Result<Filed, StoreError> {
        let Some(desk) = asker.desk_in(room.kind()) else {
            return self.not_the_desk(room, asker).await;
        };
        let request =
            self.desk_request(room, asker, desk).update_expression("SET q1p = k1 REMOVE ar");
        self.file(request, "attribute_exists(ar)", room, asker, seen).await
    }

    fn desk_request(&self, room: RoomId, asker: &Asker, desk: &SideKey) -> UpdateItemFluentBuilder {
        let request = self
            .update(key::of(key::room(room), key::HEAD))
            .expression_attribute_names("#desk", desk.as_str())
            .return_values(ReturnValue::AllNew);
        if *desk == asker.me {
            return request;
        }
        request.expression_attribute_names("#self", asker.me.as_str())
    }

    async fn file(
        &self,
        request: UpdateItemFluentBuilder,
        condition: &str,
        room: RoomId,
        asker: &Asker,
        seen: Option<u64>,
    ) -> Result<Filed, StoreError> {
        let mut conditions = vec!["attribute_exists(rd.#desk)", condition];
        if request.get_expression_attribute_names().as_ref().is_some_and(|n| n.len() > 1) {
            // An agent in a room of its own is its user there.
            conditions.push("attribute_not_exists(rd.#self)");
        }
        let request = match seen {
            None => request,
            Some(seen) => {
                conditions.push("seq <= :seen");
                request.expression_attribute_values(":seen", n(seen))
            }
        };
        let request = request.condition_expression(conditions.join(" AND "));
        let (updated, info) = join(update::send(request), self.read_info(room)).await;
        let (changed, item) = match updated? {
            Updated::Done(item) => (true, Some(item)),
            Updated::Refused(item) => (false, item),
        };
        let head = item.map_or(Ok(None), |item| self.parse_head(item))?;
        let Some(room) = Membership::check(room, asker, head) else { return Ok(Filed::NotFound) };
        if !room.is_desk() {
            return Ok(Filed::NotTheDesk);
        }
        if !changed && seen.is_some_and(|seen| room.head.seq > seen) {
            return Ok(Filed::MoreCame);
        }
        Ok(Filed::Done { room: Box::new(room), info: Box::new(info?), changed })
    }

    async fn not_the_desk(&self, room: RoomId, asker: &Asker) -> Result<Filed, StoreError> {
        let member = self.membership(room, asker).await?;
        Ok(if member.is_some() { Filed::NotTheDesk } else { Filed::NotFound })
    }
}
