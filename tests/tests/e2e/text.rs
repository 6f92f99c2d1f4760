//! What people write stays what they wrote: never markup, never shortened, never somebody else's.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Site, TestApp, in_path};

/// Texts that have made pages run somebody's script, and others that have broken parsers.
const CORPUS: [&str; 20] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc=\"<script>alert(1)</script>\">",
    "<a href=\"javascript:alert(1)\">x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "<!--#exec cmd=\"/bin/true\"-->",
    "]]><script>alert(1)</script>",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u{202e}txt.exe\u{202c} \u{200b}\u{feff}x",
    "\u{2028}\u{2029}line ends of JavaScript",
    "%3Cscript%3E \r\nSet-Cookie: a=b",
    "'; DROP TABLE rooms; --",
];

/// Fault F20.
#[tokio::test]
async fn markup_in_a_body_is_the_same_text_in_answers_events_lists_and_reports() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut listener = bob.listens_to(&room).await;
    for (text, seq) in CORPUS.into_iter().zip(1..) {
        assert_eq!(alice.posts(&room, text).await["body"], text);
        assert_eq!(bob.inbox("").await.rooms[0].json["last_message"]["preview"], text);
        let heard = listener.hears_only(&["new_message"]).await;
        assert_eq!(heard[0].data["body"], text);
        let report = room.path(&format!("/messages/{seq}/report"));
        bob.post(&report, json!({ "reason": text })).await.expect(201);
    }
    let page = bob.get(&room.path("/messages?limit=100")).await.expect(200);
    let bodies: Vec<_> =
        page["messages"].as_array().expect("a page").iter().map(|m| &m["body"]).collect();
    assert_eq!(bodies, CORPUS);
    let reports = app.admin("agnes").await.get("/v1/reports?limit=100").await.expect(200);
    for report in reports["reports"].as_array().expect("reports") {
        assert_eq!(report["reason"], report["body"]);
    }
}

/// Fault F20.
#[tokio::test]
async fn markup_in_names_titles_pictures_and_ids_is_the_same_text() {
    let app = TestApp::start().await;
    let (server, bob) = (app.service().await, app.user("bob").await);
    for text in CORPUS {
        let claims = json!({ "sub": text, "name": text, "picture": text });
        let user = app.user_with(claims).await;
        let me = user.me().await;
        assert_eq!(
            (&me["id"], &me["name"], &me["picture"]),
            (&json!(text), &json!(text), &json!(text))
        );
        let group = json!({ "kind": "group", "members": ["bob"], "title": text });
        let room = user.post("/v1/rooms", group).await.expect(201);
        assert_eq!(room["title"], text.trim());
        let seen = bob.get(&format!("/v1/rooms/{}", room["id"].as_str().expect("an id"))).await;
        let members = seen.expect(200)["members"].clone();
        let names: Vec<&Value> =
            members.as_array().expect("members").iter().map(|m| &m["name"]).collect();
        assert!(names.contains(&&json!(text)), "{names:?}");
        let listing = json!({ "title": text, "merchant_id": text });
        server.put(&format!("/v1/listings/{}", in_path(text)), listing).await.expect(200);
        let about = bob.opens_listing(text).await;
        assert_eq!(about.json["listing"], json!({ "id": text, "title": text }));
    }
}

/// Whatever an answer holds, no browser takes it for a page, and nobody on the way keeps it.
/// Fault F20. Invariant I10.
#[tokio::test]
async fn every_answer_is_json_that_no_browser_runs_and_no_cache_keeps() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let site: &Site = &app;
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "<script>alert(1)</script>").await;
    for answer in [
        alice.get(&room.path("/messages")).await,
        alice.get("/v1/rooms?cursor=<script>").await,
        alice.get("/v1/rooms/<script>").await,
        alice.get("/<script>alert(1)</script>").await,
        alice.post("/v1/rooms", json!({ "kind": "<script>" })).await,
        site.anonymous().get("/v1/me").await,
        alice.delete("/v1/me").await,
        site.preflight(&Method::GET, "/v1/me").await,
    ] {
        let kind = answer.header("content-type").unwrap_or("nothing").to_owned();
        assert!(
            ["application/json", "application/problem+json", "nothing"].contains(&&*kind),
            "{kind}"
        );
        if kind != "nothing" {
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
        }
    }
}
