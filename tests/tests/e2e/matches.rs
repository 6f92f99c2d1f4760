//! `match` rooms: who gives and who was drawn, the giver hidden until the group's date.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Distant, Listener, Room, TestApp, Traces, User, in_path};
use uuid::Uuid;

use crate::{NO_ROOM, routes};

const GROUP: &str = "family";
const DATE: &str = "2031-12-24T18:00:00.000Z";
const LATER: &str = "2032-01-06T18:00:00.000Z";

/// Alice, who gives to bob, and their room.
struct Drawn {
    app: TestApp,
    service: User,
    alice: User,
    bob: User,
    room: Room,
}

impl Drawn {
    async fn lots() -> Self {
        let app = TestApp::start().await;
        app.fix_clock().await;
        let service = app.service().await;
        service
            .draws(GROUP, DATE, json!({ "alice": "bob", "bob": "carol", "carol": "alice" }))
            .await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        let room = alice.opens_match(GROUP).await;
        Self { app, service, alice, bob, room }
    }

    /// The alias of the one who gives.
    fn alias(&self) -> &str {
        self.room.json["you"]["member_id"].as_str().expect("an alias")
    }

    /// The giver as somebody sees it.
    async fn giver_seen_by(&self, viewer: &User) -> Value {
        member(&viewer.sees(&self.room).await, self.alias())
    }
}

fn member(room: &Room, id: &str) -> Value {
    let mut members = room.json["members"].as_array().expect("members").iter();
    let found = members.find(|member| member["id"] == id);
    found.unwrap_or_else(|| panic!("no {id}: {}", room.json)).clone()
}

/// Mission E1.
#[tokio::test]
async fn before_the_raffle_there_is_no_room() {
    let app = TestApp::start().await;
    let (service, alice) = (app.service().await, app.user("alice").await);
    let group = json!({ "name": "The family", "reveal_at": DATE });
    service.put("/v1/groups/family", group).await.expect(200);

    let answer = alice.tries_to_open_match(GROUP).await;

    assert_eq!(answer.problem(409), "raffle_not_held");
    assert!(alice.inbox("").await.rooms.is_empty());
    service.draws(GROUP, DATE, json!({ "alice": "bob" })).await;
    alice.tries_to_open_match(GROUP).await.expect(201);
}

/// Mission E1.
#[tokio::test]
async fn who_gives_to_nobody_in_a_group_opens_no_room() {
    let app = TestApp::start().await;
    app.service().await.draws(GROUP, DATE, json!({ "alice": "bob" })).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let shop = app.user_with(json!({ "sub": "alice", "type": "merchant" })).await;

    let unknown = alice.tries_to_open_match("no such group").await;
    assert_eq!(unknown.problem(404), "not_found");
    for stranger in [&bob, &shop, &app.admin("agent").await] {
        let answer = stranger.tries_to_open_match(GROUP).await;
        assert_eq!(answer.problem(404), "not_found");
        assert_eq!(answer.text, unknown.text);
        assert!(stranger.inbox("").await.rooms.is_empty());
    }
    let guest = app.user_with(json!({ "sub": "alice", "type": "guest" })).await;
    guest.tries_to_open_match(GROUP).await.problem(403);
}

/// Invariant I10.
#[tokio::test]
async fn a_room_of_no_group_is_refused() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    for body in [
        json!({ "kind": "match" }),
        json!({ "kind": "match", "group_id": null }),
        json!({ "kind": "match", "group_id": 5 }),
    ] {
        assert_eq!(alice.post("/v1/rooms", body).await.wrong_fields(), ["group_id"]);
    }
    for group in ["", "\0", &"x".repeat(10_000)] {
        let answer = alice.tries_to_open_match(group).await;
        assert!(matches!(answer.status, 404 | 422), "{answer}");
    }
}

/// Mission E9: the part of the canonical API.
#[tokio::test]
async fn who_opens_a_room_twice_finds_the_same() {
    let drawn = Drawn::lots().await;
    let (alice, bob, room) = (&drawn.alice, &drawn.bob, &drawn.room);

    let again = alice.tries_to_open_match(GROUP).await.expect(200);

    assert_eq!(again["id"], room.id.as_str());
    assert_eq!(alice.inbox("?kind=match").await.ids(), [&room.id]);
    assert_eq!(bob.inbox("?kind=match").await.ids(), [&room.id]);
}

