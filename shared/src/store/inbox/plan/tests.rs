//! Plans carried out in worlds of made-up rooms, and compared with a sort of everything.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::*;
use crate::domain::{ids::Salt, room::RoomKind};

const MINUTE: i64 = 60_000;

/// Rooms, and the indexes that list them.
#[derive(Default)]
struct World {
    widths: Vec<i64>,
    /// Of each source, in the order in which the index has them.
    entries: Vec<Vec<Entry>>,
    /// When each room was last active; `None` of those that the list does not keep.
    rooms: BTreeMap<RoomId, Option<i64>>,
}

/// A page, and what it took.
#[derive(Debug, Default)]
struct Page {
    rooms: Vec<RoomId>,
    next: Option<Cursor>,
    read: usize,
    looked_at: usize,
    rounds: usize,
}

impl World {
    fn of(widths: &[i64]) -> Self {
        let entries = vec![Vec::new(); widths.len()];
        Self { widths: widths.to_vec(), entries, rooms: BTreeMap::new() }
    }

    /// Opens a room that is listed where it belongs.
    fn add(&mut self, source: usize, at: i64) -> RoomId {
        let number = self.rooms.len() as u64;
        let room = RoomId::derive(
            &Salt::from_bytes([7; 32]),
            RoomKind::Direct,
            &[&number.to_be_bytes()],
            0,
        );
        let start = at - at % self.widths[source];
        self.rooms.insert(room, Some(at));
        let entries = &mut self.entries[source];
        entries.push(Entry { start, room, fits: true });
        // Within a bucket an index has some order that means nothing.
        let order = |entry: &Entry| (entry.start, entry.room.as_bytes()[9], entry.room);
        entries.sort_by_key(|entry| std::cmp::Reverse(order(entry)));
        room
    }

    /// What the list should be.
    fn sorted(&self) -> Vec<RoomId> {
        let fits = |room: &RoomId| self.entries.iter().flatten().any(|e| e.room == *room && e.fits);
        let rooms =
            self.rooms.iter().filter_map(|(room, at)| Some((std::cmp::Reverse((*at)?), *room)));
        let mut rooms: Vec<_> = rooms.filter(|(_, room)| fits(room)).collect();
        rooms.sort_unstable();
        rooms.into_iter().map(|(_, room)| room).collect()
    }

    /// What a source reads, and whether that is its end.
    fn read(&self, source: usize, begin: Begin, read: usize, limit: usize) -> (Vec<Entry>, bool) {
        let entries = &self.entries[source];
        let from = match begin {
            Begin::Top => 0,
            Begin::AtMost(most) => entries.partition_point(|entry| entry.start > most),
            Begin::Within { start, after: None } => {
                entries.partition_point(|entry| entry.start > start)
            }
            Begin::Within { after: Some(room), .. } => {
                1 + entries.iter().position(|entry| entry.room == room).expect("a room that stays")
            }
        };
        let rest: Vec<Entry> = match begin {
            Begin::Within { start, .. } => {
                entries[from..].iter().copied().take_while(|entry| entry.start == start).collect()
            }
            _ => entries[from..].to_vec(),
        };
        let batch: Vec<Entry> = rest.iter().copied().skip(read).take(limit).collect();
        let finished = read + batch.len() == rest.len() && batch.len() < limit;
        (batch, finished)
    }

    fn page(&self, limit: usize, cursor: Option<Cursor>) -> Page {
        let mut plan = Plan::new(&self.widths, limit, cursor);
        let mut read = vec![0; self.widths.len()];
        let mut page = Page::default();
        loop {
            page.rounds += 1;
            assert!(page.rounds < 100, "a page without an end");
            match plan.step() {
                Step::Read(asked) => {
                    for (source, limit) in asked {
                        let begin = plan.begin(source);
                        let (batch, finished) = self.read(source, begin, read[source], limit);
                        read[source] += batch.len();
                        page.read += batch.len();
                        plan.took(source, batch, finished);
                    }
                }
                Step::Look { rooms, .. } => {
                    page.looked_at += rooms.len();
                    for room in rooms {
                        plan.looked(room, self.rooms[&room]);
                    }
                }
                Step::Show { rooms, next } => return Page { rooms, next, ..page },
            }
        }
    }

