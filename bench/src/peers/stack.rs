//! A chat that runs: its programs, and how clients open rooms, post and listen there.

mod door;
mod launch;

use std::ops::Deref;

use reqwest::{Client, Method};
use serde_json::json;
use uuid::Uuid;

pub(super) use self::door::{Answered, Door};
use self::launch::{Launched, launch};
use super::{app::App, feed::Ear, ground::Ground, textbook, wire::Dynamo};
use crate::{Failure, PATIENCE, site::text};

/// Whose chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    /// This project's local program.
    Parlour,
    /// socket.io, Express and PostgreSQL.
    SocketIo,
    /// The textbook's design of DynamoDB, in Rust.
    TextbookRust,
    /// The same as a Lambda handler in Node, behind HTTP.
    TextbookNode,
    /// Matrix's reference server.
    Synapse,
}

/// The two who talk in a room.
pub(super) const TWO: [&str; 2] = ["alice", "bob"];

/// A room, and the tokens of its two.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) room: String,
    channel: String,
    pub(super) tokens: [String; 2],
}

/// The running chat.
pub(super) struct Stack {
    /// The program that answers, and that is killed.
    pub(super) app: App,
    /// What it needs besides.
    support: Vec<App>,
    pub(super) door: Door,
    /// Where events are heard.
    ear_port: u16,
    /// Where the textbook's rows are put.
    dynamo: Option<Dynamo>,
    /// Where it says what its store refused.
    counts: Option<String>,
}

impl Deref for Stack {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Stack {
    /// Starts everything.
    ///
    /// # Errors
    /// When something does not start.
    pub(super) async fn start(peer: Peer, ground: &Ground) -> Result<Self, Failure> {
        let Launched { app, support, address, ear_port, dynamo, counts } =
            launch(peer, ground).await?;
        let http = Client::builder().no_proxy().tcp_nodelay(true).timeout(PATIENCE).build()?;
        let counts = counts.map(|counts| format!("http://{counts}/"));
        let base = format!("http://{address}");
        let door = Door { peer, base, http };
        Ok(Self { app, support, door, ear_port, dynamo, counts })
    }

    /// A new room of two.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn open(&self, number: usize) -> Result<Place, Failure> {
        let names = TWO.map(|name| format!("{name}-{number}"));
        let [alice, bob] = [names[0].as_str(), names[1].as_str()];
        let tokens = [alice, bob].map(token);
        let id = format!("room-{number}-{}", Uuid::new_v4().simple());
        let channel = format!("private-room-{id}");
        match self.peer {
            Peer::Parlour => {
                let asked = json!({ "kind": "direct", "with": bob });
                let room = self.calls(Method::POST, "/v1/rooms", &tokens[0], Some(&asked)).await?;
                let (room, channel) =
                    (text(&room, "id")?.to_owned(), text(&room, "channel")?.to_owned());
                Ok(Place { room, channel, tokens })
            }
            Peer::SocketIo => {
                let asked = json!({ "id": id, "members": [alice, bob] });
                self.calls(Method::POST, "/bench/rooms", "", Some(&asked)).await?;
                Ok(Place { room: id, channel, tokens })
            }
            Peer::TextbookRust | Peer::TextbookNode => {
                textbook::open_room(self.dynamo()?, &id, &[alice, bob]).await?;
                Ok(Place { room: id, channel, tokens })
            }
            Peer::Synapse => self.opens_at_matrix([alice, bob]).await,
        }
    }

    /// How it is listened to.
    pub(super) fn ear(&self, place: &Place) -> Ear {
        let (port, token) = (self.ear_port, place.tokens[1].clone());
        match self.peer {
            Peer::SocketIo => Ear::SocketIo { port, room: place.room.clone(), token },
            Peer::Synapse => {
                Ear::Matrix { base: self.base.clone(), room: place.room.clone(), token }
            }
            _ => Ear::Pusher { port, channel: place.channel.clone() },
        }
    }

    /// The CPU time of all its programs so far, in seconds.
    pub(super) fn cpu_seconds(&self) -> f64 {
        self.app.cpu_seconds() + self.support.iter().map(App::cpu_seconds).sum::<f64>()
    }

    /// How many calls its store refused so far because another was faster.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) async fn refused(&self) -> Result<u64, Failure> {
        let url = self.counts.as_ref().ok_or("this stack counts nothing")?;
        Ok(self.http.get(url).send().await?.text().await?.parse()?)
    }

    /// The store behind the textbook's design.
    ///
    /// # Errors
    /// When this is another design.
    pub(super) fn dynamo(&self) -> Result<&Dynamo, Failure> {
        self.dynamo.as_ref().ok_or_else(|| "no store of the textbook's".into())
    }

    async fn opens_at_matrix(&self, names: [&str; 2]) -> Result<Place, Failure> {
        let mut tokens = [String::new(), String::new()];
        for (token, name) in tokens.iter_mut().zip(names) {
            let name = format!("{name}-{}", Uuid::new_v4().simple());
            let asked = json!({
                "auth": { "type": "m.login.dummy" }, "username": name, "password": name,
            });
            let path = "/_matrix/client/v3/register";
            let account = self.calls(Method::POST, path, "", Some(&asked)).await?;
            *token = text(&account, "access_token")?.to_owned();
        }
        let asked = json!({ "preset": "public_chat" });
        let path = "/_matrix/client/v3/createRoom";
        let room = self.calls(Method::POST, path, &tokens[0], Some(&asked)).await?;
        let room = text(&room, "room_id")?.to_owned();
        let join = format!("/_matrix/client/v3/join/{room}");
        self.calls(Method::POST, &join, &tokens[1], Some(&json!({}))).await?;
        Ok(Place { channel: String::new(), room, tokens })
    }
}

/// A token of somebody.
pub(super) fn token(name: &str) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    tests::token::signed(&header, &tests::token::claims(name), tests::token::SECRET)
}
