//! Everything that dispatch works on: a store in which something of each kind is due, a relay, a mail server, and
//! the application's own server.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use local::embedded::{self, Engine};
use serde_json::{Value, json};
use shared::domain::{time::Timestamp, webhook::HookKind};
use tests::{FakeRelay, Meter, Mood, PATIENCE, Receiver, Reply, TestApp};
use tokio::{net::TcpListener, process::Command, time::timeout};

use crate::{
    runtime,
    smtp::{self, Mail, Taken},
    steps::Steps,
};

/// How long ago everything happened: long enough for all of it to be due.
const AGO: Duration = Duration::from_secs(600);

/// How long the function may run, as deployed.
const TIME: Duration = Duration::from_secs(60);

pub(crate) struct World {
    _app: TestApp,
    meter: Meter,
    /// Where the store's wire protocol is served.
    store: String,
    relay: FakeRelay,
    receiver: Receiver,
    mails: Taken,
    /// How many events had come before anything was due.
    events_before: usize,
    /// The ids of the webhooks that have arrived since.
    hooks: Mutex<Vec<String>>,
}

impl World {
    /// With three messages that the relay did not take, two webhooks that did not arrive, and an answer that
    /// was not read.
    pub(crate) async fn with_things_due() -> Self {
        let (relay, receiver) = (FakeRelay::start().await, Receiver::start().await);
        let engine = Engine::memory().expect("an empty store");
        let meter = Meter::over(engine.clone());
        let hooks = receiver.wanting([HookKind::RoomArchived]);
        let app = TestApp::caring(meter.clone(), &relay, hooks).await;
        let then = SystemTime::now() - AGO;
        let then = then.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let then = Timestamp::from_millis(i64::try_from(then).expect("not for ages"));
        app.set_clock(&then.to_string()).await;
        let ann = json!({ "sub": "ann", "name": "Ann", "email": "ann@mail.example" });
        let (ann, ben) = (app.user_with(ann).await, app.user("ben").await);
        let agent = app.admin("agent").await;
        let direct = ann.opens_direct("ben").await;
        let (support, other) = (ann.opens_support().await, ben.opens_support().await);
        agent.posts(&support, "It is on its way").await;
        // Refused, not failing: then nobody tries again at once, and the test is short.
        relay.becomes(Mood::Answers(401));
        receiver.replies(Reply::Status(500));
        ann.posts_all(&direct, ["one", "two"]).await;
        ben.posts(&direct, "three").await;
        for room in [&support, &other] {
            agent.post(&room.path("/archive"), json!({})).await.expect(200);
        }
        relay.becomes(Mood::Answers(200));
        receiver.replies(Reply::Status(204));
        let store = Self::serve(engine).await;
        let events_before = relay.triggers().len();
        receiver.take();
        let (mails, hooks) = (Taken::default(), Mutex::default());
        Self { _app: app, meter, store, relay, receiver, mails, events_before, hooks }
    }

