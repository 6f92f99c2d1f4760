//! What becomes of a message after it was sent: edits, deletions, reactions, and what a client missed
//! of them.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Distant, Fault, Faulty, Meter, Room, TestApp, User};
use uuid::Uuid;

async fn pair() -> (TestApp, User, User, Room) {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    (app, alice, bob, room)
}

#[tokio::test]
async fn an_edited_message_has_its_new_text_everywhere_and_keeps_its_place() {
    let (app, alice, bob, room) = pair().await;
    app.fix_clock().await;
    let first = alice.posts(&room, "Helo").await;
    bob.posts(&room, "Hi").await;
    app.advance_clock(Duration::from_secs(5)).await;

    let edited = alice.edits(&room, 1, "Hello").await.expect(200);

    assert_eq!(
        (&edited["body"], &edited["seq"], &edited["rev"]),
        (&json!("Hello"), &json!(1), &json!(1))
    );
    assert_eq!((&edited["id"], &edited["created_at"]), (&first["id"], &first["created_at"]));
    assert!(edited["edited_at"].as_str() > first["created_at"].as_str(), "{edited}");
    let page = bob.history(&room).await;
    assert_eq!(page.bodies(), ["Hello", "Hi"]);
    assert_eq!(page.messages[0]["edited_at"], edited["edited_at"]);
    assert_eq!(bob.sees(&room).await.json["rev"], 1);
}

/// Invariant I7.
#[tokio::test]
async fn the_preview_follows_an_edit_of_the_newest_message_and_of_no_other() {
    let (_app, alice, bob, room) = pair().await;
    alice.posts_all(&room, ["one", "two"]).await;
    let preview = async || bob.inbox("").await.rooms[0].json["last_message"].clone();

    alice.edits(&room, 1, "ONE").await.expect(200);
    assert_eq!(preview().await["preview"], "two");
    alice.edits(&room, 2, "TWO").await.expect(200);
    assert_eq!(preview().await["preview"], "TWO");
    alice.deletes(&room, 2).await.expect(200);
    let shown = preview().await;
    assert_eq!((&shown["preview"], &shown["deleted"]), (&json!(""), &json!(true)));
    bob.posts(&room, "three").await;
    assert_eq!(preview().await["deleted"], false);
}

/// Mission D10. Fault F23: the text is gone from the API and from every item of the table.
#[tokio::test]
async fn a_deleted_text_is_gone_everywhere_and_its_place_stays() {
    let store = Meter::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let client_id = Uuid::new_v4();
    alice.tries_to_post(&room, "a secret slip", client_id).await.expect(201);
    bob.reacts(&room, 1, "\u{1F44D}").await.expect(200);
    bob.posts(&room, "what?").await;

    for _ in 0..2 {
        let deleted = alice.deletes(&room, 1).await.expect(200);
        assert_eq!((&deleted["body"], &deleted["reactions"]), (&json!(null), &json!([])));
        assert!(deleted["deleted_at"].is_string(), "{deleted}");
        assert_eq!(deleted["rev"], 2, "once is enough");
    }

    let page = bob.history(&room).await;
    assert_eq!((page.seqs(), page.bodies()), (vec![1, 2], vec!["what?"]));
    // Whoever repeats the post, because its answer was lost, is told what became of it.
    for answer in [
        alice.tries_to_post(&room, "a secret slip", client_id).await,
        alice.retries(&room, "a secret slip", client_id).await,
    ] {
        let again = answer.expect(200);
        assert_eq!((&again["seq"], &again["body"]), (&json!(1), &json!(null)));
    }
    for item in store.items(&format!("R#{}", room.id)) {
        assert!(!item.to_string().contains("slip"), "{item}");
    }
}

/// Mission D8: own messages only; an agent deletes any, and edits none but its desk's.
#[tokio::test]
async fn nobody_changes_what_somebody_else_wrote_but_agents_delete() {
    let (app, alice, bob, room) = pair().await;
    alice.posts_all(&room, ["one", "two"]).await;

    assert_eq!(bob.edits(&room, 1, "mine").await.problem(403), "not_your_message");
    assert_eq!(bob.deletes(&room, 1).await.problem(403), "not_your_message");
    let agent = app.admin("agnes").await;
    agent.edits(&room, 1, "ours").await.problem(404);
    agent.deletes(&room, 1).await.expect(200);
    assert_eq!(alice.history(&room).await.bodies(), ["two"]);
    for seq in [0, 3, 99] {
        alice.edits(&room, seq, "x").await.problem(404);
        alice.deletes(&room, seq).await.problem(404);
        alice.reacts(&room, seq, "\u{1F44D}").await.problem(404);
    }
}