/// Mission A2. Mission E9.
#[tokio::test]
async fn of_twenty_who_open_a_room_at_once_one_opens_it_and_all_get_it() {
    let app = TestApp::on(Distant::new()).await;
    app.service().await.draws(GROUP, DATE, json!({ "alice": "bob" })).await;
    let alice = app.user("alice").await;

    let answers = join_all((0..20).map(|_| alice.tries_to_open_match(GROUP))).await;

    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let found = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((created, found), (1, 19));
    let ids: HashSet<_> = answers.iter().map(|answer| answer.json["id"].to_string()).collect();
    let aliases: HashSet<_> =
        answers.iter().map(|answer| answer.json["you"]["member_id"].to_string()).collect();
    assert_eq!((ids.len(), aliases.len()), (1, 1), "{ids:?} {aliases:?}");
}

#[tokio::test]
async fn a_room_tells_of_its_group() {
    let drawn = Drawn::lots().await;
    let (bob, room) = (&drawn.bob, &drawn.room);

    let seen = bob.sees(room).await.json;

    let group = json!({ "id": GROUP, "name": "The family", "reveal_at": DATE, "revealed": false });
    assert_eq!(seen["group"], group);
    assert_eq!((&seen["kind"], &seen["member_count"]), (&json!("match"), &json!(2)));
    assert_eq!(bob.inbox("").await.rooms[0].json["group"], group);
}

/// Two people who drew each other: one room for each who gives, or each would know from whom.
#[tokio::test]
async fn two_who_drew_each_other_have_two_rooms() {
    let app = TestApp::start().await;
    app.service().await.draws(GROUP, DATE, json!({ "alice": "bob", "bob": "alice" })).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);

    let (from_alice, from_bob) = (alice.opens_match(GROUP).await, bob.opens_match(GROUP).await);

    assert_ne!(from_alice.id, from_bob.id);
    for user in [&alice, &bob] {
        let ids = user.inbox("?kind=match").await.ids().join(" ");
        assert!(ids.contains(&from_alice.id) && ids.contains(&from_bob.id), "{ids}");
    }
    let in_hers = |room: Room| room.json["you"]["member_id"].clone();
    assert_ne!(in_hers(alice.sees(&from_alice).await), in_hers(bob.sees(&from_bob).await));
    assert_eq!(in_hers(alice.sees(&from_bob).await), "alice");
    assert_eq!(in_hers(bob.sees(&from_alice).await), "bob");
}

/// The same two in two groups are not known again by their aliases.
#[tokio::test]
async fn an_alias_is_of_one_room_alone() {
    let app = TestApp::start().await;
    let service = app.service().await;
    let alice = app.user("alice").await;
    let mut aliases = HashSet::new();

    for group in ["family", "friends", "office"] {
        service.draws(group, DATE, json!({ "alice": "bob" })).await;
        let room = alice.opens_match(group).await;
        aliases.insert(room.json["you"]["member_id"].to_string());
    }

    assert_eq!(aliases.len(), 3, "{aliases:?}");
}

/// Where the alias stands among the members tells nothing about whose it is.
/// Mission E3.
#[tokio::test]
async fn the_order_of_the_members_tells_nothing() {
    let app = TestApp::start().await;
    let bob = app.user("bob").await;
    let givers: Vec<String> = (0..12).map(|giver| format!("giver-{giver}")).collect();
    let matches = givers.iter().map(|giver| (giver.clone(), json!("bob")));
    app.service().await.draws(GROUP, DATE, Value::Object(matches.collect())).await;
    let mut places = HashSet::new();

    for giver in &givers {
        let room = app.user(giver).await.opens_match(GROUP).await;
        let members = bob.sees(&room).await.json["members"].as_array().unwrap().clone();
        places.insert(members.iter().position(|member| member["id"] == "bob"));
    }

    assert_eq!(places.len(), 1, "{places:?}");
}

