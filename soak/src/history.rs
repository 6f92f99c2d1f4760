//! What clients know of a room, against its log: the part that decides, without a network.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use serde_json::Value;

use crate::tally::{Broken, Finding};

/// A post as its client saw it.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// Its number in the room: its client id and its text hold it.
    pub(crate) number: u32,
    /// Where it was answered to stand; nowhere if it was given up.
    pub(crate) seq: Option<u64>,
    /// The highest place that anybody was answered before it began.
    pub(crate) floor: u64,
}

/// An edit, a deletion or a reaction that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) seq: u64,
    /// The revision that the answer told.
    pub(crate) rev: u64,
    pub(crate) made: Made,
}

/// What an answered change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Edit,
    Deletion,
    Reaction(&'static str),
}

/// What stands at a place of a log.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) seq: u64,
    pub(crate) is: Is,
}

/// A message, none, or none yet.
#[derive(Clone, Debug)]
pub(crate) enum Is {
    Message(Message),
    Void,
    Pending,
}

/// What matters of a message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The post's number; `None` where the message neither has a client id nor a text any more.
    pub(crate) number: Option<u32>,
    pub(crate) rev: u64,
    pub(crate) deleted: bool,
    pub(crate) body: Option<String>,
    pub(crate) emoji: Vec<String>,
    /// A hash of all that is the same for every reader.
    pub(crate) digest: u64,
}

impl Slot {
    /// Reads what the API or an event shows.
    pub(crate) fn of(json: &Value) -> Option<Self> {
        let seq = json["seq"].as_u64()?;
        let is = if json["void"] == true {
            Is::Void
        } else if json["pending"] == true {
            Is::Pending
        } else {
            Is::Message(Message::of(json)?)
        };
        Some(Self { seq, is })
    }

    /// The message, if one stands here.
    pub(crate) fn message(&self) -> Option<&Message> {
        match &self.is {
            Is::Message(message) => Some(message),
            _ => None,
        }
    }

    /// The same for everybody who holds the same.
    pub(crate) fn digest(&self) -> u64 {
        self.message().map_or(0, |message| message.digest)
    }
}

impl Message {
    fn of(json: &Value) -> Option<Self> {
        let body = json["body"].as_str().map(ToOwned::to_owned);
        let id = json["client_id"].as_str().and_then(|id| uuid::Uuid::parse_str(id).ok());
        let of_body = || body.as_deref()?.split(' ').next()?.parse().ok();
        let number = id.map(|id| number_in(id).1).or_else(of_body);
        let reactions = json["reactions"].as_array()?;
        let emoji = reactions.iter().filter_map(|r| r["emoji"].as_str().map(ToOwned::to_owned));
        let mut hasher = DefaultHasher::new();
        for key in
            ["id", "sender_id", "sender_type", "client_id", "body", "edited_at", "deleted_at"]
        {
            json[key].as_str().hash(&mut hasher);
        }
        json["rev"].as_u64().hash(&mut hasher);
        for reaction in reactions {
            (reaction["emoji"].as_str(), reaction["count"].as_u64()).hash(&mut hasher);
        }
        Some(Self {
            number,
            rev: json["rev"].as_u64()?,
            deleted: json["deleted_at"].is_string(),
            body,
            emoji: emoji.collect(),
            digest: hasher.finish(),
        })
    }
}

/// The client id of a room's post.
pub(crate) fn client_id(seed: u64, room: u32, number: u32) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(seed) << 64 | u128::from(room) << 32 | u128::from(number))
}

/// Which room's post has this client id, and its number.
fn number_in(id: uuid::Uuid) -> (u32, u32) {
    let low = id.as_u128();
    #[allow(clippy::cast_possible_truncation, reason = "a part of it is meant")]
    ((low >> 32) as u32, low as u32)
}

/// Whether the log is one that explains everything that its clients were told.
pub(crate) fn check(posts: &[Post], changes: &[Change], log: &[Slot]) -> Vec<Finding> {
    let mut found = Vec::new();
    check_order(log, &mut found);
    check_posts(posts, log, &mut found);
    check_changes(changes, log, &mut found);
    found
}

/// I2: dense from 1, and nothing open.
fn check_order(log: &[Slot], found: &mut Vec<Finding>) {
    for (slot, expected) in log.iter().zip(1..) {
        if slot.seq != expected {
            let what = format!("{} stands where {expected} should", slot.seq);
            found.push(Finding::new(Broken::OutOfOrder, what));
            return;
        }
        if matches!(slot.is, Is::Pending) {
            found.push(Finding::new(Broken::Lost, format!("slot {} stays open", slot.seq)));
        }
    }
}

