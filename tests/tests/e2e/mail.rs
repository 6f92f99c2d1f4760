//! Mails about what somebody has not read, `/v1/mail/unsubscribe` and `/v1/me/mail`.

use std::time::Duration;

use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Meter, Room, TestApp, Traces, User};
use uuid::Uuid;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A user with an e-mail address and an agent, in the user's support chat.
struct Chat {
    app: TestApp,
    meter: Meter,
    user: User,
    agent: User,
    room: Room,
}

impl Chat {
    async fn opened() -> Self {
        Self::of(json!({ "sub": "ann", "name": "Ann", "email": "ann@mail.example" })).await
    }

    async fn of(user: Value) -> Self {
        let meter = Meter::new();
        let app = TestApp::mailing(meter.clone(), "support=5").await;
        app.fix_clock().await;
        let (user, agent) = (app.user_with(user).await, app.admin("agent").await);
        let room = user.opens_support().await;
        user.posts(&room, "Where is my order?").await;
        Self { app, meter, user, agent, room }
    }

    /// What would have been mailed, once what is due was done.
    async fn mails(&self) -> Vec<Value> {
        self.app.dispatches().await;
        self.app.mails().await
    }

    /// The same after so much time.
    async fn mails_after(&self, time: Duration) -> Vec<Value> {
        self.app.advance_clock(time).await;
        self.mails().await
    }

    /// How many timers and episodes the table holds of the room.
    fn noted(&self) -> usize {
        let items = self.meter.items(&format!("R#{}", self.room.id));
        items.iter().filter(|item| item["sk"]["S"].as_str().is_some_and(is_mail)).count()
    }
}

fn is_mail(sort: &str) -> bool {
    sort.starts_with("T#M#")
}

/// The token of a mail's link to get no more.
fn link_of(mail: &Value) -> String {
    let text = mail["text"].as_str().expect("a text");
    let (_, token) = text.rsplit_once("/v1/mail/unsubscribe?token=").expect("a link");
    format!("/v1/mail/unsubscribe?token={}", token.trim())
}

/// Mission B22.
#[tokio::test]
async fn an_answer_that_is_not_read_is_mailed_after_five_minutes() {
    let chat = Chat::opened().await;
    chat.app.set_clock("2031-05-05T12:00:00.000Z").await;
    chat.agent.posts(&chat.room, "It is on its way.").await;
    chat.app.set_clock("2031-05-05T12:04:59.000Z").await;
    assert_eq!(chat.mails().await, Vec::<Value>::new());
    chat.app.set_clock("2031-05-05T12:05:01.000Z").await;

    let mails = chat.mails().await;

    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], "ann@mail.example");
}

/// Mission B22.
#[tokio::test]
async fn an_answer_that_is_read_in_time_is_not_mailed() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "It is on its way.").await;
    chat.app.advance_clock(5 * MINUTE - SECOND).await;
    chat.user.marks_read(&chat.room, 2).await;

    assert_eq!(chat.mails_after(60 * MINUTE).await, Vec::<Value>::new());
    assert_eq!(chat.noted(), 0);
}

/// Mission B23.
#[tokio::test]
async fn a_mail_says_who_answered_what_and_where_to_read_on() {
    let chat = Chat::opened().await;
    let long = "x".repeat(300);
    chat.agent.posts_all(&chat.room, ["It is on its way.", &long]).await;

    let mails = chat.mails_after(6 * MINUTE).await;

    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail["subject"], "New reply from Shop");
    let cut = format!("{}...", "x".repeat(197));
    for form in ["text", "html"] {
        let form = mail[form].as_str().unwrap();
        for part in ["Ann", "It is on its way.", &cut, "/v1/mail/unsubscribe?token="] {
            assert!(form.contains(part), "{part} is not in {form}");
        }
        assert!(form.contains(&format!("https://shop.example/inbox/{}", chat.room.id)), "{form}");
        assert!(!form.contains("Where is my order?"), "the user's own words: {form}");
        assert!(!form.contains(&"x".repeat(198)), "{form}");
    }
}