/// Mission E2. Mission E11. Mission E12. Mission A7.
#[tokio::test]
async fn both_write_and_hear_and_the_giver_goes_by_its_alias() {
    let drawn = Drawn::lots().await;
    let (alice, bob, room) = (&drawn.alice, &drawn.bob, &drawn.room);
    let mut at_bob = bob.listens_to(room).await;
    let mut at_alice = alice.listens_to(room).await;
    let mut on_bobs_list = bob.listens_to_own_channel().await;

    let asked = alice.posts(room, "what would you like?").await;
    let answered = bob.posts(room, "guess who you are").await;

    assert!(drawn.alias().starts_with("alias:"), "{}", drawn.alias());
    assert_eq!(
        (&asked["sender_id"], &asked["receiver_id"]),
        (&json!(drawn.alias()), &json!("bob"))
    );
    assert_eq!(answered["sender_id"], "bob");
    assert_eq!(answered["receiver_id"], drawn.alias());
    for listener in [&mut at_bob, &mut at_alice] {
        let heard = listener.hears_only(&["new_message", "new_message"]).await;
        assert_eq!(heard[0].data["sender_id"], drawn.alias());
        assert_eq!(heard[1].data["sender_id"], "bob");
    }
    let heard = on_bobs_list.hears_only(&["chat_list_update"]).await;
    assert_eq!(heard[0].data["sender_id"], drawn.alias());
    assert_eq!(heard[0].data["unread"], 1);
    let last = &bob.inbox("").await.rooms[0].json["last_message"];
    assert_eq!(last["preview"], "guess who you are");
}

/// Mission A14. Invariant I8: the others of the group are strangers here.
#[tokio::test]
async fn the_others_of_the_group_are_strangers() {
    let Drawn { app, alice, room, .. } = Drawn::lots().await;
    alice.posts(&room, "secret").await;

    for stranger in [app.user("carol").await, app.admin("agent").await] {
        stranger.get(&room.path("")).await.problem(404);
        stranger.get(&room.path("/messages")).await.problem(404);
        stranger.get(&room.path("/members")).await.problem(404);
        stranger.post(&room.path("/messages"), json!({ "body": "x" })).await.problem(404);
        stranger.put(&room.path("/read"), json!({ "seq": 1 })).await.problem(404);
        stranger.asks_to_hear("1.1", &room.channel).await.problem(403);
    }
}

/// Mission E5.
#[tokio::test]
async fn the_log_outlives_a_restart() {
    let store = Distant::new();
    let app = TestApp::on(store.clone()).await;
    app.service().await.draws(GROUP, DATE, json!({ "alice": "bob" })).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_match(GROUP).await;
    for i in 0..5 {
        alice.posts(&room, &format!("question {i}")).await;
        bob.posts(&room, &format!("answer {i}")).await;
    }
    let before = (alice.history(&room).await.messages, bob.history(&room).await.messages);
    app.stop().await;

    let app = TestApp::on(store).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);

    assert_eq!(alice.opens_match(GROUP).await.id, room.id);
    let after = (alice.history(&room).await.messages, bob.history(&room).await.messages);
    assert_eq!(after, before);
    assert_eq!(after.0.len(), 10);
}

/// Mission E6.
#[tokio::test]
async fn unread_messages_are_counted_by_room_and_in_total() {
    let Drawn { app, bob, alice, room, .. } = Drawn::lots().await;
    let carol = app.user("carol").await;
    let as_giver = bob.opens_match(GROUP).await;
    alice.posts_all(&room, ["1", "2", "3"]).await;
    carol.posts_all(&as_giver, ["1", "2"]).await;
    let totals = async || {
        let me = bob.me().await;
        (me["unread_rooms"].as_u64().unwrap(), me["unread_messages"].as_u64().unwrap())
    };
    let unread = async |room: &Room| bob.sees(room).await.json["you"]["unread"].clone();

    assert_eq!((unread(&room).await, unread(&as_giver).await), (json!(3), json!(2)));
    assert_eq!(totals().await, (2, 5));
    assert_eq!(bob.marks_read(&room, 2).await, json!({ "read": 2, "unread": 1 }));
    assert_eq!(totals().await, (2, 3));
    bob.marks_read(&room, 3).await;
    assert_eq!(totals().await, (1, 2));
    bob.posts(&as_giver, "who writes has read").await;
    assert_eq!(totals().await, (0, 0));
}

/// Mission E7: the part of the canonical API.
#[tokio::test]
async fn the_other_sees_the_alias_type() {
    let drawn = Drawn::lots().await;
    let (room, alias) = (&drawn.room, drawn.alias());
    let mut at_bob = drawn.bob.listens_to(room).await;
    let mut at_alice = drawn.alice.listens_to(room).await;

    let typing = json!({ "member_id": alias, "typing": true });
    at_alice.tells_others("client-typing", &room.channel, typing.clone()).await;

    let heard = at_bob.next().await;
    assert_eq!((heard.name.as_str(), heard.data), ("client-typing", typing));
    assert!(at_bob.frames().iter().all(|frame| !frame.contains("alice")), "{:?}", at_bob.frames());
}

