//! Secret Santa: `/groups/{id}/conversation`, and what its WebSocket clients say.

use serde_json::{Value, json};
use tests::{TestApp, Traces, User};

use super::{keys, listens, only, said, says};

const GROUP: &str = "5";
const DATE: &str = "2031-12-24T18:00:00.000Z";

struct Drawn {
    app: TestApp,
    giver: User,
    receiver: User,
}

impl Drawn {
    async fn lots() -> Self {
        let app = TestApp::start().await;
        app.fix_clock().await;
        let matches = json!({ "giselle-1": "ruben-1", "ruben-1": "giselle-1" });
        app.service().await.draws(GROUP, DATE, matches).await;
        let giver = app
            .user_with(json!({
                "sub": "giselle-1",
                "name": "Giselle Giver",
                "email": "giselle@mail.example",
                "picture": "https://pictures.example/giselle.png",
            }))
            .await;
        let receiver = app.user("ruben-1").await;
        Self { app, giver, receiver }
    }
}

async fn opens(user: &User) -> Value {
    user.post("/groups/5/conversation", json!({})).await.expect(200)["conversation"].clone()
}

fn message(conversation: &Value, content: &str) -> Value {
    json!({ "type": "NEW_MESSAGE", "conversationId": conversation["id"], "content": content })
}

fn history(conversation: &Value) -> String {
    format!("/conversations/{}/messages", conversation["id"].as_str().expect("an id"))
}

/// Mission E9 (dialect). Mission E1 (dialect).
#[tokio::test]
async fn the_conversation_is_made_once_and_only_after_the_raffle() {
    let drawn = Drawn::lots().await;
    let group = json!({ "name": "Work", "reveal_at": DATE });
    drawn.app.service().await.put("/v1/groups/6", group).await.expect(200);

    let answer = drawn.giver.post("/groups/5/conversation", json!({})).await.expect(200);
    let again = drawn.giver.post("/groups/5/conversation", json!({})).await.expect(200);

    assert_eq!(
        (keys(&answer), &answer["success"]),
        (vec!["conversation", "success"], &json!(true))
    );
    let conversation = &answer["conversation"];
    assert_eq!(keys(conversation), ["createdAt", "groupId", "id", "participants"]);
    assert_eq!(conversation["groupId"], "5");
    assert_eq!(again["conversation"]["id"], conversation["id"]);
    assert!(!conversation["participants"].to_string().contains("giselle"), "{answer}");
    // Both drew each other, and each writes to whom it drew.
    assert_ne!(opens(&drawn.receiver).await["id"], conversation["id"]);
    for (path, status) in [("/groups/6/conversation", 409), ("/groups/7/conversation", 404)] {
        let refused = drawn.giver.post(path, json!({})).await;
        assert_eq!((refused.status, keys(&refused.json)), (status, vec!["error", "success"]));
        assert_eq!(refused.json["success"], false);
    }
    let nobody = drawn.app.anonymous().post("/groups/5/conversation", json!({})).await;
    assert_eq!(nobody.status, 401);
}

