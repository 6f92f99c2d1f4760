//! `DELETE /v1/users/{id}`: a person's end, which leaves others what they said.

use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Fault, Faulty, Meter, Room, TestApp, User, in_path};
use uuid::Uuid;

const ID: &str = "auth0|alicia/x47x";

/// Whatever would tell of alice.
const TRACES: [&str; 6] =
    ["x47x", "Alicia", "alicia", "pictures.example", "secret", "an unkind word"];

struct Scene {
    meter: Meter,
    app: TestApp,
    alice: User,
    bob: User,
    server: User,
}

impl Scene {
    async fn set() -> Self {
        let meter = Meter::new();
        let app = TestApp::on(meter.clone()).await;
        let (alice, bob) = (alice(&app).await, app.user("bob").await);
        let server = app.service().await;
        Self { meter, app, alice, bob, server }
    }

    async fn erases_alice(&self) {
        let status = self.server.delete(&path("")).await.status;
        assert_eq!(status, 204);
    }

    /// Those of the items that tell of alice.
    async fn traces(&self) -> Vec<Value> {
        self.bob.me().await;
        let tells = |item: &Value| TRACES.iter().any(|trace| item.to_string().contains(trace));
        self.meter.everything().into_iter().filter(tells).collect()
    }
}

async fn alice(app: &TestApp) -> User {
    let claims = json!({
        "sub": ID, "name": "Alicia Wonder", "email": "alicia@mail.example",
        "picture": "https://pictures.example/a.png",
    });
    app.user_with(claims).await
}

fn path(rest: &str) -> String {
    format!("/v1/users/{}{rest}", in_path(ID))
}

async fn reports(user: &User, room: &Room, seq: u64, reason: &str) {
    let path = room.path(&format!("/messages/{seq}/report"));
    user.post(&path, json!({ "reason": reason })).await.expect(201);
}

