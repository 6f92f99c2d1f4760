//! What the local program serves beside the API: the pages for people, and what it does while it does it.

use std::{fs, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, TestApp};

/// A folder with pages, as web/ builds them; gone with the test.
struct Built(PathBuf);

impl Built {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("parlour-pages-{}", uuid::Uuid::new_v4()));
        for page in ["", "inbox", "desk", "shop", "live", "assets", "widget"] {
            fs::create_dir_all(folder.join(page)).expect("a folder");
            fs::write(folder.join(page).join("index.html"), format!("page {page}"))
                .expect("a page");
        }
        fs::write(folder.join("assets/app-1a2b.js"), "let a").expect("a script");
        fs::write(folder.join("widget/widget.js"), "let b").expect("a script");
        fs::write(folder.join("secret.txt"), "not a page").expect("a file");
        Self(folder)
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
}

/// Mission E10: a link to a room leads to the chat, which opens it.
#[tokio::test]
async fn every_page_has_its_paths_and_loads_nothing_from_elsewhere() {
    let built = Built::new();
    let app = TestApp::showing(&built.0).await;
    let reader = app.anonymous();
    for (path, page) in [
        ("/", "page "),
        ("/inbox", "page inbox"),
        ("/inbox/5d6064d2-dfc6-814d-b0c1-a6b290fef987", "page inbox"),
        ("/desk", "page desk"),
        ("/desk/reports", "page desk"),
        ("/shop", "page shop"),
        ("/shop/", "page shop"),
        ("/live", "page live"),
    ] {
        let answer = reader.get(path).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, page), "{path}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&answer, "cache-control"), "no-cache");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    }
    let asset = reader.get("/assets/app-1a2b.js").await;
    assert!(header(&asset, "cache-control").contains("immutable"), "{asset}");
    assert_eq!(reader.get("/widget/widget.js").await.status, 200);
    assert_eq!(reader.get("/config.json").await.expect(200)["demo"], true);
    for nothing in ["/secret.txt", "/assets/../secret.txt", "/assets/%2e%2e/secret.txt", "/inboxes"]
    {
        assert_eq!(reader.get(nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn without_pages_the_program_says_where_they_are() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("bin/dev"), "{answer}");
}

/// What is told next to whoever watches.
async fn told(watched: &mut reqwest::Response, words: &mut String) -> Value {
    loop {
        if let Some((event, rest)) = words.split_once("\n\n") {
            let data =
                event.strip_prefix("data: ").map(|data| serde_json::from_str(data).expect("JSON"));
            *words = rest.to_owned();
            match data {
                Some(data) => return data,
                None => continue,
            }
        }
        let chunk = watched.chunk().await.expect("a stream").expect("more of it");
        words.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
    }
}

/// Invariant I12: each answer says what it asked of the store.
#[tokio::test]
async fn a_developer_sees_what_each_request_costs_and_each_event() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let path = room.path("/messages");
    let answer = alice.post(&path, json!({ "body": "hello" })).await;
    assert!(header(&answer, "server-timing").starts_with("store;desc=\"2 calls\""), "{answer}");

    let watch = app.anonymous().request(Method::GET, "/dev/live");
    let mut watched = watch.send().await.expect("an answer");
    let client_id = uuid::Uuid::new_v4();
    let answer = alice.post(&path, json!({ "body": "hello", "client_id": client_id })).await;

    let timing = header(&answer, "server-timing");
    assert!(timing.starts_with("store;desc=\"3 calls, 0 RRU, 3 WRU\""), "{timing}");
    let (mut words, mut events) = (String::new(), Vec::new());
    let request = loop {
        let told = told(&mut watched, &mut words).await;
        if told["kind"] == "request" {
            break told;
        }
        events.push(told["name"].clone());
    };
    assert_eq!(events, ["new_message", "chat_list_update"]);
    assert_eq!((&request["path"], &request["status"]), (&json!(path), &json!(201)));
    assert_eq!(request["store"]["wru"], 3.0);
    assert!(!words.contains("hello"), "a text is shown to whoever watches");
}

/// A page of another site learns nothing of what happens here.
#[tokio::test]
async fn only_this_machines_pages_watch() {
    let app = TestApp::start().await;
    let watch =
        app.anonymous().request(Method::GET, "/dev/live").header("origin", "https://evil.example");
    assert_eq!(app.anonymous().send(watch).await.status, 403);
}