/// Mission E11 (dialect). Mission E12 (dialect). Mission E5 (dialect).
#[tokio::test]
async fn both_hear_new_message_with_its_keys_and_find_it_again() {
    let drawn = Drawn::lots().await;
    let (giver, receiver) = (&drawn.giver, &drawn.receiver);
    let conversation = opens(giver).await;
    says(giver, "exchange/message", message(&conversation, "Red?")).await.expect(200);
    let mut listeners = Vec::new();
    for user in [giver, receiver] {
        let reply = says(user, "exchange/connect", Value::Null).await.expect(200);
        let you = said(&reply, "you");
        assert_eq!(you["conversationId"], conversation["id"]);
        let participants = conversation["participants"].as_array().unwrap();
        assert!(participants.contains(&you["senderId"]), "{reply}");
        listeners.push(listens(user, &reply).await);
    }

    says(giver, "exchange/message", message(&conversation, "Or blue?")).await.expect(200);
    says(receiver, "exchange/message", message(&conversation, "I prefer blue!")).await.expect(200);

    for listener in &mut listeners {
        let heard = listener.hears_so_far().await;
        let events: Vec<&Value> = heard
            .iter()
            .filter(|event| event.name == "NEW_MESSAGE")
            .map(|event| &event.data)
            .collect();
        assert_eq!(events.len(), 2, "{heard:#?}");
        for event in &events {
            assert_eq!(keys(event), ["content", "conversationId", "senderId", "timestamp", "type"]);
            assert_eq!(
                (&event["type"], &event["conversationId"]),
                (&json!("NEW_MESSAGE"), &conversation["id"])
            );
        }
        assert_eq!(
            (&events[0]["content"], &events[1]["content"]),
            (&json!("Or blue?"), &json!("I prefer blue!"))
        );
        assert_eq!(events[1]["senderId"], "ruben-1");
        assert!(conversation["participants"].as_array().unwrap().contains(&events[0]["senderId"]));
    }
    let log = receiver.get(&history(&conversation)).await.expect(200);
    let contents: Vec<&Value> =
        log["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(contents, ["Red?", "Or blue?", "I prefer blue!"]);
}

/// Mission E11 (dialect). Mission E8 (dialect).
#[tokio::test]
async fn what_is_no_message_is_refused() {
    let drawn = Drawn::lots().await;
    let conversation = opens(&drawn.giver).await;
    let mut typed = message(&conversation, "hello");
    typed["type"] = json!("TYPING");
    for (payload, status) in [
        (typed, 422),
        (message(&conversation, " "), 422),
        (message(&conversation, &"🎁".repeat(501)), 422),
        (message(&json!({ "id": 10 }), "hello"), 404),
        (json!("NEW_MESSAGE"), 422),
    ] {
        let answer = says(&drawn.giver, "exchange/message", payload).await;
        assert_eq!((answer.status, keys(&answer.json)), (status, vec!["error", "success"]));
    }
    says(&drawn.giver, "exchange/message", message(&conversation, &"🎁".repeat(500)))
        .await
        .expect(200);
    let stranger = drawn.app.user("somebody").await;
    assert_eq!(stranger.get(&history(&conversation)).await.status, 404);
    let answer = says(&stranger, "exchange/message", message(&conversation, "hello")).await;
    assert_eq!(answer.status, 404);
}

/// Mission E3 (dialect). Invariant I9.
#[tokio::test]
async fn nothing_that_reaches_the_receiver_gives_the_giver_away() {
    let drawn = Drawn::lots().await;
    let (giver, receiver) = (&drawn.giver, &drawn.receiver);
    let traces = Traces::of([
        "giselle-1",
        "Giselle Giver",
        "giselle@mail.example",
        "https://pictures.example/giselle.png",
    ]);
    let connected = says(receiver, "exchange/connect", Value::Null).await.expect(200);
    let mut early = listens(receiver, &connected).await;
    let conversation = opens(giver).await;
    says(giver, "exchange/message", message(&conversation, "Red or blue?")).await.expect(200);
    // A conversation that was not there when the socket opened: it is told of it, and joins.
    let told = only(early.hears_so_far().await);
    assert_eq!(
        (told.name.as_str(), &told.data),
        ("conversation", &json!({ "conversationId": conversation["id"] }))
    );
    let join = json!({ "conversationId": conversation["id"] });
    let joined = says(receiver, "exchange/join", join).await.expect(200);
    assert_eq!(said(&joined, "NEW_MESSAGE")["content"], "Red or blue?");
    let mut late = listens(receiver, &joined).await;
    says(giver, "exchange/message", message(&conversation, "Or green?")).await.expect(200);
    late.hears_so_far().await;

    let connected_again = says(receiver, "exchange/connect", Value::Null).await.expect(200);
    let log = receiver.get(&history(&conversation)).await.expect(200);

    let answers = [connected, joined, connected_again, log].map(|answer| answer.to_string());
    let frames = early.frames().iter().chain(late.frames());
    for text in answers.iter().chain(frames) {
        assert_eq!(traces.found_in(text), Vec::<String>::new(), "{text}");
    }
}
