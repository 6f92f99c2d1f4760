//! Somebody who calls the API.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Answer, Inbox, Listener, Page, Room, Site};

/// A caller, with the token it presents.
#[derive(Clone, Debug)]
pub struct User {
    /// The id in the token.
    pub id: String,
    site: Site,
    token: Option<String>,
}

impl User {
    pub(crate) fn new(site: Site, id: String, token: Option<String>) -> Self {
        Self { id, site, token }
    }

    /// A request with this caller's token, to be completed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.site.http().request(method, self.site.url(path));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request, which must be answered.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::to(request).await.expect("an answer")
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(with_json(self.request(Method::POST, path), &body)).await
    }

    /// `PUT` of a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(with_json(self.request(Method::PUT, path), &body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// `PATCH` of a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(with_json(self.request(Method::PATCH, path), &body)).await
    }

    /// Where this caller's requests go.
    pub fn site(&self) -> &Site {
        &self.site
    }
}

/// A request with a JSON body.
pub(crate) fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// An id as a part of a path, whatever its characters.
pub fn in_path(id: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    id.bytes().map(escape).collect()
}

/// What a caller does, in one sentence each. All of it must succeed.
impl User {
    /// Opens the room with another user, or finds it open.
    pub async fn opens_direct(&self, with: &str) -> Room {
        let answer = self.post("/v1/rooms", json!({ "kind": "direct", "with": with })).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        Room::from(answer.json)
    }

    /// Opens this caller's room with the support desk, or finds it open.
    pub async fn opens_support(&self) -> Room {
        let answer = self.post("/v1/rooms", json!({ "kind": "support" })).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        Room::from(answer.json)
    }

    /// Opens this caller's room about a listing, or finds it open.
    pub async fn opens_listing(&self, listing_id: &str) -> Room {
        let wanted = json!({ "kind": "listing", "listing_id": listing_id });
        let answer = self.post("/v1/rooms", wanted).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        Room::from(answer.json)
    }

    /// Tells, as the application's server, that a group was drawn, who gives to whom, and when it is
    /// revealed.
    pub async fn draws(&self, group: &str, reveal_at: &str, matches: Value) {
        let told = json!({ "name": "The family", "reveal_at": reveal_at, "matches": matches });
        self.put(&format!("/v1/groups/{}", in_path(group)), told).await.expect(200);
    }

    /// Opens the room with whom this caller drew in a group, whatever comes of it.
    pub async fn tries_to_open_match(&self, group: &str) -> Answer {
        self.post("/v1/rooms", json!({ "kind": "match", "group_id": group })).await
    }

    /// Opens the room with whom this caller drew in a group, or finds it open.
    pub async fn opens_match(&self, group: &str) -> Room {
        let answer = self.tries_to_open_match(group).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        Room::from(answer.json)
    }

    /// Opens a new room for this caller and these users.
    pub async fn opens_group(&self, members: &[&str]) -> Room {
        let group = json!({ "kind": "group", "members": members });
        Room::from(self.post("/v1/rooms", group).await.expect(201))
    }

    /// Adds users to a group, whatever comes of it.
    pub async fn adds(&self, room: &Room, members: &[&str]) -> Answer {
        self.post(&room.path("/members"), json!({ "members": members })).await
    }

    /// Removes a member of a group, or leaves it, whatever comes of it.
    pub async fn removes(&self, room: &Room, member_id: &str) -> Answer {
        self.delete(&room.path(&format!("/members/{}", in_path(member_id)))).await
    }

    /// The room as this caller sees it now.
    pub async fn sees(&self, room: &Room) -> Room {
        Room::from(self.get(&room.path("")).await.expect(200))
    }

    /// Posts a text; the answered message.
    pub async fn posts(&self, room: &Room, body: &str) -> Value {
        self.post(&room.path("/messages"), json!({ "body": body })).await.expect(201)
    }

    /// Posts texts one after another.
    pub async fn posts_all<T: AsRef<str>>(&self, room: &Room, bodies: impl IntoIterator<Item = T>) {
        for body in bodies {
            self.posts(room, body.as_ref()).await;
        }
    }

    /// Posts a text under a client id, whatever comes of it.
    pub async fn tries_to_post(&self, room: &Room, body: &str, client_id: Uuid) -> Answer {
        self.post(&room.path("/messages"), json!({ "body": body, "client_id": client_id })).await
    }

    /// Posts a text again that may have been posted before, whatever comes of it.
    pub async fn retries(&self, room: &Room, body: &str, client_id: Uuid) -> Answer {
        let message = json!({ "body": body, "client_id": client_id, "retry": true });
        self.post(&room.path("/messages"), message).await
    }

    /// Gives a message another text, whatever comes of it.
    pub async fn edits(&self, room: &Room, seq: u64, body: &str) -> Answer {
        self.patch(&room.path(&format!("/messages/{seq}")), json!({ "body": body })).await
    }

    /// Deletes a message, whatever comes of it.
    pub async fn deletes(&self, room: &Room, seq: u64) -> Answer {
        self.delete(&room.path(&format!("/messages/{seq}"))).await
    }

    /// Puts an emoji to a message, whatever comes of it.
    pub async fn reacts(&self, room: &Room, seq: u64, emoji: &str) -> Answer {
        let path = room.path(&format!("/messages/{seq}/reactions/{}", in_path(emoji)));
        self.send(self.request(Method::PUT, &path)).await
    }

