//! What became of all that was posted.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use crate::{
    Failure,
    peers::{
        feed::{Heard, What},
        stack::{Door, Place},
    },
};

/// A message that was posted, and answered at last.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) room: usize,
    pub(super) client_id: String,
    pub(super) began: Instant,
    pub(super) answered: Instant,
    /// How often there was an error in the place of an answer.
    pub(super) failures: usize,
}

/// How many messages it happened to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Answered, and not in the log.
    pub(super) lost: usize,
    /// In the log once more than once.
    pub(super) doubled: usize,
    /// Behind one that was posted only after this one was answered.
    pub(super) out_of_order: usize,
    /// In the log, and no event told of it.
    pub(super) not_told: usize,
    /// Of these: no later number told of a gap, and no new connection made a client fetch.
    pub(super) undetected: usize,
}

/// A message of a room's log.
#[derive(Clone, Debug)]
struct Entry {
    seq: u64,
    client_id: String,
}

/// Reads all logs, and judges.
///
/// # Errors
/// When a log cannot be read.
pub(super) async fn judge(
    door: &Door,
    places: &[Place],
    posts: &[Post],
    heard: &[Heard],
) -> Result<Verdict, Failure> {
    let mut sum = Verdict::default();
    for (room, place) in places.iter().enumerate() {
        let log = read(door, place).await?;
        let posts: Vec<&Post> = posts.iter().filter(|post| post.room == room).collect();
        let heard: Vec<&Heard> = heard.iter().filter(|heard| heard.room == room).collect();
        let one = judge_room(&log, &posts, &heard);
        sum.lost += one.lost;
        sum.doubled += one.doubled;
        sum.out_of_order += one.out_of_order;
        sum.not_told += one.not_told;
        sum.undetected += one.undetected;
    }
    Ok(sum)
}

fn judge_room(log: &[Entry], posts: &[&Post], heard: &[&Heard]) -> Verdict {
    let mut seqs: HashMap<&str, u64> = HashMap::new();
    for entry in log {
        // The first of several counts.
        seqs.entry(&entry.client_id).or_insert(entry.seq);
    }
    let lost = posts.iter().filter(|post| !seqs.contains_key(post.client_id.as_str())).count();
    let doubled = log.len() - seqs.len();

    let told: HashSet<u64> = heard.iter().filter_map(|heard| seq(heard)).collect();
    let by_id: HashMap<&str, &Post> =
        posts.iter().map(|post| (post.client_id.as_str(), *post)).collect();
    let (mut not_told, mut undetected) = (0, 0);
    for entry in log.iter().filter(|entry| !told.contains(&entry.seq)) {
        not_told += 1;
        let stored = by_id.get(entry.client_id.as_str()).map(|post| post.answered);
        let is_seen = heard.iter().any(|heard| match heard.what {
            What::Message { seq, .. } => seq.is_some_and(|seq| seq > entry.seq),
            What::Connected => stored.is_some_and(|stored| heard.at > stored),
        });
        undetected += usize::from(!is_seen);
    }
    Verdict { lost, doubled, out_of_order: out_of_order(posts, &seqs), not_told, undetected }
}

fn seq(heard: &Heard) -> Option<u64> {
    match heard.what {
        What::Message { seq, .. } => seq,
        What::Connected => None,
    }
}

/// How many messages stand before one that was answered before they were posted.
fn out_of_order(posts: &[&Post], seqs: &HashMap<&str, u64>) -> usize {
    let placed = |post: &&&Post| seqs.get(post.client_id.as_str()).copied();
    let mut answers: Vec<(Instant, u64)> =
        posts.iter().filter_map(|post| Some((post.answered, placed(&post)?))).collect();
    answers.sort_unstable();
    let mut begins: Vec<(Instant, u64)> =
        posts.iter().filter_map(|post| Some((post.began, placed(&post)?))).collect();
    begins.sort_unstable();
    let (mut answered, mut highest, mut wrong) = (answers.iter().peekable(), 0, 0);
    for (began, seq) in begins {
        while let Some((_, before)) = answered.next_if(|(at, _)| *at < began) {
            highest = highest.max(*before);
        }
        wrong += usize::from(seq < highest);
    }
    wrong
}

/// All messages of a room, oldest first.
async fn read(door: &Door, place: &Place) -> Result<Vec<Entry>, Failure> {
    let (mut log, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/rooms/{}/messages?limit=100{before}", place.room);
        let page = door.get(&path, &place.tokens[1]).await?;
        let page = page["messages"].as_array().ok_or("no messages")?;
        let Some(first) = page.iter().filter_map(|message| message["seq"].as_u64()).min() else {
            break;
        };
        log.extend(page.iter().filter_map(|message| {
            let client_id = message["client_id"].as_str()?.to_owned();
            Some(Entry { seq: message["seq"].as_u64()?, client_id })
        }));
        if first <= 1 {
            break;
        }
        before = format!("&before={first}");
    }
    log.sort_unstable_by_key(|entry| entry.seq);
    Ok(log)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn post(client_id: &str, from: u64, until: u64, start: Instant) -> Post {
        let at = |ms| start + Duration::from_millis(ms);
        let client_id = client_id.to_owned();
        Post { room: 0, client_id, began: at(from), answered: at(until), failures: 0 }
    }

    fn entry(seq: u64, client_id: &str) -> Entry {
        Entry { seq, client_id: client_id.into() }
    }

    fn message(seq: u64, at: Instant) -> Heard {
        let what = What::Message { client_id: String::new(), seq: Some(seq) };
        Heard { room: 0, at, what }
    }

    fn judged(log: &[Entry], posts: &[Post], heard: &[Heard]) -> Verdict {
        let (posts, heard): (Vec<&Post>, Vec<&Heard>) =
            (posts.iter().collect(), heard.iter().collect());
        judge_room(log, &posts, &heard)
    }

    #[test]
    fn what_is_stored_once_in_order_and_told_is_well() {
        let now = Instant::now();
        let posts = [post("a", 0, 1, now), post("b", 2, 3, now)];
        let log = [entry(1, "a"), entry(2, "b")];
        let heard = [message(1, now), message(2, now)];
        assert_eq!(judged(&log, &posts, &heard), Verdict::default());
    }

    #[test]
    fn each_fault_is_counted() {
        let now = Instant::now();
        let posts = [post("a", 0, 1, now), post("b", 2, 3, now), post("c", 4, 5, now)];
        let log = [entry(1, "b"), entry(2, "a"), entry(3, "a")];
        let heard = [message(1, now)];
        let expected = Verdict { lost: 1, doubled: 1, out_of_order: 1, not_told: 2, undetected: 2 };
        assert_eq!(judged(&log, &posts, &heard), expected);
    }

    #[test]
    fn a_later_number_and_a_later_connection_give_a_gap_away() {
        let now = Instant::now();
        let posts = [post("a", 0, 1, now), post("b", 2, 3, now)];
        let log = [entry(1, "a"), entry(2, "b")];
        assert_eq!(judged(&log, &posts, &[message(2, now)]).undetected, 0);
        let again =
            |ms| Heard { room: 0, at: now + Duration::from_millis(ms), what: What::Connected };
        assert_eq!(judged(&log, &posts, &[message(1, now), again(9)]).undetected, 0);
        assert_eq!(judged(&log, &posts, &[message(1, now), again(2)]).undetected, 1);
    }
}
