//! Parlour from outside: HTTP and WebSockets alone, one module for each part of the URL table.
//!
//! Each test names what it shows: a row of the mission table (`Mission C9.`), a fault of the
//! reliability contract (`Fault F26.`), or an invariant of the data model (`Invariant I8.`). Each id
//! has its word before it, so that a search for one finds all its tests.

mod access;
mod app_webhooks;
mod blocks;
mod budgets;
mod changes;
mod deletion;
mod dialects;
mod encryption;
mod erasure;
mod events;
mod export;
mod faults;
mod groups;
mod guests;
mod import;
mod lag;
mod limits;
mod listings;
mod mail;
mod matches;
mod me;
mod messages;
mod meta;
mod missed;
mod pages;
mod people;
mod problems;
mod read;
mod realtime;
mod redelivery;
mod registry;
mod reports;
mod retention;
mod rooms;
mod settings;
mod support;
mod sync;
mod text;
mod tokens;
mod webhooks;

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use tests::{Answer, User};

/// A room's id as it would be, of no room.
const NO_ROOM: &str = "00000000-0000-8100-8000-000000000000";

/// A route of the API, and a body that it takes.
#[derive(Clone, Debug)]
struct Route {
    method: Method,
    /// With `{id}` where the id of a room, or of whatever else the route is about, belongs.
    path: &'static str,
    body: &'static str,
}

impl Route {
    fn of(&self, room: &str) -> String {
        let path = self.path.replace("{id}", room).replace("{member_id}", "carol");
        path.replace("{seq}", "1").replace("{emoji}", "%F0%9F%91%8D")
    }

    fn is_about_a_room(&self) -> bool {
        self.path.starts_with("/v1/rooms/{id}")
    }
}

/// The request of a route, about a room.
fn request(user: &User, route: &Route, room: &str) -> RequestBuilder {
    let request = user.request(route.method.clone(), &route.of(room));
    match route.body {
        "" => request,
        body => request.header("content-type", "application/json").body(body),
    }
}

/// The headers of an answer, but for the time at which it was given.
fn headers(answer: &Answer) -> BTreeMap<String, String> {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect()
}

/// Every route that takes a token.
fn routes() -> Vec<Route> {
    let route = |method, path, body| Route { method, path, body };
    vec![
        route(Method::POST, "/v1/rooms", r#"{"kind":"direct","with":"bob"}"#),
        route(Method::GET, "/v1/rooms", ""),
        route(Method::GET, "/v1/rooms/{id}", ""),
        route(Method::POST, "/v1/rooms/{id}/messages", r#"{"body":"hello"}"#),
        route(Method::GET, "/v1/rooms/{id}/messages", ""),
        route(Method::PATCH, "/v1/rooms/{id}/messages/{seq}", r#"{"body":"hello again"}"#),
        route(Method::DELETE, "/v1/rooms/{id}/messages/{seq}", ""),
        route(Method::PUT, "/v1/rooms/{id}/messages/{seq}/reactions/{emoji}", ""),
        route(Method::DELETE, "/v1/rooms/{id}/messages/{seq}/reactions/{emoji}", ""),
        route(Method::GET, "/v1/rooms/{id}/changes", ""),
        route(Method::POST, "/v1/rooms/{id}/messages/{seq}/report", r#"{"reason":"Rude"}"#),
        route(Method::PUT, "/v1/rooms/{id}/read", r#"{"seq":1}"#),
        route(Method::PATCH, "/v1/rooms/{id}", r#"{"muted":true}"#),
        route(Method::DELETE, "/v1/rooms/{id}", ""),
        route(Method::POST, "/v1/rooms/{id}/archive", r#"{"seq":1}"#),
        route(Method::POST, "/v1/rooms/{id}/unarchive", r#"{"seq":1}"#),
        route(Method::GET, "/v1/rooms/{id}/members", ""),
        route(Method::POST, "/v1/rooms/{id}/members", r#"{"members":["carol"]}"#),
        route(Method::DELETE, "/v1/rooms/{id}/members/{member_id}", ""),
        route(Method::GET, "/v1/reports", ""),
        route(Method::POST, "/v1/reports/{id}/resolve", r#"{"note":"Warned"}"#),
        route(Method::GET, "/v1/webhooks", ""),
        route(Method::POST, "/v1/webhooks/replay", ""),
        route(Method::POST, "/v1/webhooks/{id}/replay", ""),
        route(Method::GET, "/v1/desk/rooms", ""),
        route(Method::POST, "/v1/sync", r#"{"rooms":{}}"#),
        route(Method::POST, "/v1/guests/merge", r#"{"token":"x"}"#),
        route(Method::GET, "/v1/me", ""),
        route(Method::GET, "/v1/me/mail", ""),
        route(Method::PUT, "/v1/me/mail", r#"{"wanted":false}"#),
        route(Method::GET, "/v1/realtime", ""),
        route(
            Method::POST,
            "/v1/realtime/auth",
            r#"{"socket_id":"1.1","channel_name":"private-room-x"}"#,
        ),
        route(Method::POST, "/v1/realtime/user", r#"{"socket_id":"1.1"}"#),
        route(Method::GET, "/v1/users", ""),
        route(Method::GET, "/v1/users/{id}", ""),
        route(Method::PUT, "/v1/users/{id}", r#"{"name":"Bob"}"#),
        route(Method::DELETE, "/v1/users/{id}", ""),
        route(Method::GET, "/v1/users/{id}/export", ""),
        route(Method::GET, "/v1/blocks", ""),
        route(Method::PUT, "/v1/blocks/{id}", ""),
        route(Method::DELETE, "/v1/blocks/{id}", ""),
        route(Method::PUT, "/v1/listings/{id}", r#"{"title":"A bike","merchant_id":"wheels"}"#),
        route(
            Method::PUT,
            "/v1/groups/{id}",
            r#"{"name":"The family","reveal_at":"2031-12-24T18:00:00Z"}"#,
        ),
        route(
            Method::POST,
            "/v1/import/rooms",
            r#"{"kind":"support","users":["alice"],"created_at":"2020-01-29T10:00:00Z"}"#,
        ),
        route(Method::POST, "/v1/import/rooms/{id}/messages", r#"{"messages":[]}"#),
        route(Method::GET, "/v1/import/rooms/{id}/messages", ""),
    ]
}
