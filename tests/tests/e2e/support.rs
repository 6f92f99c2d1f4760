//! Rooms of a user and the support desk.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tests::{Distant, Heard, Listener, Room, TestApp, User};
use uuid::Uuid;

/// A user, the user's support room, and an agent.
struct Scene {
    app: TestApp,
    user: User,
    agent: User,
    room: Room,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start().await;
        app.fix_clock().await;
        let claims = json!({ "sub": "una", "name": "Una", "email": "una@mail.example" });
        let user = app.user_with(claims).await;
        let agent = app.admin("agnes").await;
        let room = user.opens_support().await;
        Self { app, user, agent, room }
    }
}

fn seqs(heard: &[Heard], name: &str) -> Vec<u64> {
    heard.iter().filter(|h| h.name == name).filter_map(|h| h.data["seq"].as_u64()).collect()
}

/// Mission B1. Mission B11: however many ask at once, one chat is opened.
#[tokio::test]
async fn of_fifty_requests_for_a_users_support_room_all_get_the_same() {
    let app = TestApp::on(Distant::new()).await;
    let user = app.user("una").await;

    let answers =
        join_all((0..50).map(|_| user.post("/v1/rooms", json!({ "kind": "support" })))).await;

    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    let ids: HashSet<_> = answers.iter().map(|answer| answer.json["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

/// Mission B2. Mission B3.
#[tokio::test]
async fn a_support_room_has_every_key_and_null_for_what_was_not_yet() {
    let scene = Scene::set().await;

    let shown = scene.user.sees(&scene.room).await.json;

    assert!(Uuid::parse_str(&scene.room.id).is_ok());
    assert_eq!((&shown["kind"], &shown["state"]), (&json!("support"), &json!("active")));
    for key in ["last_message_at", "viewed_at", "archived_at", "title", "last_message"] {
        assert_eq!(shown.get(key), Some(&json!(null)), "{key}: {shown}");
    }
    for key in ["created_at", "updated_at"] {
        assert!(shown[key].is_string(), "{key}: {shown}");
    }
    assert_eq!(shown["you"]["member_id"], "una");
    let types: HashSet<_> =
        shown["members"].as_array().unwrap().iter().map(|m| m["type"].to_string()).collect();
    assert_eq!(types, HashSet::from([r#""user""#.to_owned(), r#""admin""#.to_owned()]));
}

/// Mission B4. Mission B18: in which capacity somebody writes follows from the token, whatever the
/// body says.
#[tokio::test]
async fn a_message_is_a_users_or_an_admins_as_the_token_says() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    let claims_more =
        json!({ "body": "I am you", "sender_type": "admin", "sender_id": "desk:support" });

    let from_user = user.post(&room.path("/messages"), claims_more).await.expect(201);
    let from_agent = agent.posts(&room, "How can I help?").await;

    assert_eq!(
        (&from_user["sender_type"], &from_user["sender_id"]),
        (&json!("user"), &json!("una"))
    );
    assert_eq!(from_agent["sender_type"], "admin");
    assert_eq!(from_agent["receiver_id"], "una");
    assert_eq!(
        (&from_user["receiver_type"], &from_agent["receiver_type"]),
        (&json!("admin"), &json!("user"))
    );
    // No agent is told from another: the desk writes.
    let colleague = scene_colleague(&user).await;
    let second = colleague.posts(&room, "I take over").await;
    assert_eq!(second["sender_id"], from_agent["sender_id"]);
    assert!(!second.to_string().contains("carl"), "{second}");
}

async fn scene_colleague(user: &User) -> User {
    user.site().admin("carl").await
}

/// Mission B18.
#[tokio::test]
async fn a_blank_message_is_refused_and_nothing_is_stored_or_sent() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    let mut listener = agent.listens_to(&room).await;

    let answer = user.post(&room.path("/messages"), json!({ "body": "  \n" })).await;

    assert_eq!(answer.wrong_fields(), ["body"]);
    assert_eq!(user.sees(&room).await.json["head"], 0);
    listener.saw_nothing().await;
}

/// Mission B7. Mission B8.
#[tokio::test]
async fn a_room_is_unread_for_the_desk_from_a_users_message_until_somebody_there_reads_it() {
    let Scene { app, user, agent, room } = Scene::set().await;
    let unread = async || agent.sees(&room).await.json["unread"].clone();
    assert_eq!(unread().await, 0);

    user.posts(&room, "Hello?").await;
    assert_eq!(unread().await, 1);
    let waiting = agent.me().await["desk_waiting"].clone();
    assert_eq!(waiting, 1);

    app.advance_clock(Duration::from_secs(1)).await;
    agent.marks_read(&room, 1).await;
    assert_eq!(unread().await, 0);
    let seen = scene_colleague(&user).await.sees(&room).await.json;
    assert_eq!(seen["unread"], 0, "the desk's position is one");
    assert!(seen["viewed_at"].as_str().unwrap().starts_with("2031-05-05T12:00:31."), "{seen}");
    assert_eq!(agent.me().await["desk_waiting"], 0);

    agent.posts(&room, "Hello!").await;
    assert_eq!(unread().await, 0);
    assert_eq!(agent.me().await["desk_waiting"], 0);
}

/// An agent who has seen only a part leaves the room waiting.
#[tokio::test]
async fn a_room_waits_until_the_desk_has_read_to_its_end() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    user.posts_all(&room, ["one", "two"]).await;

    let left = agent.marks_read(&room, 1).await;

    assert_eq!(left, json!({ "read": 1, "unread": 1 }));
    assert_eq!(agent.me().await["desk_waiting"], 1);
    agent.marks_read(&room, 99).await;
    assert_eq!(agent.me().await["desk_waiting"], 0);
}

/// Mission B12: the user's reading shows on what the desk wrote, and on nothing else.
#[tokio::test]
async fn what_the_desk_wrote_has_the_time_at_which_the_user_read_it() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    user.posts(&room, "Hello?").await;
    agent.posts(&room, "Hello!").await;
    user.marks_read(&room, 2).await;

    let page = user.history(&room).await;

    assert!(page.messages[1]["read_at"].is_string(), "{}", page.messages[1]);
    assert_eq!(page.messages[1]["sender_type"], "admin");
}

/// Mission B9.
#[tokio::test]
async fn a_room_is_put_away_and_taken_back_as_often_as_one_likes() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    for (path, state) in [("/archive", "archived"), ("/unarchive", "active")] {
        for _ in 0..2 {
            let shown = agent.post(&room.path(path), json!({})).await.expect(200);
            assert_eq!(shown["state"], state);
            assert_eq!(shown["archived_at"].is_string(), state == "archived");
        }
    }
    let bare = agent.request(Method::POST, &room.path("/archive"));
    assert_eq!(agent.send(bare).await.expect(200)["state"], "archived");
    assert_eq!(user.sees(&room).await.json["state"], "archived");
}

/// Mission B10.
#[tokio::test]
async fn a_users_message_takes_a_room_back_and_the_desks_own_does_not() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    let state = async || user.sees(&room).await.json["state"].clone();
    agent.post(&room.path("/archive"), json!({})).await.expect(200);

    agent.posts(&room, "One more thing").await;
    assert_eq!(state().await, "archived");
    user.posts(&room, "Thanks").await;
    assert_eq!(state().await, "active");
    assert_eq!(agent.desk("").await.ids(), [&room.id]);
    assert!(agent.desk("?state=archived").await.ids().is_empty());
}

