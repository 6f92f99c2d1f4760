//! Who may do what in which room: every route that is about a room, and everybody who could ask.
//!
//! The tables are what is expected. Each caller goes down its column in a scene of its own, so what
//! a row does is there for the rows below it. Whatever is refused must also look as it does for a
//! room that is not there, unless the caller is in the room.

use reqwest::Method;
use serde_json::json;
use tests::{Answer, Room, TestApp, User};

use crate::{NO_ROOM, Route, headers, request, routes};

const DIRECT: &str = "
                                                         anonymous stranger merchant agent guest service member
POST   /v1/rooms/{id}/archive                            401       404      404      404   404   404     403
POST   /v1/rooms/{id}/unarchive                          401       404      404      404   404   404     403
GET    /v1/rooms/{id}                                    401       404      404      404   404   404     200
PATCH  /v1/rooms/{id}                                    401       404      404      404   404   404     200
GET    /v1/rooms/{id}/messages                           401       404      404      404   404   404     200
POST   /v1/rooms/{id}/messages                           401       404      404      404   404   201     201
POST   /v1/rooms/{id}/messages/{seq}/report              401       404      404      404   404   404     201
PUT    /v1/rooms/{id}/read                               401       404      404      404   404   404     200
GET    /v1/rooms/{id}/members                            401       404      404      404   404   404     200
POST   /v1/rooms/{id}/members                            401       404      404      404   404   404     403
POST   /v1/realtime/auth                                 401       403      403      403   403   403     200
PATCH  /v1/rooms/{id}/messages/{seq}                     401       404      404      404   404   404     403
PUT    /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404   404     200
DELETE /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404   404     200
GET    /v1/rooms/{id}/changes                            401       404      404      404   404   404     200
DELETE /v1/rooms/{id}/messages/{seq}                     401       404      404      200   404   404     403
DELETE /v1/rooms/{id}/members/carol                      401       404      404      404   404   404     403
GET    /v1/desk/rooms                                    401       403      200      200   403   403     403
DELETE /v1/rooms/{id}                                    401       404      404      204   404   204     403
";

const SUPPORT: &str = "
                                                         anonymous stranger merchant guest service user agent
POST   /v1/rooms/{id}/archive                            401       404      404      404   404     403  200
POST   /v1/rooms/{id}/unarchive                          401       404      404      404   404     403  200
GET    /v1/rooms/{id}                                    401       404      404      404   404     200  200
PATCH  /v1/rooms/{id}                                    401       404      404      404   404     200  403
GET    /v1/rooms/{id}/messages                           401       404      404      404   404     200  200
POST   /v1/rooms/{id}/messages                           401       404      404      404   201     201  201
POST   /v1/rooms/{id}/messages/{seq}/report              401       404      404      404   404     422  201
PUT    /v1/rooms/{id}/read                               401       404      404      404   404     200  200
GET    /v1/rooms/{id}/members                            401       404      404      404   404     200  200
POST   /v1/rooms/{id}/members                            401       404      404      404   404     403  403
POST   /v1/realtime/auth                                 401       403      403      403   403     200  200
PATCH  /v1/rooms/{id}/messages/{seq}                     401       404      404      404   404     200  403
PUT    /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404     200  200
DELETE /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404     200  200
GET    /v1/rooms/{id}/changes                            401       404      404      404   404     200  200
DELETE /v1/rooms/{id}/messages/{seq}                     401       404      404      404   404     200  200
DELETE /v1/rooms/{id}/members/carol                      401       404      404      404   404     403  403
GET    /v1/desk/rooms                                    401       403      200      403   403     403  200
DELETE /v1/rooms/{id}                                    401       404      404      404   204     403  204
";

const LISTING: &str = "
                                                         anonymous stranger merchant agent guest service user seller
