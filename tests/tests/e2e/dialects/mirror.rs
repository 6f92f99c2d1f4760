//! In which rooms a dialect is spoken, what it costs, and what becomes of it when things go wrong.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{FakeRelay, Heard, Meter, Mood, TestApp};

use super::{channels, listens, only, said, says};

const ALICE: &str = "11111111-1111-4111-8111-111111111111";
const BOB: &str = "22222222-2222-4222-8222-222222222222";

fn in_dialect(heard: &[Heard]) -> Vec<&Heard> {
    heard.iter().filter(|event| event.channel.contains("-direct-")).collect()
}

async fn joined(app: &TestApp) -> Value {
    let payload = json!({ "userId": ALICE, "targetUserId": BOB });
    says(&app.user(ALICE).await, "direct/join_chat", payload).await.expect(200)
}

/// Half of the phones may have the new app.
#[tokio::test]
async fn whoever_lists_or_joins_rooms_in_a_dialect_hears_of_them_from_then_on() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let agnes = app.admin("agnes").await;
    app.service().await.draws("5", "2031-12-24T18:00:00.000Z", json!({ "alice": "bob" })).await;
    let (thread, listed) = (alice.opens_group(&["bob"]).await, alice.opens_group(&["bob"]).await);
    let (chat, gift) = (alice.opens_support().await, alice.opens_match("5").await);

    let of_thread = json!({ "threadId": thread.id });
    let joined = says(&bob, "threads/join", of_thread).await.expect(200);
    bob.get("/chat_threads").await.expect(200);
    agnes.get("/admin/chats").await.expect(200);
    let notified = json!({ "channel": "AdminNotificationChannel" });
    let notified = says(&agnes, "support/subscribe", notified).await.expect(200);
    let connected = says(&bob, "exchange/connect", Value::Null).await.expect(200);

    let (mut in_thread, mut at_desk, mut in_gift) = (
        listens(&bob, &joined).await,
        listens(&agnes, &notified).await,
        listens(&bob, &connected).await,
    );
    for room in [&thread, &listed, &chat, &gift] {
        alice.posts(room, "from the new app").await;
    }
    assert_eq!(only(in_thread.hears_so_far().await).data["content"], "from the new app");
    assert_eq!(only(at_desk.hears_so_far().await).name, "new_user_message");
    let heard = in_gift.hears_so_far().await;
    assert!(heard.iter().any(|event| event.data["content"] == "from the new app"), "{heard:#?}");
}

/// A room that is only ever used through the canonical API costs its relay nothing more.
#[tokio::test]
async fn a_dialect_is_spoken_in_rooms_that_were_opened_or_written_to_in_it() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user(ALICE).await;
    let room = alice.opens_direct(BOB).await;
    alice.posts(&room, "canonical").await;
    assert_eq!(in_dialect(&relay.triggers()).len(), 0);

    joined(&app).await;
    let before = relay.calls();
    alice.posts(&room, "canonical again").await;

    let triggers = relay.triggers();
    let told = in_dialect(&triggers);
    let texts: Vec<&Value> = told.iter().map(|event| &event.data).collect();
    assert_eq!(
        (&texts[0]["body"], &texts[1]["last_message"]),
        (&json!("canonical again"), &json!("canonical again"))
    );
    assert_eq!((texts.len(), relay.calls() - before), (2, 1), "all in one call");

    let other = alice.opens_direct("bert").await;
    let payload = json!({ "roomId": other.json["id"], "senderId": ALICE, "body": "first" });
    says(&alice, "direct/send_message", payload).await.expect(200);
    alice.posts(&other, "second").await;
    assert_eq!(in_dialect(&relay.triggers()).len(), 6);
}

#[tokio::test]
async fn a_message_costs_three_writes_in_a_dialect_as_well() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    let alice = app.user(ALICE).await;
    let reply = joined(&app).await;
    let room = said(&reply, "room_joined")["roomId"].clone();
    let say = async |body: &str| {
        let payload = json!({ "roomId": room, "senderId": ALICE, "body": body });
        says(&alice, "direct/send_message", payload).await.expect(200);
    };
    say("the first moves the room in inboxes").await;

    meter.take();
    say("hello").await;
    let bill = meter.take();

    assert!(bill.writes() <= 3.0 && bill.reads() == 0.0, "{bill}");
    joined(&app).await;
    let bill = meter.take();
    assert!(bill.writes() == 0.0, "it is open, and speaks already: {bill}");
}

