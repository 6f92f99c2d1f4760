//! `group` rooms: any number of people, who come and go.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Distant, Fault, Faulty, Listener, Room, TestApp, User};
use uuid::Uuid;

use crate::NO_ROOM;

mod overtaken;

/// Alice, who founded a group with bob and carol.
struct Three {
    app: TestApp,
    alice: User,
    bob: User,
    carol: User,
    room: Room,
}

impl Three {
    async fn meet() -> Self {
        Self::meet_at(TestApp::start().await).await
    }

    async fn meet_at(app: TestApp) -> Self {
        let (alice, bob, carol) =
            (app.user("alice").await, app.user("bob").await, app.user("carol").await);
        let room = alice.opens_group(&["bob", "carol"]).await;
        Self { app, alice, bob, carol, room }
    }

    fn all(&self) -> [&User; 3] {
        [&self.alice, &self.bob, &self.carol]
    }
}

/// The ids of the members that a room shows.
fn members(room: &Room) -> BTreeSet<String> {
    let members = room.json["members"].as_array().expect("members").iter();
    members.map(|member| member["id"].as_str().expect("an id").to_owned()).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn member<'a>(room: &'a Room, id: &str) -> &'a Value {
    let mut members = room.json["members"].as_array().expect("members").iter();
    members.find(|m| m["id"] == id).unwrap_or_else(|| panic!("no {id}: {}", room.json))
}

/// Every member, from all pages.
async fn all_members(user: &User, room: &Room, limit: usize) -> Vec<Value> {
    let (mut members, mut query) = (Vec::new(), format!("?limit={limit}"));
    loop {
        let page = user.get(&room.path(&format!("/members{query}"))).await.expect(200);
        let found = page["members"].as_array().expect("members");
        assert!(found.len() == limit || page["next"].is_null(), "a short page: {page}");
        members.extend(found.iter().cloned());
        let Some(next) = page["next"].as_str() else { return members };
        assert!(members.len() < 10_000, "pages without an end");
        query = format!("?limit={limit}&cursor={next}");
    }
}

fn owners(members: &[Value]) -> Vec<&str> {
    let owners = members.iter().filter(|member| member["role"] == "owner");
    owners.filter_map(|member| member["id"].as_str()).collect()
}

/// That the caller is no member, by every way to ask.
async fn is_shut_out(user: &User, room: &Room) {
    for path in ["", "/messages", "/messages?after=0", "/members"] {
        let answer = user.get(&room.path(path)).await;
        assert_eq!(answer.problem(404), "not_found", "{path}");
        let absent = user.get(&format!("/v1/rooms/{NO_ROOM}{path}")).await;
        assert_eq!(answer.text, absent.text);
    }
    user.post(&room.path("/messages"), json!({ "body": "x" })).await.problem(404);
    user.tries_to_post(room, "x", Uuid::new_v4()).await.problem(404);
    user.retries(room, "x", Uuid::new_v4()).await.problem(404);
    user.put(&room.path("/read"), json!({ "seq": 1 })).await.problem(404);
    user.patch(&room.path(""), json!({ "title": "x" })).await.problem(404);
    user.patch(&room.path(""), json!({ "muted": true })).await.problem(404);
    user.adds(room, &[&user.id]).await.problem(404);
    user.removes(room, &user.id).await.problem(404);
    user.removes(room, "alice").await.problem(404);
    let held = json!({ "rooms": { (room.id.clone()): [0, 0] } });
    let synced = user.post("/v1/sync", held).await.expect(200);
    assert_eq!((&synced["gone"], &synced["rooms"]), (&json!([room.id]), &json!([])));
    assert!(!user.inbox("").await.ids().contains(&room.id.as_str()));
}

/// Mission D12. Mission D15.
#[tokio::test]
async fn two_selected_are_a_room_of_three_and_each_has_a_say() {
    let three = Three::meet().await;
    let room = &three.room;

    assert_eq!((&room.json["kind"], &room.json["title"]), (&json!("group"), &json!(null)));
    assert_eq!(room.json["member_count"], 3);
    assert_eq!(members(room), set(&["alice", "bob", "carol"]));
    for user in three.all() {
        let message = user.posts(room, &format!("I am {}", user.id)).await;
        assert_eq!(
            (&message["sender_id"], &message["sender_type"]),
            (&json!(user.id), &json!("user"))
        );
        assert_eq!(message.get("receiver_id"), None);
    }
    for user in three.all() {
        let log = user.whole_log(room).await;
        let said: Vec<&str> = log.iter().filter_map(|message| message["body"].as_str()).collect();
        assert_eq!(said, ["I am alice", "I am bob", "I am carol"]);
        let seen = user.sees(room).await;
        assert_eq!(seen.json["you"]["member_id"], user.id.as_str());
        assert_eq!(members(&seen), set(&["alice", "bob", "carol"]));
        assert_eq!(seen.json["last_message"]["sender_id"], "carol");
        assert_eq!(seen.channel, room.channel);
    }
}

/// Mission D12. Mission A13. Invariant I4.
#[tokio::test]
async fn each_hears_the_message_and_each_receivers_list_is_told() {
    let three = Three::meet().await;
    let (room, mut listeners) = (&three.room, Vec::new());
    for user in three.all() {
        let own = user.listens_to_own_channel().await;
        listeners.push((user, user.listens_to(room).await, own));
    }

    let mut posted = three.bob.posts(room, &"x".repeat(101)).await;

    posted.as_object_mut().unwrap().remove("delivered");
    for (user, at_room, at_own) in &mut listeners {
        let heard = at_room.hears_only(&["new_message"]).await;
        assert_eq!((&heard[0].channel, &heard[0].data), (&room.channel, &posted));
        if user.id == "bob" {
            at_own.saw_nothing().await;
            continue;
        }
        let heard = at_own.hears_only(&["chat_list_update"]).await;
        let expected = json!({
            "room_id": room.id, "seq": 1, "rev": 0, "last_message": "x".repeat(97) + "...",
            "sender_id": "bob", "updated_at": posted["created_at"],
        });
        assert_eq!(heard[0].data, expected);
    }
}

