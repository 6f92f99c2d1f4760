//! Support: `/support_chat` and `/admin/chats`.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{TestApp, User};
use uuid::Uuid;

use super::{channels, keys, listens, only, says};

const MESSAGE: [&str; 7] =
    ["chat_id", "content", "created_at", "id", "read_at", "sender_type", "updated_at"];

async fn chat_of(user: &User) -> Value {
    user.get("/support_chat").await.expect(200)
}

async fn sends(user: &User, chat: &Value, content: &str) {
    let payload = json!({ "chat_id": chat["id"], "content": content });
    says(user, "support/send_message", payload).await.expect(200);
}

fn admin_path(chat: &Value, rest: &str) -> String {
    format!("/admin/chats/{}{rest}", chat["id"].as_str().expect("an id"))
}

async fn uma(app: &TestApp) -> User {
    app.user_with(json!({ "sub": "uma", "email": "uma@mail.example", "name": "Uma" })).await
}

/// Mission B1 (dialect). Mission B2 (dialect). Mission B11 (dialect).
#[tokio::test]
async fn a_user_has_one_chat_with_its_messages_in_order() {
    let app = TestApp::start().await;
    let (user, agent) = (app.user("uma").await, app.admin("agnes").await);

    let opened = join_all((0..50).map(|_| chat_of(&user))).await;
    let chat = &opened[0];
    assert!(opened.iter().all(|one| one == chat), "{opened:?}");
    assert_eq!((keys(chat), &chat["messages"]), (vec!["id", "messages"], &json!([])));
    assert!(Uuid::parse_str(chat["id"].as_str().unwrap()).is_ok());
    sends(&user, chat, "Help").await;
    sends(&agent, chat, "How?").await;

    let chat = chat_of(&user).await;
    let messages = chat["messages"].as_array().unwrap();
    let told = |key: &str| messages.iter().map(|message| message[key].clone()).collect::<Vec<_>>();
    assert_eq!(told("content"), ["Help", "How?"]);
    assert_eq!(told("sender_type"), ["user", "admin"]);
    assert!(messages.iter().all(|message| keys(message) == MESSAGE), "{chat}");
    assert!(messages.iter().all(|message| message["chat_id"] == chat["id"]));
}

/// Mission B12 (dialect). Mission B4 (dialect).
#[tokio::test]
async fn marking_read_sets_read_at_on_what_the_desk_wrote() {
    let app = TestApp::start().await;
    let (user, agent) = (app.user("uma").await, app.admin("agnes").await);
    let chat = chat_of(&user).await;
    sends(&user, &chat, "Help").await;
    sends(&agent, &chat, "How?").await;
    assert_eq!(chat_of(&user).await["messages"][1]["read_at"], Value::Null);

    user.patch("/support_chat/mark_read", json!({})).await.expect(200);
    sends(&user, &chat, "Like that").await;

    let chat = chat_of(&user).await;
    let read_at = |place: usize| &chat["messages"][place]["read_at"];
    assert!(read_at(1).is_string(), "{chat}");
    assert_eq!(read_at(2), &Value::Null, "{chat}");
    app.anonymous().patch("/support_chat/mark_read", json!({})).await.expect(401);
}

/// Mission B13 (dialect). Mission B14 (dialect). Mission B34 (dialect).
#[tokio::test]
async fn agents_see_the_chats_newest_first_active_or_archived() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let agent = app.admin("agnes").await;
    let mut ids = Vec::new();
    for number in 0..200 {
        let id = format!("u{number}");
        let user = app.user_with(json!({ "sub": id, "email": format!("{id}@mail.example") })).await;
        let chat = chat_of(&user).await;
        sends(&user, &chat, &"x".repeat(if number == 199 { 101 } else { 100 })).await;
        ids.insert(0, chat["id"].clone());
        app.advance_clock(Duration::from_millis(250)).await;
    }

    let rows = agent.get("/admin/chats?archived=false").await.expect(200);
    let rows = rows.as_array().expect("a list");

    let listed: Vec<Value> = rows.iter().map(|row| row["id"].clone()).collect();
    assert_eq!(listed, ids);
    assert_eq!(
        keys(&rows[0]),
        [
            "archived",
            "id",
            "last_message_at",
            "last_message_preview",
            "last_message_sender",
            "message_count",
            "unread",
            "user_email",
            "user_id"
        ]
    );
    let newest = &rows[0];
    assert_eq!(newest["last_message_preview"], "x".repeat(97) + "...");
    assert_eq!(rows[1]["last_message_preview"], "x".repeat(100));
    assert_eq!(newest["user_email"], "u199@mail.example");
    assert_eq!(
        (&newest["user_id"], &newest["last_message_sender"]),
        (&json!("u199"), &json!("user"))
    );
    assert_eq!((&newest["message_count"], &newest["unread"]), (&json!(1), &json!(true)));
    for id in &ids[..3] {
        agent.post(&admin_path(&json!({ "id": id }), "/archive"), json!({})).await.expect(200);
    }
    let archived = agent.get("/admin/chats?archived=true").await.expect(200);
    let archived: Vec<&Value> = archived.as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(archived, ids[..3].iter().collect::<Vec<_>>());
    // Page by page it is the same.
    let first = agent.get("/admin/chats?limit=150").await;
    let cursor = first.header("x-next-cursor").expect("more").to_owned();
    let rest = agent.get(&format!("/admin/chats?limit=150&cursor={cursor}")).await;
    assert_eq!(rest.header("x-next-cursor"), None);
    let pages = [first.json, rest.json].map(|page| page.as_array().unwrap().clone()).concat();
    let paged: Vec<Value> = pages.iter().map(|row| row["id"].clone()).collect();
    assert_eq!(paged, ids[3..]);
}

