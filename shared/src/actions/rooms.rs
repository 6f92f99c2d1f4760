//! Opening, listing and looking at rooms.

use futures_util::future::try_join_all;
use serde::Serialize;

use crate::{
    actions::{Services, messages::sender_type},
    domain::{
        ids::{RoomId, SideKey},
        member::Member,
        message::{Message, SenderType, Slot},
        principal::{Caller, Principal},
        room::{RoomKind, Seat, direct},
        time::Timestamp,
    },
    error::Error,
    realtime::channel::Channel,
    store::{Cursor, Info, Membership, Side, Window},
};

/// How many slots are read at a time where the newest one holds no message.
const LOOK_BACK: u64 = 10;

/// A room as its viewer sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Room)]
pub struct RoomView {
    /// UUID.
    #[schema(value_type = uuid::Uuid)]
    pub id: String,
    /// What sort of room.
    pub kind: RoomKind,
    /// The room's title, where it has one.
    pub title: Option<String>,
    /// Whether its desk has put it away.
    pub state: RoomState,
    /// Where its events are: subscribe to this name, never to one that you built.
    pub channel: String,
    /// The highest `seq`.
    pub head: u64,
    /// Counts edits, deletions and reactions.
    pub rev: u64,
    /// Who is in it.
    pub members: Vec<Member>,
    /// How many there are.
    pub member_count: usize,
    /// How the room is for the viewer.
    pub you: You,
    /// The newest message.
    pub last_message: Option<LastMessage>,
    /// How many messages it holds.
    pub message_count: u64,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When something happened in it last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When the newest message was sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_message_at: Option<Timestamp>,
    /// When its desk put it away.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub archived_at: Option<Timestamp>,
    /// When its desk looked at it last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub viewed_at: Option<Timestamp>,
}

/// Whether a room's desk has put it away.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoomState {
    /// In the queue.
    Active,
    /// Put away; a message from the other side brings it back.
    Archived,
}

/// How a room is for its viewer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct You {
    /// The viewer's id in this room.
    pub member_id: String,
    /// The `seq` up to which the viewer has read.
    pub read: u64,
    /// How many messages the viewer has not read.
    pub unread: u64,
    /// Kept out of the viewer's list until something new comes.
    pub hidden: bool,
    /// No notifications.
    pub muted: bool,
    /// Kept on top of the viewer's list.
    pub pinned: bool,
}

/// The newest message of a room, in short.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LastMessage {
    /// Its place in the room.
    pub seq: u64,
    /// The sender's id in the room.
    pub sender_id: String,
    /// In which capacity it was sent.
    pub sender_type: SenderType,
    /// At most 100 characters.
    pub preview: String,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Whether it was deleted since.
    pub deleted: bool,
}

/// A page of an inbox.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RoomList {
    /// The rooms, latest activity first.
    pub rooms: Vec<RoomView>,
    /// Pass it as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

impl Services {
    /// Opens the room of the caller and another user, or finds it open. The flag says whether it is
    /// new.
    ///
    /// # Errors
    /// `Invalid` when there is no such pair.
    pub async fn open_direct(
        &self,
        caller: &Caller,
        with: &str,
    ) -> Result<(RoomView, bool), Error> {
        let other = Principal::user(with)
            .ok_or_else(|| Error::invalid("with", "must have 1 to 128 bytes"))?;
        if other == caller.principal {
            return Err(Error::invalid("with", "must be somebody else"));
        }
        let salt = self.store.salt().await?;
        let me = SideKey::of(salt, &caller.principal);
        let them = SideKey::of(salt, &other);
        let (profile, kept) = futures_util::future::join(
            self.store.profile(&them),
            self.store.put_profile(&me, &caller.principal, &caller.profile),
        )
        .await;
        kept?;
        let mine = Seat {
            key: me.clone(),
            principal: caller.principal.clone(),
            profile: caller.profile.clone(),
        };
        let theirs = Seat { key: them, principal: other, profile: profile?.unwrap_or_default() };
        let founding = direct::between(salt, mine, theirs);
        let opened = self.store.open(&founding, &me, self.clock.now()).await?;
        let room = self.show(caller, opened.room, opened.info).await?;
        Ok((room, opened.new))
    }

