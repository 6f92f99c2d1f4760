//! A chat that runs: its programs, and how clients open rooms, post and listen there.

mod launch;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

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
    pub(super) peer: Peer,
    /// The program that answers, and that is killed.
    pub(super) app: App,
    /// What it needs besides.
    support: Vec<App>,
    base: String,
    /// Where events are heard.
    ear_port: u16,
    /// Where the textbook's rows are put.
    dynamo: Option<Dynamo>,
    /// Where it says what its store refused.
    counts: Option<String>,
    http: Client,
}

/// What a post was answered.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answered {
    /// Whether the message is stored, as far as the one who posted can know.
    pub(super) fn is_stored(&self) -> bool {
        (200..300).contains(&self.status)
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
        Ok(Self { peer, app, support, base, ear_port, dynamo, counts, http })
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
                let (room, channel) = (text(&room, "id")?.to_owned(), text(&room, "channel")?.to_owned());
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
            Peer::Synapse => Ear::Matrix { base: self.base.clone(), room: place.room.clone(), token },
            _ => Ear::Pusher { port, channel: place.channel.clone() },
        }
    }

    /// One of the two posts.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn post(
        &self,
        place: &Place,
        who: usize,
        client_id: Uuid,
    ) -> Result<Answered, Failure> {
        let words = "Hello, how are you today?";
        let (method, path, body) = match self.peer {
            Peer::Synapse => (
                Method::PUT,
                format!("/_matrix/client/v3/rooms/{}/send/m.room.message/{client_id}", place.room),
                json!({ "msgtype": "m.text", "body": words, "client_id": client_id }),
            ),
            _ => (
                Method::POST,
                format!("/v1/rooms/{}/messages", place.room),
                json!({ "body": words, "client_id": client_id }),
            ),
        };
        let request = self.request(method, &path, &place.tokens[who], Some(&body));
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let body = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        Ok(Answered { status, body })
    }

    /// `GET` by the second of a room, which must be answered with 200.
    ///
    /// # Errors
    /// When it is not.
    pub(super) async fn get(&self, path: &str, token: &str) -> Result<Value, Failure> {
        self.calls(Method::GET, path, token, None).await
    }

    /// A call that prepares something.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) async fn prepare(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.calls(Method::POST, path, "", Some(body)).await
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

    async fn calls(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let answer = self.request(method, path, token, body).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request
    }
}

/// A token of somebody.
pub(super) fn token(name: &str) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    tests::token::signed(&header, &tests::token::claims(name), tests::token::SECRET)
}
