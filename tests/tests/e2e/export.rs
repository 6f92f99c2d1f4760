//! `GET /v1/users/{id}/export`: a copy of everything that a person has here, page by page.

use serde_json::{Value, json};
use tests::{Meter, Room, TestApp, User};

/// The whole copy, page by page.
async fn copy(server: &User, path: &str) -> Vec<Value> {
    pages(server, path, String::new()).await
}

/// The rest of a copy, from a cursor on.
async fn copy_from(server: &User, path: &str, cursor: &str) -> Vec<Value> {
    pages(server, path, format!("?cursor={cursor}")).await
}

async fn pages(server: &User, path: &str, mut next: String) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let page = server.get(&format!("{path}{next}")).await.expect(200);
        next = match page["next"].as_str() {
            Some(cursor) => format!("?cursor={cursor}"),
            None => String::new(),
        };
        pages.push(page);
        assert!(pages.len() < 100, "it does not end");
        if next.is_empty() {
            return pages;
        }
    }
}

/// What the pages tell of a room.
fn of_room<'a>(pages: &'a [Value], room: &Room) -> Vec<&'a Value> {
    let rooms = pages.iter().flat_map(|page| page["rooms"].as_array().expect("rooms"));
    rooms.filter(|copied| copied["id"] == room.id.as_str()).collect()
}

fn bodies(copied: &Value) -> Vec<&str> {
    let messages = copied["messages"].as_array().expect("messages");
    messages.iter().filter_map(|message| message["body"].as_str()).collect()
}

#[tokio::test]
async fn a_copy_holds_what_the_person_is_wrote_reacted_to_and_reported_and_nobody_elses_words() {
    let app = TestApp::start().await;
    let claims = json!({ "sub": "alice", "name": "Alice", "email": "alice@mail.example" });
    let (alice, bob) = (app.user_with(claims).await, app.user("bob").await);
    let server = app.service().await;
    server.put("/v1/users/alice", json!({ "karma": 5 })).await.expect(200);
    let rooms = [alice.opens_direct("bob").await, bob.opens_group(&["alice", "carol"]).await];
    let support = alice.opens_support().await;
    for room in &rooms {
        alice.posts(room, "mine").await;
        bob.posts(room, "not hers").await;
        alice.put(&room.path("/messages/2/reactions/%F0%9F%91%8D"), json!({})).await.expect(200);
        let report = room.path("/messages/2/report");
        alice.post(&report, json!({ "reason": "rude" })).await.expect(201);
    }
    let left = bob.opens_group(&["alice"]).await;
    alice.posts(&left, "before I left").await;
    assert_eq!(alice.removes(&left, "alice").await.status, 204);
    bob.posts(&left, "behind her back").await;
    alice.blocks("mallory").await;

    let pages = copy(&server, "/v1/users/alice/export").await;

    let profile = &pages[0]["profile"];
    let told = ["id", "name", "email", "karma"].map(|key| profile[key].clone());
    assert_eq!(told, [json!("alice"), json!("Alice"), json!("alice@mail.example"), json!(5)]);
    assert_eq!(pages[0]["blocks"], json!(["mallory"]));
    for room in &rooms {
        let copied = of_room(&pages, room);
        assert_eq!(copied.len(), 1, "{copied:?}");
        assert_eq!(bodies(copied[0]), ["mine"]);
        assert_eq!(copied[0]["reactions"], json!([{ "seq": 2, "emoji": "👍" }]));
        assert_eq!(copied[0]["reports"][0]["reason"], "rude");
        assert_eq!(
            (&copied[0]["is_member"], &copied[0]["member_id"]),
            (&json!(true), &json!("alice"))
        );
    }
    assert_eq!(bodies(of_room(&pages, &support)[0]), Vec::<&str>::new());
    let copied = of_room(&pages, &left);
    assert_eq!(
        (bodies(copied[0]), &copied[0]["is_member"]),
        (vec!["before I left"], &json!(false))
    );
    let all = json!(pages).to_string();
    assert!(!all.contains("not hers") && !all.contains("behind her back"), "{all}");
}

#[tokio::test]
async fn a_long_copy_comes_in_pages_and_misses_nothing() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    let (alice, server) = (app.user("alice").await, app.service().await);
    let long = alice.opens_direct("bob").await;
    alice.posts(&long, "again").await;
    let partition = format!("R#{}", long.id);
    meter.copy_item(&partition, "M000000000001", (2..=2_500).map(|seq| format!("M{seq:012}")));
    meter.set_number(&partition, "#", "seq", 2_500);
    for i in 0..120 {
        let room = alice.opens_direct(&format!("friend-{i}")).await;
        alice.posts(&room, "hello").await;
    }

    let pages = copy(&server, "/v1/users/alice/export").await;

    let seqs = of_room(&pages, &long).into_iter().flat_map(|copied| {
        let messages = copied["messages"].as_array().expect("messages");
        messages.iter().map(|message| message["seq"].as_u64().expect("a seq"))
    });
    assert!(seqs.eq(1..=2_500), "every message once, in order");
    let rooms: std::collections::BTreeSet<_> = pages
        .iter()
        .flat_map(|page| page["rooms"].as_array().expect("rooms"))
        .map(|room| room["id"].to_string())
        .collect();
    assert_eq!(rooms.len(), 121);
    assert!(pages.len() >= 4, "{} pages", pages.len());
    assert!(pages[1].get("profile").is_none(), "only once");
}

/// A room that was begun gets a message between two pages, and another one stands in its place.
#[tokio::test]
async fn a_room_that_moves_between_two_pages_takes_nothing_from_the_next_one() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    app.fix_clock().await;
    let (alice, server) = (app.user("alice").await, app.service().await);
    let rooms = [alice.opens_direct("bob").await, alice.opens_direct("carol").await];
    for room in &rooms {
        alice.posts(room, "again").await;
        let partition = format!("R#{}", room.id);
        meter.copy_item(&partition, "M000000000001", (2..=1_500).map(|seq| format!("M{seq:012}")));
        meter.set_number(&partition, "#", "seq", 1_500);
    }
    let first = server.get("/v1/users/alice/export").await.expect(200);
    let begun = first["rooms"][0]["id"].as_str().expect("a room").to_owned();
    let room = rooms.iter().find(|room| room.id == begun).expect("one of the two");
    app.advance_clock(std::time::Duration::from_secs(3_600)).await;
    alice.posts(room, "and it moves").await;

    let next = first["next"].as_str().expect("more");
    let mut pages = vec![first.clone()];
    pages.extend(copy_from(&server, "/v1/users/alice/export", next).await);

    for room in &rooms {
        let copied = of_room(&pages, room).into_iter();
        let seqs: std::collections::BTreeSet<u64> = copied
            .flat_map(|copied| copied["messages"].as_array().expect("messages"))
            .map(|message| message["seq"].as_u64().expect("a seq"))
            .collect();
        assert!(seqs.is_superset(&(1..=1_500).collect()), "{} of {}", seqs.len(), room.id);
    }
}

#[tokio::test]
async fn a_cursor_that_was_not_given_out_is_refused_and_somebody_unknown_has_nothing() {
    let app = TestApp::start().await;
    let server = app.service().await;
    for cursor in ["", "x", "AAAA.1", "MA.x"] {
        let answer = server.get(&format!("/v1/users/alice/export?cursor={cursor}")).await;
        assert_eq!(answer.wrong_fields(), ["cursor"], "{cursor:?}");
    }
    let page = server.get("/v1/users/nobody/export").await.expect(200);
    assert_eq!(page, json!({ "blocks": [], "rooms": [], "next": null }));
}