/// Mission D20. Groups have no key: the same people may have many.
#[tokio::test]
async fn each_opening_makes_a_room_of_its_own() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    let rooms = join_all((0..5).map(|_| alice.opens_group(&["bob", "carol"]))).await;

    let ids: HashSet<&str> = rooms.iter().map(|room| room.id.as_str()).collect();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn an_opening_that_is_repeated_with_its_client_id_finds_the_same_room() {
    let app = TestApp::on(Distant::new()).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (client_id, other) = (Uuid::new_v4(), Uuid::new_v4());
    let open = async |user: &User, client_id: Uuid| {
        let others: Vec<&str> =
            ["alice", "bob", "carol"].into_iter().filter(|id| *id != user.id).collect();
        let group = json!({ "kind": "group", "members": others, "client_id": client_id });
        user.post("/v1/rooms", group).await
    };

    let answers = join_all((0..20).map(|_| open(&alice, client_id))).await;

    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let ids: HashSet<_> = answers.iter().map(|answer| answer.json["id"].to_string()).collect();
    assert_eq!((created, ids.len()), (1, 1), "{ids:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)));
    assert_eq!(answers[0].json["member_count"], 3);
    // Somebody else's id is another one, although it is the same.
    let room = Room::from(answers[0].json.clone());
    assert_ne!(open(&bob, client_id).await.expect(201)["id"], room.id.as_str());
    assert_ne!(open(&alice, other).await.expect(201)["id"], room.id.as_str());
    // And once the founder has left, it opens nothing.
    assert_eq!(alice.removes(&room, "alice").await.status, 204);
    open(&alice, client_id).await.problem(404);
}

#[tokio::test]
async fn members_are_each_once_however_often_they_are_named() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    let room = alice.opens_group(&["bob", "bob", "alice", "carol", "bob"]).await;

    assert_eq!(room.json["member_count"], 3);
    assert_eq!(members(&room), set(&["alice", "bob", "carol"]));
}

/// Invariant I10.
#[tokio::test]
async fn a_group_of_nobody_is_refused() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    for (group, field) in [
        (json!({}), "members"),
        (json!({ "members": null }), "members"),
        (json!({ "members": [] }), "members"),
        (json!({ "members": ["alice"] }), "members"),
        (json!({ "members": "bob" }), "members"),
        (json!({ "members": [""] }), "members[0]"),
        (json!({ "members": ["bob", "x".repeat(129)] }), "members[1]"),
        (json!({ "members": ["bob", 5] }), "members[1]"),
        (json!({ "members": ["bob"], "title": 5 }), "title"),
        (json!({ "members": ["bob"], "title": "x".repeat(201) }), "title"),
        (json!({ "members": ["bob"], "title": "a\0b" }), "title"),
        (json!({ "members": ["bob"], "client_id": "x" }), "client_id"),
    ] {
        let mut body = json!({ "kind": "group" });
        body.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
        let answer = alice.post("/v1/rooms", body.clone()).await;
        assert_eq!(answer.wrong_fields(), [field], "{body}");
    }
    assert!(alice.inbox("").await.rooms.is_empty());
}

/// Fault F18.
#[tokio::test]
async fn guests_and_strangers_have_no_part_in_groups() {
    let three = Three::meet().await;
    let guest = three.app.user_with(json!({ "sub": "bob", "type": "guest" })).await;
    let shop = three.app.user_with(json!({ "sub": "bob", "type": "merchant" })).await;
    let group = json!({ "kind": "group", "members": ["bob"] });

    assert_eq!(guest.post("/v1/rooms", group).await.problem(403), "guests_support_only");
    for stranger in
        [&guest, &shop, &three.app.user("mallory").await, &three.app.admin("agent").await]
    {
        is_shut_out(stranger, &three.room).await;
        stranger.asks_to_hear("1.1", &three.room.channel).await.problem(403);
    }
    assert_eq!(three.alice.sees(&three.room).await.json["head"], 0);
    assert_eq!(three.alice.sees(&three.room).await.json["member_count"], 3);
}

#[tokio::test]
async fn a_title_is_set_changed_and_taken_away_and_everyone_hears_of_it() {
    let three = Three::meet().await;
    let (alice, bob, room) = (&three.alice, &three.bob, &three.room);
    let mut at_room = three.carol.listens_to(room).await;
    let mut at_own = three.carol.listens_to_own_channel().await;

    for (told, shown) in [
        (json!("Sunday walks"), json!("Sunday walks")),
        (json!("  Monday walks\n"), json!("Monday walks")),
        (json!("🎁".repeat(200)), json!("🎁".repeat(200))),
        (json!("  "), json!(null)),
        (json!("Again"), json!("Again")),
        (json!(null), json!(null)),
    ] {
        assert_eq!(bob.changes(room, json!({ "title": told })).await.json["title"], shown);
        assert_eq!(alice.sees(room).await.json["title"], shown);
        for listener in [&mut at_room, &mut at_own] {
            let heard = listener.hears_only(&["room_updated"]).await;
            let expected = json!({ "room_id": room.id, "head": 0, "rev": 0, "title": shown });
            assert_eq!(heard[0].data, expected);
        }
    }
    for wrong in [json!("x".repeat(201)), json!(5), json!("a\0b")] {
        let answer = bob.patch(&room.path(""), json!({ "title": wrong })).await;
        assert_eq!(answer.wrong_fields(), ["title"]);
    }
    // What is not named stays.
    bob.changes(room, json!({ "title": "Walks" })).await;
    assert_eq!(bob.changes(room, json!({ "muted": true })).await.json["title"], "Walks");
    let with_title = json!({ "kind": "group", "members": ["bob"], "title": " Two " });
    assert_eq!(alice.post("/v1/rooms", with_title).await.expect(201)["title"], "Two");
}

/// Others see a person by the name and picture of the person's own newest token, in groups too.
#[tokio::test]
async fn a_new_name_is_shown_once_its_owner_was_there() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_group(&["bob", "carol"]).await;
    assert_eq!(member(&alice.sees(&room).await, "bob")["name"], json!(null));

    for name in ["Bob", "Robert"] {
        let picture = format!("https://pictures.example/{name}");
        let bob = app.user_with(json!({ "sub": "bob", "name": name, "picture": picture })).await;
        bob.sees(&room).await;
        let seen = alice.sees(&room).await;
        let shown = member(&seen, "bob");
        assert_eq!((&shown["name"], &shown["picture"]), (&json!(name), &json!(picture)));
        let listed = all_members(&alice, &room, 10).await;
        assert!(listed.iter().any(|member| member["name"] == name), "{listed:?}");
    }
}

