//! What is told: put together anew for each attempt, so that what was deleted meanwhile is not told.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    actions::{Services, messages::view, reports::ReportView},
    domain::{
        ids::{RoomId, Salt, SideKey},
        member::MemberType,
        message::Message,
        principal::{Principal, PrincipalType},
        room::RoomKind,
        time::Timestamp,
        webhook::{Happened, Hook, HookKind},
    },
    store::{Head, Info, ListingRef, Mark, Notified, Side, StoreError},
};

/// The body of a webhook, in the shape that Standard Webhooks recommends.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: HookKind,
    timestamp: Timestamp,
    data: &'a Value,
}

/// A room as the application's server is told of it.
#[derive(Serialize)]
struct HookRoom {
    id: String,
    kind: RoomKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<ListingRef>,
    /// The application's own id of the group whose raffle made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
}

impl HookRoom {
    fn new(room: RoomId, info: &Info) -> Self {
        Self {
            id: room.to_string(),
            kind: room.kind(),
            title: info.title.clone(),
            listing: info.listing.clone(),
            group_id: info.group.clone(),
        }
    }
}

/// Somebody, by the application's own id, and by the room's.
#[derive(Serialize)]
struct Account {
    id: String,
    #[serde(rename = "type")]
    kind: PrincipalType,
    member_id: String,
}

/// The bytes that are signed and sent.
pub(super) fn body(hook: &Hook, data: &Value) -> Vec<u8> {
    let body = Body { kind: hook.kind(), timestamp: hook.at, data };
    serde_json::to_vec(&body).expect("structs of strings and numbers are always JSON")
}

impl Services {
    /// What is to be told, as it is now; `None` where it is gone.
    pub(super) async fn data_of(&self, hook: &Hook) -> Result<Option<Value>, StoreError> {
        match &hook.what {
            Happened::MessageCreated(room, seq) => {
                match self.store.message_to_tell_of(*room, *seq).await? {
                    None => Ok(None),
                    Some((head, message)) => self.message_data(&head, &message).await.map(Some),
                }
            }
            Happened::RoomOpened(room) => {
                let salt = self.store.salt().await?;
                let found = self.store.room_to_tell_of(*room).await?;
                Ok(found.map(|(head, info)| {
                    let members = members(salt, &head, &info);
                    let (count, room) = (head.member_count(), HookRoom::new(*room, &info));
                    json!({ "room": room, "members": members, "member_count": count })
                }))
            }
            Happened::RoomArchived(room) => {
                let found = self.store.room_to_tell_of(*room).await?;
                let room = found.map(|(_, info)| HookRoom::new(*room, &info));
                Ok(room.map(|room| json!({ "room": room, "archived_at": hook.at })))
            }
            Happened::ReportFiled(room, seq, id) => {
                let Some(report) = self.store.report_to_tell_of(*room, *seq, *id).await? else {
                    return Ok(None);
                };
                let found = self.store.room_to_tell_of(*room).await?;
                let room = found.map(|(_, info)| HookRoom::new(*room, &info));
                Ok(room.map(|room| json!({ "room": room, "report": ReportView::from(&report) })))
            }
            Happened::PersonErased(person) => {
                Ok(Some(json!({ "person": { "id": person.id, "type": person.kind.as_str() } })))
            }
        }
    }

    /// What is told of a message: where, what, and who is to be notified.
    pub(super) async fn message_data(
        &self,
        head: &Head,
        message: &Message,
    ) -> Result<Value, StoreError> {
        let salt = self.store.salt().await?;
        let audience = self.store.audience(message.room, head, self.clock.now()).await?;
        let notified = audience.members.iter().filter(|member| is_notified(member, head, message));
        let recipients = notified.filter_map(|member| {
            account(salt, &member.key, &member.mark, audience.info.sides.get(&member.key))
        });
        let recipients: Vec<Account> = recipients.collect();
        Ok(json!({
            "room": HookRoom::new(message.room, &audience.info),
            "message": view(message, head, None),
            "offline_recipients": recipients,
        }))
    }
}

/// Whether a member should get a notification of a message: it did not write it, has not read it, is not
/// known to be online, and wants to hear of the room. Nobody does of what was deleted.
fn is_notified(member: &Notified, head: &Head, message: &Message) -> bool {
    let Notified { key, mark, online } = member;
    let has_seen = mark.member_id == message.sender_id || mark.read >= message.seq;
    let wants = !mark.muted && !head.blocked.contains_key(key);
    message.deleted_at.is_none() && !has_seen && wants && !online
}

/// Whoever is in a room of two; of a group, those whom its INFO shows.
fn members(salt: &Salt, head: &Head, info: &Info) -> Vec<Account> {
    let sides = head.marks.iter();
    let sides = sides.filter_map(|(key, mark)| account(salt, key, mark, info.sides.get(key)));
    let shown = info.sides.iter().filter_map(|(key, side)| {
        let (id, _) = side.member.as_ref()?;
        of_member_id(id).filter(|_| !head.marks.contains_key(key))
    });
    sides.chain(shown).collect()
}

/// Whose side of a room it is, by the application's own id: also behind an alias, since it was the
/// application that drew. Nobody's where that is the support desk, or nobody any more.
fn account(salt: &Salt, key: &SideKey, mark: &Mark, side: Option<&Side>) -> Option<Account> {
    if mark.is_erased() || mark.kind == MemberType::Admin {
        return None;
    }
    let Some(id) = side.and_then(|side| side.user_id.as_deref()) else {
        return of_member_id(&mark.member_id);
    };
    // The room knows the id, and the key tells of what type it is.
    let mut kinds = [PrincipalType::User, PrincipalType::Merchant, PrincipalType::Guest]
        .into_iter()
        .filter_map(|kind| Principal::new(kind, id));
    let Principal { kind, id } = kinds.find(|one| SideKey::of(salt, one) == *key)?;
    Some(Account { id, kind, member_id: mark.member_id.clone() })
}

/// Whom a room that hides nobody calls so.
fn of_member_id(member_id: &str) -> Option<Account> {
    let Principal { kind, id } = Principal::parse_member_id(member_id)?;
    Some(Account { id, kind, member_id: member_id.to_owned() })
}
