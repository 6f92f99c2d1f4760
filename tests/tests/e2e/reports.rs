//! `/v1/rooms/{id}/messages/{seq}/report` and `/v1/reports`: what members tell support agents of.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use local::embedded::{Engine, client};
use serde_json::{Value, json};
use shared::store::Store;
use tests::{Answer, Fault, Faulty, Meter, Room, TestApp, Traces, User};

/// An id as reports have them, of no report.
const NO_REPORT: &str = "00000000-0000-8000-8000-000000000000";

async fn reports(user: &User, room: &Room, seq: u64, reason: &str) -> Answer {
    user.post(&room.path(&format!("/messages/{seq}/report")), json!({ "reason": reason })).await
}

async fn resolves(user: &User, id: &Value, told: Value) -> Answer {
    user.post(&format!("/v1/reports/{}/resolve", id.as_str().expect("an id")), told).await
}

/// A page of the list as an agent sees it.
async fn listed(agent: &User, query: &str) -> Vec<Value> {
    let page = agent.get(&format!("/v1/reports{query}")).await.expect(200);
    page["reports"].as_array().expect("reports").clone()
}

/// Alice's message before bob.
async fn a_message(app: &TestApp) -> (User, User, Room) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "You fool").await;
    (alice, bob, room)
}

/// Mission D11.
#[tokio::test]
async fn agents_see_who_reported_what_and_why() {
    let app = TestApp::start().await;
    let (_, bob, room) = a_message(&app).await;

    let report = reports(&bob, &room, 1, "Rude").await.expect(201);

    assert_eq!((&report["room_id"], &report["seq"]), (&json!(room.id), &json!(1)));
    assert_eq!((&report["reason"], &report["state"]), (&json!("Rude"), &json!("open")));
    assert!(report.get("body").is_none() && report.get("resolved_by").is_none(), "{report}");
    let seen = listed(&app.admin("agnes").await, "").await;
    let expected = json!({
        "id": report["id"], "room_id": room.id, "seq": 1, "body": "You fool",
        "sender_id": "alice", "sender_type": "user", "reason": "Rude",
        "reporter_id": "bob", "reporter_account": "bob", "created_at": report["created_at"],
        "state": "open", "resolved_at": null, "resolved_by": null, "note": null,
    });
    assert_eq!(seen, [expected]);
}

/// Mission D11.
#[tokio::test]
async fn a_repeat_is_the_first_report_and_makes_no_second_row() {
    let store = Meter::new();
    let app = TestApp::on(store.clone()).await;
    let (_, bob, room) = a_message(&app).await;
    let first = reports(&bob, &room, 1, "Rude").await.expect(201);
    let items = store.count_items(&format!("R#{}", room.id));

    let again = reports(&bob, &room, 1, "Very rude").await.expect(200);

    assert_eq!(again, first);
    assert_eq!(store.count_items(&format!("R#{}", room.id)), items);
    assert_eq!(listed(&app.admin("agnes").await, "").await.len(), 1);
}

/// Fault F7: the store did it, and its answer was lost.
#[tokio::test]
async fn a_report_whose_answer_is_lost_is_one_report() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let (_, bob, room) = a_message(&app).await;
    store.follow(|call| (call.attempt == 1 && call.writes()).then_some(Fault::LoseAnswer));

    let answer = reports(&bob, &room, 1, "Rude").await;

    assert!(matches!(answer.status, 200 | 201), "{answer}");
    store.heal();
    assert_eq!(listed(&app.admin("agnes").await, "").await.len(), 1);
}

#[tokio::test]
async fn each_reporter_and_each_message_make_a_report_of_their_own() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let (bob, carol) = (app.user("bob").await, app.user("carol").await);
    let room = alice.opens_group(&["bob", "carol"]).await;
    alice.posts_all(&room, ["one", "two"]).await;
    let mut ids = Vec::new();
    for (user, seq) in [(&bob, 1), (&carol, 1), (&bob, 2)] {
        app.advance_clock(Duration::from_millis(5)).await;
        ids.insert(0, reports(user, &room, seq, "Spam").await.expect(201)["id"].clone());
    }

    let agent = app.admin("agnes").await;
    let seen: Vec<Value> =
        listed(&agent, "").await.iter().map(|report| report["id"].clone()).collect();

    assert_eq!(seen, ids, "newest first");
}