/// Mission B23: one mail for each time somebody falls behind.
#[tokio::test]
async fn more_answers_make_no_more_mails_until_the_first_was_read() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "one").await;
    assert_eq!(chat.mails_after(6 * MINUTE).await.len(), 1);
    for hour in 0..5 {
        chat.agent.posts(&chat.room, &format!("hour {hour}")).await;
        assert_eq!(chat.mails_after(60 * MINUTE).await.len(), 1);
    }

    let head = chat.user.sees(&chat.room).await.json["head"].as_u64().unwrap();
    chat.user.marks_read(&chat.room, head).await;
    chat.agent.posts(&chat.room, "another day").await;

    let mails = chat.mails_after(6 * MINUTE).await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1]["text"].as_str().unwrap().contains("another day"));
    assert!(!mails[1]["text"].as_str().unwrap().contains("hour 4"));
}

/// Mission B23: whoever answers in the room has read it.
#[tokio::test]
async fn whoever_answers_is_not_mailed() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "Which one?").await;
    chat.user.posts(&chat.room, "The red one").await;

    assert_eq!(chat.mails_after(60 * MINUTE).await, Vec::<Value>::new());
}

/// Mission B22: five minutes are counted from what was not read, not from what was.
#[tokio::test]
async fn what_came_after_what_was_read_has_five_minutes_of_its_own() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "one").await;
    chat.app.advance_clock(4 * MINUTE).await;
    chat.agent.posts(&chat.room, "two").await;
    chat.user.marks_read(&chat.room, 2).await;

    assert_eq!(chat.mails_after(2 * MINUTE).await, Vec::<Value>::new());
    let mails = chat.mails_after(3 * MINUTE + SECOND).await;

    assert_eq!(mails.len(), 1);
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("two") && !text.contains("one"), "{text}");
}

/// Mission B23: the agents are not mailed, whoever has no address is not, nor is whoever mutes the room.
#[tokio::test]
async fn some_are_never_mailed() {
    let chat = Chat::of(json!({ "sub": "ben", "name": "Ben" })).await;
    chat.agent.posts(&chat.room, "hello").await;
    assert_eq!(chat.mails_after(60 * MINUTE).await, Vec::<Value>::new(), "no address");

    let chat = Chat::of(json!({ "sub": "eve", "email": "a@b.example\r\nBcc: c@d.example" })).await;
    chat.agent.posts(&chat.room, "hello").await;
    assert_eq!(chat.mails_after(60 * MINUTE).await, Vec::<Value>::new(), "no good address");

    let chat = Chat::opened().await;
    chat.user.changes(&chat.room, json!({ "muted": true })).await;
    chat.agent.posts(&chat.room, "hello").await;
    assert_eq!(chat.mails_after(60 * MINUTE).await, Vec::<Value>::new(), "muted");

    let chat = Chat::opened().await;
    chat.user.posts(&chat.room, "hello?").await;
    assert_eq!(chat.mails_after(60 * MINUTE).await, Vec::<Value>::new(), "to the desk");
}

/// Mission B23: the text is as it is when the mail is sent.
#[tokio::test]
async fn a_mail_holds_no_deleted_and_no_former_text() {
    let chat = Chat::opened().await;
    chat.agent.posts_all(&chat.room, ["wrong room", "first draft", "stays"]).await;
    chat.agent.deletes(&chat.room, 2).await.expect(200);
    chat.agent.edits(&chat.room, 3, "second draft").await.expect(200);

    let mails = chat.mails_after(6 * MINUTE).await;

    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("second draft") && text.contains("stays"), "{text}");
    assert!(!text.contains("wrong room") && !text.contains("first draft"), "{text}");

    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "wrong room").await;
    chat.agent.deletes(&chat.room, 2).await.expect(200);
    assert_eq!(chat.mails_after(6 * MINUTE).await, Vec::<Value>::new());
}