#[tokio::test]
async fn an_edit_has_the_limits_of_a_new_message_and_changes_no_deleted_one() {
    let (_app, alice, _bob, room) = pair().await;
    alice.posts(&room, "one").await;
    let sticker = json!({ "body": "cat-7", "type": "sticker" });
    alice.post(&room.path("/messages"), sticker).await.expect(201);

    for body in ["", "  \n", "a\0b", &"a".repeat(10_001)] {
        assert_eq!(alice.edits(&room, 1, body).await.wrong_fields(), ["body"]);
    }
    assert_eq!(alice.edits(&room, 2, "dog").await.wrong_fields(), ["body"]);
    assert_eq!(
        alice.edits(&room, 1, "one").await.expect(200)["rev"],
        0,
        "the same text is no edit"
    );
    alice.deletes(&room, 1).await.expect(200);
    assert_eq!(alice.edits(&room, 1, "one").await.problem(409), "message_deleted");
    assert_eq!(alice.reacts(&room, 1, "\u{1F44D}").await.problem(409), "message_deleted");
}

/// Mission D9: one for each member and emoji.
#[tokio::test]
async fn a_reaction_is_put_and_taken_back_once_for_each_member_and_emoji() {
    let (_app, alice, bob, room) = pair().await;
    alice.posts(&room, "one").await;
    let thumb = "\u{1F44D}";
    for _ in 0..2 {
        bob.reacts(&room, 1, thumb).await.expect(200);
    }
    let both = alice.reacts(&room, 1, thumb).await.expect(200);
    assert_eq!(both["reactions"], json!([{ "emoji": thumb, "count": 2, "mine": true }]));
    alice.reacts(&room, 1, "\u{2764}\u{FE0F}").await.expect(200);
    assert_eq!(alice.sees(&room).await.json["rev"], 3);

    for _ in 0..2 {
        alice.takes_back(&room, 1, thumb).await.expect(200);
    }
    let shown = &alice.history(&room).await.messages[0]["reactions"];
    let expected = json!([
        { "emoji": "\u{2764}\u{FE0F}", "count": 1, "mine": true },
        { "emoji": thumb, "count": 1, "mine": false },
    ]);
    assert_eq!(*shown, expected);
    bob.takes_back(&room, 1, thumb).await.expect(200);
    assert_eq!(bob.history(&room).await.messages[0]["reactions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_message_takes_twenty_different_emoji_and_nothing_that_is_none() {
    let (_app, alice, bob, room) = pair().await;
    alice.posts(&room, "one").await;
    for i in 0..20 {
        let emoji = char::from_u32(0x1F600 + i).unwrap().to_string();
        alice.reacts(&room, 1, &emoji).await.expect(200);
    }

    assert_eq!(alice.reacts(&room, 1, "\u{1F44D}").await.problem(409), "too_many_emoji");
    bob.reacts(&room, 1, "\u{1F600}").await.expect(200);
    for text in ["a", ":+1:", "1", "<b>", "ok\u{1F44D}"] {
        assert_eq!(bob.reacts(&room, 1, text).await.wrong_fields(), ["emoji"], "{text}");
    }
}

/// Mission D9: however many react at once, each counts, and each revision is about one change.
#[tokio::test]
async fn those_who_react_at_once_all_count() {
    let app = TestApp::on(Distant::new()).await;
    let alice = app.user("alice").await;
    let names: Vec<String> = (0..12).map(|i| format!("user-{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let room = alice.opens_group(&names).await;
    alice.posts(&room, "one").await;
    let users = join_all(names.iter().map(|name| app.user(name))).await;

    let answers = join_all(users.iter().map(|user| user.reacts(&room, 1, "\u{1F44D}"))).await;

    let revs: HashSet<u64> =
        answers.into_iter().map(|answer| answer.expect(200)["rev"].as_u64().unwrap()).collect();
    assert_eq!(revs, (1..=12).collect());
    assert_eq!(alice.history(&room).await.messages[0]["reactions"][0]["count"], 12);
}

/// Mission D9. Mission D10: the room is told, with the revision, and nobody else is.
#[tokio::test]
async fn the_room_is_told_of_every_change() {
    let (app, alice, bob, room) = pair().await;
    alice.posts(&room, "one").await;
    let mut of_bob = bob.listens_to(&room).await;
    let mut stranger = app.user("mallory").await.listens_to_own_channel().await;

    alice.edits(&room, 1, "ONE").await.expect(200);
    bob.reacts(&room, 1, "\u{1F44D}").await.expect(200);
    bob.reacts(&room, 1, "\u{1F44D}").await.expect(200);
    bob.takes_back(&room, 1, "\u{1F44D}").await.expect(200);
    alice.deletes(&room, 1).await.expect(200);

    let names = ["message_updated", "reaction_added", "reaction_removed", "message_deleted"];
    let heard = of_bob.hears_only(&names).await;
    let revs: Vec<u64> = heard.iter().filter_map(|event| event.data["rev"].as_u64()).collect();
    assert_eq!(revs, [1, 2, 3, 4]);
    assert_eq!(heard[0].data["body"], "ONE");
    assert_eq!(heard[1].data["member_id"], "bob");
    assert_eq!((&heard[1].data["count"], &heard[2].data["count"]), (&json!(1), &json!(0)));
    assert_eq!(heard[3].data["body"], Value::Null);
    stranger.saw_nothing().await;
}

/// Invariant I5: a client that missed changes asks for them, and holds the log as it is.
#[tokio::test]
async fn a_client_learns_what_changed_since_a_revision() {
    let (_app, alice, bob, room) = pair().await;
    alice.posts_all(&room, ["one", "two", "three"]).await;
    assert_eq!(bob.missed(&room, 0).await, json!({ "messages": [], "rev": 0, "has_more": false }));
    alice.edits(&room, 1, "ONE").await.expect(200);
    alice.deletes(&room, 2).await.expect(200);
    bob.reacts(&room, 1, "\u{1F44D}").await.expect(200);

    let all = bob.missed(&room, 0).await;
    let seqs = |changes: &Value| -> Vec<u64> {
        changes["messages"].as_array().unwrap().iter().filter_map(|m| m["seq"].as_u64()).collect()
    };
    assert_eq!((seqs(&all), &all["rev"], &all["has_more"]), (vec![2, 1], &json!(3), &json!(false)));
    let log = bob.history(&room).await.messages;
    assert_eq!(all["messages"], json!([log[1], log[0]]));
    let part = bob.get(&room.path("/changes?after_rev=0&limit=2")).await.expect(200);
    assert_eq!(
        (seqs(&part), &part["rev"], &part["has_more"]),
        (vec![1, 2], &json!(2), &json!(true))
    );
    let rest = bob.missed(&room, 2).await;
    assert_eq!((seqs(&rest), &rest["rev"]), (vec![1], &json!(3)));
    for query in ["?after_rev=-1", "?after_rev=x", "?limit=0", "?limit=101"] {
        assert_eq!(bob.get(&room.path(&format!("/changes{query}"))).await.status, 422, "{query}");
    }
}

/// Fault F23: an edit and a deletion at the same moment end in a deletion.
#[tokio::test]
async fn a_deletion_holds_against_edits_and_reactions_at_the_same_moment() {
    let store = Meter::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    for round in 1..=10 {
        alice.posts(&room, "a slip").await;
        let texts: Vec<String> = (0..4).map(|i| format!("a slip again {i}")).collect();
        let edits = texts.iter().map(|text| async { alice.edits(&room, round, text).await.status });
        let (deleted, edited, reacted) = futures_util::future::join3(
            alice.deletes(&room, round),
            join_all(edits),
            bob.reacts(&room, round, "\u{1F44D}"),
        )
        .await;
        assert_eq!(deleted.status, 200, "{deleted}");
        assert!(edited.iter().all(|status| matches!(status, 200 | 409)), "{edited:?}");
        assert!(matches!(reacted.status, 200 | 409), "{reacted}");
    }
    for item in store.items(&format!("R#{}", room.id)) {
        assert!(!item.to_string().contains("slip"), "{item}");
    }
    assert!(bob.history(&room).await.bodies().is_empty());
}

/// A change whose answer from the store was lost was made once.
#[tokio::test]
async fn a_change_whose_answer_is_lost_is_made_once() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "one").await;
    let mut first = true;
    store.follow(move |call| {
        let lose = call.operation == "TransactWriteItems" && std::mem::take(&mut first);
        lose.then_some(Fault::LoseAnswer)
    });

    let edited = alice.edits(&room, 1, "ONE").await.expect(200);

    assert_eq!(edited["body"], "ONE");
    let changes = bob.missed(&room, 0).await;
    assert_eq!((&changes["rev"], &changes["messages"][0]["body"]), (&json!(1), &json!("ONE")));
}

/// Fault F23: what was reported is gone as well, and the report stays.
#[tokio::test]
async fn a_report_keeps_no_text_of_a_deleted_message() {
    let store = Meter::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob, agent) =
        (app.user("alice").await, app.user("bob").await, app.admin("agnes").await);
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "a rude slip").await;
    let report = json!({ "reason": "rude" });
    bob.post(&room.path("/messages/1/report"), report.clone()).await.expect(201);

    agent.deletes(&room, 1).await.expect(200);

    let reports = agent.get("/v1/reports").await.expect(200);
    assert_eq!(reports["reports"].as_array().map(Vec::len), Some(1));
    assert!(!reports.to_string().contains("slip"), "{reports}");
    for item in store.items(&format!("R#{}", room.id)) {
        assert!(!item.to_string().contains("slip"), "{item}");
    }
    app.user("bob").await.post(&room.path("/messages/1/report"), report).await.problem(404);
}