/// Fault F2.
#[tokio::test]
async fn a_message_that_is_too_long_for_an_event_says_where_to_fetch_it() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user(ALICE).await;
    let reply = joined(&app).await;
    let room = &said(&reply, "room_joined")["roomId"];

    let payload = json!({ "roomId": room, "senderId": ALICE, "body": "é".repeat(9_000) });
    says(&alice, "direct/send_message", payload).await.expect(200);

    let triggers = relay.triggers();
    let told = &in_dialect(&triggers)[0].data;
    assert_eq!(
        (&told["body"], &told["truncated"], &told["seq"]),
        (&json!(""), &json!(true), &json!(1))
    );
}

#[tokio::test]
async fn a_relay_that_must_not_read_rooms_cannot_read_a_dialect_either() {
    let relay = FakeRelay::start().await;
    let app = TestApp::encrypting_to(&relay).await;
    let alice = app.user(ALICE).await;
    let reply = joined(&app).await;
    let room = &said(&reply, "room_joined")["roomId"];
    assert!(channels(&reply)[0].starts_with("private-encrypted-direct-"), "{reply}");
    let chat = alice.get("/support_chat").await.expect(200);
    let help = json!({ "chat_id": chat["id"], "content": "confidential" });

    let payload = json!({ "roomId": room, "senderId": ALICE, "body": "confidential" });
    says(&alice, "direct/send_message", payload).await.expect(200);
    says(&alice, "support/send_message", help).await.expect(200);

    let triggers = relay.triggers();
    assert!(in_dialect(&triggers).len() >= 2);
    let notified = |event: &&Heard| event.channel == "private-admin_support_notifications";
    assert!(triggers.iter().any(|event| notified(&event)));
    for event in &triggers {
        assert!(!event.data.to_string().contains("confidential"), "{event:?}");
    }
}

/// Who listens to an encrypted channel reads there what was said.
#[tokio::test]
async fn listeners_open_what_is_sealed() {
    let app = TestApp::encrypting().await;
    let (alice, bob) = (app.user(ALICE).await, app.user(BOB).await);
    let reply = joined(&app).await;
    let room = &said(&reply, "room_joined")["roomId"];
    let mut at_bob = listens(&bob, &reply).await;

    let payload = json!({ "roomId": room, "senderId": ALICE, "body": "confidential" });
    says(&alice, "direct/send_message", payload).await.expect(200);

    assert_eq!(only(at_bob.hears_so_far().await).data["body"], "confidential");
}

/// Fault F3. Mission A12 (dialect).
#[tokio::test]
async fn what_the_relay_did_not_take_is_told_later_in_the_dialect_too() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user(ALICE).await;
    let reply = joined(&app).await;
    let room = &said(&reply, "room_joined")["roomId"];
    relay.becomes(Mood::Answers(503));
    for body in ["one", "two", "three", "four"] {
        let payload = json!({ "roomId": room, "senderId": ALICE, "body": body });
        says(&alice, "direct/send_message", payload).await.expect(200);
    }
    let seen = relay.triggers().len();
    relay.becomes(Mood::Answers(200));
    app.advance_clock(std::time::Duration::from_secs(3_600)).await;

    app.dispatches().await;

    let again = relay.triggers_since(seen);
    let told = in_dialect(&again);
    let bodies: Vec<&str> = told.iter().filter_map(|event| event.data["body"].as_str()).collect();
    assert_eq!(bodies, ["one", "two", "three", "four"]);
}