POST   /v1/rooms/{id}/archive                            401       404      404      404   404   404     403  200
POST   /v1/rooms/{id}/unarchive                          401       404      404      404   404   404     403  200
GET    /v1/rooms/{id}                                    401       404      404      404   404   404     200  200
PATCH  /v1/rooms/{id}                                    401       404      404      404   404   404     200  200
GET    /v1/rooms/{id}/messages                           401       404      404      404   404   404     200  200
POST   /v1/rooms/{id}/messages                           401       404      404      404   404   201     201  201
POST   /v1/rooms/{id}/messages/{seq}/report              401       404      404      404   404   404     422  201
PUT    /v1/rooms/{id}/read                               401       404      404      404   404   404     200  200
GET    /v1/rooms/{id}/members                            401       404      404      404   404   404     200  200
POST   /v1/rooms/{id}/members                            401       404      404      404   404   404     403  403
POST   /v1/realtime/auth                                 401       403      403      403   403   403     200  200
PATCH  /v1/rooms/{id}/messages/{seq}                     401       404      404      404   404   404     200  403
PUT    /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404   404     200  200
DELETE /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404   404     200  200
GET    /v1/rooms/{id}/changes                            401       404      404      404   404   404     200  200
DELETE /v1/rooms/{id}/messages/{seq}                     401       404      404      200   404   404     200  403
DELETE /v1/rooms/{id}/members/carol                      401       404      404      404   404   404     403  403
GET    /v1/desk/rooms                                    401       403      200      200   403   403     403  200
DELETE /v1/rooms/{id}                                    401       404      404      204   404   204     403  403
";

const MATCH: &str = "
                                                         anonymous stranger merchant agent guest service giver receiver
POST   /v1/rooms/{id}/archive                            401       404      404      404   404   404     403   403
POST   /v1/rooms/{id}/unarchive                          401       404      404      404   404   404     403   403
GET    /v1/rooms/{id}                                    401       404      404      404   404   404     200   200
PATCH  /v1/rooms/{id}                                    401       404      404      404   404   404     200   200
GET    /v1/rooms/{id}/messages                           401       404      404      404   404   404     200   200
POST   /v1/rooms/{id}/messages                           401       404      404      404   404   201     201   201
POST   /v1/rooms/{id}/messages/{seq}/report              401       404      404      404   404   404     422   201
PUT    /v1/rooms/{id}/read                               401       404      404      404   404   404     200   200
GET    /v1/rooms/{id}/members                            401       404      404      404   404   404     200   200
POST   /v1/rooms/{id}/members                            401       404      404      404   404   404     403   403
POST   /v1/realtime/auth                                 401       403      403      403   403   403     200   200
PATCH  /v1/rooms/{id}/messages/{seq}                     401       404      404      404   404   404     200   403
PUT    /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404   404     200   200
DELETE /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404      404   404   404     200   200
GET    /v1/rooms/{id}/changes                            401       404      404      404   404   404     200   200
DELETE /v1/rooms/{id}/messages/{seq}                     401       404      404      200   404   404     200   403
DELETE /v1/rooms/{id}/members/carol                      401       404      404      404   404   404     403   403
GET    /v1/desk/rooms                                    401       403      200      200   403   403     403   403
DELETE /v1/rooms/{id}                                    401       404      404      204   404   204     403   403
";

const GROUP: &str = "
                                                         anonymous stranger ex-member merchant agent guest service member owner
POST   /v1/rooms/{id}/archive                            401       404      404       404      404   404   404     403    403
POST   /v1/rooms/{id}/unarchive                          401       404      404       404      404   404   404     403    403
GET    /v1/rooms/{id}                                    401       404      404       404      404   404   404     200    200
PATCH  /v1/rooms/{id}                                    401       404      404       404      404   404   404     200    200
GET    /v1/rooms/{id}/messages                           401       404      404       404      404   404   404     200    200
POST   /v1/rooms/{id}/messages                           401       404      404       404      404   404   201     201    201
POST   /v1/rooms/{id}/messages/{seq}/report              401       404      404       404      404   404   404     201    422
PUT    /v1/rooms/{id}/read                               401       404      404       404      404   404   404     200    200
GET    /v1/rooms/{id}/members                            401       404      404       404      404   404   404     200    200
POST   /v1/rooms/{id}/members                            401       404      404       404      404   404   404     200    200
POST   /v1/realtime/auth                                 401       403      403       403      403   403   403     200    200
PATCH  /v1/rooms/{id}/messages/{seq}                     401       404      404       404      404   404   404     403    200
PUT    /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404       404      404   404   404     200    200
DELETE /v1/rooms/{id}/messages/{seq}/reactions/{emoji}   401       404      404       404      404   404   404     200    200
GET    /v1/rooms/{id}/changes                            401       404      404       404      404   404   404     200    200
DELETE /v1/rooms/{id}/messages/{seq}                     401       404      404       404      200   404   404     403    200
DELETE /v1/rooms/{id}/members/carol                      401       404      404       404      404   404   404     403    204
GET    /v1/desk/rooms                                    401       403      403       200      200   403   403     403    403
DELETE /v1/rooms/{id}                                    401       404      404       404      204   404   204     403    403
";