/// Mission B23: the newest of many, and how many more there are.
#[tokio::test]
async fn of_many_answers_a_mail_shows_the_newest_ten() {
    let chat = Chat::opened().await;
    let answers: Vec<String> = (1..=150).map(|number| format!("answer-{number};")).collect();
    chat.agent.posts_all(&chat.room, &answers).await;

    let mails = chat.mails_after(10 * MINUTE).await;

    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("answer-150;") && text.contains("answer-141;"), "{text}");
    assert!(!text.contains("answer-140;"), "{text}");
    assert!(text.contains("140 more"), "{text}");
}

/// Mission B23: however much was deleted before it.
#[tokio::test]
async fn what_is_left_behind_many_deleted_answers_is_mailed() {
    let chat = Chat::opened().await;
    chat.agent.posts_all(&chat.room, (0..105).map(|number| format!("draft {number}"))).await;
    chat.agent.posts(&chat.room, "It is on its way.").await;
    for seq in 2..107 {
        chat.agent.deletes(&chat.room, seq).await.expect(200);
    }

    let mails = chat.mails_after(10 * MINUTE).await;

    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("It is on its way.") && !text.contains("draft"), "{text}");
    assert!(!text.contains("more."), "{text}");
}

/// Fault F20. Mission B23.
#[tokio::test]
async fn what_an_agent_wrote_is_text_in_the_mail() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "<img src=x onerror=alert(1)>").await;

    let mails = chat.mails_after(6 * MINUTE).await;

    let html = mails[0]["html"].as_str().unwrap();
    assert!(
        html.contains("&lt;img src=x onerror=alert(1)&gt;") && !html.contains("<img"),
        "{html}"
    );
    assert!(mails[0]["text"].as_str().unwrap().contains("<img src=x onerror=alert(1)>"));
}

/// Mission B23: in the reader's own language, as the token or the application's server tells.
#[tokio::test]
async fn a_mail_is_in_its_readers_language() {
    let ann = |locale: &str| json!({ "sub": "ann", "name": "Ann", "email": "ann@mail.example", "locale": locale });
    for (locale, subject, direction) in [
        ("de-AT", "Neue Antwort von Shop", "ltr"),
        ("ar", "رد جديد من Shop", "rtl"),
        ("en-GB", "New reply from Shop", "ltr"),
        ("xx", "New reply from Shop", "ltr"),
    ] {
        let chat = Chat::of(ann(locale)).await;
        chat.agent.posts(&chat.room, "hello").await;

        let mails = chat.mails_after(6 * MINUTE).await;

        assert_eq!(mails[0]["subject"], subject, "{locale}");
        let html = mails[0]["html"].as_str().unwrap();
        assert!(html.contains(&format!("dir=\"{direction}\"")), "{locale}");
    }

    let chat = Chat::opened().await;
    let told = chat.app.service().await.describes("ann", json!({ "locale": "de" })).await;
    assert_eq!(told.expect(200)["locale"], "de");
    chat.agent.posts(&chat.room, "hello").await;
    assert_eq!(chat.mails_after(6 * MINUTE).await[0]["subject"], "Neue Antwort von Shop");
}

/// Mission B23. Fault F13: nobody is mailed who is there, only later, once it has gone without reading.
#[tokio::test]
async fn whoever_is_online_is_not_mailed() {
    let app = TestApp::hearing_its_hub().await;
    let claims = json!({ "sub": "ann", "name": "Ann", "email": "ann@mail.example" });
    let (ann, agent) = (app.user_with(claims).await, app.admin("agent").await);
    let room = ann.opens_support().await;
    let listener = ann.listens_to_own_channel().await;
    is_seen(&agent, "ann", true).await;
    agent.posts(&room, "hello").await;
    for _ in 0..5 {
        app.advance_clock(6 * MINUTE).await;
        app.dispatches().await;
        assert_eq!(app.mails().await, Vec::<Value>::new());
    }

    drop(listener);
    is_seen(&agent, "ann", false).await;
    app.advance_clock(6 * MINUTE).await;
    app.dispatches().await;

    assert_eq!(app.mails().await.len(), 1);
}

