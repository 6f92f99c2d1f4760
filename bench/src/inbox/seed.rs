//! Very many rooms, as quickly as they can be made: by the product's own store code, in the file that
//! the local program then opens.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
    time::Instant,
};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use futures_util::future::try_join_all;
use local::{
    TABLE,
    data::Data,
    embedded::{Durability, client},
};
use shared::{
    domain::{
        ids::{RoomId, Salt},
        message::{Draft, MessageType},
        principal::{Asker, Principal, PrincipalType, Profile},
        room::{Founding, RoomKind, Seat},
        time::{Clock, Timestamp},
    },
    store::{Sender, Store, table},
};
use tokio::{runtime, task::spawn_blocking};

use super::{BODY, List, PERSON};
use crate::Failure;

/// A data folder in which rooms are made. Dropping it lets the program have the folder.
pub(crate) struct Seeder {
    maker: Arc<Maker>,
    _data: Data,
}

impl Seeder {
    /// A room of this person in which the somebody of this number wrote at these times.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) async fn write(
        &self,
        person: &str,
        number: usize,
        times: &[i64],
    ) -> Result<RoomId, Failure> {
        self.maker.make(person, List::Inbox, number, times).await
    }
}

/// Makes rooms.
struct Maker {
    store: Store,
    salt: Salt,
}

impl Seeder {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// When another program has it.
    pub(crate) async fn open(folder: &Path) -> Result<Self, Failure> {
        let data = Data::open(folder, Durability::Process)?;
        let client = client(Arc::new(data.engine.clone()), RetryConfig::disabled());
        table::create(&client, TABLE).await?;
        let store = Store::new(client, TABLE);
        let salt = store.salt().await?.clone();
        Ok(Self { maker: Arc::new(Maker { store, salt }), _data: data })
    }

    /// Makes a room for each of these times, in which somebody wrote then; the first is the room with
    /// the somebody of number `first`. All CPUs take part: most of the work is to write requests.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(crate) async fn fill(
        &self,
        list: List,
        first: usize,
        times: &[i64],
    ) -> Result<(), Failure> {
        self.fill_for(PERSON, list, first, times).await
    }

    /// The same, where the inbox is somebody else's.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(crate) async fn fill_for(
        &self,
        person: &'static str,
        list: List,
        first: usize,
        times: &[i64],
    ) -> Result<(), Failure> {
        let progress = Arc::new(Progress::of(list, times.len()));
        let part = times.len().div_ceil(available_parallelism()?.get()).max(1);
        let makers = times.chunks(part).enumerate().map(|(place, times)| {
            let (maker, progress) = (Arc::clone(&self.maker), Arc::clone(&progress));
            let (first, times) = (first + place * part, times.to_vec());
            spawn_blocking(move || {
                let thread = runtime::Builder::new_current_thread().enable_all().build()?;
                thread.block_on(maker.make_all(person, list, first, &times, &progress))
            })
        });
        try_join_all(makers).await?.into_iter().collect()
    }
}

impl Maker {
    async fn make_all(
        &self,
        person: &'static str,
        list: List,
        first: usize,
        times: &[i64],
        progress: &Progress,
    ) -> Result<(), Failure> {
        for (number, at) in times.iter().enumerate() {
            self.make(person, list, first + number, &[*at]).await?;
            progress.tell();
        }
        Ok(())
    }

    /// A room in which the somebody of this number wrote at these times.
    async fn make(
        &self,
        person: &str,
        list: List,
        number: usize,
        times: &[i64],
    ) -> Result<RoomId, Failure> {
        let writer = self.seat(&format!("somebody-{number}"))?;
        let asker = Asker { me: writer.key.clone(), kind: PrincipalType::User, desk: None };
        let founding = match list {
            List::Inbox => Founding::by_pair(RoomKind::Direct, self.seat(person)?, writer),
            List::Queue => {
                Founding::by_asking(RoomKind::Support, writer, Seat::support_desk(&self.salt))
            }
        };
        let opened_at = Timestamp::from_millis(times.first().copied().unwrap_or_default());
        let opened = self.store.open(&founding, &asker, opened_at).await?;
        let room = opened.ok_or("a room of others")?.room.room;
        let draft = Draft::new(room.kind(), MessageType::Text, BODY.into(), None, None)
            .map_err(|bad| format!("{bad:?}"))?;
        for at in times.iter().copied().map(Timestamp::from_millis) {
            let sender = Sender {
                asker: &asker,
                member_id: "",
                is_system: false,
                rate: None,
                in_dialect: false,
                sent_at: None,
            };
            let clock = Clock::from_fn(move || at);
            self.store.append(room, sender, &draft, false, &clock).await?;
        }
        Ok(room)
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
    made: AtomicUsize,
    began: Instant,
}

impl Progress {
    fn of(list: List, rooms: usize) -> Self {
        Self { list, rooms, made: AtomicUsize::new(0), began: Instant::now() }
    }

    fn tell(&self) {
        let made = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        // Of few rooms there is nothing to tell.
        let step = (self.rooms / 5).max(1_000);
        if made.is_multiple_of(step) || (made == self.rooms && made >= 1_000) {
            let (list, rooms, seconds) = (self.list.name(), self.rooms, self.began.elapsed());
            eprintln!("bench: {list}: {made} of {rooms} rooms made, {} s", seconds.as_secs());
        }
    }
}