/// A table, read.
struct Table<'a> {
    callers: Vec<&'a str>,
    rows: Vec<(Route, Vec<u16>)>,
}

impl<'a> Table<'a> {
    /// Every route that is about a room must be in it.
    fn read(text: &'a str) -> Self {
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let callers: Vec<&str> = lines.next().expect("a heading").split_whitespace().collect();
        let rows: Vec<(Route, Vec<u16>)> = lines
            .map(|line| {
                let mut words = line.split_whitespace();
                let mut word = || words.next().expect("a method and a path");
                let route = route(word(), word());
                let cells: Vec<u16> = words.map(|cell| cell.parse().expect("a status")).collect();
                assert_eq!(cells.len(), callers.len(), "{line}");
                (route, cells)
            })
            .collect();
        for route in routes().iter().filter(|route| route.is_about_a_room()) {
            let is_there = |(row, _): &(Route, _)| is(row, route);
            assert!(rows.iter().any(is_there), "no row for {route:?}");
        }
        Self { callers, rows }
    }
}

fn is(one: &Route, other: &Route) -> bool {
    (&one.method, one.path) == (&other.method, other.path)
}

/// The route of this method and path, which may name the member.
fn route(method: &str, path: &str) -> Route {
    let path = path.replace("/members/carol", "/members/{member_id}");
    let found = routes().into_iter().find(|r| r.method.as_str() == method && r.path == path);
    found.unwrap_or_else(|| panic!("no route {method} {path}"))
}

/// A room of a kind, with one message, and whoever knows it.
struct Scene {
    app: TestApp,
    kind: u8,
    room: Room,
    /// Somebody in the room, by whom it is looked at before and after.
    member: User,
}

impl Scene {
    async fn of(kind: u8) -> Self {
        let app = TestApp::start().await;
        let (alice, una) = (app.user("alice").await, app.user("una").await);
        let (room, member) = match kind {
            1 => (alice.opens_direct("bob").await, alice),
            2 => (una.opens_support().await, una),
            3 => (opens_listing(&app, &una).await, una),
            4 => (opens_match(&app, &alice).await, alice),
            _ => (opens_group(&alice).await, alice),
        };
        member.posts(&room, "secret").await;
        Self { app, kind, room, member }
    }

    /// The caller of this column.
    async fn caller(&self, name: &str) -> User {
        let app = &self.app;
        match name {
            "anonymous" => app.anonymous(),
            "stranger" => app.user("mallory").await,
            "ex-member" => app.user("erin").await,
            "merchant" => app.merchant("spokes").await,
            "seller" => app.merchant("wheels").await,
            "agent" => app.admin("agnes").await,
            "service" => app.service().await,
            "user" => app.user("una").await,
            "giver" | "owner" => app.user("alice").await,
            "receiver" | "member" => app.user("bob").await,
            "guest" => {
                let guest = app.anonymous().post("/v1/guests", json!({})).await.expect(201);
                app.holder_of(guest["token"].as_str().expect("a token"))
            }
            other => panic!("{other} is nobody"),
        }
    }

    /// A room of the same kind that is not there, and its channel.
    fn absent(&self) -> (String, String) {
        let id = NO_ROOM.replace("-81", &format!("-8{}", self.kind));
        let channel = self.room.channel.replace(&self.room.id, &id);
        (id, channel)
    }

    async fn asks(&self, caller: &User, route: &Route, room: &str, channel: &str) -> Answer {
        match route.path {
            "/v1/realtime/auth" => caller.asks_to_hear("1.1", channel).await,
            _ => caller.send(request(caller, route, room)).await,
        }
    }
}

async fn opens_listing(app: &TestApp, user: &User) -> Room {
    let bike = json!({ "title": "A bike", "merchant_id": "wheels" });
    app.service().await.put("/v1/listings/bike", bike).await.expect(200);
    user.opens_listing("bike").await
}