    /// All pages, whose cursors go through their text; each sees the world as `change` leaves it.
    fn pages(&mut self, limit: usize, mut change: impl FnMut(&mut Self)) -> Vec<Page> {
        let mut pages: Vec<Page> = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.page(limit, cursor);
            assert!(page.rooms.len() <= limit);
            cursor = page.next.clone();
            pages.push(page);
            let Some(next) = &cursor else { return pages };
            assert_eq!(next.to_string().parse().as_ref(), Ok(next));
            assert!(pages.len() < 3 * self.rooms.len() + 100, "pages without an end");
            change(self);
        }
    }

    fn listed(&mut self, limit: usize) -> Vec<RoomId> {
        self.pages(limit, |_| ()).into_iter().flat_map(|page| page.rooms).collect()
    }
}

/// A world of one to four sources whose rooms are scattered or crowded.
fn random_world(rng: &mut Rng) -> World {
    let widths = [MINUTE, 5 * MINUTE, 60 * MINUTE, 7];
    let widths: Vec<i64> = (0..rng.usize(1..=4)).map(|_| widths[rng.usize(0..4)]).collect();
    let mut world = World::of(&widths);
    let span = [50, 10 * MINUTE, 300 * MINUTE, 100_000 * MINUTE][rng.usize(0..4)];
    for _ in 0..rng.usize(0..300) {
        world.add(rng.usize(0..widths.len()), 1_000_000_000_000 + rng.i64(0..span));
    }
    world
}

fn any_limit(rng: &mut Rng) -> usize {
    [1, 2, 7, 20, 50, 100, 300][rng.usize(0..7)]
}

#[test]
fn pages_of_any_size_list_every_room_once_in_exact_order() {
    let mut rng = Rng::with_seed(1);
    for world in 0..300 {
        let (mut rooms, limit) = (random_world(&mut rng), any_limit(&mut rng));
        assert_eq!(rooms.listed(limit), rooms.sorted(), "world {world}, limit {limit}");
    }
}

/// Every page but the last is full, as long as nothing is left out and no bucket is too full.
#[test]
fn pages_are_full() {
    let mut rng = Rng::with_seed(2);
    for _ in 0..100 {
        let (mut rooms, limit) = (random_world(&mut rng), any_limit(&mut rng));
        let pages = rooms.pages(limit, |_| ());
        let (last, full) = pages.split_last().expect("a page");
        assert!(full.iter().all(|page| page.rooms.len() == limit));
        assert!(pages.len() == 1 || !last.rooms.is_empty());
    }
}

#[test]
fn a_bucket_of_five_hundred_rooms_is_in_exact_order() {
    let mut rng = Rng::with_seed(3);
    for limit in [7, 50, 100] {
        let mut world = World::of(&[MINUTE, 5 * MINUTE]);
        for bucket in 20..23 {
            for _ in 0..MOST {
                world.add(0, bucket * MINUTE + rng.i64(0..MINUTE));
            }
            world.add(1, bucket * MINUTE + rng.i64(0..MINUTE));
        }
        assert_eq!(world.listed(limit), world.sorted(), "limit {limit}");
    }
}

/// Buckets of more than five hundred rooms, of one source or of several, wide and narrow, with
/// others around them: each room once, and outside of those buckets nothing out of order.
#[test]
fn buckets_that_are_too_full_are_listed_once() {
    let mut rng = Rng::with_seed(4);
    for widths in [&[MINUTE][..], &[5 * MINUTE, 5 * MINUTE], &[5 * MINUTE, 60 * MINUTE, MINUTE]] {
        let mut world = World::of(widths);
        let crowd = 600 * MINUTE;
        for source in 0..widths.len() {
            for _ in 0..[1_200, 501][source.min(1)] {
                world.add(source, crowd + rng.i64(0..widths[source]));
            }
            for _ in 0..60 {
                world.add(source, rng.i64(0..1_200 * MINUTE));
            }
        }
        let sorted = world.sorted();
        for limit in [7, 50, 100] {
            let mut listed = world.listed(limit);
            let later = |room: &&RoomId| world.rooms[*room] >= Some(crowd + 60 * MINUTE);
            let before: Vec<_> = listed.iter().take_while(later).collect();
            assert_eq!(before, sorted.iter().filter(later).collect::<Vec<_>>());
            listed.sort_unstable();
            assert_eq!(listed, world.rooms.keys().copied().collect::<Vec<_>>(), "limit {limit}");
        }
    }
}

