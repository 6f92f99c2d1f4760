//! Nothing is told before the disk has it: a request's calls of the store do not each wait for that, but its answer
//! does, and so does an event at the hub. A post so waits once.

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use shared::{error::Error, store::StoreError};

use crate::embedded::Ahead;

/// Answers leave these routes once all that they tell of is kept.
pub(crate) fn answers(routes: Router, ahead: Option<Ahead>) -> Router {
    match ahead {
        Some(ahead) => routes.layer(middleware::from_fn_with_state(ahead, answer)),
        None => routes,
    }
}

/// Requests come to these routes once all that they tell of is kept.
pub(crate) fn requests(routes: Router, ahead: Option<Ahead>) -> Router {
    match ahead {
        Some(ahead) => routes.layer(middleware::from_fn_with_state(ahead, request)),
        None => routes,
    }
}

async fn answer(State(ahead): State<Ahead>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match kept(&ahead).await {
        Ok(()) => response,
        Err(error) => error.into_response(),
    }
}

async fn request(State(ahead): State<Ahead>, request: Request, next: Next) -> Response {
    match kept(&ahead).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn kept(ahead: &Ahead) -> Result<(), Error> {
    ahead.kept().await.map_err(|failed| Error::Store(StoreError::Unavailable(failed.into())))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        net::{Ipv4Addr, SocketAddr},
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicUsize, Ordering},
        },
    };

    use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
    use serde_json::{Value, json};
    use shared::{
        config::{Features, Limits},
        domain::{retention::Retention, time::Clock},
    };
    use tokio::{net::TcpStream, sync::Mutex};
    use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

    use crate::{Local, LocalOptions, demo_hub_app, demo_tokens, embedded::Engine, hub};

    type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

    /// A program whose disk does what the test says, and counts.
    struct Program {
        local: Local,
        http: reqwest::Client,
        syncs: Arc<AtomicUsize>,
    }

    impl Program {
        async fn start(sync: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
            let syncs = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&syncs);
            let engine = Engine::memory().expect("an empty store").on_disk(Arc::new(move || {
                counted.fetch_add(1, Ordering::SeqCst);
                sync()
            }));
            let local = Local::start(LocalOptions {
                wire: Arc::new(engine),
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                relay: None,
                hub_app: demo_hub_app(),
                hub_api: None,
                relay_encryption: None,
                hub: hub::Settings::default(),
                features: Features { user_search: false, guests: false, presence: false },
                limits: Limits::NONE,
                retention: Retention::default(),
                mail: None,
                smtp: None,
                pages: None,
                outbox: None,
                app_webhooks: None,
                tokens: demo_tokens(),
                token_clock: Clock::system(),
            });
            let http = reqwest::Client::builder().no_proxy().build().expect("a client");
            Self { local: local.await.expect("it starts"), http, syncs }
        }

        fn syncs(&self) -> usize {
            self.syncs.load(Ordering::SeqCst)
        }

        /// What is answered to a call, as Alice.
        fn post(&self, path: &str, body: &Value) -> impl Future<Output = (u16, Value)> + use<> {
            let url = |path: &str| format!("http://{}{path}", self.local.address());
            let minted = self.http.post(url("/dev/tokens")).body(r#"{"sub":"alice"}"#).send();
            let call = self.http.post(url(path)).header("content-type", "application/json");
            let call = call.body(body.to_string());
            async move {
                let minted = minted.await.expect("an answer").bytes().await.expect("a body");
                let minted: Value = serde_json::from_slice(&minted).expect("JSON");
                let call = call.bearer_auth(minted["token"].as_str().expect("a token"));
                let answer = call.send().await.expect("an answer");
                let status = answer.status().as_u16();
                let body = answer.bytes().await.expect("a body");
                (status, serde_json::from_slice(&body).expect("JSON"))
            }
        }

        /// A socket that hears what is said in the room.
        async fn listening(&self, room: &str) -> Socket {
            let key = demo_hub_app().key;
            let url = format!("ws://{}/app/{key}?protocol=7", self.local.address());
            let (mut socket, _) = connect_async(url).await.expect("a hub");
            let connected = heard(&mut socket).await;
            let data = connected["data"].as_str().expect("a text");
            let data: Value = serde_json::from_str(data).expect("JSON");
            let channel = format!("private-room-{room}");
            let asked = json!({ "socket_id": data["socket_id"], "channel_name": channel });
            let (_, signed) = self.post("/v1/realtime/auth", &asked).await;
            let data = json!({ "channel": channel, "auth": signed["auth"] });
            let subscribe = json!({ "event": "pusher:subscribe", "data": data });
            socket.send(Message::text(subscribe.to_string())).await.expect("it is open");
            let subscribed = heard(&mut socket).await;
            assert_eq!(subscribed["event"], "pusher_internal:subscription_succeeded");
            socket
        }

        async fn room(&self) -> String {
            let (_, room) =
                self.post("/v1/rooms", &json!({ "kind": "direct", "with": "bob" })).await;
            room["id"].as_str().expect("a room").to_owned()
        }
    }

    async fn heard(socket: &mut Socket) -> Value {
        let message = socket.next().await.expect("it is open").expect("it works");
        serde_json::from_str(message.to_text().expect("a text")).expect("JSON")
    }

    #[tokio::test]
    async fn a_post_waits_for_the_disk_once_and_until_then_nobody_hears_of_it() {
        let gate = Arc::new(Mutex::new(()));
        let passed = Arc::clone(&gate);
        let program = Program::start(move || {
            drop(passed.blocking_lock());
            Ok(())
        });
        let program = program.await;
        let room = program.room().await;
        let mut socket = program.listening(&room).await;
        let before = program.syncs();

        let shut = gate.lock_owned().await;
        let messages = format!("/v1/rooms/{room}/messages");
        let post = tokio::spawn(program.post(&messages, &json!({ "body": "Hello" })));
        while program.syncs() == before {
            tokio::task::yield_now().await;
        }
        assert!(!post.is_finished());
        assert!(socket.next().now_or_never().is_none(), "it was told");

        drop(shut);
        let (status, _) = post.await.expect("no panic");
        assert_eq!(status, 201);
        assert_eq!(heard(&mut socket).await["event"], "new_message");
        assert_eq!(program.syncs(), before + 1);
    }

    #[tokio::test]
    async fn what_the_disk_does_not_take_is_neither_answered_nor_told() {
        let is_full = Arc::new(AtomicBool::new(false));
        let full = Arc::clone(&is_full);
        let program = Program::start(move || match full.load(Ordering::SeqCst) {
            true => Err(io::Error::other("no space")),
            false => Ok(()),
        });
        let program = program.await;
        let room = program.room().await;
        let mut socket = program.listening(&room).await;

        is_full.store(true, Ordering::SeqCst);
        let messages = format!("/v1/rooms/{room}/messages");
        let (status, problem) = program.post(&messages, &json!({ "body": "Hello" })).await;
        assert_eq!((status, &problem["code"]), (503, &json!("store_unavailable")));
        assert!(socket.next().now_or_never().is_none(), "it was told");
    }
}