#[tokio::test]
async fn a_member_that_is_known_is_shown_by_name_from_the_beginning() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    app.service().await.describes("carol", json!({ "name": "Carol" })).await.expect(200);
    bob.me().await;

    let room = alice.opens_group(&["bob", "carol"]).await;
    alice.adds(&room, &["dora"]).await.expect(200);

    let expected = json!({
        "id": "alice", "type": "user", "name": "alice", "picture": null, "read": 0, "role": "owner",
    });
    assert_eq!(member(&room, "alice"), &expected);
    assert_eq!(member(&room, "bob")["name"], "bob");
    assert_eq!(member(&room, "bob")["role"], "member");
    assert_eq!(member(&room, "carol")["name"], "Carol");
}

#[tokio::test]
async fn who_is_added_is_in_at_once_and_being_added_twice_changes_nothing() {
    let three = Three::meet().await;
    let (bob, room) = (&three.bob, &three.room);
    let dora = three.app.user("dora").await;
    bob.posts(room, "before dora came").await;
    let mut at_room = three.carol.listens_to(room).await;
    let mut at_dora = dora.listens_to_own_channel().await;
    is_shut_out(&dora, room).await;

    let added = Room::from(bob.adds(room, &["dora", "carol"]).await.expect(200));

    assert_eq!(added.json["member_count"], 4);
    assert_eq!(members(&added), set(&["alice", "bob", "carol", "dora"]));
    for listener in [&mut at_room, &mut at_dora] {
        let heard = listener.hears_only(&["room_updated"]).await;
        let expected = json!({ "room_id": room.id, "head": 1, "rev": 0, "member_count": 4 });
        assert_eq!(heard[0].data, expected);
    }
    assert_eq!(dora.history(room).await.bodies(), ["before dora came"]);
    assert_eq!(dora.posts(room, "hello").await["sender_id"], "dora");
    let mut at_room_too = dora.listens_to(&dora.sees(room).await).await;
    at_room.hears_only(&["new_message"]).await;

    let again = bob.adds(room, &["dora", "dora", "alice"]).await.expect(200);
    assert_eq!(again["member_count"], 4);
    at_room.saw_nothing().await;
    at_room_too.saw_nothing().await;
    at_dora.saw_nothing().await;
}

/// Invariant I10.
#[tokio::test]
async fn a_wrong_list_of_new_members_is_refused() {
    let three = Three::meet().await;
    let too_many: Vec<String> = (0..1_001).map(|i| format!("m{i}")).collect();

    for (body, field) in [
        (json!({}), "members"),
        (json!({ "members": [] }), "members"),
        (json!({ "members": "dora" }), "members"),
        (json!({ "members": too_many }), "members"),
        (json!({ "members": ["dora", ""] }), "members[1]"),
        (json!({ "members": ["dora", "x".repeat(129)] }), "members[1]"),
    ] {
        let answer = three.bob.post(&three.room.path("/members"), body).await;
        assert_eq!(answer.wrong_fields(), [field]);
    }
    for query in ["?limit=0", "?limit=201", "?limit=x"] {
        let answer = three.bob.get(&three.room.path(&format!("/members{query}"))).await;
        assert_eq!(answer.wrong_fields(), ["limit"]);
    }
    let answer = three.bob.get(&three.room.path("/members?cursor=x")).await;
    assert_eq!(answer.wrong_fields(), ["cursor"]);
    assert_eq!(three.bob.sees(&three.room).await.json["member_count"], 3);
}

/// One call that adds a hundred, and a hundred calls that add one each, at once.
#[tokio::test]
async fn a_hundred_join_at_once() {
    let three = Three::meet_at(TestApp::on(Distant::new()).await).await;
    let room = &three.room;
    let new: Vec<String> = (0..100).map(|i| format!("new-{i}")).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();

    let added = three.bob.adds(room, &new).await.expect(200);
    assert_eq!(added["member_count"], 103);
    let others: Vec<String> = (0..100).map(|i| format!("other-{}", i / 2)).collect();
    let users = three.all();
    let answers = join_all(
        others.iter().enumerate().map(async |(i, other)| users[i % 3].adds(room, &[other]).await),
    )
    .await;

    assert!(answers.iter().all(|answer| answer.status == 200), "{}", answers[0]);
    assert_eq!(three.alice.sees(room).await.json["member_count"], 153);
    let listed = all_members(&three.carol, room, 50).await;
    let ids: HashSet<String> = listed.iter().map(|member| member["id"].to_string()).collect();
    assert_eq!((listed.len(), ids.len()), (153, 153));
}

#[tokio::test]
async fn a_room_shows_twenty_members_and_its_list_shows_all() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let others: Vec<String> = (0..24).map(|i| format!("m{i}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let room = alice.opens_group(&others).await;

    for viewer in [&alice, &app.user("m7").await, &app.user("m23").await] {
        let seen = viewer.sees(&room).await;
        assert_eq!((members(&seen).len(), &seen.json["member_count"]), (20, &json!(25)));
        assert!(members(&seen).contains(&viewer.id), "the viewer is always among them");
        for limit in [1, 7, 24, 25, 26, 200] {
            let listed = all_members(viewer, &room, limit).await;
            let ids: HashSet<String> = listed.iter().map(|m| m["id"].to_string()).collect();
            assert_eq!((listed.len(), ids.len()), (25, 25), "limit={limit}");
        }
    }
}

#[tokio::test]
async fn everybody_may_leave_and_only_the_owner_removes_others() {
    let three = Three::meet().await;
    let (alice, bob, room) = (&three.alice, &three.bob, &three.room);
    alice.adds(room, &["dora"]).await.expect(200);

    for other in ["alice", "carol"] {
        assert_eq!(bob.removes(room, other).await.problem(403), "owner_only");
    }
    for nobody in ["mallory", "alias:0000000000000000", "merchant:bob", "nobody:x", "\0"] {
        assert_eq!(alice.removes(room, nobody).await.problem(404), "not_found");
    }
    assert_eq!(alice.sees(room).await.json["member_count"], 4);
    assert_eq!(bob.removes(room, "bob").await.status, 204);
    is_shut_out(bob, room).await;
    assert_eq!(alice.removes(room, "carol").await.status, 204);
    is_shut_out(&three.carol, room).await;

    let seen = alice.sees(room).await;
    assert_eq!((members(&seen), &seen.json["member_count"]), (set(&["alice", "dora"]), &json!(2)));
    assert_eq!(alice.removes(room, "carol").await.problem(404), "not_found");
    // Who left comes back when it is added.
    alice.adds(room, &["bob"]).await.expect(200);
    bob.posts(room, "back again").await;
}

/// Ids with a colon are written with their type.
#[tokio::test]
async fn members_with_any_ids_join_and_leave() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_group(&["bob"]).await;

    for (id, member_id) in [
        ("auth0|abc", "auth0|abc"),
        ("a/b?c=d#e%20 f", "a/b?c=d#e%20 f"),
        ("merchant:1", "user:merchant:1"),
        ("alias:1", "user:alias:1"),
        ("🎁", "🎁"),
    ] {
        let added = Room::from(alice.adds(&room, &[id]).await.expect(200));
        assert!(members(&added).contains(member_id), "{}", added.json);
        assert_eq!(app.user(id).await.posts(&room, "hello").await["sender_id"], member_id);
        assert_eq!(alice.removes(&room, member_id).await.status, 204);
        is_shut_out(&app.user(id).await, &room).await;
    }
}

