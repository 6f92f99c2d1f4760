//! `PATCH /v1/rooms/{id}`: how a room is for one of its members.

use serde_json::json;
use tests::TestApp;

/// Mission's rule 14: what a member hides is out of its list until something comes.
#[tokio::test]
async fn a_hidden_room_comes_back_with_the_next_message() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    bob.posts(&room, "one").await;

    let shown = alice.patch(&room.path(""), json!({ "hidden": true })).await.expect(200);
    assert_eq!(shown["you"]["hidden"], true);
    assert!(alice.inbox("").await.ids().is_empty());
    assert_eq!(bob.inbox("").await.ids(), [&room.id], "only for the one who hid it");
    assert_eq!(bob.sees(&room).await.json["you"]["hidden"], false);
    assert_eq!(alice.history(&room).await.bodies(), ["one"]);

    bob.posts(&room, "two").await;
    assert_eq!(alice.inbox("").await.ids(), [&room.id]);
    assert_eq!(alice.sees(&room).await.json["you"]["hidden"], false);
}

#[tokio::test]
async fn a_hidden_room_is_taken_back_by_hand() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    for (hidden, listed) in [(true, 0), (true, 0), (false, 1), (false, 1)] {
        alice.patch(&room.path(""), json!({ "hidden": hidden })).await.expect(200);
        assert_eq!(alice.inbox("").await.ids().len(), listed);
    }
}

#[tokio::test]
async fn each_member_mutes_and_pins_for_itself() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;

    alice.patch(&room.path(""), json!({ "muted": true, "pinned": true })).await.expect(200);
    let shown = alice.patch(&room.path(""), json!({ "muted": false })).await.expect(200);

    assert_eq!((&shown["you"]["muted"], &shown["you"]["pinned"]), (&json!(false), &json!(true)));
    alice.posts(&room, "hello").await;
    let row = alice.inbox("").await.rooms.remove(0).json;
    assert_eq!(row["you"]["pinned"], true);
    let others = bob.sees(&room).await.json;
    assert_eq!((&others["you"]["muted"], &others["you"]["pinned"]), (&json!(false), &json!(false)));
}

/// One's other devices learn of it, and nobody else.
#[tokio::test]
async fn the_callers_other_devices_are_told() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut own = alice.listens_to_own_channel().await;
    let mut others = [bob.listens_to_own_channel().await, bob.listens_to(&room).await];

    alice.patch(&room.path(""), json!({ "hidden": true })).await.expect(200);

    let heard = own.hears_only(&["room_updated"]).await;
    assert_eq!(
        (&heard[0].data["room_id"], &heard[0].data["hidden"]),
        (&json!(room.id), &json!(true))
    );
    for listener in &mut others {
        listener.saw_nothing().await;
    }
}

/// Fault F18. Invariant I10.
#[tokio::test]
async fn only_members_change_what_is_theirs_and_only_groups_have_titles() {
    let app = TestApp::start().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;

    mallory.patch(&room.path(""), json!({ "muted": true })).await.problem(404);
    let titled = alice.patch(&room.path(""), json!({ "title": "Us" })).await;
    assert_eq!(titled.wrong_fields(), ["title"]);
    for body in [json!({ "muted": 1 }), json!({ "hidden": "yes" })] {
        assert_eq!(alice.patch(&room.path(""), body).await.status, 422);
    }
    let nothing = alice.patch(&room.path(""), json!({})).await.expect(200);
    assert_eq!(nothing["id"], json!(room.id));
}

/// Agents share their desk's rooms: one alone hides nothing from the others.
#[tokio::test]
async fn no_agent_hides_a_room_from_the_others() {
    let app = TestApp::start().await;
    let room = app.user("una").await.opens_support().await;

    let answer = app.admin("agnes").await.patch(&room.path(""), json!({ "hidden": true })).await;

    assert_eq!(answer.problem(403), "desk_shares");
}