/// Mission E8.
#[tokio::test]
async fn a_message_has_at_most_500_characters() {
    let drawn = Drawn::lots().await;
    let (alice, bob, room) = (&drawn.alice, &drawn.bob, &drawn.room);

    for (who, whole) in [(alice, "x".repeat(500)), (bob, "🎁".repeat(500))] {
        assert_eq!(who.posts(room, &whole).await["body"], whole.as_str());
        let more = whole.clone() + &whole.chars().take(1).collect::<String>();
        let answer = who.post(&room.path("/messages"), json!({ "body": more })).await;
        assert_eq!(answer.wrong_fields(), ["body"]);
    }
    assert_eq!(bob.history(room).await.head, 2);
}

/// Nobody joins or leaves, nobody archives, and there is no title.
#[tokio::test]
async fn a_room_of_two_stays_one() {
    let drawn = Drawn::lots().await;
    let (room, alias) = (&drawn.room, drawn.alias());

    for user in [&drawn.alice, &drawn.bob] {
        assert_eq!(user.adds(room, &["carol"]).await.problem(403), "groups_only");
        for member in [alias, "bob", "alice"] {
            assert_eq!(user.removes(room, member).await.problem(403), "groups_only");
        }
        let titled = user.patch(&room.path(""), json!({ "title": "x" })).await;
        assert_eq!(titled.wrong_fields(), ["title"]);
        user.post(&room.path("/archive"), json!({})).await.problem(403);
        user.delete(&room.path("")).await.problem(403);
    }
    assert_eq!(drawn.bob.sees(room).await.json["member_count"], 2);
}

/// Mission E3. Mission E4. Invariant I9.
#[tokio::test]
async fn the_next_look_after_the_date_shows_who_gave() {
    let drawn = Drawn::lots().await;
    let alice = json!({
        "sub": "alice", "name": "Alice", "picture": "https://pictures.example/alice",
    });
    drawn.app.user_with(alice).await.sees(&drawn.room).await;
    let hidden = drawn.giver_seen_by(&drawn.bob).await;
    assert!(hidden["name"].is_string() && hidden["name"] != "Alice", "{hidden}");
    assert_eq!((&hidden["picture"], hidden.get("user_id")), (&json!(null), None));

    drawn.app.set_clock("2031-12-24T17:50:00.000Z").await;
    assert_eq!(drawn.giver_seen_by(&drawn.bob).await, hidden);
    drawn.app.set_clock(DATE).await;

    let shown = drawn.giver_seen_by(&drawn.bob).await;
    let expected = json!({
        "id": drawn.alias(), "type": "user", "name": "Alice",
        "picture": "https://pictures.example/alice", "read": 0, "user_id": "alice",
    });
    assert_eq!(shown, expected);
    assert_eq!(drawn.bob.sees(&drawn.room).await.json["group"]["revealed"], true);
    let listed = drawn.bob.get(&drawn.room.path("/members")).await.expect(200);
    assert!(listed["members"].as_array().unwrap().contains(&expected), "{listed}");
    assert_eq!(member(&drawn.bob.inbox("").await.rooms[0], drawn.alias()), expected);
    // The messages stay under the alias: the log does not change.
    let posted = drawn.alice.posts(&drawn.room, "it was me").await;
    assert_eq!(posted["sender_id"], drawn.alias());
}

/// A date that is put off holds at once.
#[tokio::test]
async fn a_date_that_is_moved_before_it_comes_hides_on() {
    let drawn = Drawn::lots().await;
    let tells = async |date: &str| {
        let group = json!({ "name": "The family", "reveal_at": date });
        drawn.service.put("/v1/groups/family", group).await.expect(200);
    };

    tells(LATER).await;
    drawn.app.set_clock(DATE).await;
    let hidden = drawn.giver_seen_by(&drawn.bob).await;
    assert_eq!(hidden.get("user_id"), None);
    assert_ne!(hidden["name"], "alice");
    assert_eq!(drawn.bob.sees(&drawn.room).await.json["group"]["reveal_at"], LATER);
    drawn.app.set_clock(LATER).await;
    assert_eq!(drawn.giver_seen_by(&drawn.bob).await["user_id"], "alice");
}