/// A group from which erin was removed.
async fn opens_group(owner: &User) -> Room {
    let room = owner.opens_group(&["bob", "carol", "erin"]).await;
    let removed = owner.removes(&room, "erin").await;
    assert_eq!(removed.status, 204, "{removed}");
    owner.sees(&room).await
}

async fn opens_match(app: &TestApp, giver: &User) -> Room {
    let drawn = json!({ "alice": "bob" });
    app.service().await.draws("family", "2031-12-24T18:00:00Z", drawn).await;
    giver.opens_match("family").await
}

/// What is wrong with what one caller was answered, going down its column.
async fn wrong_in_column(kind: u8, table: &Table<'_>, column: usize) -> Vec<String> {
    let scene = Scene::of(kind).await;
    let name = table.callers[column];
    let caller = scene.caller(name).await;
    let before = scene.member.sees(&scene.room).await.json;
    let (absent, absent_channel) = scene.absent();
    let (mut wrong, mut may_change) = (Vec::new(), false);
    for (route, cells) in &table.rows {
        let expected = cells[column];
        let Room { id, channel, .. } = &scene.room;
        // What is not there comes first: the last row deletes what is.
        let nothing = scene.asks(&caller, route, &absent, &absent_channel).await;
        let answer = scene.asks(&caller, route, id, channel).await;
        may_change |= expected < 300 && route.is_about_a_room() && route.method != Method::GET;
        if answer.status != expected {
            wrong.push(format!("{name}, not {expected}: {answer}"));
        } else if expected >= 400 {
            answer.problem(expected);
            // Who is in the room is told what it may not do there; nobody else learns that it exists.
            let is_inside = matches!(expected, 403 | 422) && route.is_about_a_room();
            let alike = answer.text == nothing.text && headers(&answer) == headers(&nothing);
            if !is_inside && !alike {
                wrong.push(format!("{name} can tell it from no room: {answer}, {nothing}"));
            }
            if answer.text.contains(id.as_str()) || answer.text.contains("secret") {
                wrong.push(format!("{name} is told something: {answer}"));
            }
        }
    }
    if !may_change && scene.member.sees(&scene.room).await.json != before {
        wrong.push(format!("{name} has changed something"));
    }
    wrong
}

async fn holds(kind: u8, table: &str) {
    let table = Table::read(table);
    let mut wrong = Vec::new();
    for column in 0..table.callers.len() {
        wrong.extend(wrong_in_column(kind, &table, column).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Fault F18. Fault F21. Invariant I8.
#[tokio::test]
async fn a_direct_room_is_its_two_members() {
    holds(1, DIRECT).await;
}

/// Fault F18. Fault F21. Invariant I8. Mission B15. Mission B16. Mission B17.
#[tokio::test]
async fn a_support_room_is_its_users_and_the_desks() {
    holds(2, SUPPORT).await;
}

/// Fault F18. Fault F21. Invariant I8.
#[tokio::test]
async fn a_listings_room_is_its_users_and_its_sellers() {
    holds(3, LISTING).await;
}

/// Fault F18. Fault F21. Invariant I8.
#[tokio::test]
async fn a_matchs_room_is_its_givers_and_its_receivers() {
    holds(4, MATCH).await;
}

/// Fault F18. Fault F21. Fault F25. Invariant I8.
#[tokio::test]
async fn a_groups_room_is_its_members_as_long_as_they_are_some() {
    holds(5, GROUP).await;
}

/// The channel that somebody knows from the time before its removal is nobody's any more.
/// Fault F18. Fault F25.
#[tokio::test]
async fn the_channel_of_before_a_removal_is_nobodys() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let before = alice.opens_group(&["bob", "erin"]).await;
    alice.removes(&before, "erin").await;
    let after = alice.sees(&before).await;
    assert_ne!(after.channel, before.channel);

    for name in ["alice", "bob", "erin"] {
        app.user(name).await.asks_to_hear("1.1", &before.channel).await.problem(403);
    }
    app.user("erin").await.asks_to_hear("1.1", &after.channel).await.problem(403);
    app.user("bob").await.asks_to_hear("1.1", &after.channel).await.expect(200);
}