/// Waits until the relay has told whether somebody is online.
async fn is_seen(viewer: &User, id: &str, online: bool) {
    loop {
        let person = viewer.looks_up(id).await.expect(200);
        if person["online"] == online {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Mission B23. A link is followed by programs that only look; a button is not.
#[tokio::test]
async fn a_mails_link_asks_and_its_button_ends_the_mails() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "one").await;
    let link = link_of(&chat.mails_after(6 * MINUTE).await[0]);
    let nobody = chat.app.anonymous();

    let page = nobody.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<form method=\"post\">"), "{page}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(chat.user.get("/v1/me/mail").await.expect(200)["wanted"], true);

    let done = one_click(&nobody, &link).await;
    assert_eq!(done.status, 200);
    assert_eq!(chat.user.get("/v1/me/mail").await.expect(200)["wanted"], false);
    chat.user.marks_read(&chat.room, 2).await;
    chat.agent.posts(&chat.room, "two").await;
    assert_eq!(chat.mails_after(6 * MINUTE).await.len(), 1);

    chat.user.put("/v1/me/mail", json!({ "wanted": true })).await.expect(200);
    chat.user.marks_read(&chat.room, 3).await;
    chat.agent.posts(&chat.room, "three").await;
    assert_eq!(chat.mails_after(6 * MINUTE).await.len(), 2);
}

/// As a mail program does it (RFC 8058).
async fn one_click(somebody: &User, link: &str) -> Answer {
    let request = somebody.request(Method::POST, link);
    let form = request.header("content-type", "application/x-www-form-urlencoded");
    somebody.send(form.body("List-Unsubscribe=One-Click")).await
}

/// Mission B23: nobody ends another one's mails.
#[tokio::test]
async fn a_link_that_is_not_ours_ends_nothing() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "one").await;
    let link = link_of(&chat.mails_after(6 * MINUTE).await[0]);
    let nobody = chat.app.anonymous();
    let (path, proof) = link.split_once('.').unwrap();
    // No proof of 16 bytes ends so: its last letter is A, Q, g or w.
    let altered = format!("{path}.{}B", &proof[..proof.len() - 1]);
    for link in [altered, path.into(), format!("{link}0"), "/v1/mail/unsubscribe?token=".into()] {
        assert_eq!(one_click(&nobody, &link).await.status, 404, "{link}");
        assert_eq!(nobody.get(&link).await.status, 404, "{link}");
    }
    one_click(&nobody, "/v1/mail/unsubscribe").await.problem(422);
    assert_eq!(chat.user.get("/v1/me/mail").await.expect(200)["wanted"], true);
}

/// Mission B22: rooms of other kinds by setting, in both directions; what is not set is not mailed.
#[tokio::test]
async fn rooms_of_other_kinds_are_mailed_about_by_setting() {
    let app = TestApp::mailing(Meter::new(), "direct=15").await;
    app.fix_clock().await;
    let person = |id: &str| json!({ "sub": id, "name": id, "email": format!("{id}@mail.example") });
    let (ann, ben) = (app.user_with(person("ann")).await, app.user_with(person("ben")).await);
    let agent = app.admin("agent").await;
    ben.me().await;
    let (room, support) = (ann.opens_direct("ben").await, ann.opens_support().await);
    ben.sees(&room).await;
    ann.posts(&room, "hello").await;
    agent.posts(&support, "hello").await;

    app.advance_clock(14 * MINUTE).await;
    app.dispatches().await;
    assert_eq!(app.mails().await, Vec::<Value>::new());
    app.advance_clock(2 * MINUTE).await;
    app.dispatches().await;
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (&mails[0]["to"], &mails[0]["subject"]),
        (&json!("ben@mail.example"), &json!("New reply from ann"))
    );
}