/// Mission B15 (dialect). Mission B8 (dialect). Mission B3 (dialect). Mission B7 (dialect).
#[tokio::test]
async fn an_agent_that_opens_a_chat_has_viewed_it() {
    let app = TestApp::start().await;
    let (user, agent) = (uma(&app).await, app.admin("agnes").await);
    let chat = chat_of(&user).await;
    sends(&user, &chat, "Help").await;
    let row = || async { agent.get("/admin/chats").await.expect(200)[0].clone() };
    assert_eq!(row().await["unread"], true);

    let opened = agent.get(&admin_path(&chat, "")).await.expect(200);

    assert_eq!(row().await["unread"], false);
    for key in ["archived_at", "created_at", "updated_at", "last_message_at", "messages"] {
        assert!(opened.get(key).is_some(), "{key}: {opened}");
    }
    assert!(opened["admin_viewed_at"].is_string(), "{opened}");
    assert_eq!(opened["user_email"], "uma@mail.example");
    assert_eq!(opened["messages"][0]["content"], "Help");
    sends(&agent, &chat, "How?").await;
    assert_eq!(row().await["unread"], false);
    sends(&user, &chat, "Like that").await;
    assert_eq!(row().await["unread"], true);
}

/// Mission B16 (dialect). Mission B9 (dialect). Mission B10 (dialect).
#[tokio::test]
async fn chats_are_put_away_and_come_back_with_the_users_next_message() {
    let app = TestApp::start().await;
    let (user, agent) = (app.user("uma").await, app.admin("agnes").await);
    let chat = chat_of(&user).await;
    let archived = || async {
        agent.get(&admin_path(&chat, "")).await.expect(200)["archived"].as_bool().unwrap()
    };

    for _ in 0..2 {
        let row = agent.post(&admin_path(&chat, "/archive"), json!({})).await.expect(200);
        assert_eq!(row["archived"], true);
    }
    sends(&agent, &chat, "Anything else?").await;
    assert!(archived().await);
    sends(&user, &chat, "Yes").await;
    assert!(!archived().await);
    agent.post(&admin_path(&chat, "/archive"), json!({})).await.expect(200);
    for _ in 0..2 {
        let row = agent.post(&admin_path(&chat, "/unarchive"), json!({})).await.expect(200);
        assert_eq!(row["archived"], false);
    }
}

/// Mission B16 (dialect).
#[tokio::test]
async fn only_agents_see_the_dashboard() {
    let app = TestApp::start().await;
    let (user, other) = (app.user("uma").await, app.user("otto").await);
    let merchant = app.merchant("m").await;
    let chat = chat_of(&user).await;
    let routes = [
        (Method::GET, "/admin/chats".to_owned()),
        (Method::GET, admin_path(&chat, "")),
        (Method::POST, admin_path(&chat, "/archive")),
        (Method::POST, admin_path(&chat, "/unarchive")),
    ];
    for (method, path) in routes {
        for caller in [&user, &other, &merchant] {
            let answer = caller.send(caller.request(method.clone(), &path)).await;
            assert_eq!((answer.status, keys(&answer.json)), (403, vec!["error"]), "{path}");
        }
        let nobody = app.anonymous();
        assert_eq!(nobody.send(nobody.request(method, &path)).await.status, 401);
    }
    let agent = app.admin("agnes").await;
    for id in ["7", "00000000-0000-8200-8000-000000000000"] {
        assert_eq!(agent.get(&format!("/admin/chats/{id}")).await.status, 404);
    }
}

