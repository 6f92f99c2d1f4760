//! `POST /v1/realtime/webhook`: what the relay tells of who listens, and who learns of it.

use local::ALL_FEATURES;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shared::{config::Features, realtime::sign::Signer, secret::Secret};
use tests::{Answer, Fault, Faulty, Meter, PATIENCE, RELAY_KEY, RELAY_SECRET, Room, TestApp, User};

/// A moment, in milliseconds since 1970, and later ones.
const NOON: i64 = 1_800_000_000_000;
const NOON_TEXT: &str = "2027-01-15T08:00:00.000Z";
const MINUTE: i64 = 60_000;

/// Sends a body as the relay does, signed with a key and a secret.
async fn sends(app: &TestApp, body: &str, key: &str, secret: &str) -> Answer {
    let signature = Signer::new(key, &Secret::new(secret)).webhook_signature(body.as_bytes());
    sends_signed(app, body, &[("x-pusher-key", key), ("x-pusher-signature", &signature)]).await
}

async fn sends_signed(app: &TestApp, body: &str, headers: &[(&str, &str)]) -> Answer {
    let relay = app.anonymous();
    let request = relay.request(Method::POST, "/v1/realtime/webhook");
    let request = request.header("content-type", "application/json").body(body.to_owned());
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    relay.send(request).await
}

/// What a relay tells: at a time, of events on a channel.
fn webhook(time_ms: i64, events: &[(&str, &str)]) -> String {
    let events: Vec<Value> =
        events.iter().map(|(name, channel)| json!({ "name": name, "channel": channel })).collect();
    json!({ "time_ms": time_ms, "events": events }).to_string()
}

/// An empty app whose clock shows the moment.
async fn at_noon() -> TestApp {
    let app = TestApp::start().await;
    app.set_clock(NOON_TEXT).await;
    app
}

pub(crate) async fn tells(app: &TestApp, time_ms: i64, events: &[(&str, &str)]) {
    let answer = sends(app, &webhook(time_ms, events), RELAY_KEY, RELAY_SECRET).await;
    assert_eq!(answer.status, 204, "{answer}");
}

/// Whether somebody is online, and since when not, as another sees it.
async fn seen(viewer: &User, id: &str) -> (Value, Value) {
    let person = viewer.looks_up(id).await.expect(200);
    (person["online"].clone(), person["last_seen"].clone())
}

const NOTHING: (Value, Value) = (Value::Null, Value::Null);

fn online() -> (Value, Value) {
    (json!(true), Value::Null)
}

fn left_at(time: &str) -> (Value, Value) {
    (json!(false), json!(time))
}

#[tokio::test]
async fn who_comes_is_online_and_who_goes_was_seen_then() {
    let app = at_noon().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let channel = alice.own_channel().await;
    bob.me().await;
    assert_eq!(seen(&bob, "alice").await, NOTHING);

    tells(&app, NOON - MINUTE, &[("channel_occupied", &channel)]).await;
    assert_eq!(seen(&bob, "alice").await, online());
    assert_eq!(seen(&bob, "bob").await, NOTHING);

    // To the minute: when somebody left could tell who has just written behind an alias.
    tells(&app, NOON + 59_999, &[("channel_vacated", &channel)]).await;
    assert_eq!(seen(&bob, "alice").await, left_at(NOON_TEXT));

    tells(&app, NOON + MINUTE, &[("channel_occupied", &channel)]).await;
    assert_eq!(seen(&bob, "alice").await, online());
}

/// Events are in their order: who came and went has gone, and who reloads a page goes and comes.
#[tokio::test]
async fn of_what_one_webhook_tells_of_somebody_the_last_holds() {
    const CAME: &str = "channel_occupied";
    const WENT: &str = "channel_vacated";
    let app = at_noon().await;
    let viewer = app.user("viewer").await;
    for (number, (told, expected)) in [
        (vec![CAME, WENT], left_at(NOON_TEXT)),
        (vec![WENT, CAME], online()),
        (vec![CAME, WENT, CAME], online()),
        (vec![WENT, CAME, WENT], left_at(NOON_TEXT)),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("user-{number}");
        let channel = app.user(&id).await.own_channel().await;
        let other = app.user(&format!("other-{number}")).await.own_channel().await;
        let events: Vec<(&str, &str)> =
            told.iter().flat_map(|name| [(*name, channel.as_str()), (CAME, &other)]).collect();

        tells(&app, NOON, &events).await;

        assert_eq!(seen(&viewer, &id).await, expected, "{told:?}");
    }
}