/// Mission E3. Fault F22. Invariant I9: a mail gives the giver not away before the date.
#[tokio::test]
async fn a_mail_about_a_masked_giver_names_the_alias() {
    let app = TestApp::mailing(Meter::new(), "match=5").await;
    app.set_clock("2031-12-01T12:00:00.000Z").await;
    let giver = json!({
        "sub": "giver-id", "name": "Giver Name", "email": "giver@secret.example",
        "picture": "https://secret.example/face.png",
    });
    let giver = app.user_with(giver).await;
    let receiver = app
        .user_with(json!({ "sub": "receiver", "name": "Rae", "email": "rae@mail.example" }))
        .await;
    receiver.me().await;
    let matches = json!({ "giver-id": "receiver", "receiver": "giver-id" });
    app.service().await.draws("family", "2031-12-24T18:00:00Z", matches).await;
    let room = giver.opens_match("family").await;
    giver.posts(&room, "What do you wish for?").await;
    app.advance_clock(6 * MINUTE).await;
    app.dispatches().await;

    let mails = app.mails().await;

    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], "rae@mail.example");
    let traces = Traces::of(["giver-id", "Giver Name", "giver@secret.example", "face.png"]);
    assert_eq!(traces.found_in(&mails[0].to_string()), Vec::<String>::new());
    receiver.posts(&room, "A book").await;
    app.advance_clock(6 * MINUTE).await;
    app.dispatches().await;
    assert_eq!(app.mails().await[1]["to"], "giver@secret.example");
}

/// Mission B22: a message that is posted twice is mailed once.
#[tokio::test]
async fn a_post_that_is_repeated_is_mailed_once() {
    let chat = Chat::opened().await;
    let id = Uuid::new_v4();
    chat.agent.tries_to_post(&chat.room, "hello", id).await.expect(201);
    chat.agent.retries(&chat.room, "hello", id).await.expect(200);
    assert_eq!(chat.mails_after(6 * MINUTE).await.len(), 1);
    chat.agent.retries(&chat.room, "hello", id).await.expect(200);

    assert_eq!(chat.mails_after(6 * MINUTE).await.len(), 1);
}

/// Mission B22.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_mail_once() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "hello").await;
    chat.app.advance_clock(6 * MINUTE).await;

    join(chat.app.dispatches(), chat.app.dispatches()).await;

    assert_eq!(chat.app.mails().await.len(), 1);
}

/// Whoever was erased, or whose room was deleted, is not mailed, and nothing of it stays.
#[tokio::test]
async fn whoever_is_gone_is_not_mailed() {
    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "hello").await;
    let erased = chat.app.service().await.delete("/v1/users/ann").await;
    assert_eq!(erased.status, 204, "{erased}");
    assert_eq!(chat.noted(), 0);
    assert_eq!(chat.mails_after(6 * MINUTE).await, Vec::<Value>::new());

    let chat = Chat::opened().await;
    chat.agent.posts(&chat.room, "hello").await;
    assert_eq!(chat.app.service().await.delete(&chat.room.path("")).await.status, 204);
    assert_eq!(chat.mails_after(6 * MINUTE).await, Vec::<Value>::new());
    assert_eq!(chat.noted(), 0);
}

/// Invariant I12: an agent's post notes the mail with two units, and no more while one is due.
#[tokio::test]
async fn a_mail_costs_an_agents_post_two_units_at_first() {
    let chat = Chat::opened().await;
    let writes = async |sender: &User| {
        chat.meter.take();
        sender.posts(&chat.room, "hello").await;
        chat.meter.take().writes()
    };
    chat.agent.posts(&chat.room, "hello").await;
    chat.user.posts(&chat.room, "hello").await;

    let (first, next) = (writes(&chat.agent).await, writes(&chat.agent).await);

    // An update of HEAD, the message; the timer and its place in the index.
    assert!(first <= 2.0 + 2.0 + 2.0, "{first}");
    assert!(next <= 2.0 + 1.0, "{next}");
}