#[tokio::test]
async fn an_owner_who_leaves_is_followed_by_another() {
    let three = Three::meet().await;
    let room = &three.room;
    assert_eq!(owners(&all_members(&three.bob, room, 10).await), ["alice"]);

    assert_eq!(three.alice.removes(room, "alice").await.status, 204);

    is_shut_out(&three.alice, room).await;
    let left = all_members(&three.bob, room, 10).await;
    let [heir] = owners(&left)[..] else { panic!("not one owner: {left:?}") };
    let (heir, other) =
        if heir == "bob" { (&three.bob, &three.carol) } else { (&three.carol, &three.bob) };
    assert_eq!(other.removes(room, &heir.id).await.problem(403), "owner_only");
    assert_eq!(heir.removes(room, &other.id).await.status, 204);
    heir.posts(room, "alone").await;
    assert_eq!(heir.removes(room, &heir.id).await.status, 204);
    is_shut_out(heir, room).await;
}

/// Whichever of the two is faster, the one who stays owns the group.
#[tokio::test]
async fn the_last_of_those_who_leave_at_once_owns_the_group() {
    for (held, other) in
        [("alice", "bob"), ("alice", "carol"), ("bob", "alice"), ("carol", "alice")]
    {
        let store = Faulty::new();
        let app = TestApp::on(store.clone()).await;
        let (alice, bob, carol) =
            (app.user("alice").await, app.user("bob").await, app.user("carol").await);
        // Bob has been there longer than carol and comes after alice.
        let room = alice.opens_group(&["bob"]).await;
        app.advance_clock(Duration::from_secs(1)).await;
        alice.adds(&room, &["carol"]).await.expect(200);
        let three = Three { app, alice, bob, carol, room };
        let user = |id: &str| three.all().into_iter().find(|user| user.id == id).unwrap();
        let mut first = true;
        store.follow(move |call| {
            let holds = call.operation == "TransactWriteItems" && first;
            first &= !holds;
            holds.then_some(Fault::Hold)
        });
        let (leaver, room) = (user(held).clone(), three.room.clone());
        let leaving = tokio::spawn(async move { leaver.removes(&room, &leaver.id).await });
        store.holds(1).await;

        assert_eq!(user(other).removes(&three.room, other).await.status, 204);
        store.release();

        let left = leaving.await.unwrap();
        assert_eq!(left.status, 204, "{held} and {other}: {left}");
        let stays =
            three.all().into_iter().find(|user| user.id != held && user.id != other).unwrap();
        let members = all_members(stays, &three.room, 10).await;
        assert_eq!((members.len(), owners(&members)), (1, vec![stays.id.as_str()]), "{members:?}");
        assert_eq!(stays.sees(&three.room).await.json["member_count"], 1);
    }
}