/// A receiver who was there before anybody knew its name, and one who changes it.
#[tokio::test]
async fn the_giver_sees_who_receives_from_the_beginning() {
    let drawn = Drawn::lots().await;

    for name in ["Bob", "Robert"] {
        let bob = drawn.app.user_with(json!({ "sub": "bob", "name": name })).await;
        bob.sees(&drawn.room).await;
        let receiver = member(&drawn.alice.sees(&drawn.room).await, "bob");
        assert_eq!((&receiver["name"], receiver.get("user_id")), (&json!(name), None));
    }
}

/// The giver with everything that could tell who it is, and the one who must not learn it.
struct Masquerade {
    app: TestApp,
    service: User,
    giver: User,
    giver_id: String,
    receiver: User,
    room: Room,
    alias: String,
    traces: Traces,
}

/// What the receiver got to see.
#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl Seen {
    fn keeps(&mut self, what: &str, answer: &Answer) {
        self.0.push((format!("{what}, {}", answer.status), answer.text.clone()));
        self.0.push((format!("the headers of {what}"), format!("{:?}", answer.headers)));
    }

    fn hears(&mut self, what: &str, listener: &mut Listener) {
        for frame in listener.frames() {
            self.0.push((format!("a frame on {what}"), frame.clone()));
            // Data is JSON inside a string: read, so that nothing hides behind an escape.
            let read: Value = serde_json::from_str(frame).expect("JSON");
            let data = read["data"].as_str().unwrap_or_default().to_owned();
            self.0.push((format!("the data of a frame on {what}"), data));
        }
    }

    /// Where the giver shows through.
    fn betray(&self, traces: &Traces) -> Vec<String> {
        let found = self.0.iter().flat_map(|(what, text)| {
            traces.found_in(text).into_iter().map(move |trace| format!("{what}: {trace}"))
        });
        found.collect()
    }
}

const FIRST: &str = "Quirinalda";
const MIDDLE: &str = "Ysoltine";
const LAST: &str = "O'Brandtüvel";
const SECOND_FIRST: &str = "Wilhelmara";
const SECOND_LAST: &str = "Zappletonio";

impl Masquerade {
    async fn begins() -> Self {
        let app = TestApp::start().await;
        app.fix_clock().await;
        let service = app.service().await;
        let giver_id = "idp7Qx|5f3c9A:e11b@tenant-Kj".to_owned();
        let name = format!("{FIRST} {MIDDLE} {LAST}");
        let claims = json!({
            "sub": giver_id, "name": name, "email": "qui.brandt+santa@mailhost-qy.example",
            "picture": "https://pix-host-qy.example/avatars/9d8f7e6c-qui.png?sz=4711",
        });
        let giver = app.user_with(claims).await;
        let about = json!({ "karma": 73_190_467, "joined_at": "2019-03-17T04:05:06.789Z" });
        service.describes(&giver_id, about).await.expect(200);
        let matches = json!({
            (giver_id.clone()): "receiver", "receiver": "third-person", "third-person": "fourth-person",
            "fourth-person": giver_id,
        });
        service.draws(GROUP, DATE, matches).await;
        let receiver = app.user_with(json!({ "sub": "receiver", "name": "Rosa" })).await;

        // What the giver does elsewhere.
        let direct = giver.opens_direct("penpal-of-giver").await;
        giver.posts(&direct, "written-elsewhere-by-giver").await;
        let friends = giver.opens_group(&["penpal-of-giver", "clubmate-of-giver"]).await;
        giver.changes(&friends, json!({ "title": "Club-title-of-giver" })).await;
        let support =
            Room::from(giver.post("/v1/rooms", json!({ "kind": "support" })).await.expect(201));
        let bike = json!({ "title": "Listing-title-of-giver", "merchant_id": "merchant-of-giver" });
        service.put("/v1/listings/listing-of-giver", bike).await.expect(200);
        let listing = json!({ "kind": "listing", "listing_id": "listing-of-giver" });
        let listing = Room::from(giver.post("/v1/rooms", listing).await.expect(201));
        service
            .draws("office-of-giver", DATE, json!({ (giver_id.clone()): "receiver-at-office" }))
            .await;
        let office = giver.opens_match("office-of-giver").await;
        let fourth = app.user("fourth-person").await.opens_match(GROUP).await;
        giver.blocks("blocked-by-giver").await;

        let room = giver.opens_match(GROUP).await;
        let alias = room.json["you"]["member_id"].as_str().expect("an alias").to_owned();
        let own = giver.own_channel().await;
        let side_key = own.strip_prefix("private-user-").expect("a channel of a user").to_owned();
        let traces = [
            giver_id.as_str(),
            "user:idp7Qx|5f3c9A:e11b@tenant-Kj",
            "idp7Qx",
            "5f3c9A:e11b",
            "e11b@tenant-Kj",
            "tenant-Kj",
            &name,
            FIRST,
            MIDDLE,
            LAST,
            "Brandt",
            "brandtüvel",
            "qui.brandt+santa@mailhost-qy.example",
            "qui.brandt+santa",
            "mailhost-qy.example",
            "https://pix-host-qy.example/avatars/9d8f7e6c-qui.png?sz=4711",
            "pix-host-qy",
            "9d8f7e6c-qui.png",
            "9d8f7e6c",
            &format!("{SECOND_FIRST} {SECOND_LAST}"),
            SECOND_FIRST,
            SECOND_LAST,
            "willa.zap@posthost-wz.example",
            "willa.zap",
            "posthost-wz.example",
            "https://img-host-wz.example/u/1b2a3c4d-willa.webp",
            "img-host-wz",
            "1b2a3c4d-willa.webp",
            "73190467",
            "2019-03-17T04:05:06.789Z",
            "1552795506",
            &own,
            &side_key,
            &direct.id,
            &friends.id,
            &support.id,
            &listing.id,
            &office.id,
            &fourth.id,
            &friends.channel,
            office.json["you"]["member_id"].as_str().expect("an alias"),
            "office-of-giver",
            "receiver-at-office",
            "listing-of-giver",
            "Listing-title-of-giver",
            "merchant-of-giver",
            "Club-title-of-giver",
            "clubmate-of-giver",
            "penpal-of-giver",
            "blocked-by-giver",
            "written-elsewhere-by-giver",
            "fourth-person",
        ];
        let traces = Traces::of(traces);
        assert!(traces.len() >= 40);
        Self { app, service, giver, giver_id, receiver, room, alias, traces }
    }

