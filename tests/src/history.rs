//! What clients know of a room, against its log: the part that decides, without a network.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use serde_json::Value;

/// What a finding says was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Something that was answered is not there.
    Lost,
    /// Something is there twice.
    Doubled,
    /// Something stands at another place than it was told, or than what was answered before it.
    OutOfOrder,
    /// A listener holds something else than the log and does not know it.
    Gap,
    /// Somebody got what was not for it.
    Leak,
    /// A count, a preview or a mark is wrong, or something was answered that should not be.
    Wrong,
}

/// One thing that is not as promised.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was broken.
    pub broken: Broken,
    /// What was seen.
    pub what: String,
}

impl Finding {
    /// A finding.
    pub fn new(broken: Broken, what: impl Into<String>) -> Self {
        Self { broken, what: what.into() }
    }
}

/// A post as its client saw it.
#[derive(Clone, Debug)]
pub struct Post {
    /// Its number in the room: its client id and its text hold it.
    pub number: u32,
    /// Where it was answered to stand; nowhere if it was given up.
    pub seq: Option<u64>,
    /// The highest place that anybody was answered before it began.
    pub floor: u64,
}

/// An edit, a deletion or a reaction that was answered.
#[derive(Clone, Debug)]
pub struct Change {
    /// The message's place.
    pub seq: u64,
    /// The revision that the answer told.
    pub rev: u64,
    /// What it did.
    pub made: Made,
}

/// What an answered change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// The message has another text.
    Edit,
    /// It has none any more.
    Deletion,
    /// It has this emoji.
    Reaction(&'static str),
}

/// What stands at a place of a log.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The place.
    pub seq: u64,
    /// What is there.
    pub is: Is,
}

/// A message, none, or none yet.
#[derive(Clone, Debug)]
pub enum Is {
    /// A message.
    Message(Message),
    /// None, for ever.
    Void,
    /// None yet.
    Pending,
}

/// What matters of a message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The post's number; `None` where the message neither has a client id nor a text any more.
    pub number: Option<u32>,
    /// The room's revision when it became what it is.
    pub rev: u64,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The text.
    pub body: Option<String>,
    /// What was put to it.
    pub emoji: Vec<String>,
    /// A hash of all that is the same for every reader.
    pub digest: u64,
}

impl Slot {
    /// Reads what the API or an event shows.
    pub fn of(json: &Value) -> Option<Self> {
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
    pub fn message(&self) -> Option<&Message> {
        match &self.is {
            Is::Message(message) => Some(message),
            _ => None,
        }
    }

    /// The same for everybody who holds the same.
    pub fn digest(&self) -> u64 {
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
pub fn client_id(seed: u64, room: u32, number: u32) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(seed) << 64 | u128::from(room) << 32 | u128::from(number))
}

/// Which room's post has this client id, and its number.
fn number_in(id: uuid::Uuid) -> (u32, u32) {
    let low = id.as_u128();
    #[allow(clippy::cast_possible_truncation, reason = "a part of it is meant")]
    ((low >> 32) as u32, low as u32)
}

/// Whether the log is one that explains everything that its clients were told.
pub fn check(posts: &[Post], changes: &[Change], log: &[Slot]) -> Vec<Finding> {
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
mod tests;
