//! `PUT /v1/rooms/{id}/read`.

use serde_json::{Value, json};
use tests::{Room, TestApp, User};

/// A room in which alice has posted five messages that bob has not read.
async fn five_unread() -> (TestApp, User, User, Room) {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts_all(&room, ["1", "2", "3", "4", "5"]).await;
    (app, alice, bob, room)
}

async fn unread(user: &User, room: &Room) -> Value {
    user.sees(room).await.json["you"]["unread"].clone()
}

/// Invariant I6.
#[tokio::test]
async fn what_is_unread_is_what_is_behind_the_mark() {
    let (_app, alice, bob, room) = five_unread().await;
    assert_eq!(unread(&bob, &room).await, 5);
    assert_eq!(unread(&alice, &room).await, 0, "one's own messages are read");

    assert_eq!(bob.marks_read(&room, 2).await, json!({ "read": 2, "unread": 3 }));
    assert_eq!(unread(&bob, &room).await, 3);
    assert_eq!(bob.marks_read(&room, 5).await, json!({ "read": 5, "unread": 0 }));

    assert_eq!(unread(&bob, &room).await, 0);
    assert_eq!(bob.inbox("").await.rooms[0].json["you"]["unread"], 0);
    alice.posts(&room, "6").await;
    assert_eq!(unread(&bob, &room).await, 1);
}

/// Invariant I6.
#[tokio::test]
async fn a_mark_moves_forward_only_and_not_past_the_head() {
    let (_app, _, bob, room) = five_unread().await;
    bob.marks_read(&room, 3).await;

    assert_eq!(bob.marks_read(&room, 1).await, json!({ "read": 3, "unread": 2 }));
    assert_eq!(bob.marks_read(&room, 3).await, json!({ "read": 3, "unread": 2 }));
    assert_eq!(bob.marks_read(&room, 999_999).await, json!({ "read": 5, "unread": 0 }));
    assert_eq!(bob.marks_read(&room, u64::MAX).await, json!({ "read": 5, "unread": 0 }));
}

/// Invariant I6.
#[tokio::test]
async fn who_posts_has_read_up_to_it() {
    let (_app, _, bob, room) = five_unread().await;

    bob.posts(&room, "6").await;

    let you = bob.sees(&room).await.json["you"].clone();
    assert_eq!((&you["read"], &you["unread"]), (&json!(6), &json!(0)));
}

#[tokio::test]
async fn members_see_how_far_the_other_one_has_read() {
    let (_app, alice, bob, room) = five_unread().await;

    bob.marks_read(&room, 4).await;

    let members = alice.sees(&room).await.json["members"].clone();
    let read = |id: &str| {
        let member = members.as_array().unwrap().iter().find(|member| member["id"] == id);
        member.unwrap()["read"].clone()
    };
    assert_eq!((read("alice"), read("bob")), (json!(5), json!(4)));
}

/// Invariant I10.
#[tokio::test]
async fn a_mark_is_a_number_of_a_message() {
    let (_app, _, bob, room) = five_unread().await;

    for body in [
        json!({}),
        json!({ "seq": -1 }),
        json!({ "seq": "1" }),
        json!({ "seq": 1.5 }),
        json!({ "seq": null }),
    ] {
        let answer = bob.put(&room.path("/read"), body.clone()).await;
        answer.problem(422);
    }
    assert_eq!(unread(&bob, &room).await, 5);
}