/// One of everything that a person can have.
#[tokio::test]
async fn nothing_in_the_whole_table_tells_of_a_person_who_was_erased() {
    let scene = Scene::set().await;
    let Scene { app, alice, bob, server, .. } = &scene;
    let bike = json!({ "title": "A bike", "merchant_id": "wheels" });
    server.put("/v1/listings/bike", bike).await.expect(200);
    server.draws("family", "2031-12-24T18:00:00Z", json!({ (ID): "bob", "bob": "carol" })).await;
    alice.me().await;
    let direct = alice.opens_direct("bob").await;
    let rooms = [
        direct.clone(),
        alice.opens_support().await,
        alice.opens_listing("bike").await,
        alice.opens_match("family").await,
        alice.opens_group(&["bob", "carol"]).await,
        bob.opens_group(&[ID, "carol"]).await,
    ];
    for room in &rooms {
        alice.posts(room, "a secret").await;
        alice.tries_to_post(room, "another secret", Uuid::new_v4()).await.expect(201);
        alice.delete(&room.path("/messages/2")).await.expect(200);
        alice.posts(room, "the last secret").await;
        alice
            .patch(&room.path("/messages/1"), json!({ "body": "a secret, too" }))
            .await
            .expect(200);
    }
    let left = bob.opens_group(&[ID]).await;
    alice.posts(&left, "a secret before I leave").await;
    let own_id = alice.sees(&left).await.json["you"]["member_id"].as_str().unwrap().to_owned();
    assert_eq!(alice.removes(&left, &own_id).await.status, 204);
    bob.posts(&direct, "hello").await;
    reports(alice, &direct, 4, "an unkind word").await;
    reports(bob, &direct, 1, "rude").await;
    alice.blocks("carol").await;
    app.user("carol").await.blocks(ID).await;
    let before = scene.traces().await;
    assert!(before.len() > 20, "{before:#?}");

    scene.erases_alice().await;

    let traces = scene.traces().await;
    assert!(traces.is_empty(), "{traces:#?}");
    assert_eq!(bob.get(&path("")).await.problem(404), "not_found");
    let found = bob.get("/v1/users?q=alicia").await.expect(200);
    assert_eq!(found["users"], json!([]));
    assert_eq!(app.user("carol").await.get("/v1/blocks").await.expect(200)["users"], json!([]));
    let copy = server.get(&path("/export")).await.expect(200);
    let nothing = json!({ "profile": null, "blocks": [], "rooms": [], "next": null });
    assert_eq!(copy["rooms"], nothing["rooms"]);
    assert_eq!((&copy["profile"], &copy["blocks"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn the_thread_keeps_its_shape_and_others_what_they_said() {
    let scene = Scene::set().await;
    let Scene { app, alice, bob, .. } = &scene;
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "one secret").await;
    bob.posts(&room, "two").await;
    let answer = json!({ "body": "three", "reply_to": 1 });
    bob.post(&room.path("/messages"), answer).await.expect(201);
    alice.put(&room.path("/messages/2/reactions/%F0%9F%91%8D"), json!({})).await.expect(200);
    alice.posts(&room, "four secret").await;
    let before = bob.sees(&room).await.json;

    scene.erases_alice().await;

    let log = bob.history(&room).await;
    assert_eq!((log.seqs(), log.bodies()), (vec![1, 2, 3, 4], vec!["two", "three"]));
    let gone = &log.messages[0];
    assert!(gone["deleted_at"].is_string() && gone["body"].is_null(), "{gone}");
    let nobody = gone["sender_id"].as_str().unwrap();
    assert!(nobody.starts_with("deleted:"), "{gone}");
    assert_eq!(
        (&log.messages[3]["sender_id"], &log.messages[2]["reply_to"]),
        (&gone["sender_id"], &json!(1))
    );
    assert_eq!(log.messages[1]["reactions"][0]["count"], 1, "what others got stays");
    let seen = bob.sees(&room).await.json;
    assert_eq!((&seen["head"], &seen["message_count"]), (&json!(4), &json!(4)));
    assert!(seen["rev"].as_u64() > before["rev"].as_u64(), "{seen}");
    let member = seen["members"].as_array().unwrap().iter().find(|m| m["id"] == nobody).unwrap();
    assert_eq!((&member["name"], &member["type"]), (&Value::Null, &json!("user")));
    assert_eq!(seen["last_message"]["deleted"], true);
    assert_eq!(bob.inbox("").await.rooms[0].json["last_message"]["preview"], "");
    let changes = bob.get(&room.path("/changes?after_rev=1")).await.expect(200);
    let seqs: Vec<_> = changes["messages"].as_array().unwrap().iter().map(|m| &m["seq"]).collect();
    assert_eq!(seqs, [1, 4], "whoever was away learns of it");
    bob.posts(&room, "anybody there?").await;
    assert_eq!(app.admin("agnes").await.get("/v1/reports").await.expect(200)["reports"], json!([]));
}

/// Invariant I8.
#[tokio::test]
async fn an_erased_persons_tokens_and_sockets_are_of_no_use_any_more() {
    let scene = Scene::set().await;
    let Scene { alice, bob, .. } = &scene;
    let (direct, group) = (alice.opens_direct("bob").await, bob.opens_group(&[ID]).await);
    let mut socket = alice.listens_to(&direct).await;
    socket.subscribe(&group.channel).await;

    let guest = scene.app.anonymous().post("/v1/guests", json!({})).await.expect(201);
    scene.app.holder_of(guest["token"].as_str().unwrap()).opens_support().await;

    scene.erases_alice().await;

    for room in [&direct, &group] {
        bob.posts(room, "is she gone?").await;
        assert_eq!(alice.get(&room.path("")).await.problem(404), "not_found");
        let post = alice.post(&room.path("/messages"), json!({ "body": "a secret" })).await;
        assert_eq!(post.problem(404), "not_found");
        let channel = bob.sees(room).await.channel;
        assert_ne!(channel, room.channel, "the socket hears a channel that is no more");
        assert_eq!(alice.asks_to_hear("1.1", &channel).await.status, 403);
    }
    socket.saw_nothing().await;
    for answer in [
        alice.get("/v1/me").await,
        alice.post("/v1/rooms", json!({ "kind": "direct", "with": "bob" })).await,
        alice.post("/v1/rooms", json!({ "kind": "support" })).await,
        alice.get("/v1/users?q=a").await,
        alice.put("/v1/blocks/bob", json!({})).await,
        alice.post("/v1/guests/merge", json!({ "token": guest["token"] })).await,
    ] {
        assert_eq!(answer.problem(403), "account_erased");
    }
    assert!(alice.inbox("").await.rooms.is_empty());
    assert!(scene.traces().await.is_empty());
}

#[tokio::test]
async fn a_socket_that_was_signed_in_is_closed() {
    let scene = Scene::set().await;
    let (mut hers, mut his) = (scene.alice.connects().await, scene.bob.connects().await);
    for socket in [&mut hers, &mut his] {
        socket.signs_in().await;
    }

    scene.erases_alice().await;

    assert_eq!(hers.is_sent_away().await, 4009);
    his.saw_nothing().await;
}

#[tokio::test]
async fn those_who_are_left_are_told_of_the_new_channel_and_the_new_revision() {
    let scene = Scene::set().await;
    let room = scene.alice.opens_direct("bob").await;
    scene.alice.posts(&room, "a secret").await;
    let mut listener = scene.bob.listens_to_own_channel().await;

    scene.erases_alice().await;

    let heard = listener.hears_only(&["room_updated"]).await;
    let now = scene.bob.sees(&room).await;
    assert_eq!(heard[0].data["channel"], now.channel);
    assert_eq!((&heard[0].data["rev"], &heard[0].data["head"]), (&now.json["rev"], &json!(1)));
}

#[tokio::test]
async fn whoever_comes_back_under_the_same_id_is_somebody_new() {
    let scene = Scene::set().await;
    let Scene { app, bob, server, .. } = &scene;
    let old = scene.alice.opens_direct("bob").await;
    let old_support = scene.alice.opens_support().await;
    scene.alice.posts(&old, "a secret").await;
    scene.erases_alice().await;

    server.put(&path(""), json!({ "name": "Alicia again" })).await.expect(200);
    let again = alice(app).await;
    assert_eq!(again.me().await["name"], "Alicia Wonder");
    let new = again.opens_direct("bob").await;

    assert_ne!(new.id, old.id);
    assert_eq!(bob.opens_direct(ID).await.id, new.id, "for both sides");
    assert_ne!(again.opens_support().await.id, old_support.id);
    assert_eq!(again.inbox("").await.rooms.len(), 2);
    assert_eq!(bob.inbox("").await.rooms.len(), 2, "bob keeps the old one");
    bob.blocks(ID).await;
    let post = again.post(&new.path("/messages"), json!({ "body": "hello" })).await;
    assert_eq!(post.problem(403), "blocked", "a block finds the new room");
    scene.erases_alice().await;
    assert!(scene.traces().await.is_empty(), "and once more");
}

/// In a match room nobody may learn whose end it was before the date.
/// Fault F22.
#[tokio::test]
async fn a_giver_who_is_erased_keeps_its_alias() {
    let scene = Scene::set().await;
    scene.server.draws("family", "2031-12-24T18:00:00Z", json!({ (ID): "bob", "bob": (ID) })).await;
    let room = scene.alice.opens_match("family").await;
    scene.alice.posts(&room, "a secret").await;
    scene.bob.posts(&room, "who are you?").await;
    let alias = scene.bob.history(&room).await.messages[0]["sender_id"].clone();

    scene.erases_alice().await;

    let log = scene.bob.history(&room).await;
    assert_eq!((&log.messages[0]["sender_id"], &log.messages[0]["body"]), (&alias, &Value::Null));
    let members = scene.bob.sees(&room).await.json["members"].clone();
    let giver = members.as_array().unwrap().iter().find(|m| m["id"] == alias).unwrap().clone();
    assert!(giver["name"].is_string(), "the alias keeps its name: {giver}");
    scene.app.set_clock("2031-12-25T00:00:00.000Z").await;
    let revealed = scene.bob.sees(&room).await.json;
    assert!(!revealed.to_string().contains("x47x"), "{revealed}");
}

#[tokio::test]
async fn a_long_life_takes_several_calls_and_each_does_a_part() {
    let scene = Scene::set().await;
    let room = scene.alice.opens_direct("bob").await;
    scene.alice.posts(&room, "a secret").await;
    // Eleven thousand messages, as the store would have them.
    let partition = format!("R#{}", room.id);
    let slots = (2..=11_000).map(|seq| format!("M{seq:012}"));
    scene.meter.copy_item(&partition, "M000000000001", slots);
    scene.meter.set_number(&partition, "#", "seq", 11_000);
    let erase = async || scene.server.delete(&path("")).await.status;

    let mut before = scene.traces().await.len();
    let mut calls = 1;
    while erase().await == 202 {
        let traces = scene.traces().await.len();
        assert!(traces < before, "{traces} of {before}");
        before = traces;
        calls += 1;
        let gone = scene.alice.get(&room.path("")).await;
        assert_eq!(gone.problem(404), "not_found", "from the first");
    }
    assert!(calls >= 3, "{calls} calls");
    let traces = scene.traces().await;
    assert!(traces.is_empty(), "{} left, {:#?}", traces.len(), traces.first());
    assert_eq!(erase().await, 204, "once is enough");
}

/// Hidden is not gone: what was too old to be shown goes as well, also from before the table was told to
/// delete it.
/// Fault F23.
#[tokio::test]
async fn what_was_too_old_to_be_shown_is_erased_as_well() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    app.set_clock("2031-05-05T12:00:30.000Z").await;
    let (alice, bob) = (alice(&app).await, app.user("bob").await);
    let rooms = [alice.opens_direct("bob").await, bob.opens_group(&[ID]).await];
    for room in &rooms {
        alice.posts(room, "a secret").await;
    }
    drop(app);
    let app = TestApp::keeping(meter.clone(), "direct=30,group=30").await;
    app.set_clock("2031-05-05T12:00:40.000Z").await;
    let (bob, server) = (app.user("bob").await, app.service().await);
    bob.posts(&rooms[0], "another day").await;
    app.advance_clock(Duration::from_secs(40 * 24 * 3600)).await;

    assert_eq!(server.delete(&path("")).await.status, 204);

    let scene = Scene { alice: self::alice(&app).await, bob, meter, app, server };
    let traces = scene.traces().await;
    assert!(traces.is_empty(), "{traces:#?}");
}

/// Whoever is left must learn the new channel, or hears nothing any more: also where the call dies that
/// took the person out.
#[tokio::test]
async fn those_who_are_left_are_told_also_after_a_call_that_died() {
    for last in 8..24 {
        let store = Faulty::new();
        let app = TestApp::on(store.clone()).await;
        let (alice, bob) = (alice(&app).await, app.user("bob").await);
        let room = bob.opens_group(&[ID, "carol"]).await;
        alice.posts(&room, "a secret").await;
        let mut listener = bob.listens_to_own_channel().await;
        let server = app.service().await;
        store.follow(move |call| {
            (call.number >= last).then_some(Fault::Refuse(400, "ValidationException"))
        });
        let _ = server.delete(&path("")).await;
        store.heal();
        assert_eq!(server.delete(&path("")).await.status, 204);

        let now = bob.sees(&room).await.channel;
        let heard = listener.hears_so_far().await;
        let told = heard.iter().any(|event| event.data["channel"] == now.as_str());
        assert!(told, "after {last} calls: {heard:?}");
    }
}

/// A token that was on its way while its person was erased writes nothing down.
#[tokio::test]
async fn a_profile_that_is_being_written_does_not_come_back() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let server = app.service().await;
    let alice = alice(&app).await;
    store.follow(|call| {
        let writes_name = call.operation == "TransactWriteItems"
            && call.request.to_string().contains("Alicia Wonder");
        (call.attempt == 1 && writes_name).then_some(Fault::Hold)
    });
    let erase = async {
        store.holds(1).await;
        let status = server.delete(&path("")).await.status;
        store.release();
        status
    };

    let (me, status) = join(alice.get("/v1/me"), erase).await;

    assert_eq!((me.problem(403), status), ("account_erased", 204));
    store.heal();
    let found = app.user("bob").await.get("/v1/users?q=alicia").await.expect(200);
    assert_eq!(found["users"], json!([]));
    assert_eq!(server.delete(&path("")).await.status, 204, "and once more");
    server.put(&path(""), json!({ "karma": 1 })).await.expect(200);
    let person = server.get(&path("")).await.expect(200);
    assert_eq!((&person["name"], &person["picture"]), (&Value::Null, &Value::Null));
}

/// A post is on its way while its sender is erased: committed, but not put. Whoever erases closes its
/// slot, so that it finds it closed and its sender gone.
/// Fault F23.
#[tokio::test]
async fn a_post_that_is_on_its_way_brings_nothing_back() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (alice(&app).await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let server = app.service().await;
    store.follow(|call| call.puts_message().then_some(Fault::Hold));
    let messages = room.path("/messages");
    let post = alice.post(&messages, json!({ "body": "a late secret" }));
    let erase = async {
        store.holds(1).await;
        app.advance_clock(Duration::from_secs(5)).await;
        let status = server.delete(&path("")).await.status;
        store.release();
        status
    };

    let (post, status) = join(post, erase).await;

    assert_eq!(status, 204);
    assert_eq!(post.problem(404), "not_found");
    let log = bob.history(&room).await;
    assert_eq!(log.messages, [json!({ "seq": 1, "void": true })]);
}

/// Erases alice, where the store fails for good with its `last` call, having done it or not; and once
/// more. Whether the first time failed.
async fn dies_and_is_repeated(last: usize, was_done: bool) -> bool {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let (alice, bob) = (alice(&app).await, app.user("bob").await);
    let rooms = [alice.opens_direct("bob").await, bob.opens_group(&[ID]).await];
    for room in &rooms {
        alice.posts(room, "a secret").await;
        bob.posts(room, "hello").await;
    }
    let server = app.service().await;
    store.follow(move |call| match call.number {
        number if number == last && was_done && call.attempt == 1 => Some(Fault::LoseAnswer),
        number if number >= last => Some(Fault::Refuse(400, "ValidationException")),
        _ => None,
    });
    let died = server.delete(&path("")).await.status != 204;
    store.heal();

    assert_eq!(server.delete(&path("")).await.status, 204, "after {last} calls");

    for room in &rooms {
        let log = bob.history(room).await;
        assert_eq!(log.bodies(), ["hello"], "after {last} calls");
        assert!(!bob.sees(room).await.json.to_string().contains("x47x"), "after {last} calls");
    }
    died
}

#[tokio::test]
async fn a_call_that_dies_anywhere_is_ended_by_the_next_one() {
    for was_done in [false, true] {
        let died = join_all((1..40).map(|last| dies_and_is_repeated(last, was_done))).await;
        let calls = died.iter().filter(|died| **died).count();
        assert!((15..39).contains(&calls), "some get through, and {calls} die");
    }
}

#[tokio::test]
async fn guests_and_merchants_are_erased_as_well_and_are_not_taken_for_users() {
    let scene = Scene::set().await;
    let Scene { app, server, .. } = &scene;
    let put = json!({ "title": "A bike", "merchant_id": "1" });
    server.put("/v1/listings/bike", put).await.expect(200);
    let shop = json!({ "sub": "1", "type": "merchant", "name": "Shop Alicia" });
    let (shop, user) = (app.user_with(shop).await, app.user("1").await);
    let room = user.opens_listing("bike").await;
    shop.posts(&room, "the shop's secret").await;
    let kept = user.posts(&room, "mine").await;

    assert_eq!(server.delete("/v1/users/1?type=merchant").await.status, 204);

    assert_eq!(user.history(&room).await.bodies(), ["mine"]);
    assert_eq!(user.sees(&room).await.json["last_message"]["seq"], kept["seq"]);
    user.posts(&room, "still here").await;
    assert_eq!(shop.get("/v1/desk/rooms").await.expect(200)["rooms"], json!([]));
    server.put("/v1/users/1", json!({ "name": "user" })).await.expect(200);
    let guest = app.anonymous().post("/v1/guests", json!({ "name": "Alicia" })).await.expect(201);
    let visitor = app.holder_of(guest["token"].as_str().unwrap());
    let support = visitor.opens_support().await;
    visitor.posts(&support, "a secret").await;
    let id = guest["id"].as_str().unwrap();
    assert_eq!(server.delete(&format!("/v1/users/{id}")).await.status, 204, "no user of this id");
    assert_eq!(visitor.history(&support).await.bodies(), ["a secret"]);
    assert_eq!(server.delete(&format!("/v1/users/{id}?type=guest")).await.status, 204);
    assert!(scene.traces().await.is_empty(), "{:#?}", scene.traces().await);
    assert_eq!(server.delete("/v1/users/1?type=robot").await.problem(422), "invalid");
}

#[tokio::test]
async fn only_the_applications_server_erases_and_copies() {
    let scene = Scene::set().await;
    let callers = [scene.alice.clone(), scene.app.admin("agnes").await];
    for caller in &callers {
        for (method, path) in [(Method::DELETE, path("")), (Method::GET, path("/export"))] {
            let request = caller.request(method, &path);
            assert_eq!(caller.send(request).await.problem(403), "service_only");
        }
    }
    let nobody = scene.app.anonymous();
    assert_eq!(nobody.delete(&path("")).await.problem(401), "unauthenticated");
    assert_eq!(nobody.get(&path("/export")).await.problem(401), "unauthenticated");
    assert_eq!(scene.server.delete("/v1/users/never-seen").await.status, 204);
}