    /// Everything that the giver does in the room and about itself.
    async fn the_giver_is_busy(&self, at_giver: &mut Listener) {
        let (giver, room) = (&self.giver, &self.room);
        let client_id = Uuid::new_v4();
        let posted = giver.tries_to_post(room, "what would you like?", client_id).await.expect(201);
        giver.tries_to_post(room, "what would you like?", client_id).await.expect(200);
        giver.retries(room, "what would you like?", client_id).await.expect(200);
        giver.tries_to_post(room, "something else", client_id).await.problem(409);
        let reply = json!({ "body": "🎁", "type": "sticker", "reply_to": posted["seq"] });
        giver.post(&room.path("/messages"), reply).await.expect(201);
        giver.marks_read(room, 1_000).await;
        for change in ["hidden", "muted", "pinned"] {
            giver.changes(room, json!({ (change): true })).await;
            giver.changes(room, json!({ (change): false })).await;
        }
        giver.adds(room, &["clubmate-of-giver"]).await.problem(403);
        giver.removes(room, "receiver").await.problem(403);
        for typing in [true, false] {
            let typing = json!({ "member_id": self.alias, "typing": typing });
            at_giver.tells_others("client-typing", &room.channel, typing).await;
        }
        giver.blocks("receiver").await;
        giver.unblocks("receiver").await;
        // Another name, by a token and by the application's server.
        let renamed = json!({
            "sub": self.giver_id, "name": format!("{SECOND_FIRST} {SECOND_LAST}"),
            "email": "willa.zap@posthost-wz.example",
            "picture": "https://img-host-wz.example/u/1b2a3c4d-willa.webp",
        });
        let renamed = self.app.user_with(renamed).await;
        renamed.me().await;
        renamed.sees(room).await;
        renamed.opens_match(GROUP).await;
        renamed.inbox("").await;
        renamed.posts(room, "still me").await;
        renamed.history(room).await;
        let name = json!({ "name": format!("{FIRST} {SECOND_LAST}") });
        self.service.describes(&self.giver_id, name).await.expect(200);
        self.service.posts(room, "The shops close at six.").await;
        giver.posts(room, &"é".repeat(101)).await;
    }