/// Two agents, one of whom puts away what the other one's user has just answered.
#[tokio::test]
async fn a_room_is_not_put_away_when_more_has_come_than_was_seen() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    user.posts_all(&room, ["one", "two"]).await;

    let answer = agent.post(&room.path("/archive"), json!({ "seq": 1 })).await;

    assert_eq!(answer.problem(409), "more_came");
    assert_eq!(agent.sees(&room).await.json["state"], "active");
    let done = agent.post(&room.path("/archive"), json!({ "seq": 2 })).await.expect(200);
    assert_eq!(done["state"], "archived");
}

/// Mission B15. Mission B16. Fault F18.
#[tokio::test]
async fn only_agents_put_rooms_away_and_look_into_the_queue() {
    let Scene { app, user, room, .. } = Scene::set().await;
    let stranger = app.user("mallory").await;
    for path in ["/archive", "/unarchive"] {
        assert_eq!(user.post(&room.path(path), json!({})).await.problem(403), "desk_only");
        stranger.post(&room.path(path), json!({})).await.problem(404);
    }
    for caller in [&user, &stranger] {
        assert_eq!(caller.get("/v1/desk/rooms").await.problem(403), "no_desk");
        caller.get("/v1/desk/rooms?state=archived").await.problem(403);
    }
    assert_eq!(user.sees(&room).await.json["state"], "active");
}

/// Mission B17. Fault F18. Invariant I8.
#[tokio::test]
async fn a_support_room_is_its_users_and_the_agents_and_nobody_elses() {
    let Scene { app, user, agent, room } = Scene::set().await;
    user.posts(&room, "Secret").await;
    let merchant = app.merchant("wheels").await;
    let service = app.service().await;
    for stranger in [app.user("mallory").await, merchant, service] {
        stranger.get(&room.path("")).await.problem(404);
        stranger.get(&room.path("/messages")).await.problem(404);
        stranger.asks_to_hear("1.1", &room.channel).await.problem(403);
    }
    for member in [&user, &agent] {
        member.asks_to_hear("1.1", &room.channel).await.expect(200);
        assert_eq!(member.history(&room).await.bodies(), ["Secret"]);
    }
}