/// Fault F18. Invariant I8.
#[tokio::test]
async fn nobody_but_agents_sees_what_was_reported_or_resolves_it() {
    let app = TestApp::start().await;
    let (alice, bob, room) = a_message(&app).await;
    let id = reports(&bob, &room, 1, "Rude").await.expect(201)["id"].clone();
    let others = [
        alice,
        bob,
        app.user("mallory").await,
        app.merchant("wheels").await,
        app.service().await,
        app.user_with(json!({ "sub": "visitor", "type": "guest" })).await,
    ];

    for other in &others {
        for query in ["", "?state=resolved"] {
            let answer = other.get(&format!("/v1/reports{query}")).await;
            assert_eq!(answer.problem(403), "admins_only");
            assert!(!answer.text.contains("fool"), "{answer}");
        }
        for id in [&id, &json!(NO_REPORT)] {
            let answer = resolves(other, id, json!({})).await;
            assert_eq!(answer.problem(403), "admins_only");
        }
    }
    app.anonymous().get("/v1/reports").await.problem(401);
    resolves(&app.anonymous(), &id, json!({})).await.problem(401);
    assert_eq!(listed(&app.admin("agnes").await, "").await[0]["state"], "open");
}

/// Nobody else in the room learns of it, not even who is reported.
#[tokio::test]
async fn whoever_is_reported_is_told_nothing() {
    let app = TestApp::start().await;
    let (alice, bob, room) = a_message(&app).await;
    let before = alice.sees(&room).await.json;
    let mut listener = alice.listens_to(&room).await;
    let mut own = alice.listens_to_own_channel().await;

    reports(&bob, &room, 1, "Rude").await.expect(201);

    assert_eq!(alice.sees(&room).await.json, before);
    listener.saw_nothing().await;
    own.saw_nothing().await;
}

/// Invariant I8.
#[tokio::test]
async fn to_a_stranger_there_is_nothing_to_report() {
    let app = TestApp::start().await;
    let (_, _, room) = a_message(&app).await;

    for stranger in [app.user("mallory").await, app.admin("agnes").await, app.service().await] {
        let answer = reports(&stranger, &room, 1, "Rude").await;
        assert_eq!(answer.problem(404), "not_found");
    }
    assert!(listed(&app.admin("agnes").await, "").await.is_empty());
}

#[tokio::test]
async fn where_no_message_stands_there_is_nothing_to_report() {
    let app = TestApp::start().await;
    let (_, bob, room) = a_message(&app).await;

    for seq in ["0", "2", "999999999999", "18446744073709551615", "18446744073709551616", "-1", "x"]
    {
        let path = room.path(&format!("/messages/{seq}/report"));
        let answer = bob.post(&path, json!({ "reason": "Rude" })).await;
        assert_eq!(answer.problem(404), "not_found", "{seq}");
    }
}

/// A slot whose message never came is pending for two seconds, and then void.
#[tokio::test]
async fn a_slot_without_a_message_cannot_be_reported() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob, room) = a_message(&app).await;
    // The slot is taken, and the message cannot be put there.
    store.follow(|call| {
        (call.operation == "PutItem").then_some(Fault::Refuse(400, "ThrottlingException"))
    });
    alice.post(&room.path("/messages"), json!({ "body": "lost" })).await.problem(503);
    store.heal();

    reports(&bob, &room, 2, "Rude").await.problem(404);
    app.advance_clock(Duration::from_secs(3)).await;
    reports(&bob, &room, 2, "Rude").await.problem(404);
    assert_eq!(bob.history(&room).await.messages[1]["void"], true);
}

#[tokio::test]
async fn ones_own_message_cannot_be_reported() {
    let app = TestApp::start().await;
    let (alice, _, room) = a_message(&app).await;

    assert_eq!(reports(&alice, &room, 1, "Rude").await.wrong_fields(), ["seq"]);
}

