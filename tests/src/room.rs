//! Rooms, pages of their logs and of an inbox, as they came back.

use serde_json::Value;

/// A room as the API showed it.
#[derive(Clone, Debug)]
pub struct Room {
    /// The id.
    pub id: String,
    /// The name of its channel.
    pub channel: String,
    /// Everything.
    pub json: Value,
}

impl Room {
    /// A path below the room's: `room.path("/messages")`.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/rooms/{}{rest}", self.id)
    }
}

impl From<Value> for Room {
    fn from(json: Value) -> Self {
        let text = |key: &str| json[key].as_str().unwrap_or_else(|| panic!("no {key}: {json}"));
        Self { id: text("id").to_owned(), channel: text("channel").to_owned(), json }
    }
}

/// A page of a room's log.
#[derive(Clone, Debug)]
pub struct Page {
    /// The messages, ascending.
    pub messages: Vec<Value>,
    /// The room's highest slot.
    pub head: u64,
    /// Whether there is more.
    pub has_more: bool,
}

impl Page {
    /// The slots on the page.
    pub fn seqs(&self) -> Vec<u64> {
        self.messages.iter().map(|message| message["seq"].as_u64().expect("a seq")).collect()
    }

    /// The texts on the page.
    pub fn bodies(&self) -> Vec<&str> {
        self.messages.iter().filter_map(|message| message["body"].as_str()).collect()
    }
}

impl From<Value> for Page {
    fn from(json: Value) -> Self {
        assert!(json["rev"].is_u64(), "no rev: {json}");
        Self {
            messages: json["messages"].as_array().expect("messages").clone(),
            head: json["head"].as_u64().expect("a head"),
            has_more: json["has_more"].as_bool().expect("has_more"),
        }
    }
}

/// A page of an inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// The rooms, latest activity first.
    pub rooms: Vec<Room>,
    /// What to ask for the next page with.
    pub next: Option<String>,
}

impl Inbox {
    /// The rooms' ids.
    pub fn ids(&self) -> Vec<&str> {
        self.rooms.iter().map(|room| room.id.as_str()).collect()
    }
}

impl From<Value> for Inbox {
    fn from(json: Value) -> Self {
        let rooms = json["rooms"].as_array().expect("rooms").iter().cloned().map(Room::from);
        let next = match &json["next"] {
            Value::Null => None,
            next => Some(next.as_str().expect("a text or null").to_owned()),
        };
        assert!(json.as_object().is_some_and(|page| page.contains_key("next")), "no next: {json}");
        Self { rooms: rooms.collect(), next }
    }
}