/// A relay whose clock is wrong does not have the last word for years.
#[tokio::test]
async fn a_time_far_ahead_is_now_and_one_long_ago_is_not_told() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let app = at_noon().await;
    let viewer = app.user("viewer").await;
    let channel = async |id: &str| app.user(id).await.own_channel().await;
    let (ahead, old) = (channel("ahead").await, channel("old").await);

    tells(&app, NOON + 1_000 * DAY, &[("channel_occupied", &ahead)]).await;
    assert_eq!(seen(&viewer, "ahead").await, online());
    tells(&app, NOON + DAY / 2, &[("channel_vacated", &ahead)]).await;
    let evening = "2027-01-15T20:00:00.000Z";
    assert_eq!(seen(&viewer, "ahead").await, left_at(evening), "half a day may be ahead");

    tells(&app, NOON - 91 * DAY, &[("channel_vacated", &old)]).await;
    assert_eq!(seen(&viewer, "old").await, NOTHING);
    tells(&app, NOON - 89 * DAY, &[("channel_vacated", &old)]).await;
    assert_eq!(seen(&viewer, "old").await, left_at("2026-10-18T08:00:00.000Z"));
    app.advance_clock(Duration::from_secs(2 * 24 * 3600)).await;
    assert_eq!(seen(&viewer, "old").await, NOTHING, "whatever the store still holds");
}

/// A relay that died tells of nobody who left.
#[tokio::test]
async fn nobody_is_online_for_longer_than_a_day() {
    let app = at_noon().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let channel = alice.own_channel().await;
    tells(&app, NOON, &[("channel_occupied", &channel)]).await;

    app.advance_clock(Duration::from_secs(24 * 3600 - 60)).await;
    assert_eq!(seen(&bob, "alice").await, online());
    app.advance_clock(Duration::from_secs(120)).await;
    assert_eq!(seen(&bob, "alice").await, NOTHING);

    let later = NOON + 24 * 60 * MINUTE;
    tells(&app, later, &[("channel_vacated", &channel)]).await;
    assert_eq!(seen(&bob, "alice").await, left_at("2027-01-16T08:00:00.000Z"));
    app.advance_clock(Duration::from_secs(30 * 24 * 3600)).await;
    assert_eq!(seen(&bob, "alice").await, left_at("2027-01-16T08:00:00.000Z"));
}

/// Sooner or later: webhooks are sent when they are sent.
async fn becomes(viewer: &User, id: &str, is_online: bool) {
    let looks = async {
        while seen(viewer, id).await.0 != json!(is_online) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looks).await.expect("to be told of who comes and goes");
}

/// Over real sockets, as the relay itself tells it.
#[tokio::test]
async fn whoever_listens_is_online_and_whoever_leaves_is_not() {
    let app = TestApp::hearing_its_hub().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    bob.me().await;

    let phone = alice.listens_to_own_channel().await;
    becomes(&bob, "alice", true).await;
    let laptop = alice.listens_to_own_channel().await;
    drop(phone);
    drop(laptop);

    becomes(&bob, "alice", false).await;
    let (_, last_seen) = seen(&bob, "alice").await;
    assert!(last_seen.is_string(), "{last_seen}");
    assert_eq!(seen(&bob, "bob").await, NOTHING);
}