#[tokio::test]
async fn agents_report_what_users_write_to_the_desk_and_users_what_it_answers() {
    let app = TestApp::start().await;
    let (una, agnes, otto) =
        (app.user("una").await, app.admin("agnes").await, app.admin("otto").await);
    let room = una.opens_support().await;
    una.posts(&room, "You fools").await;
    agnes.posts(&room, "So are you").await;

    reports(&agnes, &room, 1, "Rude").await.expect(201);
    reports(&otto, &room, 1, "Rude").await.expect(201);
    reports(&una, &room, 2, "Rude").await.expect(201);
    assert_eq!(reports(&otto, &room, 2, "Rude").await.wrong_fields(), ["seq"], "the desk's own");

    let accounts = listed(&agnes, "").await;
    let mut accounts: Vec<&str> =
        accounts.iter().filter_map(|report| report["reporter_account"].as_str()).collect();
    accounts.sort_unstable();
    assert_eq!(accounts, ["agnes", "otto", "una"]);
}

/// Invariant I10.
#[tokio::test]
async fn a_reason_has_1_to_1_000_characters() {
    let app = TestApp::start().await;
    let (_, bob, room) = a_message(&app).await;
    let path = room.path("/messages/1/report");

    for body in [
        json!({}),
        json!({ "reason": " \n" }),
        json!({ "reason": "x".repeat(1_001) }),
        json!({ "reason": "a\0b" }),
        json!({ "reason": 5 }),
    ] {
        assert_eq!(bob.post(&path, body.clone()).await.wrong_fields(), ["reason"], "{body}");
    }
    reports(&bob, &room, 1, &"🎁".repeat(1_000)).await.expect(201);
}

/// Mission E3: before the date an agent sees the giver's alias, whoever of the two reports.
#[tokio::test]
async fn a_report_unmasks_nobody() {
    let app = TestApp::start().await;
    let giver = json!({ "sub": "giver-4711", "name": "Gwendolyn", "email": "gwen@mail.example" });
    let (giver, bob) = (app.user_with(giver).await, app.user("bob").await);
    let service = app.service().await;
    service.draws("family", "2031-12-24T18:00:00Z", json!({ "giver-4711": "bob" })).await;
    let room = giver.opens_match("family").await;
    let alias = giver.posts(&room, "Guess who").await["sender_id"].clone();
    bob.posts(&room, "Go away").await;

    let told = reports(&bob, &room, 1, "Spooky").await;
    app.advance_clock(Duration::from_millis(5)).await;
    let own = reports(&giver, &room, 2, "Unkind").await;
    own.clone().expect(201);

    let agent = app.admin("agnes").await;
    let seen = agent.get("/v1/reports?limit=1").await;
    let rest =
        agent.get(&format!("/v1/reports?cursor={}", seen.json["next"].as_str().unwrap())).await;
    let resolved = resolves(&agent, &own.json["id"], json!({})).await;
    let traces = Traces::of(["giver-4711", "Gwendolyn", "gwen@mail.example"]);
    for answer in [&told, &own, &seen, &rest, &resolved] {
        assert_eq!(traces.found_in(&answer.text), Vec::<String>::new(), "{answer}");
    }
    let (by_giver, by_bob) = (&seen.json["reports"][0], &rest.json["reports"][0]);
    assert_eq!((&by_giver["reporter_id"], &by_giver["reporter_account"]), (&alias, &json!(null)));
    assert_eq!((&by_bob["sender_id"], &by_bob["reporter_account"]), (&alias, &json!("bob")));
}

#[tokio::test]
async fn the_list_goes_on_where_a_page_ends() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts_all(&room, ["1", "2", "3", "4", "5"]).await;
    app.fix_clock().await;
    for seq in 1..=5 {
        reports(&bob, &room, seq, "Spam").await.expect(201);
    }
    let agent = app.admin("agnes").await;
    let (mut seqs, mut query) = (Vec::new(), "?limit=2".to_owned());

    loop {
        let page = agent.get(&format!("/v1/reports{query}")).await.expect(200);
        let rows = page["reports"].as_array().expect("reports");
        seqs.extend(rows.iter().map(|report| report["seq"].as_u64().expect("a seq")));
        match page["next"].as_str() {
            Some(next) => query = format!("?limit=2&cursor={next}"),
            None => break,
        }
    }

    seqs.sort_unstable();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
}

/// Invariant I10.
#[tokio::test]
async fn a_wrong_part_of_the_list_is_refused() {
    let app = TestApp::start().await;
    let agent = app.admin("agnes").await;

    for (query, field) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor"), ("state=x", "state")]
    {
        assert_eq!(agent.get(&format!("/v1/reports?{query}")).await.wrong_fields(), [field]);
    }
}