/// What a function may do with the table stands in the stack: all that it does, and no more than that.
#[tokio::test]
async fn the_stack_gives_the_function_the_rights_that_it_uses() {
    let stack = include_str!("../../../../infra/template.yaml");
    let (_, role) = stack.split_once("  DialectsRole:\n").expect("its role");
    let (role, _) = role.split_once("\n  # ──").expect("the end of it");
    let rights = role.split("dynamodb:").skip(1);
    let granted: BTreeSet<&str> =
        rights.filter_map(|right| right.split_whitespace().next()).collect();
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    let (alice, agnes) = (app.user(ALICE).await, app.admin("agnes").await);
    let server = app.service().await;
    server.put("/v1/listings/9", json!({ "title": "A bike", "merchant_id": "1" })).await;
    server.draws("5", "2031-12-24T18:00:00.000Z", json!({ ALICE: BOB })).await;
    meter.take();

    let reply = joined(&app).await;
    let room = said(&reply, "room_joined")["roomId"].clone();
    let hello = json!({ "roomId": room, "senderId": ALICE, "body": "hello" });
    says(&alice, "direct/send_message", hello).await.expect(200);
    says(&alice, "direct/fetch_messages", json!({ "roomId": room })).await.expect(200);
    alice.post("/chat_rooms", json!({ "chat_room": { "listing_id": 9 } })).await.expect(200);
    let chat = alice.get("/support_chat").await.expect(200);
    let help = json!({ "chat_id": chat["id"], "content": "help" });
    for writer in [&alice, &agnes] {
        says(writer, "support/send_message", help.clone()).await.expect(200);
    }
    alice.patch("/support_chat/mark_read", json!({})).await.expect(200);
    agnes.get("/admin/chats").await.expect(200);
    let one = format!("/admin/chats/{}", chat["id"].as_str().expect("an id"));
    agnes.get(&one).await.expect(200);
    agnes.post(&format!("{one}/archive"), json!({})).await.expect(200);
    alice.post("/groups/5/conversation", json!({})).await.expect(200);
    let thread = alice.post("/chat_threads", json!({ "receiverId": BOB })).await.expect(200);
    let of_thread = json!({ "threadId": thread["chatThread"]["id"], "content": "hello" });
    let sent = says(&alice, "threads/send_message", of_thread).await.expect(200);
    let of_message = json!({ "messageId": said(&sent, "new_message")["id"], "emoji": "❤️" });
    says(&alice, "threads/add_reaction", of_message.clone()).await.expect(200);
    says(&alice, "threads/delete_message", of_message).await.expect(200);
    // Under another name, whoever is looked for is found under that one only.
    let renamed = app.user_with(json!({ "sub": ALICE, "name": "Alicia" })).await;
    renamed.get("/support_chat").await.expect(200);

    let bill = meter.take();
    let part = |metered: &tests::Metered| match metered.operation.as_str() {
        "TransactWriteItems" => {
            let items = metered.request["TransactItems"].as_array().expect("a list").clone();
            items.iter().flat_map(|item| item.as_object().expect("one").keys().cloned()).collect()
        }
        operation => vec![operation.to_owned()],
    };
    let right = |operation: String| match operation.as_str() {
        "Put" | "Update" | "Delete" => format!("{operation}Item"),
        "ConditionCheck" => "ConditionCheckItem".to_owned(),
        _ => operation,
    };
    let used: BTreeSet<String> = bill.0.iter().flat_map(part).map(right).collect();
    assert_eq!(used.iter().map(String::as_str).collect::<BTreeSet<_>>(), granted);
}

/// Fault F3.
#[tokio::test]
async fn a_deletion_that_the_relay_did_not_take_is_told_later_in_the_dialect_too() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user(ALICE).await;
    let thread = alice.post("/chat_threads", json!({ "receiverId": BOB })).await.expect(200);
    let of_thread = json!({ "threadId": thread["chatThread"]["id"], "content": "hello" });
    let sent = says(&alice, "threads/send_message", of_thread).await.expect(200);
    let of_message = json!({ "messageId": said(&sent, "new_message")["id"] });
    relay.becomes(Mood::Answers(503));
    says(&alice, "threads/delete_message", of_message).await.expect(200);
    let seen = relay.triggers().len();
    relay.becomes(Mood::Answers(200));
    app.advance_clock(std::time::Duration::from_secs(3_600)).await;

    app.dispatches().await;

    let again = relay.triggers_since(seen);
    let deleted = |event: &&Heard| event.channel.starts_with("private-thread-");
    let told: Vec<&Heard> = again.iter().filter(deleted).collect();
    assert_eq!(told.len(), 1, "{again:#?}");
    assert_eq!(
        (told[0].name.as_str(), &told[0].data["content"]),
        ("message_deleted", &json!("[message deleted]"))
    );
}