    /// One room.
    ///
    /// # Errors
    /// `NotFound` to strangers.
    pub async fn room(&self, caller: &Caller, room: RoomId) -> Result<RoomView, Error> {
        let me = self.key_of(caller).await?;
        let (room, info) = self.store.room(room, &me).await?.ok_or(Error::NotFound)?;
        self.show(caller, room, info).await
    }

    /// The caller's rooms, latest activity first.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn rooms(
        &self,
        caller: &Caller,
        kind: Option<RoomKind>,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Result<RoomList, Error> {
        let me = self.key_of(caller).await?;
        let page = self.store.inbox(&me, kind, limit, cursor).await?;
        let views = page.rooms.into_iter().map(|(room, info)| self.view(room, info));
        Ok(RoomList {
            rooms: try_join_all(views).await?,
            next: page.next.map(|cursor| cursor.to_string()),
        })
    }

    /// A room that the caller looks at: if the caller goes by another name than when it was last
    /// seen here, the room learns it.
    async fn show(
        &self,
        caller: &Caller,
        room: Membership,
        mut info: Info,
    ) -> Result<RoomView, Error> {
        let now = Side::from(&caller.profile);
        let named = now != Side::default();
        if let Some(shown) = info.sides.get_mut(&room.me).filter(|shown| named && **shown != now) {
            self.store.update_side(room.room, &room.me, &now).await?;
            *shown = now;
        }
        self.view(room, info).await
    }

    async fn view(&self, room: Membership, info: Info) -> Result<RoomView, Error> {
        let last_message = self.last_message(&room).await?;
        let (head, mark) = (&room.head, room.mark());
        let members = head.marks.iter().map(|(key, mark)| {
            let shown = info.sides.get(key).cloned().unwrap_or_default();
            Member {
                id: mark.member_id.clone(),
                kind: mark.kind,
                name: shown.name,
                picture: shown.picture,
                read: mark.read,
            }
        });
        Ok(RoomView {
            id: room.room.to_string(),
            kind: room.room.kind(),
            title: None,
            state: RoomState::Active,
            channel: Channel::Room(room.room).to_string(),
            head: head.seq,
            rev: head.rev,
            members: members.collect(),
            member_count: head.marks.len(),
            you: You {
                member_id: mark.member_id.clone(),
                read: mark.read,
                unread: room.unread(),
                hidden: false,
                muted: false,
                pinned: false,
            },
            last_message_at: last_message.as_ref().map(|last| last.created_at),
            last_message,
            message_count: head.message_count(),
            created_at: info.created_at(),
            updated_at: head.last_activity(),
            archived_at: None,
            viewed_at: None,
        })
    }

    /// What a list shows of the newest message: HEAD's preview, or, where that was of a message that
    /// never came, what the log holds.
    async fn last_message(&self, room: &Membership) -> Result<Option<LastMessage>, Error> {
        if let Some(last) = from_preview(room) {
            return Ok(Some(last));
        }
        let mut window = Window::Newest;
        while room.head.message_count() > 0 {
            let page = self.store.page(room.room, &room.me, window, LOOK_BACK, &self.clock).await?;
            let Some(page) = page else { break };
            let newest = page.slots.iter().rev().find_map(|slot| match slot {
                Slot::Message(message) => Some(from_message(message)),
                _ => None,
            });
            match (newest, page.slots.first()) {
                (None, Some(first)) if page.has_more => window = Window::Before(first.seq()),
                (newest, _) => return Ok(newest),
            }
        }
        Ok(None)
    }
}

fn from_preview(room: &Membership) -> Option<LastMessage> {
    let preview = &room.head.preview;
    let sender = room.head.marks.get(preview.by.as_ref()?)?;
    Some(LastMessage {
        seq: preview.seq?,
        sender_id: sender.member_id.clone(),
        sender_type: sender_type(sender.kind),
        preview: preview.text.clone()?,
        created_at: preview.sent_at()?,
        deleted: false,
    })
}

fn from_message(message: &Message) -> LastMessage {
    LastMessage {
        seq: message.seq,
        sender_id: message.sender_id.clone(),
        sender_type: message.sender_type,
        preview: message.preview(),
        created_at: message.created_at,
        deleted: false,
    }
}