/// Within one run the order is exact.
#[test]
fn a_run_is_in_order() {
    let mut rng = Rng::with_seed(5);
    let mut world = World::of(&[MINUTE]);
    for _ in 0..MOST + 1 {
        world.add(0, rng.i64(0..MINUTE));
    }
    let listed = world.listed(50);
    let times: Vec<_> = listed.iter().map(|room| world.rooms[room]).collect();
    assert!(times[..MOST].is_sorted_by(|earlier, later| earlier >= later));
    assert_eq!(times.len(), MOST + 1);
}

/// The index lags: rooms are active anew, beyond their buckets, and stay where they were listed.
#[test]
fn rooms_that_move_while_one_pages_are_not_missed() {
    let mut rng = Rng::with_seed(6);
    for world in 0..200 {
        let (mut rooms, limit) = (random_world(&mut rng), any_limit(&mut rng));
        let ids: Vec<RoomId> = rooms.rooms.keys().copied().collect();
        let pages = rooms.pages(limit, |rooms| {
            if !ids.is_empty() {
                let room = ids[rng.usize(0..ids.len())];
                let at = rooms.rooms[&room].map(|at| at + rng.i64(60..400) * MINUTE);
                rooms.rooms.insert(room, at);
            }
        });
        let listed: BTreeSet<_> = pages.iter().flat_map(|page| &page.rooms).copied().collect();
        assert_eq!(listed.len(), ids.len(), "world {world}, limit {limit}");
    }
}

/// Whether HEAD is ahead of the index or was read too early: a list of which nothing moves any more
/// shows no room more than twice.
#[test]
fn rooms_that_are_listed_in_a_wrong_bucket_are_shown_once_or_twice() {
    let mut rng = Rng::with_seed(7);
    for world in 0..200 {
        let (mut rooms, limit) = (random_world(&mut rng), any_limit(&mut rng));
        for at in rooms.rooms.values_mut() {
            let by = if rng.bool() { rng.i64(-60 * MINUTE..60 * MINUTE) } else { 0 };
            *at = at.map(|at| at + by);
        }
        let mut times = BTreeMap::new();
        for room in rooms.listed(limit) {
            *times.entry(room).or_insert(0) += 1;
        }
        assert_eq!(times.len(), rooms.rooms.len(), "world {world}, limit {limit}");
        assert!(times.values().all(|times| *times <= 2), "world {world}, limit {limit}");
    }
}

/// Rooms of another kind, and those that the caller refuses after a look.
#[test]
fn what_is_not_wanted_is_left_out_and_no_page_looks_for_ever() {
    let mut rng = Rng::with_seed(8);
    for world in 0..100 {
        let mut rooms = random_world(&mut rng);
        for _ in 0..rng.usize(0..1_500) {
            rooms.add(0, 1_000_000_000_000 + rng.i64(0..2_000 * MINUTE));
        }
        let (fits, kept) = (rng.f64(), rng.f64());
        for entry in rooms.entries.iter_mut().flatten() {
            entry.fits = rng.f64() < fits;
        }
        for at in rooms.rooms.values_mut() {
            *at = at.filter(|_| rng.f64() < kept);
        }
        let limit = any_limit(&mut rng).min(100);
        let pages = rooms.pages(limit, |_| ());
        let full = MOST + 2 * limit + SPARE;
        let sources = rooms.widths.len();
        for page in &pages {
            assert!(page.looked_at <= full + sources * MOST, "world {world}: {page:?}");
            assert!(
                page.read <= sources * (2 * MOST + 2 * limit + STEP),
                "world {world}: {page:?}"
            );
        }
        let mut listed: Vec<_> = pages.into_iter().flat_map(|page| page.rooms).collect();
        let mut sorted = rooms.sorted();
        let crowded = rooms.entries.iter().any(|entries| {
            entries.chunk_by(|a, b| a.start == b.start).any(|bucket| bucket.len() > MOST)
        });
        if crowded {
            listed.sort_unstable();
            sorted.sort_unstable();
        }
        assert_eq!(listed, sorted, "world {world}, limit {limit}");
    }
}

/// One round of reads and one of looks, and little more looked at than is shown.
#[test]
fn a_page_of_rooms_at_realistic_times_takes_two_rounds() {
    let mut world = World::of(&[MINUTE]);
    for i in 0..3_000 {
        world.add(0, i * 61_000);
    }
    for page in world.pages(50, |_| ()) {
        assert!(page.rounds <= 3 && page.looked_at <= 50 && page.read <= 100, "{page:?}");
    }
}