/// Mission B19.
#[tokio::test]
async fn the_desks_channel_is_the_agents_alone() {
    let Scene { app, user, agent, .. } = Scene::set().await;
    let desk = agent.desk_channel().await;
    assert!(desk.starts_with("private-desk-"), "{desk}");
    assert_eq!(app.admin("carl").await.desk_channel().await, desk, "there is one");

    agent.asks_to_hear("1.1", &desk).await.expect(200);
    let merchant = app.merchant("wheels").await;
    for stranger in [&user, &merchant, &app.service().await] {
        stranger.asks_to_hear("1.1", &desk).await.problem(403);
    }
    assert_eq!(user.me().await.get("desk_channel"), None);
}

/// Mission B21: the desk hears what users write, with who wrote it, and not what it writes itself.
#[tokio::test]
async fn the_desk_hears_of_users_messages_and_of_no_others() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    let mut desk = agent.listens_to_desk().await;

    agent.posts(&room, "Good morning").await;
    let message = user.posts(&room, "Hello?").await;

    let heard = desk.next().await;
    assert_eq!(heard.name, "new_user_message");
    assert_eq!(heard.data["room_id"], json!(room.id));
    assert_eq!((&heard.data["seq"], &heard.data["rev"]), (&json!(2), &json!(0)));
    let una = json!({ "id": "una", "type": "user", "name": "Una", "picture": null, "email": "una@mail.example" });
    assert_eq!(heard.data["user"], una);
    assert_eq!(heard.data["message"]["body"], "Hello?");
    assert_eq!(heard.data["message"]["id"], message["id"]);
    desk.saw_nothing().await;
}

/// Mission C8. For the support desk: the user's list moves on an agent's message, and not on its own.
#[tokio::test]
async fn the_user_hears_of_the_desks_messages_on_the_own_channel() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    let mut own = user.listens_to_own_channel().await;

    user.posts(&room, "Hello?").await;
    agent.posts(&room, "Hello!").await;

    let heard = own.next().await;
    assert_eq!(heard.name, "chat_list_update");
    assert_eq!((&heard.data["seq"], &heard.data["unread"]), (&json!(2), &json!(1)));
    own.saw_nothing().await;
}

/// Mission B13. Mission B14. Mission B34: a row tells who, how many, what last, and whether it waits.
#[tokio::test]
async fn a_row_of_the_queue_tells_who_how_much_and_what_last() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    user.posts_all(&room, ["one", &"é".repeat(101)]).await;

    let row = agent.desk("").await.rooms.remove(0).json;

    let una = json!({ "id": "una", "type": "user", "name": "Una", "picture": null, "email": "una@mail.example" });
    assert_eq!(row["user"], una);
    assert_eq!((&row["message_count"], &row["unread"]), (&json!(2), &json!(2)));
    assert_eq!(row["last_message"]["preview"], "é".repeat(97) + "...");
    assert_eq!(row["last_message"]["sender_type"], "user");
    assert_eq!(row["state"], "active");
    assert!(row["last_message_at"].is_string());
    // So does the room itself (B34), and to its user it does not.
    assert_eq!(agent.sees(&room).await.json["user"], una);
    let own = user.sees(&room).await.json;
    assert_eq!((own.get("user"), own.get("unread")), (None, None));
    assert!(!own.to_string().contains("mail.example"), "{own}");
}

/// Mission B13: the filter.
#[tokio::test]
async fn what_was_put_away_is_listed_apart() {
    let Scene { app, user, agent, room } = Scene::set().await;
    user.posts(&room, "one").await;
    let other = app.user("otto").await.opens_support().await;
    agent.post(&other.path("/archive"), json!({})).await.expect(200);

    assert_eq!(agent.desk("").await.ids(), [&room.id]);
    assert_eq!(agent.desk("?state=active").await.ids(), [&room.id]);
    assert_eq!(agent.desk("?state=archived").await.ids(), [&other.id]);
    assert_eq!(agent.get("/v1/desk/rooms?state=true").await.wrong_fields(), ["state"]);
}

/// An agent opens a user's room by the user's id; nobody else does.
#[tokio::test]
async fn an_agent_opens_the_room_of_a_user_and_nobody_else_does() {
    let Scene { app, user, agent, room } = Scene::set().await;

    let found = agent.post("/v1/rooms", json!({ "kind": "support", "user": "una" })).await;
    assert_eq!(found.expect(200)["id"], json!(room.id));
    let new = agent.post("/v1/rooms", json!({ "kind": "support", "user": "otto" })).await;
    let new = Room::from(new.expect(201));
    agent.posts(&new, "We wanted to tell you").await;
    assert_eq!(app.user("otto").await.opens_support().await.id, new.id);

    let refused = user.post("/v1/rooms", json!({ "kind": "support", "user": "otto" })).await;
    assert_eq!(refused.problem(403), "agents_only");
}