/// A thousand, and not one more.
#[tokio::test]
async fn a_group_has_a_thousand_members_at_most() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let others: Vec<String> = (0..1_000).map(|i| format!("m{i}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let too_many = json!({ "kind": "group", "members": others });
    assert_eq!(alice.post("/v1/rooms", too_many).await.wrong_fields(), ["members"]);

    let room = alice.opens_group(&others[..999]).await;

    assert_eq!((members(&room).len(), &room.json["member_count"]), (20, &json!(1_000)));
    let last = app.user("m998").await;
    let mut at_last = last.listens_to_own_channel().await;
    let posted = alice.posts(&room, "hello all of you").await;
    assert_eq!(posted["delivered"], true);
    assert_eq!(at_last.hears_only(&["chat_list_update"]).await[0].data["seq"], 1);
    assert_eq!(last.history(&room).await.bodies(), ["hello all of you"]);
    let listed = all_members(&last, &room, 200).await;
    let ids: HashSet<String> = listed.iter().map(|member| member["id"].to_string()).collect();
    assert_eq!((listed.len(), ids.len()), (1_000, 1_000));
    assert_eq!(alice.adds(&room, &["m999"]).await.problem(409), "group_full");
    // Those who are there already take no place.
    assert_eq!(alice.adds(&room, &others[..150]).await.expect(200)["member_count"], 1_000);
    assert_eq!(alice.removes(&room, "m5").await.status, 204);
    assert_eq!(alice.adds(&room, &["m999"]).await.expect(200)["member_count"], 1_000);
}

/// All of a list join, or none of them does.
#[tokio::test]
async fn a_list_that_is_too_long_for_the_group_adds_nobody() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let ids: Vec<String> = (0..1_100).map(|i| format!("m{i}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let room = alice.opens_group(&ids[..800]).await;

    assert_eq!(alice.adds(&room, &ids[700..1_050]).await.problem(409), "group_full");

    assert_eq!(alice.sees(&room).await.json["member_count"], 801);
    assert_eq!(alice.adds(&room, &ids[700..999]).await.expect(200)["member_count"], 1_000);
}

/// Mission D21. Invariant I6.
#[tokio::test]
async fn each_member_has_read_up_to_its_own_mark() {
    let three = Three::meet().await;
    let (alice, bob, carol, room) = (&three.alice, &three.bob, &three.carol, &three.room);
    let mut at_carol = carol.listens_to(room).await;
    alice.posts_all(room, ["1", "2", "3"]).await;
    at_carol.hears_so_far().await;
    let unread = async |user: &User| user.sees(room).await.json["you"]["unread"].clone();

    assert_eq!((unread(alice).await, unread(bob).await), (json!(0), json!(3)));
    assert_eq!(bob.marks_read(room, 2).await, json!({ "read": 2, "unread": 1 }));
    let heard = at_carol.hears_only(&["messages_read"]).await;
    let expected =
        json!({ "room_id": room.id, "member_id": "bob", "read": 2, "head": 3, "rev": 0 });
    assert_eq!(heard[0].data, expected);
    assert_eq!(bob.marks_read(room, 1).await, json!({ "read": 2, "unread": 1 }));
    at_carol.saw_nothing().await;
    assert_eq!(carol.marks_read(room, 1_000).await, json!({ "read": 3, "unread": 0 }));
    bob.posts(room, "4").await;

    assert_eq!(
        (unread(alice).await, unread(bob).await, unread(carol).await),
        (json!(1), json!(0), json!(1))
    );
    let seen = alice.sees(room).await;
    let marks = ["alice", "bob", "carol"].map(|id| member(&seen, id)["read"].as_u64().unwrap());
    assert_eq!(marks, [3, 4, 3]);
}

/// Mission D18. Mission E6. Invariant I6. For groups.
#[tokio::test]
async fn groups_stand_in_the_lists_of_all_their_members() {
    let three = Three::meet().await;
    let (bob, room) = (&three.bob, &three.room);
    let direct = bob.opens_direct("dora").await;
    three.app.advance_clock(Duration::from_secs(2 * 3600)).await;
    bob.posts(&direct, "later than the group").await;
    assert_eq!(bob.inbox("").await.ids(), [&direct.id, &room.id]);
    three.app.advance_clock(Duration::from_secs(2 * 3600)).await;

    three.alice.posts_all(room, ["1", "2"]).await;

    let inbox = bob.inbox("").await;
    assert_eq!(inbox.ids(), [&room.id, &direct.id]);
    let row = &inbox.rooms[0].json;
    assert_eq!((&row["you"]["unread"], &row["last_message"]["preview"]), (&json!(2), &json!("2")));
    assert_eq!((&row["member_count"], &row["kind"]), (&json!(3), &json!("group")));
    assert_eq!(members(&inbox.rooms[0]), set(&["alice", "bob", "carol"]));
    assert_eq!(bob.inbox("?kind=group").await.ids(), [&room.id]);
    let me = bob.me().await;
    assert_eq!((&me["unread_rooms"], &me["unread_messages"]), (&json!(1), &json!(2)));

    let synced = bob.post("/v1/sync", json!({ "rooms": { (room.id.clone()): [1, 0] } })).await;
    let synced = synced.expect(200)["rooms"].clone();
    let of_group =
        synced.as_array().unwrap().iter().find(|synced| synced["id"] == room.id.as_str());
    let of_group = of_group.unwrap_or_else(|| panic!("no news of the group: {synced}"));
    assert_eq!((&of_group["head"], &of_group["unread"]), (&json!(2), &json!(2)));

    // The application's messages move it as well; who is added has it, who is removed has not.
    three.app.advance_clock(Duration::from_secs(2 * 3600)).await;
    bob.posts(&direct, "again").await;
    three.app.advance_clock(Duration::from_secs(2 * 3600)).await;
    three.app.service().await.posts(room, "from the application").await;
    assert_eq!(bob.inbox("").await.ids(), [&room.id, &direct.id]);
    three.alice.adds(room, &["dora"]).await.expect(200);
    assert_eq!(three.app.user("dora").await.inbox("?kind=group").await.ids(), [&room.id]);
    assert_eq!(three.alice.removes(room, "bob").await.status, 204);
    assert_eq!(bob.inbox("").await.ids(), [&direct.id]);
}

#[tokio::test]
async fn a_hidden_group_comes_back_with_the_next_message() {
    let three = Three::meet().await;
    let (bob, room) = (&three.bob, &three.room);
    three.alice.posts(room, "hello").await;

    bob.changes(room, json!({ "hidden": true })).await;

    assert!(bob.inbox("").await.rooms.is_empty());
    assert_eq!(three.carol.inbox("").await.ids(), [&room.id]);
    three.carol.posts(room, "anyone?").await;
    assert_eq!(bob.inbox("").await.ids(), [&room.id]);
}

/// What a member sets is its own, and its other devices hear of it.
#[tokio::test]
async fn a_member_hides_mutes_and_pins_for_itself() {
    let three = Three::meet().await;
    let (alice, bob, room) = (&three.alice, &three.bob, &three.room);
    alice.posts(room, "hello").await;
    let mut at_bob = bob.listens_to_own_channel().await;
    let mut at_alice = alice.listens_to_own_channel().await;

    let changed = bob.changes(room, json!({ "hidden": true, "muted": true, "pinned": true })).await;

    let set_by_bob = |room: &Room| {
        ["hidden", "muted", "pinned"].map(|key| room.json["you"][key].as_bool().unwrap())
    };
    assert_eq!(set_by_bob(&changed), [true; 3]);
    assert_eq!(set_by_bob(&bob.sees(room).await), [true; 3]);
    assert_eq!(set_by_bob(&alice.sees(room).await), [false; 3]);
    let heard = at_bob.hears_only(&["room_updated"]).await;
    let expected = json!({
        "room_id": room.id, "head": 1, "rev": 0, "hidden": true, "muted": true, "pinned": true,
    });
    assert_eq!(heard[0].data, expected);
    at_alice.saw_nothing().await;

    alice.posts(room, "are you there?").await;
    assert_eq!(set_by_bob(&bob.sees(room).await), [false, true, true]);
    let changed = bob.changes(room, json!({ "muted": false, "pinned": false })).await;
    assert_eq!(set_by_bob(&changed), [false; 3]);
    assert_eq!(changed.json["you"]["unread"], 2);
}

/// The application's own server is in no group and posts in all.
#[tokio::test]
async fn a_message_of_the_application_reaches_every_member() {
    let three = Three::meet().await;
    let room = &three.room;
    let service = three.app.service().await;
    let mut at_room = three.alice.listens_to(room).await;
    let mut own = Vec::new();
    for user in three.all() {
        own.push(user.listens_to_own_channel().await);
    }

    let message = service.posts(room, "The walk is off.").await;

    assert_eq!(message["sender_type"], "system");
    at_room.hears_only(&["new_message"]).await;
    for listener in &mut own {
        let heard = listener.hears_only(&["chat_list_update"]).await;
        assert_eq!((&heard[0].data["seq"], heard[0].data.get("unread")), (&json!(1), None));
    }
    assert_eq!(three.bob.sees(room).await.json["you"]["unread"], 1);
}

/// Mission D16. Mission A4.
#[tokio::test]
async fn a_group_that_is_deleted_is_gone_for_all() {
    let three = Three::meet().await;
    let room = &three.room;
    three.alice.posts_all(room, ["1", "2"]).await;
    let mut at_bob = three.bob.listens_to_own_channel().await;

    three.alice.delete(&room.path("")).await.problem(403);
    assert_eq!(three.app.service().await.delete(&room.path("")).await.status, 204);

    let heard = at_bob.hears_only(&["room_updated"]).await;
    assert_eq!(heard[0].data["deleted"], true);
    for user in three.all() {
        is_shut_out(user, room).await;
        user.asks_to_hear("1.1", &room.channel).await.problem(403);
    }
}

/// A member with a socket on the room's channel and one on its own.
async fn listens(user: &User, room: &Room) -> (Listener, Listener) {
    (user.listens_to(room).await, user.listens_to_own_channel().await)
}

/// Follows a `room_updated` to the room's new channel, as a client does.
async fn follows(at_own: &mut Listener) -> String {
    let heard = at_own.hears_only(&["room_updated"]).await;
    let channel = heard[0].data["channel"].as_str().expect("the new channel").to_owned();
    at_own.subscribe(&channel).await;
    channel
}

/// Fault F25. Invariant I8.
#[tokio::test]
async fn a_removed_member_is_out_at_once_whatever_it_still_holds() {
    let three = Three::meet().await;
    let (alice, bob, carol, room) = (&three.alice, &three.bob, &three.carol, &three.room);
    bob.posts(room, "still in").await;
    let (mut old_channel, mut bobs_own) = listens(bob, room).await;
    let (mut at_carol, mut carols_own) = listens(carol, room).await;

    assert_eq!(alice.removes(room, "bob").await.status, 204);

    is_shut_out(bob, room).await;
    let new_channel = follows(&mut carols_own).await;
    assert_ne!(new_channel, room.channel);
    assert_eq!(alice.sees(room).await.channel, new_channel);
    for channel in [room.channel.as_str(), &new_channel] {
        bob.asks_to_hear("1.1", channel).await.problem(403);
    }
    let heard = bobs_own.hears_only(&["room_updated"]).await;
    assert_eq!(heard[0].data, json!({ "room_id": room.id, "head": 1, "rev": 0, "removed": true }));
    // The old name is nobody's any more.
    alice.asks_to_hear("1.1", &room.channel).await.problem(403);

    alice.posts(room, "about bob").await;
    carol.marks_read(room, 2).await;
    alice.changes(room, json!({ "title": "Without bob" })).await;
    alice.adds(room, &["dora"]).await.expect(200);
    three.app.service().await.posts(room, "to all of you").await;

    old_channel.saw_nothing().await;
    bobs_own.saw_nothing().await;
    at_carol.saw_nothing().await;
    let heard = carols_own.hears_so_far().await;
    let on_room: Vec<&str> =
        heard.iter().filter(|e| e.channel == new_channel).map(|e| e.name.as_str()).collect();
    let expected = ["new_message", "messages_read", "room_updated", "room_updated", "new_message"];
    assert_eq!(on_room, expected);
    let synced = bob.post("/v1/sync", json!({})).await.expect(200);
    assert_eq!(synced["rooms"], json!([]));
}

/// Who never signed in at the relay is a socket and nothing else: there is no user to be cut off. Nor
/// is there a way to take a grant back that was not used yet.
/// Fault F25.
#[tokio::test]
async fn a_mere_socket_and_a_grant_from_before_hear_nothing_more() {
    let three = Three::meet().await;
    let (bob, room) = (&three.bob, &three.room);
    let mut silent = bob.listens_to(room).await;
    let mut late = bob.connects().await;
    let grant = bob.asks_to_hear(&late.socket_id, &room.channel).await.expect(200);

    assert_eq!(three.alice.removes(room, "bob").await.status, 204);
    late.presents(&room.channel, &grant).await;
    three.alice.posts(room, "about bob").await;

    silent.saw_nothing().await;
    late.saw_nothing().await;
}

/// Leaving is being removed by oneself.
/// Fault F25.
#[tokio::test]
async fn who_has_left_hears_nothing_more() {
    let three = Three::meet().await;
    let room = &three.room;
    let (mut old_channel, mut bobs_own) = listens(&three.bob, room).await;

    assert_eq!(three.bob.removes(room, "bob").await.status, 204);
    three.alice.posts(room, "about bob").await;

    old_channel.saw_nothing().await;
    let heard = bobs_own.hears_only(&["room_updated"]).await;
    assert_eq!(heard[0].data["removed"], true);
}

/// Starts a post of bob's on some function, lets it come to its n-th call of the store, removes bob
/// meanwhile by another function, and lets it go on. `None` when the post has no n-th call.
async fn a_removal_overtakes_a_post(warm: bool, number: usize) -> Option<(Three, TestApp, Answer)> {
    let store = Faulty::new();
    let three = Three::meet_at(TestApp::on(store.clone()).await).await;
    three.alice.posts(&three.room, "before").await;
    let other = TestApp::beside(&three.app, store.clone()).await;
    let bob = other.user("bob").await;
    if warm {
        bob.posts(&three.room, "warm").await;
    }
    store.follow(move |call| (call.number == number && call.attempt == 1).then_some(Fault::Hold));
    let room = three.room.clone();
    let mut posting =
        tokio::spawn(async move { bob.tries_to_post(&room, "late", Uuid::new_v4()).await });
    tokio::select! {
        () = store.holds(1) => {}
        answer = &mut posting => {
            assert_eq!(answer.expect("an answer").status, 201);
            return None;
        }
    }
    store.follow(|_| None);
    assert_eq!(three.alice.removes(&three.room, "bob").await.status, 204);
    store.release();
    let answer = posting.await.expect("an answer");
    Some((three, other, answer))
}

/// Fault F25: a function that was just finding out whether bob is a member.
#[tokio::test]
async fn a_removal_that_overtakes_a_post_refuses_it() {
    for (warm, until_committed) in [(true, 1), (false, 3)] {
        let mut calls = 0;
        while let Some((three, _other, answer)) = a_removal_overtakes_a_post(warm, calls + 1).await
        {
            calls += 1;
            let log = three.alice.history(&three.room).await;
            if calls <= until_committed {
                assert_eq!(answer.problem(404), "not_found", "call {calls} of warm={warm}");
                assert!(!log.bodies().contains(&"late"), "{log:?}");
            } else {
                // It had its slot before the removal: it is a message of a member.
                assert_eq!(answer.status, 201, "call {calls} of warm={warm}: {answer}");
                assert!(log.bodies().contains(&"late"), "{log:?}");
            }
        }
        assert!(calls > until_committed, "warm={warm}: {calls} calls");
    }
}

/// The grant for the channel that the members follow to must not fall to whoever is just removed,
/// whichever of the two things that it depends on was read before.
/// Fault F25.
#[tokio::test]
async fn a_removal_that_overtakes_a_grant_refuses_it() {
    for generation in [1, 2] {
        let mut calls = 0;
        loop {
            let store = Faulty::new();
            let three = Three::meet_at(TestApp::on(store.clone()).await).await;
            let number = calls + 1;
            store.follow(move |call| {
                (call.number == number && call.attempt == 1).then_some(Fault::Hold)
            });
            let channel = format!("private-room-{}-{generation}", three.room.id);
            let (bob, wanted) = (three.bob.clone(), channel.clone());
            let mut asking = tokio::spawn(async move { bob.asks_to_hear("1.1", &wanted).await });
            tokio::select! {
                () = store.holds(1) => calls += 1,
                answer = &mut asking => {
                    let expected = if generation == 1 { 200 } else { 403 };
                    assert_eq!(answer.unwrap().status, expected);
                    break;
                }
            }
            store.follow(|_| None);
            assert_eq!(three.alice.removes(&three.room, "bob").await.status, 204);
            store.release();
            assert_eq!(asking.await.unwrap().problem(403), "channel_forbidden");
            let now = three.alice.sees(&three.room).await.channel;
            assert_eq!(now, format!("private-room-{}-2", three.room.id));
        }
        assert_eq!(calls, 2);
    }
}

/// What bob is shown whose look was under way when he was removed, and ended after more was said.
async fn a_removal_overtakes_a_look(path: &str, warm: bool, number: usize) -> Option<Answer> {
    let store = Faulty::new();
    let three = Three::meet_at(TestApp::on(store.clone()).await).await;
    three.alice.posts(&three.room, "before").await;
    let other = TestApp::beside(&three.app, store.clone()).await;
    let looks_there = if warm { &three.app } else { &other };
    let bob = looks_there.user("bob").await;
    store.follow(move |call| (call.number == number && call.attempt == 1).then_some(Fault::Hold));
    let path = three.room.path(path);
    let mut looking = tokio::spawn(async move { bob.get(&path).await });
    tokio::select! {
        () = store.holds(1) => {}
        answer = &mut looking => {
            answer.expect("an answer").expect(200);
            return None;
        }
    }
    store.follow(|_| None);
    assert_eq!(three.alice.removes(&three.room, "bob").await.status, 204);
    three.alice.changes(&three.room, json!({ "title": "Said afterwards" })).await;
    three.alice.posts(&three.room, "Said afterwards").await;
    store.release();
    Some(looking.await.expect("an answer"))
}

/// Fault F25. Invariant I8.
#[tokio::test]
async fn a_look_that_a_removal_overtakes_shows_nothing_said_afterwards() {
    for path in ["", "/messages", "/messages?after=0", "/members"] {
        for warm in [true, false] {
            let mut calls = 0;
            while let Some(answer) = a_removal_overtakes_a_look(path, warm, calls + 1).await {
                calls += 1;
                assert!(matches!(answer.status, 200 | 404), "{answer}");
                let told = format!("call {calls} of {path:?}, warm={warm}: {answer}");
                assert!(!answer.text.contains("Said afterwards"), "{told}");
                assert!(!answer.text.contains("\"head\":2"), "{told}");
            }
            assert!(calls > 0, "{path} asks for nothing");
        }
    }
}

/// Starts bob's change of the title, lets it come to its n-th call of the store, removes somebody
/// meanwhile, and lets it go on. `None` when the change has no n-th call.
async fn a_removal_overtakes_a_title(removed: &str, number: usize) -> Option<(Answer, Vec<Value>)> {
    let store = Faulty::new();
    let three = Three::meet_at(TestApp::on(store.clone()).await).await;
    let carol = &three.carol;
    let (mut at_room, mut at_own) = listens(carol, &three.room).await;
    store.follow(move |call| (call.number == number && call.attempt == 1).then_some(Fault::Hold));
    let (bob, path) = (three.bob.clone(), three.room.path(""));
    let mut changing =
        tokio::spawn(async move { bob.patch(&path, json!({ "title": "Overtaken" })).await });
    tokio::select! {
        () = store.holds(1) => {}
        answer = &mut changing => {
            assert_eq!(answer.expect("an answer").status, 200);
            return None;
        }
    }
    store.follow(|_| None);
    assert_eq!(three.alice.removes(&three.room, removed).await.status, 204);
    at_room.hears_so_far().await;
    at_own.hears_so_far().await;
    store.release();
    let answer = changing.await.expect("an answer");
    let title = three.alice.sees(&three.room).await.json["title"].clone();
    assert_eq!(title == "Overtaken", answer.status == 200, "{title} after {answer}");
    let heard = [at_room.hears_so_far().await, at_own.hears_so_far().await].concat();
    Some((answer, heard.into_iter().map(|event| event.data).collect()))
}

/// Fault F25.
#[tokio::test]
async fn a_removal_that_overtakes_a_change_of_the_title_refuses_it() {
    for until_set in 1..=2 {
        let (answer, _) = a_removal_overtakes_a_title("bob", until_set).await.expect("a call");
        assert_eq!(answer.problem(404), "not_found", "call {until_set}");
    }
}

/// Fault F25. Invariant I8.
#[tokio::test]
async fn who_was_removed_hears_of_no_title_that_was_set_afterwards() {
    for until_set in 1..=2 {
        let (answer, heard) =
            a_removal_overtakes_a_title("carol", until_set).await.expect("a call");
        assert_eq!((answer.status, heard), (200, Vec::new()), "call {until_set}");
    }
}

/// Fault F25: a function that remembers the members from before the removal.
#[tokio::test]
async fn a_function_that_remembers_the_removed_tells_it_nothing() {
    let store = Faulty::new();
    let three = Three::meet_at(TestApp::on(store.clone()).await).await;
    let room = &three.room;
    let other = TestApp::beside(&three.app, store.clone()).await;
    let (carol_there, bob_there) = (other.user("carol").await, other.user("bob").await);
    carol_there.posts(room, "warm").await;
    bob_there.posts(room, "warm, too").await;
    let (mut old_channel, mut bobs_own) = listens(&three.bob, room).await;
    let (_, mut alices_own) = listens(&three.alice, room).await;

    assert_eq!(three.alice.removes(room, "bob").await.status, 204);
    let new_channel = follows(&mut alices_own).await;
    bobs_own.hears_only(&["room_updated"]).await;
    let posted = carol_there.posts(room, "about bob").await;
    carol_there.marks_read(room, 3).await;
    bob_there.tries_to_post(room, "still here?", Uuid::new_v4()).await.problem(404);

    assert_eq!(posted["delivered"], true);
    old_channel.saw_nothing().await;
    bobs_own.saw_nothing().await;
    let heard = alices_own.hears_so_far().await;
    let heard: Vec<(&str, bool)> =
        heard.iter().map(|e| (e.name.as_str(), e.channel == new_channel)).collect();
    assert!(heard.contains(&("new_message", true)), "{heard:?}");
    assert!(heard.contains(&("chat_list_update", false)), "{heard:?}");
}

/// A function that remembers the members from before somebody joined.
#[tokio::test]
async fn who_joins_posts_and_hears_at_once_whatever_functions_remember() {
    let store = Faulty::new();
    let three = Three::meet_at(TestApp::on(store.clone()).await).await;
    let room = &three.room;
    let other = TestApp::beside(&three.app, store.clone()).await;
    let (carol_there, dora_there) = (other.user("carol").await, other.user("dora").await);
    carol_there.posts(room, "warm").await;
    let mut doras_own = three.app.user("dora").await.listens_to_own_channel().await;

    three.alice.adds(room, &["dora", "emil"]).await.expect(200);
    doras_own.hears_only(&["room_updated"]).await;
    carol_there.posts(room, "welcome").await;
    doras_own.hears_only(&["chat_list_update"]).await;
    dora_there.posts(room, "hello").await;
    // And who is the first to post since it joined.
    three.alice.adds(room, &["fred"]).await.expect(200);
    other.user("fred").await.tries_to_post(room, "me too", Uuid::new_v4()).await.expect(201);

    let said = ["warm", "welcome", "hello", "me too"];
    assert_eq!(three.bob.history(room).await.bodies(), said);
}

/// Fault F8: until its HEAD is there, nobody has it in a list.
#[tokio::test]
async fn an_opening_that_was_broken_off_is_none_until_it_is_repeated() {
    for number in 1.. {
        let store = Faulty::new();
        let app = TestApp::on(store.clone()).await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        alice.me().await;
        let group =
            json!({ "kind": "group", "members": ["bob", "carol"], "client_id": Uuid::new_v4() });
        store.follow(move |call| {
            let refused = call.number >= number && call.writes();
            refused.then_some(Fault::Refuse(400, "ProvisionedThroughputExceededException"))
        });
        let broken_off = alice.post("/v1/rooms", group.clone()).await;
        store.heal();
        if broken_off.status == 201 {
            assert!(number > 4, "an opening has more than {number} calls");
            return;
        }
        broken_off.problem(503);
        for user in [&alice, &bob] {
            assert!(user.inbox("").await.rooms.is_empty(), "call {number}");
        }
        let room = Room::from(alice.post("/v1/rooms", group).await.expect(201));
        assert_eq!(room.json["member_count"], 3);
        for user in [&alice, &bob] {
            assert_eq!(user.inbox("").await.ids(), [&room.id]);
        }
        bob.posts(&room, "hello").await;
    }
}

/// A second run of the same opening, slow and late, brings nobody back.
/// Fault F25. Fault F8.
#[tokio::test]
async fn an_opening_that_is_still_under_way_brings_no_removed_member_back() {
    for number in 1.. {
        let store = Faulty::new();
        let app = TestApp::on(store.clone()).await;
        app.fix_clock().await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        alice.me().await;
        let group =
            json!({ "kind": "group", "members": ["bob", "carol"], "client_id": Uuid::new_v4() });
        store.follow(move |call| {
            (call.number == number && call.attempt == 1).then_some(Fault::Hold)
        });
        let (slow, body) = (alice.clone(), group.clone());
        let mut opening = tokio::spawn(async move { slow.post("/v1/rooms", body).await });
        tokio::select! {
            () = store.holds(1) => {}
            answer = &mut opening => {
                answer.unwrap().expect(201);
                assert!(number > 4, "an opening has more than {number} calls");
                return;
            }
        }
        store.follow(|_| None);
        let room = alice.post("/v1/rooms", group).await;
        assert!(matches!(room.status, 200 | 201), "{room}");
        let room = Room::from(room.json);
        assert_eq!(alice.removes(&room, "bob").await.status, 204);
        store.release();

        let late = opening.await.unwrap();
        assert!(matches!(late.status, 200 | 201), "call {number}: {late}");
        is_shut_out(&bob, &room).await;
        let listed = all_members(&alice, &room, 10).await;
        assert_eq!(listed.len(), 2, "call {number}: {listed:?}");
        assert_eq!(alice.sees(&room).await.json["member_count"], 2);
        assert_eq!(owners(&listed), ["alice"]);
    }
}