/// Fault F17: webhooks come again, and in any order.
#[tokio::test]
async fn whatever_the_order_the_latest_holds() {
    const ORDERS: [[usize; 4]; 6] =
        [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1], [0, 3, 1, 2], [3, 0, 2, 1]];
    let app = at_noon().await;
    let viewer = app.user("viewer").await;
    for (number, order) in ORDERS.iter().enumerate() {
        let id = format!("user-{number}");
        let channel = app.user(&id).await.own_channel().await;
        let told = [
            (NOON - 2 * MINUTE, "channel_occupied"),
            (NOON - MINUTE, "channel_vacated"),
            // Of the same moment: who reloads a page goes and comes.
            (NOON, "channel_vacated"),
            (NOON, "channel_occupied"),
        ];
        for index in order.iter().chain(order) {
            let (time, name) = told[*index];
            tells(&app, time, &[(name, &channel)]).await;
        }
        assert_eq!(seen(&viewer, &id).await, online(), "{order:?}");
        tells(&app, NOON + 1, &[("channel_vacated", &channel), ("channel_vacated", &channel)])
            .await;
        tells(&app, NOON, &[("channel_occupied", &channel)]).await;
        assert_eq!(seen(&viewer, &id).await, left_at(NOON_TEXT), "{order:?}");
    }
}

/// Fault F17.
#[tokio::test]
async fn what_the_relay_did_not_sign_changes_nothing() {
    let app = at_noon().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let channel = alice.own_channel().await;
    tells(&app, NOON, &[("channel_vacated", &channel)]).await;
    let body = webhook(NOON + MINUTE, &[("channel_occupied", &channel)]);
    let signature =
        Signer::new(RELAY_KEY, &Secret::new(RELAY_SECRET)).webhook_signature(body.as_bytes());
    let (key, signed) = (("x-pusher-key", RELAY_KEY), ("x-pusher-signature", signature.as_str()));
    let cut = &signature[1..];
    let shouted = signature.to_uppercase();

    let forged = [
        sends_signed(&app, &body, &[]).await,
        sends_signed(&app, &body, &[key]).await,
        sends_signed(&app, &body, &[signed]).await,
        sends_signed(&app, &body, &[key, ("x-pusher-signature", "")]).await,
        sends_signed(&app, &body, &[key, ("x-pusher-signature", cut)]).await,
        sends_signed(&app, &body, &[key, ("x-pusher-signature", &shouted)]).await,
        sends_signed(&app, &body, &[("x-pusher-key", "another"), signed]).await,
        sends_signed(&app, &body.replace("occupied", "Occupied"), &[key, signed]).await,
        sends_signed(&app, &format!("{body} "), &[key, signed]).await,
        sends_signed(&app, "", &[key, signed]).await,
        sends(&app, &body, RELAY_KEY, "another secret").await,
        sends(&app, &body, "another", RELAY_SECRET).await,
    ];

    for answer in &forged {
        assert_eq!(answer.problem(401), "unauthenticated");
        assert!(
            !answer.text.contains(RELAY_SECRET) && !answer.text.contains(&signature),
            "{answer}"
        );
    }
    assert_eq!(seen(&bob, "alice").await, left_at(NOON_TEXT));
    assert_eq!(sends_signed(&app, &body, &[key, signed]).await.status, 204, "the real one");
    assert_eq!(seen(&bob, "alice").await, online());
}