/// An agent who needs help is a user like everybody else, in a room of its own.
#[tokio::test]
async fn an_agent_is_the_user_of_its_own_support_room() {
    let Scene { app, agent, .. } = Scene::set().await;
    let own = agent.opens_support().await;

    let message = agent.posts(&own, "I need help myself").await;

    assert_eq!((&message["sender_type"], &message["sender_id"]), (&json!("user"), &json!("agnes")));
    let colleague = app.admin("carl").await;
    assert_eq!(colleague.sees(&own).await.json["unread"], 1);
    assert_eq!(colleague.posts(&own, "Here I am").await["sender_type"], "admin");
    assert_eq!(agent.sees(&own).await.json["you"]["unread"], 1);
    assert_eq!(agent.marks_read(&own, 2).await["unread"], 0);
    assert_eq!(agent.post(&own.path("/archive"), json!({})).await.problem(403), "desk_only");
}

/// The application's server writes into any room, as the system.
#[tokio::test]
async fn the_applications_server_posts_as_the_system() {
    let Scene { app, user, agent, room } = Scene::set().await;
    let service = app.service().await;
    let mut desk = agent.listens_to_desk().await;
    let mut own = user.listens_to_own_channel().await;
    agent.post(&room.path("/archive"), json!({})).await.expect(200);

    let message = service.posts(&room, "Your parcel was sent").await;

    assert_eq!(message["sender_type"], "system");
    let shown = user.sees(&room).await.json;
    assert_eq!(shown["last_message"]["sender_type"], "system");
    assert_eq!(shown["last_message"]["preview"], "Your parcel was sent");
    assert_eq!(shown["you"]["unread"], 1);
    assert_eq!(shown["state"], "archived", "only the user's own message takes it back");
    let names = |heard: Vec<Heard>| heard.into_iter().map(|h| h.name).collect::<Vec<_>>();
    assert_eq!(names(own.hears_so_far().await), ["room_updated", "chat_list_update"]);
    assert_eq!(names(desk.hears_so_far().await), ["room_updated"]);
    let nowhere = format!("/v1/rooms/{}/messages", crate::NO_ROOM);
    service.post(&nowhere, json!({ "body": "x" })).await.problem(404);
}

/// Both sides and the desk's other agents learn that a room was put away.
#[tokio::test]
async fn putting_a_room_away_is_told_to_both_sides() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    let mut listeners: Vec<Listener> = vec![
        user.listens_to(&room).await,
        user.listens_to_own_channel().await,
        agent.listens_to_desk().await,
    ];

    agent.post(&room.path("/archive"), json!({})).await.expect(200);
    agent.post(&room.path("/archive"), json!({})).await.expect(200);

    for listener in &mut listeners {
        let heard = listener.next().await;
        assert_eq!(heard.name, "room_updated");
        assert_eq!(heard.data["room_id"], json!(room.id));
        assert_eq!((&heard.data["head"], &heard.data["rev"]), (&json!(0), &json!(0)));
        assert_eq!(heard.data["state"], "archived");
        listener.saw_nothing().await;
    }
}

/// Mission B14: exact order among rooms that were all active within a minute.
#[tokio::test]
async fn the_queue_is_in_exact_order_when_200_rooms_were_active_within_a_minute() {
    let app = TestApp::start().await;
    app.fix_clock().await;
    let agent = app.admin("agnes").await;
    let mut newest_first = Vec::new();
    for i in 0..200 {
        let user = app.user(&format!("user-{i}")).await;
        let room = user.opens_support().await;
        user.posts(&room, "Hello?").await;
        app.advance_clock(Duration::from_millis(140)).await;
        newest_first.insert(0, room.id);
    }

    for limit in [20, 50, 100] {
        let (mut ids, mut query) = (Vec::new(), format!("?limit={limit}"));
        loop {
            let page = agent.desk(&query).await;
            ids.extend(page.rooms.into_iter().map(|room| room.id));
            let Some(next) = page.next else { break };
            query = format!("?limit={limit}&cursor={next}");
        }
        assert_eq!(ids, newest_first, "limit={limit}");
    }
}

/// Mission B20. Mission B17.
#[tokio::test]
async fn the_events_of_a_support_room_go_to_its_own_channel() {
    let Scene { app: _app, user, agent, room } = Scene::set().await;
    let mut listener = user.listens_to(&room).await;
    user.posts(&room, "one").await;
    agent.posts(&room, "two").await;
    assert_eq!(seqs(&listener.hears_so_far().await, "new_message"), [1, 2]);
}