    /// Takes an emoji back, whatever comes of it.
    pub async fn takes_back(&self, room: &Room, seq: u64, emoji: &str) -> Answer {
        self.delete(&room.path(&format!("/messages/{seq}/reactions/{}", in_path(emoji)))).await
    }

    /// What has changed in a room since a revision.
    pub async fn missed(&self, room: &Room, after_rev: u64) -> Value {
        self.get(&room.path(&format!("/changes?after_rev={after_rev}"))).await.expect(200)
    }

    /// The newest page of a room's log.
    pub async fn history(&self, room: &Room) -> Page {
        self.page(room, "").await
    }

    /// A page of a room's log: `?before=12&limit=5`.
    pub async fn page(&self, room: &Room, query: &str) -> Page {
        Page::from(self.get(&room.path(&format!("/messages{query}"))).await.expect(200))
    }

    /// The whole log of a room, read forwards in pages as a client does that catches up. Dense, or
    /// the test fails.
    pub async fn whole_log(&self, room: &Room) -> Vec<Value> {
        let mut log: Vec<Value> = Vec::new();
        loop {
            let query = format!("?after={}&limit=200", log.len());
            let page = self.page(room, &query).await;
            assert!(!page.has_more || !page.messages.is_empty(), "stuck behind slot {}", log.len());
            let expected: Vec<u64> = (log.len() as u64 + 1..).take(page.messages.len()).collect();
            assert_eq!(page.seqs(), expected, "the log is not dense");
            log.extend(page.messages);
            if !page.has_more {
                assert_eq!(log.len() as u64, page.head, "the log does not end at the head");
                return log;
            }
        }
    }

    /// Marks a room as read up to a message; what is left.
    pub async fn marks_read(&self, room: &Room, seq: u64) -> Value {
        self.put(&room.path("/read"), json!({ "seq": seq })).await.expect(200)
    }

    /// A page of this caller's rooms: `?limit=5`.
    pub async fn inbox(&self, query: &str) -> Inbox {
        Inbox::from(self.get(&format!("/v1/rooms{query}")).await.expect(200))
    }

    /// A page of the queue of this caller's desk: `?state=archived`.
    pub async fn desk(&self, query: &str) -> Inbox {
        Inbox::from(self.get(&format!("/v1/desk/rooms{query}")).await.expect(200))
    }

    /// The name of the channel of this caller's desk.
    pub async fn desk_channel(&self) -> String {
        self.me().await["desk_channel"].as_str().expect("a desk's channel").to_owned()
    }

    /// Opens a socket to the relay and subscribes to the channel of this caller's desk.
    pub async fn listens_to_desk(&self) -> Listener {
        let mut listener = self.connects().await;
        listener.subscribe(&self.desk_channel().await).await;
        listener
    }

    /// Changes a room's title, or how it is for this caller; the room then.
    pub async fn changes(&self, room: &Room, changes: Value) -> Room {
        Room::from(self.patch(&room.path(""), changes).await.expect(200))
    }

    /// What the API says of the caller.
    pub async fn me(&self) -> Value {
        self.get("/v1/me").await.expect(200)
    }

    /// A person as the API shows it to this caller, whatever comes of it.
    pub async fn looks_up(&self, id: &str) -> Answer {
        self.get(&format!("/v1/users/{}", in_path(id))).await
    }

    /// Tells, as the application's server, something of a person, whatever comes of it.
    pub async fn describes(&self, id: &str, person: Value) -> Answer {
        self.put(&format!("/v1/users/{}", in_path(id)), person).await
    }

    /// The ids of all whom a search finds, in its order.
    pub async fn finds(&self, q: &str) -> Vec<String> {
        let found = self.get(&format!("/v1/users?limit=100&q={}", in_path(q))).await.expect(200);
        let ids = found["users"].as_array().expect("users").iter();
        ids.map(|user| user["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Blocks a person.
    pub async fn blocks(&self, id: &str) {
        let answer =
            self.send(self.request(Method::PUT, &format!("/v1/blocks/{}", in_path(id)))).await;
        assert_eq!(answer.status, 204, "{answer}");
    }

    /// Takes a block back.
    pub async fn unblocks(&self, id: &str) {
        let answer = self.delete(&format!("/v1/blocks/{}", in_path(id))).await;
        assert_eq!(answer.status, 204, "{answer}");
    }

    /// The name of this caller's own channel.
    pub async fn own_channel(&self) -> String {
        self.me().await["channel"].as_str().expect("a channel").to_owned()
    }

    /// Asks for the right to listen to a channel, whatever comes of it.
    pub async fn asks_to_hear(&self, socket_id: &str, channel: &str) -> Answer {
        let ask = json!({ "socket_id": socket_id, "channel_name": channel });
        self.post("/v1/realtime/auth", ask).await
    }

    /// Asks for the right of a socket to be this caller's, whatever comes of it.
    pub async fn signs_in(&self, socket_id: &str) -> Answer {
        self.post("/v1/realtime/user", json!({ "socket_id": socket_id })).await
    }

    /// Opens a socket to the relay.
    pub async fn connects(&self) -> Listener {
        Listener::connect(self).await
    }

    /// Opens a socket to the relay and subscribes to a room.
    pub async fn listens_to(&self, room: &Room) -> Listener {
        let mut listener = self.connects().await;
        listener.subscribe(&room.channel).await;
        listener
    }

    /// Opens a socket to the relay and subscribes to this caller's own channel.
    pub async fn listens_to_own_channel(&self) -> Listener {
        let mut listener = self.connects().await;
        listener.subscribe(&self.own_channel().await).await;
        listener
    }
}