#[tokio::test]
async fn what_is_signed_and_not_for_us_is_taken_and_changes_nothing() {
    let app = at_noon().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    alice.me().await;
    let room = alice.opens_direct("bob").await;
    let desk = app.admin("agnes").await.desk_channel().await;
    let others = [room.channel.as_str(), &desk, "private-user-x", "presence-room", "public", ""];
    let events: Vec<(&str, &str)> =
        others.iter().map(|channel| ("channel_occupied", *channel)).collect();

    tells(&app, NOON, &events).await;
    tells(&app, NOON, &[]).await;
    let own = alice.own_channel().await;
    tells(&app, NOON, &[("member_added", &own), ("subscription_count", &own), ("new", &own)]).await;
    let strange = json!({
        "time_ms": NOON, "more": 1, "events": [{ "name": "client_event", "user_id": 7, "data": "{}" }],
    });
    let answer = sends(&app, &strange.to_string(), RELAY_KEY, RELAY_SECRET).await;
    assert_eq!(answer.status, 204, "{answer}");

    assert_eq!(seen(&bob, "alice").await, NOTHING);
    for body in ["", "{}", "[]", "null", "\u{feff}{}", r#"{"time_ms":"now","events":[]}"#] {
        sends(&app, body, RELAY_KEY, RELAY_SECRET).await.problem(400);
    }
    let huge = format!("{{\"time_ms\":1,\"events\":[],\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    assert_eq!(sends(&app, &huge, RELAY_KEY, RELAY_SECRET).await.problem(413), "too_large");
    let thousands: Vec<(&str, &str)> = vec![("channel_occupied", &own); 5_000];
    tells(&app, NOON, &thousands).await;
    assert_eq!(seen(&bob, "alice").await, online());
}

/// Invariant I8: no answer about a `match` room or its members says who is online. (Who knows the few that the
/// giver could be may watch those: docs/realtime.md.)
#[tokio::test]
async fn answers_about_a_room_with_an_alias_say_nothing_of_who_is_online() {
    let app = at_noon().await;
    let (alice, bob, server) =
        (app.user("alice").await, app.user("bob").await, app.service().await);
    server.draws("family", "2031-12-24T18:00:00Z", json!({ "alice": "bob" })).await;
    let room = alice.opens_match("family").await;
    alice.posts(&room, "what would you like?").await;
    tells(&app, NOON, &[("channel_occupied", &alice.own_channel().await)]).await;

    let seen = bob.sees(&room).await.json;
    let alias = room.json["you"]["member_id"].as_str().expect("an alias");
    let shown = [
        seen.to_string(),
        bob.get("/v1/rooms").await.text,
        bob.get(&room.path("/members")).await.text,
        bob.get(&room.path("/messages")).await.text,
        bob.looks_up(alias).await.text,
    ];
    for text in shown {
        assert!(!text.contains("online") && !text.contains("last_seen"), "{text}");
    }
    bob.looks_up(alias).await.problem(404);
}

#[tokio::test]
async fn guests_and_lists_are_not_told_nor_anyone_where_it_is_switched_off() {
    let app = at_noon().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let guest = app.user_with(json!({ "sub": "visitor", "type": "guest" })).await;
    tells(&app, NOON, &[("channel_occupied", &alice.own_channel().await)]).await;
    assert_eq!(seen(&bob, "alice").await, online());
    assert_eq!(seen(&guest, "alice").await, NOTHING);
    let found = bob.get("/v1/users?q=alice").await;
    assert!(found.text.contains("alice") && !found.text.contains("online"), "{found}");

    let app = TestApp::offering(Features { presence: false, ..ALL_FEATURES }).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    tells(&app, NOON, &[("channel_occupied", &alice.own_channel().await)]).await;
    assert_eq!(seen(&bob, "alice").await, NOTHING);
}

/// Nobody may see it, so it is not kept.
#[tokio::test]
async fn where_it_is_switched_off_nothing_is_written_down() {
    let meter = Meter::new();
    let features = Features { presence: false, ..ALL_FEATURES };
    let app = TestApp::offering_on(meter.clone(), features).await;
    app.set_clock(NOON_TEXT).await;
    let channel = app.user("alice").await.own_channel().await;
    meter.take();

    tells(&app, NOON, &[("channel_occupied", &channel)]).await;
    let forged = sends(&app, &webhook(NOON, &[]), RELAY_KEY, "another secret").await;

    forged.problem(401);
    let bill = meter.take();
    assert_eq!(bill.calls(), 0, "{bill}");
}

/// Fault F17. Fault F5: what could not be written down is told again by the relay.
#[tokio::test]
async fn a_webhook_is_refused_while_the_store_is_away_and_taken_later() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    app.set_clock(NOON_TEXT).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = webhook(NOON, &[("channel_occupied", &alice.own_channel().await)]);
    bob.me().await;

    store.follow(|_| Some(Fault::Refuse(500, "InternalServerError")));
    let answer = sends(&app, &body, RELAY_KEY, RELAY_SECRET).await;
    assert_eq!(answer.problem(503), "store_unavailable");
    assert!(answer.header("retry-after").is_some(), "{answer}");
    // The store did it, and its answer got lost.
    store.follow(|call| call.writes().then_some(Fault::LoseAnswer));
    sends(&app, &body, RELAY_KEY, RELAY_SECRET).await.problem(503);
    store.heal();
    assert_eq!(sends(&app, &body, RELAY_KEY, RELAY_SECRET).await.status, 204);

    assert_eq!(seen(&bob, "alice").await, online());
}