#[tokio::test]
async fn a_resolved_report_moves_to_the_other_list_and_keeps_its_first_note() {
    let app = TestApp::start().await;
    let (_, bob, room) = a_message(&app).await;
    let (agnes, otto) = (app.admin("agnes").await, app.admin("otto").await);
    let id = reports(&bob, &room, 1, "Rude").await.expect(201)["id"].clone();

    let first = resolves(&agnes, &id, json!({ "note": "Warned" })).await.expect(200);
    app.advance_clock(Duration::from_secs(5)).await;
    let again = resolves(&otto, &id, json!({ "note": "Not so bad" })).await.expect(200);

    assert_eq!((&first["state"], &first["note"]), (&json!("resolved"), &json!("Warned")));
    assert_eq!(first["resolved_by"], "agnes");
    assert!(first["resolved_at"].is_string(), "{first}");
    assert_eq!(again, first);
    assert!(listed(&agnes, "").await.is_empty());
    assert_eq!(listed(&agnes, "?state=resolved").await, [first]);
    // And whoever reports it again is told.
    assert_eq!(reports(&bob, &room, 1, "Rude").await.expect(200)["state"], "resolved");
}

#[tokio::test]
async fn resolving_needs_no_note_and_a_report() {
    let app = TestApp::start().await;
    let (_, bob, room) = a_message(&app).await;
    let agnes = app.admin("agnes").await;
    let id = reports(&bob, &room, 1, "Rude").await.expect(201)["id"].clone();

    for absent in [NO_REPORT, "x", &room.id] {
        resolves(&agnes, &json!(absent), json!({})).await.problem(404);
    }
    for note in [json!(""), json!("x".repeat(1_001))] {
        assert_eq!(resolves(&agnes, &id, json!({ "note": note })).await.wrong_fields(), ["note"]);
    }
    let path = format!("/v1/reports/{}/resolve", id.as_str().unwrap());
    let resolved = agnes.send(agnes.request(reqwest::Method::POST, &path)).await.expect(200);
    assert_eq!(resolved["note"], json!(null));
    // As the description says, null is as good as no body.
    resolves(&agnes, &id, json!(null)).await.expect(200);
}

/// Mission D16: the copies go with the room.
#[tokio::test]
async fn the_reports_of_a_deleted_room_are_gone() {
    let store = Meter::new();
    let app = TestApp::on(store.clone()).await;
    let (_, bob, room) = a_message(&app).await;
    let agnes = app.admin("agnes").await;
    let id = reports(&bob, &room, 1, "Rude").await.expect(201)["id"].clone();

    agnes.delete(&room.path("")).await.expect(204);

    assert!(listed(&agnes, "").await.is_empty());
    resolves(&agnes, &id, json!({})).await.problem(404);
    assert_eq!(store.count_items(&format!("R#{}", room.id)), 1, "the tombstone");
    reports(&bob, &room, 1, "Rude").await.problem(404);
}

/// What deleting a message calls. Mission D10.
#[tokio::test]
async fn a_report_can_forget_what_it_copied() {
    let engine = Engine::memory().expect("an empty store");
    let app = TestApp::on(engine.clone()).await;
    let store = Store::new(client(Arc::new(engine), RetryConfig::disabled()), local::TABLE);
    let (alice, bob, carol) =
        (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    let room = alice.opens_group(&["bob", "carol"]).await;
    alice.posts_all(&room, ["You fools", "Hello"]).await;
    for (user, seq) in [(&bob, 1), (&carol, 1), (&carol, 2)] {
        reports(user, &room, seq, "Rude").await.expect(201);
    }

    for _ in 0..2 {
        store.forget_reported(room.id.parse().expect("an id"), 1).await.expect("the store");
    }

    let mut left: Vec<(Value, Value)> = listed(&app.admin("agnes").await, "")
        .await
        .iter()
        .map(|report| (report["seq"].clone(), report["body"].clone()))
        .collect();
    left.sort_by_key(|(seq, _)| seq.as_u64());
    let gone = (json!(1), json!(null));
    assert_eq!(left, [gone.clone(), gone, (json!(2), json!("Hello"))]);
}