/// Mission B18 (dialect). Mission B4 (dialect).
#[tokio::test]
async fn a_blank_message_is_refused_and_the_role_says_who_sends() {
    let app = TestApp::start().await;
    let (user, agent) = (app.user("uma").await, app.admin("agnes").await);
    let chat = chat_of(&user).await;
    let with = |sender_type: &str| json!({ "chat_id": chat["id"], "content": "Hello", "sender_type": sender_type });

    let blank = json!({ "chat_id": chat["id"], "content": "  \n" });
    assert_eq!(says(&user, "support/send_message", blank).await.status, 422);
    assert_eq!(says(&user, "support/send_message", with("robot")).await.status, 422);
    assert_eq!(says(&user, "support/send_message", with("admin")).await.status, 403);
    assert_eq!(says(&agent, "support/send_message", with("user")).await.status, 403);
    assert_eq!(chat_of(&user).await["messages"], json!([]));
    says(&user, "support/send_message", with("user")).await.expect(200);
    says(&agent, "support/send_message", with("admin")).await.expect(200);
    let messages = chat_of(&user).await["messages"].clone();
    assert_eq!(
        (&messages[0]["sender_type"], &messages[1]["sender_type"]),
        (&json!("user"), &json!("admin"))
    );
}

/// Mission B17 (dialect). Mission B20 (dialect).
#[tokio::test]
async fn a_chats_channel_is_its_owners_and_the_agents_and_tells_new_messages() {
    let app = TestApp::start().await;
    let (user, agent) = (app.user("uma").await, app.admin("agnes").await);
    let chat = chat_of(&user).await;
    let identifier = json!({ "channel": "ChatChannel", "chat_id": chat["id"] });
    let reply = says(&user, "support/subscribe", identifier.clone()).await.expect(200);
    assert_eq!(
        channels(&reply),
        [format!("private-support_chat-{}", chat["id"].as_str().unwrap())]
    );
    let (mut at_user, mut at_agent) = (listens(&user, &reply).await, listens(&agent, &reply).await);

    sends(&agent, &chat, "How?").await;

    for listener in [&mut at_user, &mut at_agent] {
        let event = only(listener.hears_so_far().await);
        assert_eq!(
            (event.name.as_str(), &event.data["type"]),
            ("new_message", &json!("new_message"))
        );
        assert_eq!(keys(&event.data), ["message", "type"]);
        let message = &event.data["message"];
        assert_eq!(keys(message), ["content", "created_at", "id", "read_at", "sender_type"]);
        assert_eq!(
            (&message["content"], &message["sender_type"]),
            (&json!("How?"), &json!("admin"))
        );
    }
    let stranger = app.user("otto").await;
    assert_eq!(says(&stranger, "support/subscribe", identifier).await.status, 404);
    let socket = stranger.connects().await;
    assert_eq!(stranger.asks_to_hear(&socket.socket_id, channels(&reply)[0]).await.status, 403);
}

/// Mission B19 (dialect). Mission B21 (dialect).
#[tokio::test]
async fn agents_are_notified_of_what_users_write_and_of_nothing_else() {
    let app = TestApp::start().await;
    let (user, agent) = (uma(&app).await, app.admin("agnes").await);
    let identifier = json!({ "channel": "AdminNotificationChannel" });
    let reply = says(&agent, "support/subscribe", identifier.clone()).await.expect(200);
    assert_eq!(channels(&reply), ["private-admin_support_notifications"]);
    let mut at_agent = listens(&agent, &reply).await;
    let chat = chat_of(&user).await;

    sends(&agent, &chat, "Welcome").await;
    at_agent.saw_nothing().await;
    sends(&user, &chat, "Help").await;

    let event = only(at_agent.hears_so_far().await);
    assert_eq!(event.name, "new_user_message");
    assert_eq!(keys(&event.data), ["chat_id", "message", "type", "user_email"]);
    assert_eq!(event.data["type"], "new_user_message");
    assert_eq!(
        (&event.data["chat_id"], &event.data["user_email"]),
        (&chat["id"], &json!("uma@mail.example"))
    );
    assert_eq!(
        keys(&event.data["message"]),
        ["content", "created_at", "id", "read_at", "sender_type"]
    );
    let socket = user.connects().await;
    for refused in [
        says(&user, "support/subscribe", identifier).await,
        user.asks_to_hear(&socket.socket_id, channels(&reply)[0]).await,
        app.merchant("m").await.asks_to_hear(&socket.socket_id, channels(&reply)[0]).await,
    ] {
        assert_eq!(refused.status, 403);
    }
}