/// Each account is one item of a few bytes, whatever else is told; that it was not erased is read before.
#[tokio::test]
async fn a_webhook_takes_one_write_unit_for_each_account() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    app.set_clock(NOON_TEXT).await;
    let (alice, bob) =
        (app.user("alice").await.own_channel().await, app.user("bob").await.own_channel().await);
    let events = [
        ("channel_occupied", alice.as_str()),
        ("channel_occupied", &bob),
        ("channel_vacated", &alice),
        ("channel_occupied", "private-room-x"),
    ];
    meter.take();

    tells(&app, NOON, &events).await;

    let bill = meter.take();
    assert_eq!(
        (bill.calls(), bill.rounds(), bill.reads(), bill.writes()),
        (4, 2, 2.0, 2.0),
        "{bill}"
    );
}

#[tokio::test]
async fn nothing_is_known_any_more_of_when_an_erased_person_was_there() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    app.set_clock(NOON_TEXT).await;
    let (alice, server) = (app.user("alice").await, app.service().await);
    let channel = alice.own_channel().await;
    tells(&app, NOON, &[("channel_occupied", &channel)]).await;
    let partition = channel.replace("private-user-", "U#");
    let is_noted = || meter.items(&partition).iter().any(|item| item["sk"]["S"] == "ON");
    assert!(is_noted());

    assert_eq!(server.delete("/v1/users/alice").await.status, 204);

    assert!(!is_noted());
    // The sockets are closed by then, and the relay says so.
    tells(&app, NOON + MINUTE, &[("channel_vacated", &channel)]).await;
    tells(&app, NOON + MINUTE, &[("channel_occupied", &channel)]).await;
    assert!(!is_noted());
    server.looks_up("alice").await.problem(404);
}

/// Who a room's or a desk's row says is there: `online` and `last_seen` of a member.
fn shown(who: &Value) -> (Value, Value) {
    (who["online"].clone(), who["last_seen"].clone())
}

/// The other member of a room of two, as a viewer sees it.
async fn other(viewer: &User, room: &Room) -> (Value, Value) {
    let seen = viewer.sees(room).await.json;
    let members = seen["members"].as_array().expect("members");
    let other = members.iter().find(|member| member["id"] != seen["you"]["member_id"]);
    shown(other.expect("somebody else"))
}

/// Fault F13. A room tells who of its members is there; webhooks that come late, twice or in another order
/// change nothing.
#[tokio::test]
async fn a_room_tells_who_is_there() {
    let app = at_noon().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let group = alice.opens_group(&["bob", "carol"]).await;
    assert_eq!(other(&bob, &room).await, NOTHING);
    let own = alice.own_channel().await;

    tells(&app, NOON, &[("channel_occupied", &own)]).await;
    assert_eq!(other(&bob, &room).await, online());
    let members = bob.sees(&group).await.json["members"].clone();
    let of = |id: &str| {
        let members = members.as_array().expect("members");
        shown(members.iter().find(|member| member["id"] == id).expect("a member"))
    };
    assert_eq!((of("alice"), of("bob"), of("carol")), (online(), NOTHING, NOTHING));

    let later = NOON + 90_000;
    tells(&app, later, &[("channel_vacated", &own)]).await;
    let went = left_at("2027-01-15T08:01:00.000Z");
    assert_eq!(other(&bob, &room).await, went);
    for _ in 0..2 {
        tells(&app, NOON, &[("channel_occupied", &own)]).await;
        assert_eq!(other(&bob, &room).await, went);
    }
}

/// Mission B34: a desk's row says whether the user is there; a guest is not told who is.
#[tokio::test]
async fn a_desk_sees_who_is_there() {
    let app = at_noon().await;
    let (ann, agent) = (app.user("ann").await, app.admin("agent").await);
    let room = ann.opens_support().await;
    ann.posts(&room, "hello").await;
    assert_eq!(shown(&agent.desk("").await.rooms[0].json["user"]), NOTHING);

    tells(&app, NOON, &[("channel_occupied", &ann.own_channel().await)]).await;

    assert_eq!(shown(&agent.desk("").await.rooms[0].json["user"]), online());
    assert_eq!(shown(&agent.sees(&room).await.json["user"]), online());
    let heard = agent.inbox("").await;
    assert!(!format!("{:?}", heard.rooms).contains("online"), "an inbox costs no more");
}