    async fn serve(engine: Engine) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        tokio::spawn(async move { axum::serve(listener, embedded::router(engine)).await });
        format!("http://{address}")
    }

    /// One invocation of the function, in a process of its own; what it has done, unless it was killed.
    pub(crate) async fn dispatches(&self, steps: &Steps) -> Option<Value> {
        self.dispatches_within(TIME, steps).await
    }

    /// The same in so much time.
    pub(crate) async fn dispatches_within(&self, time: Duration, steps: &Steps) -> Option<Value> {
        let relay = self.relay.endpoint();
        let store = steps.before(self.store.clone()).await;
        let relay = steps.before(format!("http://{}:{}", relay.host, relay.port)).await;
        let receiver = steps.before(self.receiver.base()).await;
        let mail = smtp::server(steps.clone(), Arc::clone(&self.mails)).await;
        let (runtime, answered) = runtime::invoking(time).await;
        let settings = [
            ("AWS_LAMBDA_RUNTIME_API", runtime),
            ("AWS_LAMBDA_FUNCTION_NAME", "dispatch".into()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".into()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".into()),
            ("AWS_LAMBDA_LOG_LEVEL", "ERROR".into()),
            ("AWS_REGION", "local".into()),
            ("AWS_ACCESS_KEY_ID", "local".into()),
            ("AWS_SECRET_ACCESS_KEY", "local".into()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://127.0.0.1:{store}")),
            ("PARLOUR_TABLE", "parlour".into()),
            ("PARLOUR_RELAY_APP_ID", "parlour".into()),
            ("PARLOUR_RELAY_KEY", "parlour-key".into()),
            ("PARLOUR_RELAY_SECRET", "parlour-secret".into()),
            ("PARLOUR_RELAY_HOST", "127.0.0.1".into()),
            ("PARLOUR_RELAY_PORT", relay.to_string()),
            ("PARLOUR_RELAY_TLS", "false".into()),
            ("PARLOUR_APP_WEBHOOK_URL", format!("http://127.0.0.1:{receiver}/hooks")),
            ("PARLOUR_APP_WEBHOOK_SECRET", Receiver::SECRET.into()),
            ("PARLOUR_APP_WEBHOOK_PRIVATE", "on".into()),
            ("PARLOUR_MAIL_FROM", "Shop <support@shop.example>".into()),
            ("PARLOUR_MAIL_ROOM_URL", "https://shop.example/inbox/{room}".into()),
            ("PARLOUR_PUBLIC_URL", "https://api.shop.example".into()),
            ("PARLOUR_SMTP_URL", format!("smtp://127.0.0.1:{mail}")),
        ];
        let mut command = Command::new(binary());
        command.env_clear().envs(settings).stdin(Stdio::null()).kill_on_drop(true);
        let mut process = command.stderr(Stdio::piped()).spawn().expect("the function's process");
        let complaints = process.stderr.take();
        steps.of(process);
        let answer = timeout(PATIENCE, async {
            tokio::select! {
                answer = answered => answer.ok(),
                () = ends(complaints) => None,
            }
        });
        let answer = answer.await.expect("the function should have answered, or died");
        steps.kill();
        answer
    }

    /// So much time passes that what a dead process worked on is due again.
    pub(crate) fn leases_pass(&self) {
        for item in self.meter.everything() {
            if item["q3p"]["S"] == "T" {
                let (partition, sort) = (text(&item["pk"]), text(&item["sk"]));
                self.meter.set_number(partition, sort, "q3s", 1);
            }
        }
    }

    /// Whether the store says that a mail is still to be sent.
    pub(crate) fn mail_is_due(&self) -> bool {
        let of_mail = |item: &Value| text(&item["sk"]).starts_with("T#M#");
        self.meter.everything().iter().any(|item| item["q3p"]["S"] == "T" && of_mail(item))
    }

    /// How many timers the store holds that would be due some day.
    pub(crate) fn still_due(&self) -> usize {
        self.meter.everything().iter().filter(|item| item["q3p"]["S"] == "T").count()
    }

    /// The relay was told of the messages, in order but for what it was told twice, and the application's server
    /// of both rooms.
    pub(crate) fn everything_has_happened(&self, told: &str) {
        let mut seqs: Vec<u64> = Vec::new();
        for seq in self.events() {
            if !seqs.contains(&seq) {
                seqs.push(seq);
            }
        }
        assert_eq!(seqs, [1, 2, 3], "{told}");
        let mut hooks = self.hooks();
        hooks.sort();
        hooks.dedup();
        assert_eq!(hooks.len(), 2, "{told}");
    }

    /// The messages that the relay was told of since they were due.
    pub(crate) fn events(&self) -> Vec<u64> {
        let events = self.relay.triggers_since(self.events_before);
        let messages = events.iter().filter(|event| event.name == "new_message");
        messages.map(|event| event.data["seq"].as_u64().expect("a seq")).collect()
    }

    /// The ids of the webhooks that arrived since they were due.
    pub(crate) fn hooks(&self) -> Vec<String> {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.extend(self.receiver.take().into_iter().map(|hook| hook.id));
        hooks.clone()
    }

    /// The mails that were taken.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Waits until a process is dead: then nobody holds the other end.
async fn ends(complaints: Option<tokio::process::ChildStderr>) {
    use tokio::io::AsyncReadExt as _;
    let mut words = String::new();
    if let Some(mut complaints) = complaints {
        let _ = complaints.read_to_string(&mut words).await;
    }
    assert_eq!(words, "", "the function complains");
}

fn text(value: &Value) -> &str {
    value["S"].as_str().expect("a text")
}

/// The function's file, built beside this test.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let binary = folder.join(format!("dispatch{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is missing: build it first: cargo build --bins, or run bin/test",
        binary.display()
    );
    binary
}