    /// Everything that the receiver can ask for.
    async fn the_receiver_looks_everywhere(&self, seen: &mut Seen) {
        let (receiver, room, alias) = (&self.receiver, &self.room, in_path(&self.alias));
        let head = receiver.sees(room).await.json["head"].as_u64().expect("a head");
        // Every route, about whatever the receiver knows, with every sort of body.
        for route in routes() {
            for id in [room.id.as_str(), &alias, GROUP, NO_ROOM, "%00"] {
                for member in [alias.as_str(), "receiver", "nobody"] {
                    if member != alias && !route.path.contains("{member_id}") {
                        continue;
                    }
                    let path = route.path.replace("{id}", id).replace("{member_id}", member);
                    for body in [route.body, "{}", "{", "[]", r#"{"seq":"x","body":5,"title":5}"#] {
                        let request = receiver.request(route.method.clone(), &path);
                        let request = match body {
                            "" => request,
                            body => request.header("content-type", "application/json").body(body),
                        };
                        let answer = receiver.send(request).await;
                        seen.keeps(&format!("{} {path} {body}", route.method), &answer);
                        if route.body.is_empty() {
                            break;
                        }
                    }
                }
            }
        }
        // The log, through every window.
        let mut queries: Vec<String> =
            ["", "?limit=1", "?limit=200", "?limit=0", "?before=x", "?after=9999", "?around=0"]
                .map(String::from)
                .into();
        for seq in 0..=head + 1 {
            for window in ["before", "after", "around"] {
                queries.push(format!("?{window}={seq}&limit=2"));
            }
        }
        let mut paths: Vec<String> =
            queries.into_iter().map(|query| room.path(&format!("/messages{query}"))).collect();
        paths.extend(
            ["/members", "/members?limit=1", "/members?cursor=x", ""].map(|p| room.path(p)),
        );
        paths.extend(
            [
                "/v1/rooms",
                "/v1/rooms?kind=match",
                "/v1/rooms?kind=direct",
                "/v1/rooms?kind=x",
                "/v1/rooms?cursor=x",
                "/v1/me",
                "/v1/blocks",
                "/v1/desk/rooms",
                "/v1/desk/rooms?state=archived",
                "/v1/realtime",
                "/v1/users?q=receiver",
                "/v1/users?q=ro",
                "/v1/groups/family",
                "/v1/reports",
                "/openapi.json",
                "/asyncapi.json",
                "/healthz",
            ]
            .map(String::from),
        );
        for word in member(&receiver.sees(room).await, &self.alias)["name"]
            .as_str()
            .expect("a name")
            .split(' ')
        {
            paths.push(format!("/v1/users?q={word}"));
        }
        for path in paths {
            seen.keeps(&path, &receiver.get(&path).await);
        }
        let mut cursor = Some(String::new());
        while let Some(behind) = cursor {
            let page = receiver.get(&format!("/v1/rooms?limit=1{behind}")).await;
            seen.keeps("a page of the inbox", &page);
            cursor = page.json["next"].as_str().map(|next| format!("&cursor={next}"));
        }
        self.the_receiver_asks_for_more(seen).await;
    }

