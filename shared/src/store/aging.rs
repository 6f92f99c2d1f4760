//! What is too old, by the rules of the deployment: hidden the moment it is, deleted by the store's time
//! to live some days later, and out of HEAD with the next page or post.
//!
//! HEAD is aged where it is read, so that nobody behind that sees what is too old: slots up to its
//! `floor` are not there, and neither is their preview.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Store, StoreError,
    attr::n,
    head::{self, Head, Preview},
    info, key,
    update::{self, Updated},
};
use crate::domain::{
    ids::RoomId,
    retention::{Lifetime, Retention, expired},
    room::RoomKind,
    time::{Clock, Timestamp},
};

/// How long messages are kept, and what time it is.
#[derive(Clone, Debug)]
pub(super) struct Aging {
    retention: Retention,
    clock: Clock,
}

impl Store {
    /// The same store, in which messages of some kinds of room are kept only so long.
    #[must_use]
    pub fn with_retention(self, retention: Retention, clock: Clock) -> Self {
        Self { aging: Some(Aging { retention, clock }), ..self }
    }

    /// How long messages are kept in rooms of a kind, unless for ever.
    pub(super) fn lifetime(&self, kind: RoomKind) -> Option<Lifetime> {
        self.aging.as_ref()?.retention.of(kind)
    }

    /// When the store may delete what a room of a kind was told at this instant, in seconds since 1970.
    pub(super) fn expiry(&self, kind: RoomKind, at: Timestamp) -> Option<AttributeValue> {
        self.lifetime(kind).map(|lifetime| n(lifetime.stretch(at).ttl()))
    }

    /// The same of a message whose commit left HEAD so. Another commit may have begun the next stretch just
    /// before: then the message belongs to that one.
    pub(super) fn expiry_in(
        &self,
        kind: RoomKind,
        head: &Head,
        at: Timestamp,
    ) -> Option<AttributeValue> {
        let stretch = self.lifetime(kind)?.stretch(at);
        let newest = head.stretches.last_key_value().map_or(stretch, |(newest, _)| *newest);
        Some(n(newest.max(stretch).ttl()))
    }

    /// Whether an item's time is over that the store has not deleted yet.
    pub(super) fn is_over(&self, item: &HashMap<String, AttributeValue>) -> bool {
        let ends = item.get(super::table::TTL).and_then(|ttl| ttl.as_n().ok()?.parse::<i64>().ok());
        let now = self.aging.as_ref().map(|aging| aging.clock.now().seconds());
        ends.zip(now).is_some_and(|(ends, now)| ends < now)
    }

    /// Reads an item that stands in a HEAD's place, as it is by now. The tombstone of a deleted room,
    /// and the sign to where a room has moved, are none.
    pub(super) fn parse_head(
        &self,
        item: HashMap<String, AttributeValue>,
    ) -> Result<Option<Head>, StoreError> {
        let kind = info::partition(&item).map(RoomId::kind);
        let Some(mut head) = head::parse(item)? else { return Ok(None) };
        let kept = kind.and_then(|kind| self.lifetime(kind));
        if let Some(aging) = self.aging.as_ref()
            && (kept.is_some() || !head.stretches.is_empty())
        {
            let expired = expired(kept, head.ages(), aging.clock.now());
            if expired.floor > head.floor || !expired.stretches.is_empty() {
                head.floor = expired.floor.max(head.floor);
                head.expired = Some(expired.stretches);
            }
            if head.floor == head.seq {
                head.preview = Preview::default();
            }
        }
        Ok(Some(head))
    }

    /// Takes out of HEAD what is too old. It is not seen there anyhow: whoever fails leaves it to the
    /// next one.
    pub(super) async fn forget_expired(&self, room: RoomId, head: &Head) {
        if let Err(error) = self.remove_expired(room, head).await {
            tracing::warn!(%error, %room, "what is too old was left in a room");
        }
    }

    /// Takes out of HEAD what is too old; false where HEAD is not as it was read.
    pub(super) async fn remove_expired(
        &self,
        room: RoomId,
        head: &Head,
    ) -> Result<bool, StoreError> {
        let Some(stretches) = &head.expired else { return Ok(true) };
        let mut request = self
            .update(key::of(key::room(room), key::HEAD))
            .expression_attribute_values(":floor", n(head.floor));
        let mut remove = Vec::new();
        for (place, stretch) in stretches.iter().enumerate() {
            remove.push(format!("ep.#e{place}"));
            request = request.expression_attribute_names(format!("#e{place}"), stretch.to_string());
        }
        let all = head.floor == head.seq;
        if all {
            remove.extend(["x", "s", "f", "w"].map(|part| format!("pv.{part}")));
        }
        let remove = match remove.as_slice() {
            [] => String::new(),
            parts => format!(" REMOVE {}", parts.join(", ")),
        };
        let condition = if all { "seq = :floor" } else { "lo <= :floor AND attribute_exists(seq)" };
        let request = request.update_expression("SET lo = :floor".to_owned() + &remove);
        let sent = update::send(request.condition_expression(condition)).await?;
        Ok(matches!(sent, Updated::Done(_)))
    }
}
