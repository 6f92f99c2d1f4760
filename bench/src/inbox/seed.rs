//! Very many rooms, as quickly as they can be made: by the product's own store code, in the file that
//! the local program then opens.

use std::{path::Path, sync::Arc, time::Instant};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use local::{
    TABLE,
    data::Data,
    embedded::{Durability, client},
};
use shared::{
    domain::{
        ids::Salt,
        message::{Draft, MessageType},
        principal::{Asker, Principal, PrincipalType, Profile},
        room::{Founding, RoomKind, Seat},
        time::{Clock, Timestamp},
    },
    store::{Sender, Store, table},
};

use super::{BODY, List, PERSON};
use crate::Failure;

/// How many rooms are made at a time: while the store is at work on one, the next is prepared.
const AT_A_TIME: usize = 4;

/// A data folder in which rooms are made. Dropping it lets the program have the folder.
pub(super) struct Seeder {
    store: Store,
    salt: Salt,
    _data: Data,
}

impl Seeder {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// When another program has it.
    pub(super) async fn open(folder: &Path) -> Result<Self, Failure> {
        let data = Data::open(folder, Durability::Process)?;
        let client = client(Arc::new(data.engine.clone()), RetryConfig::disabled());
        table::create(&client, TABLE).await?;
        let store = Store::new(client, TABLE);
        let salt = store.salt().await?.clone();
        Ok(Self { store, salt, _data: data })
    }

    /// Makes a room for each of these times, in which somebody wrote then; the first is the room with
    /// the somebody of number `first`.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(super) async fn fill(
        &self,
        list: List,
        first: usize,
        times: &[i64],
    ) -> Result<(), Failure> {
        let progress = Progress::of(list, times.len());
        stream::iter(times.iter().enumerate())
            .map(|(number, at)| self.make(list, first + number, Timestamp::from_millis(*at)))
            .buffer_unordered(AT_A_TIME)
            .enumerate()
            .map(|(made, room)| {
                progress.tell(made + 1);
                room
            })
            .try_collect::<()>()
            .await
    }

    async fn make(&self, list: List, number: usize, at: Timestamp) -> Result<(), Failure> {
        let writer = self.seat(&format!("somebody-{number}"))?;
        let asker = Asker { me: writer.key.clone(), kind: PrincipalType::User, desk: None };
        let founding = match list {
            List::Inbox => Founding::by_pair(RoomKind::Direct, self.seat(PERSON)?, writer),
            List::Queue => {
                Founding::by_asking(RoomKind::Support, writer, Seat::support_desk(&self.salt))
            }
        };
        let opened = self.store.open(&founding, &asker, at).await?.ok_or("a room of others")?;
        let room = opened.room.room;
        let draft = Draft::new(room.kind(), MessageType::Text, BODY.into(), None, None)
            .map_err(|bad| format!("{bad:?}"))?;
        let sender = Sender { asker: &asker, member_id: "", is_system: false };
        let clock = Clock::from_fn(move || at);
        self.store.append(room, sender, &draft, false, &clock).await?;
        Ok(())
    }

    fn seat(&self, id: &str) -> Result<Seat, Failure> {
        let principal = Principal::user(id).ok_or("no id")?;
        let profile = Profile { name: Some(format!("Name of {id}")), ..Profile::default() };
        Ok(Seat::account(&self.salt, principal, profile))
    }
}

/// Says now and then how far it has come.
struct Progress {
    list: List,
    rooms: usize,
    began: Instant,
}

impl Progress {
    fn of(list: List, rooms: usize) -> Self {
        Self { list, rooms, began: Instant::now() }
    }

    fn tell(&self, made: usize) {
        // Of few rooms there is nothing to tell.
        let step = (self.rooms / 5).max(1_000);
        if made.is_multiple_of(step) || (made == self.rooms && made >= 1_000) {
            let (list, rooms, seconds) = (self.list.name(), self.rooms, self.began.elapsed());
            eprintln!("bench: {list}: {made} of {rooms} rooms made, {} s", seconds.as_secs());
        }
    }
}