    async fn the_receiver_asks_for_more(&self, seen: &mut Seen) {
        let (receiver, room) = (&self.receiver, &self.room);
        let own = receiver.own_channel().await;
        for channel in [
            room.channel.as_str(),
            &own,
            &format!("private-user-{}", self.alias),
            &format!("presence-room-{}", room.id),
            &format!("{}-1", room.channel),
        ] {
            seen.keeps("a grant", &receiver.asks_to_hear("1.1", channel).await);
        }
        let user = receiver.post("/v1/realtime/user", json!({ "socket_id": "1.1" })).await;
        seen.keeps("the user's own grant", &user);
        let held = json!({ (room.id.clone()): [0, 0] });
        for sync in [json!({}), json!({ "rooms": held }), json!({ "cursor": "x" })] {
            let answer = receiver.post("/v1/sync", sync).await;
            seen.keeps("sync", &answer);
            if let Some(cursor) = answer.json["cursor"].as_str() {
                let again = json!({ "cursor": cursor, "rooms": { NO_ROOM: [1, 1] } });
                seen.keeps("sync again", &receiver.post("/v1/sync", again).await);
            }
        }
        for open in [
            json!({ "kind": "match", "group_id": GROUP }),
            json!({ "kind": "match", "group_id": "other" }),
            json!({ "kind": "direct", "with": self.alias }),
            json!({ "kind": "direct", "with": "receiver" }),
            json!({ "kind": "group", "members": [self.alias] }),
            json!({ "kind": "support", "user": self.alias }),
        ] {
            seen.keeps(&format!("opening {open}"), &receiver.post("/v1/rooms", open).await);
        }
        for change in [json!({ "hidden": true }), json!({ "hidden": false, "pinned": true })] {
            seen.keeps("changing the room", &receiver.patch(&room.path(""), change).await);
        }
        for message in [
            json!({ "body": "who are you?", "reply_to": 1, "client_id": Uuid::new_v4() }),
            json!({ "body": "who?", "reply_to": 1_000_000 }),
            json!({ "body": "x".repeat(501) }),
            json!({ "body": "who?", "sender_id": self.alias }),
        ] {
            seen.keeps("a post", &receiver.post(&room.path("/messages"), message).await);
        }
        seen.keeps("a mark", &receiver.put(&room.path("/read"), json!({ "seq": 1_000 })).await);
        for (method, path) in [
            (Method::PATCH, "/messages/1"),
            (Method::DELETE, "/messages/1"),
            (Method::PUT, "/messages/1/reactions/%F0%9F%8E%81"),
            (Method::POST, "/messages/1/report"),
            (Method::GET, "/changes?after_rev=0"),
        ] {
            let request = receiver.request(method.clone(), &room.path(path));
            let request = request.header("content-type", "application/json");
            let request = request.body(r#"{"body":"x","reason":"who is this?"}"#);
            seen.keeps(&format!("{method} {path}"), &receiver.send(request).await);
        }
    }
}

/// Everything that a receiver can get before the date: answers, headers, frames. Nothing of it tells
/// who gives, however it is written.
///
/// Fault F22. Mission E3. Invariant I9.
#[tokio::test]
async fn nothing_that_a_receiver_can_get_before_the_date_tells_who_gives() {
    let masquerade = Masquerade::begins().await;
    let Masquerade { app, giver, receiver, room, traces, .. } = &masquerade;
    let mut seen = Seen::default();
    let mut at_room = receiver.listens_to(room).await;
    let mut at_own = receiver.listens_to_own_channel().await;
    let mut at_giver = giver.listens_to(room).await;

    masquerade.the_receiver_looks_everywhere(&mut seen).await;
    masquerade.the_giver_is_busy(&mut at_giver).await;
    masquerade.the_receiver_looks_everywhere(&mut seen).await;
    app.set_clock("2031-12-24T17:50:00.000Z").await;
    masquerade.the_receiver_looks_everywhere(&mut seen).await;
    giver.posts(room, "soon").await;
    let typed = at_room.hears_so_far().await.iter().any(|event| event.name == "client-typing");
    at_own.hears_so_far().await;
    seen.hears("the room's channel", &mut at_room);
    seen.hears("the receiver's own channel", &mut at_own);

    let betrayed = seen.betray(traces);
    assert_eq!(betrayed, Vec::<String>::new());
    // That was a lot, and the search does find what is there.
    assert!(typed && seen.0.len() > 1_000, "{}", seen.0.len());
    let mut of_the_giver = Seen::default();
    for path in ["/v1/me", "/v1/rooms", "/v1/blocks", "/v1/realtime"] {
        of_the_giver.keeps(path, &giver.get(path).await);
    }
    assert!(of_the_giver.betray(traces).len() > 30, "{:#?}", of_the_giver.betray(traces));
    app.set_clock(DATE).await;
    let mut after = Seen::default();
    after.keeps("the room", &receiver.get(&room.path("")).await);
    let betrayed = after.betray(traces).join("\n");
    for shown in [masquerade.giver_id.as_str(), SECOND_FIRST, SECOND_LAST, "img-host-wz"] {
        assert!(betrayed.contains(shown), "{shown} is not shown after the date: {betrayed}");
    }
}

/// Whether it is shown follows from the time of the look alone, whatever was shown before.
/// Fault F14.
#[tokio::test]
async fn a_clock_that_runs_backwards_hides_again() {
    let drawn = Drawn::lots().await;
    drawn.app.set_clock(DATE).await;
    drawn.app.advance_clock(Duration::from_secs(1)).await;
    assert_eq!(drawn.giver_seen_by(&drawn.bob).await["user_id"], "alice");

    drawn.app.set_clock("2031-12-24T17:00:00.000Z").await;

    assert_eq!(drawn.giver_seen_by(&drawn.bob).await.get("user_id"), None);
}
