//! Dialects: the words of other chat systems, for apps that were written for them.
//!
//! A dialect belongs to a kind of room. In a room that was opened, listed, joined or written to through one, each event
//! that it has a word for is told twice in the same call to the relay: on the canonical channels in
//! Parlour's words, and on the dialect's own channels in its. Those are private too, and as encrypted as
//! the room's own.
//!
//! To remove a dialect, delete its file here and its line in the list below, and its file of routes and
//! its line in the router of the function `dialects`.

pub mod direct;
pub mod exchange;
pub mod marketplace;
pub mod support;
pub mod threads;

use serde_json::{Value, json};

use crate::domain::{event::Event, principal::Principal, room::RoomKind};

/// Every dialect: one for a kind of room at most.
pub const ALL: &[&Dialect] = &[
    &direct::DIALECT,
    &exchange::DIALECT,
    &marketplace::DIALECT,
    &support::DIALECT,
    &threads::DIALECT,
];

/// What sets a dialect apart. The names of its channels are what its clients know, behind `private-` or, of
/// rooms that the relay must not read, `private-encrypted-`.
#[derive(Debug)]
pub struct Dialect {
    /// The rooms in which it is spoken.
    pub kind: RoomKind,
    /// A room's channel: this, and the room's id.
    pub room: &'static str,
    /// A principal's channel, if it has one: this, and the principal's key.
    pub user: Option<&'static str>,
    /// The support desk's channel, if it has one.
    pub desk: Option<&'static str>,
    /// How it tells an event, if it has a word for it.
    pub words: fn(&Event) -> Option<Words>,
}

/// An event in a dialect's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The name that clients bind to.
    pub name: &'static str,
    /// An object.
    pub data: Value,
}

impl Words {
    fn new(name: &'static str, data: Value) -> Option<Self> {
        Some(Self { name, data })
    }
}

impl Dialect {
    /// The dialect of a kind of room, if it has one.
    pub fn of(kind: RoomKind) -> Option<&'static Self> {
        ALL.iter().copied().find(|dialect| dialect.kind == kind)
    }

    /// An event as it goes out: its name and its data, at most `limit` bytes of JSON. One that would be
    /// longer goes without the text, and says so: `truncated`, and under which `seq` it is to be fetched.
    pub fn tell(&self, event: &Event, limit: usize) -> Option<(&'static str, String)> {
        let Words { name, data } = (self.words)(event)?;
        let whole = data.to_string();
        if whole.len() <= limit && event.cut_off().is_none() {
            return Some((name, whole));
        }
        let event = event.truncated();
        let Words { name, mut data } = (self.words)(&event)?;
        if let Some(seq) = event.cut_off() {
            data["truncated"] = json!(true);
            data["seq"] = json!(seq);
        }
        Some((name, data.to_string()))
    }
}

/// A member's id as the application knows it: without the type of account that a room's ids may begin
/// with. An alias is nobody's, and stays.
pub fn plain_id(member_id: &str) -> String {
    Principal::parse_member_id(member_id).map_or_else(|| member_id.to_owned(), |who| who.id)
}

/// What a dialect says of the text of a message: nothing of one that was deleted.
fn text(body: Option<&str>) -> &str {
    body.unwrap_or_default()
}