/// I1, I3, and I2 in real time.
fn check_posts(posts: &[Post], log: &[Slot], found: &mut Vec<Finding>) {
    let known: BTreeMap<u32, &Post> = posts.iter().map(|post| (post.number, post)).collect();
    let mut places: BTreeMap<u32, u64> = BTreeMap::new();
    for slot in log {
        let Some(number) = slot.message().and_then(|message| message.number) else { continue };
        if let Some(first) = places.insert(number, slot.seq) {
            let what = format!("post {number} stands at {first} and at {}", slot.seq);
            found.push(Finding::new(Broken::Doubled, what));
        }
        if !known.contains_key(&number) {
            let what = format!("nobody posted {number}, which stands at {}", slot.seq);
            found.push(Finding::new(Broken::Wrong, what));
        }
    }
    for (post, seq) in posts.iter().filter_map(|post| Some((post, post.seq?))) {
        let slot = usize::try_from(seq).ok().and_then(|at| log.get(at.checked_sub(1)?));
        let message = slot.and_then(Slot::message);
        let is_there = message
            .is_some_and(|m| m.number == Some(post.number) || m.number.is_none() && m.deleted);
        if !is_there {
            let what = format!("{post:?} is not at its place: {slot:?}");
            found.push(Finding::new(Broken::Lost, what));
        }
        if seq <= post.floor {
            let what = format!("{post:?} began after {} was answered", post.floor);
            found.push(Finding::new(Broken::OutOfOrder, what));
        }
    }
}

/// I5, where it is about the log: what was answered to be changed is changed, and the deleted stays so.
fn check_changes(changes: &[Change], log: &[Slot], found: &mut Vec<Finding>) {
    for change in changes {
        let slot = usize::try_from(change.seq).ok().and_then(|at| log.get(at.checked_sub(1)?));
        let holds = slot.and_then(Slot::message).is_some_and(|message| {
            message.rev >= change.rev
                && match &change.made {
                    Made::Edit => true,
                    Made::Deletion => message.deleted && message.body.is_none(),
                    Made::Reaction(emoji) => {
                        message.deleted || message.emoji.iter().any(|found| found == emoji)
                    }
                }
        });
        if !holds {
            found.push(Finding::new(Broken::Lost, format!("{change:?} is lost: {slot:?}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slot(seq: u64, number: u32) -> Slot {
        let message = json!({
            "seq": seq, "id": format!("m{seq}"), "rev": 0, "reactions": [], "body": format!("{number} words"),
            "client_id": client_id(7, 3, number),
        });
        Slot::of(&message).expect("a message")
    }

    fn post(number: u32, seq: u64, floor: u64) -> Post {
        Post { number, seq: Some(seq), floor }
    }

    fn broken(posts: &[Post], log: &[Slot]) -> Vec<Broken> {
        check(posts, &[], log).iter().map(|finding| finding.broken).collect()
    }

    #[test]
    fn a_log_that_holds_every_post_once_and_in_order_is_good() {
        let given_up = Post { number: 9, seq: None, floor: 1 };
        let void = Slot { seq: 3, is: Is::Void };
        let posts = [post(1, 1, 0), post(2, 2, 1), given_up];
        assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), void.clone()]), []);
        // Whoever gave up may have been heard all the same.
        assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), void, slot(4, 9)]), []);
    }

    #[test]
    fn what_is_lost_doubled_moved_or_nobodys_is_told() {
        let posts = [post(1, 1, 0), post(2, 2, 0)];
        let void = Slot { seq: 2, is: Is::Void };
        assert_eq!(broken(&posts, &[slot(1, 1), void.clone()]), [Broken::Lost]);
        assert_eq!(broken(&posts, &[slot(1, 1)]), [Broken::Lost]);
        assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), slot(3, 2)]), [Broken::Doubled]);
        assert_eq!(broken(&posts, &[slot(1, 2), slot(2, 1)]), [Broken::Lost, Broken::Lost]);
        assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), slot(3, 8)]), [Broken::Wrong]);
        assert_eq!(broken(&[post(1, 1, 1)], &[slot(1, 1)]), [Broken::OutOfOrder]);
        assert_eq!(
            broken(&[post(1, 1, 0)], &[slot(1, 1), slot(3, 1)]).first(),
            Some(&Broken::OutOfOrder)
        );
        let open = Slot { seq: 1, is: Is::Pending };
        assert_eq!(broken(&[], &[open]), [Broken::Lost]);
    }

    #[test]
    fn a_change_that_is_not_there_is_told() {
        let mut deleted = slot(1, 1);
        let made = [Made::Edit, Made::Deletion, Made::Reaction("\u{1f381}")];
        let changes = made.map(|made| Change { seq: 1, rev: 1, made });
        assert_eq!(check(&[post(1, 1, 0)], &changes, &[deleted.clone()]).len(), 3);
        if let Is::Message(message) = &mut deleted.is {
            (message.rev, message.deleted, message.body) = (3, true, None);
        }
        assert_eq!(check(&[post(1, 1, 0)], &changes, &[deleted]).len(), 0);
    }

    #[test]
    fn whoever_holds_another_text_holds_another_digest() {
        assert_eq!(slot(1, 1).digest(), slot(1, 1).digest());
        assert_ne!(slot(1, 1).digest(), slot(1, 2).digest());
    }
}
