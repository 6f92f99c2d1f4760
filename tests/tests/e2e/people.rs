//! `/v1/users`: looking people up, and what the application's server tells of them.

use std::collections::{BTreeSet, HashSet};

use futures_util::future::join_all;
use local::ALL_FEATURES;
use serde_json::{Value, json};
use shared::config::Features;
use tests::{Distant, Fault, Faulty, TestApp, User, in_path};

/// Alice, of whom everything is known that a token can tell.
async fn alice(app: &TestApp) -> User {
    let alice = app
        .user_with(json!({
            "sub": "alice", "name": "Alice Smith", "email": "alice@mail.example",
            "picture": "https://pictures.example/alice",
        }))
        .await;
    alice.me().await;
    alice
}

fn keys(json: &Value) -> BTreeSet<&str> {
    json.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Whoever calls is seen, and shown to strangers without the e-mail address. Mission A16.
#[tokio::test]
async fn a_stranger_sees_a_name_and_a_picture_and_no_email() {
    let app = TestApp::start().await;
    alice(&app).await;
    let merchant = app.user_with(json!({ "sub": "alice", "type": "merchant" })).await;
    let guest = app.user_with(json!({ "sub": "alice", "type": "guest" })).await;

    for stranger in [app.user("mallory").await, merchant, guest] {
        let answer = stranger.looks_up("alice").await;
        assert!(!answer.text.contains("mail"), "{answer}");
        let expected = json!({
            "id": "alice", "type": "user", "name": "Alice Smith",
            "picture": "https://pictures.example/alice", "karma": null, "joined_at": null,
        });
        assert_eq!(answer.expect(200), expected);
    }
}

/// Mission B34.
#[tokio::test]
async fn the_email_is_shown_to_oneself_to_admins_and_to_the_applications_server() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;

    for viewer in [alice, app.admin("agent").await, app.service().await] {
        assert_eq!(viewer.looks_up("alice").await.expect(200)["email"], "alice@mail.example");
        let found = viewer.get("/v1/users?q=smith").await.expect(200);
        assert_eq!(found["users"][0]["email"], "alice@mail.example");
    }
    let found = app.user("mallory").await.get("/v1/users?q=smith").await;
    assert!(!found.text.contains("mail"), "{found}");
    assert_eq!(found.expect(200)["users"][0]["id"], "alice");
}

/// Invariant I8: whoever was never seen, or could not be anybody, is not there in the same words.
#[tokio::test]
async fn nobody_is_there_who_was_never_seen() {
    let app = TestApp::start().await;
    let bob = app.user("bob").await;
    app.user_with(json!({ "sub": "wheels", "type": "merchant", "name": "W" })).await.me().await;
    app.user_with(json!({ "sub": "visitor", "type": "guest", "name": "V" })).await.me().await;

    let absent = bob.looks_up("nobody").await;
    assert_eq!(absent.problem(404), "not_found");
    for id in ["wheels", "merchant:wheels", "visitor", "guest:visitor", "\0", &"x".repeat(129)] {
        let answer = bob.looks_up(id).await;
        assert_eq!((answer.status, &answer.text), (404, &absent.text), "{id}");
    }
    for path in ["/v1/users/", "/v1/users/%FF", "/v1/users/bob/more"] {
        assert_eq!(bob.get(path).await.problem(404), "not_found", "{path}");
    }
}

#[tokio::test]
async fn whoever_calls_was_seen_even_if_the_token_tells_nothing() {
    let app = TestApp::start().await;
    let bob = app.user_with(json!({ "sub": "bob" })).await;

    let seen = bob.looks_up("bob").await.expect(200);

    let expected = json!({
        "id": "bob", "type": "user", "name": null, "email": null, "picture": null, "karma": null,
        "joined_at": null,
    });
    assert_eq!(seen, expected);
    assert_eq!(app.user("carol").await.looks_up("bob").await.status, 200);
}

#[tokio::test]
async fn ids_in_paths_hold_any_character() {
    let app = TestApp::start().await;
    let (service, carol) = (app.service().await, app.user("carol").await);
    let longest = "é".repeat(64);

    for id in ["auth0|abc", "a/b", "merchant:1", "a b?c=d#e%20", "R#x", "...", "🎁", &longest] {
        service.describes(id, json!({ "name": id })).await.expect(200);
        let person = carol.looks_up(id).await.expect(200);
        assert_eq!((&person["id"], &person["name"]), (&json!(id), &json!(id)));
    }
}

/// Mission D5.
#[tokio::test]
async fn the_applications_server_tells_of_karma_and_of_the_day_of_joining() {
    let app = TestApp::start().await;
    let (service, carol) = (app.service().await, app.user("carol").await);
    let told = json!({
        "name": "Bob", "email": "bob@mail.example", "picture": "https://pictures.example/bob",
        "karma": -12, "joined_at": "2024-06-10T10:00:00+02:00", "roles": ["admin"],
    });

    let answered = service.describes("bob", told).await.expect(200);

    let mut expected = json!({
        "id": "bob", "type": "user", "name": "Bob", "email": "bob@mail.example",
        "picture": "https://pictures.example/bob", "karma": -12,
        "joined_at": "2024-06-10T08:00:00.000Z",
    });
    assert_eq!(answered, expected);
    expected.as_object_mut().expect("an object").remove("email");
    assert_eq!(carol.looks_up("bob").await.expect(200), expected, "before bob ever signed in");
}

#[tokio::test]
async fn an_absent_key_stays_and_null_clears() {
    let app = TestApp::start().await;
    let service = app.service().await;
    service.describes("bob", json!({ "name": "Bob", "karma": 5 })).await.expect(200);

    let kept = service.describes("bob", json!({ "email": "b@mail.example" })).await.expect(200);
    assert_eq!((&kept["name"], &kept["karma"]), (&json!("Bob"), &json!(5)));
    assert_eq!(service.describes("bob", json!({})).await.expect(200), kept);
    let cleared = service.describes("bob", json!({ "name": null, "karma": null })).await;

    let cleared = cleared.expect(200);
    assert_eq!((&cleared["name"], &cleared["karma"]), (&json!(null), &json!(null)));
    assert_eq!(cleared["email"], "b@mail.example");
    assert_eq!(service.looks_up("bob").await.expect(200), cleared);
}

#[tokio::test]
async fn a_token_never_wipes_what_the_applications_server_said() {
    let app = TestApp::start().await;
    let service = app.service().await;
    let told = json!({ "name": "Robert", "karma": 5, "joined_at": "2024-06-10T08:00:00.000Z" });
    service.describes("bob", told.clone()).await.expect(200);

    app.user_with(json!({ "sub": "bob", "email": "bob@mail.example" })).await.me().await;

    let bob = service.looks_up("bob").await.expect(200);
    assert_eq!(bob["email"], "bob@mail.example");
    for (key, value) in told.as_object().expect("an object") {
        assert_eq!(&bob[key], value, "{bob}");
    }
}

/// What this process remembers of a token is forgotten when somebody else describes the person.
#[tokio::test]
async fn the_newest_token_or_description_holds() {
    let app = TestApp::start().await;
    let (service, bob) = (app.service().await, app.user("bob").await);
    let name = async || service.looks_up("bob").await.expect(200)["name"].clone();
    bob.me().await;
    bob.me().await;

    service.describes("bob", json!({ "name": "Robert" })).await.expect(200);
    assert_eq!(name().await, "Robert");
    bob.me().await;
    assert_eq!(name().await, "bob");
    app.user_with(json!({ "sub": "bob", "name": "Bobby" })).await.me().await;
    assert_eq!(name().await, "Bobby");
}

/// Fault F18.
#[tokio::test]
async fn only_the_applications_server_describes_people() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let others = [
        alice.clone(),
        app.user("mallory").await,
        app.admin("agent").await,
        app.user_with(json!({ "sub": "wheels", "type": "merchant" })).await,
        app.user_with(json!({ "sub": "visitor", "type": "guest" })).await,
    ];
    let before = alice.looks_up("alice").await.json;

    for other in &others {
        for body in [json!({ "name": "Mallory" }), json!({ "name": 5 }), json!([])] {
            assert_eq!(other.describes("alice", body).await.problem(403), "service_only");
        }
    }
    app.anonymous().describes("alice", json!({ "name": "Mallory" })).await.problem(401);
    assert_eq!(alice.looks_up("alice").await.json, before);
}

/// Invariant I10.
#[tokio::test]
async fn a_wrong_description_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let service = app.service().await;

    for (body, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": " \n" }), "name"),
        (json!({ "name": "a\0" }), "name"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "name": 5 }), "name"),
        (json!({ "email": "x".repeat(255) }), "email"),
        (json!({ "picture": "x".repeat(2_001) }), "picture"),
        (json!({ "karma": 1.5 }), "karma"),
        (json!({ "karma": "5" }), "karma"),
        (json!({ "joined_at": "yesterday" }), "joined_at"),
        (json!({ "joined_at": 5 }), "joined_at"),
    ] {
        let answer = service.describes("bob", body.clone()).await;
        assert_eq!(answer.wrong_fields(), [field], "{body}");
    }
    let long = service.describes(&"x".repeat(129), json!({})).await;
    assert_eq!(long.wrong_fields(), ["id"]);
    service.looks_up("bob").await.problem(404);
}

/// Mission D12.
#[tokio::test]
async fn people_are_found_by_the_beginnings_of_their_names_words() {
    let app = TestApp::start().await;
    let (service, carol) = (app.service().await, app.user("carol").await);
    for (id, name) in [
        ("1", "Alice Smith"),
        ("2", "Bob  ALISON"),
        ("3", "Élise #1 Fan of Things Unseen"),
        ("4", "alice"),
    ] {
        service.describes(id, json!({ "name": name })).await.expect(200);
    }

    for (q, ids) in [
        ("ali", vec!["4", "1", "2"]),
        ("  ALI ", vec!["4", "1", "2"]),
        ("alice", vec!["4", "1"]),
        ("alice s", vec!["1"]),
        ("alice  SMITH", vec!["1"]),
        ("smi", vec!["1"]),
        ("bob a", vec!["2"]),
        ("él", vec!["3"]),
        ("#1", vec!["3"]),
        ("of things un", vec!["3"]),
        ("things", vec![]),
        ("lice", vec![]),
        ("alice#", vec![]),
        ("%", vec![]),
        ("carol", vec!["carol"]),
    ] {
        assert_eq!(carol.finds(q).await, ids, "{q}");
    }
}

/// Only users are found: visitors are nobody's business, and merchants are met at their listings.
#[tokio::test]
async fn guests_and_merchants_are_not_found() {
    let app = TestApp::start().await;
    for kind in ["guest", "merchant"] {
        let claims = json!({ "sub": kind, "type": kind, "name": "Alice" });
        app.user_with(claims).await.me().await;
    }
    app.user_with(json!({ "sub": "user", "name": "Alice" })).await.me().await;

    assert_eq!(app.admin("agent").await.finds("alice").await, ["user"]);
}

#[tokio::test]
async fn nobody_is_found_by_an_old_name() {
    let app = TestApp::start().await;
    let service = app.service().await;
    service.describes("bob", json!({ "name": "Bob Brown" })).await.expect(200);

    service.describes("bob", json!({ "name": "Robert Brown" })).await.expect(200);
    assert!(service.finds("bob").await.is_empty());
    assert_eq!(service.finds("robert").await, ["bob"]);
    assert_eq!(service.finds("brown").await, ["bob"]);
    service.describes("bob", json!({ "name": null })).await.expect(200);

    for q in ["bob", "robert", "brown"] {
        assert!(service.finds(q).await.is_empty(), "{q}");
    }
}

/// Whatever tokens tell at the same moment, one of the names holds, and finds the person by each of
/// its words, although others that share a word are given up meanwhile.
#[tokio::test]
async fn of_many_names_at_once_one_holds_and_is_found() {
    let app = TestApp::on(Distant::new()).await;
    let carol = app.user("carol").await;
    let name = |number: usize| format!("N{number} B{}", number % 3);
    let token = |number| app.user_with(json!({ "sub": "bob", "name": name(number) }));
    // Fewer than the tries that a change has: each loses at most once to each other one.
    let bobs = join_all((0..8).map(token)).await;

    for _ in 0..16 {
        join_all(bobs.iter().map(User::me)).await;

        let present = carol.looks_up("bob").await.expect(200)["name"].clone();
        assert_eq!(carol.finds("b").await, ["bob"], "{present}");
        assert_eq!(carol.finds("n").await, ["bob"], "{present}");
    }

    let present = carol.looks_up("bob").await.expect(200)["name"].clone();
    for number in 0..8 {
        let found = carol.finds(&name(number)).await;
        let expected: &[&str] = if present == json!(name(number)) { &["bob"] } else { &[] };
        assert_eq!(found, expected, "{} of {present}", name(number));
    }
}

/// Fault F7.
#[tokio::test]
async fn a_name_whose_answer_is_lost_is_found_once() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let service = app.service().await;
    service.describes("bob", json!({ "name": "Bob" })).await.expect(200);

    store.follow(|call| (call.attempt == 1 && call.writes()).then_some(Fault::LoseAnswer));
    let described = service.describes("bob", json!({ "name": "Robert" })).await.expect(200);
    store.heal();

    assert_eq!(described["name"], "Robert");
    assert_eq!(service.finds("robert").await, ["bob"]);
    assert!(service.finds("bob").await.is_empty());
}

/// Fault F5. Fault F6: a name that could not be written is not found, and nothing else is amiss.
#[tokio::test]
async fn a_name_is_written_with_what_finds_it_or_not_at_all() {
    let store = Faulty::new();
    let app = TestApp::on(store.clone()).await;
    let service = app.service().await;
    service.describes("bob", json!({ "name": "Bob" })).await.expect(200);

    store.follow(|call| {
        call.writes().then_some(Fault::Refuse(400, "ProvisionedThroughputExceededException"))
    });
    let answer = service.describes("bob", json!({ "name": "Robert" })).await;
    store.heal();

    assert_eq!(answer.problem(503), "store_unavailable");
    assert_eq!(service.finds("bob").await, ["bob"]);
    assert!(service.finds("robert").await.is_empty());
}

#[tokio::test]
async fn a_search_is_paged_and_shows_everyone_once() {
    let app = TestApp::start().await;
    let (service, carol) = (app.service().await, app.user("carol").await);
    let mut everyone = HashSet::new();
    for number in 0..25 {
        let (id, name) = (format!("auth0|{number}"), format!("Anna {number} Anna"));
        service.describes(&id, json!({ "name": name })).await.expect(200);
        everyone.insert(id);
    }
    let all = carol.finds("ann").await;
    assert_eq!(all.iter().cloned().collect::<HashSet<_>>(), everyone);
    assert_eq!(all.len(), 25);

    for limit in [1, 7, 24, 25, 26] {
        let (mut ids, mut query) = (Vec::new(), format!("?q=ann&limit={limit}"));
        loop {
            let page = carol.get(&format!("/v1/users{query}")).await.expect(200);
            assert_eq!(keys(&page), BTreeSet::from(["next", "users"]));
            let users = page["users"].as_array().expect("users").clone();
            ids.extend(users.iter().map(|user| user["id"].as_str().expect("an id").to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(users.len(), limit, "a page that is not the last one");
            query = format!("?q=ann&limit={limit}&cursor={next}");
        }
        assert_eq!(ids, all, "limit={limit}");
    }
}

/// Fault F18.
#[tokio::test]
async fn guests_cannot_look_for_people() {
    let app = TestApp::start().await;
    let guest = app.user_with(json!({ "sub": "visitor", "type": "guest" })).await;

    assert_eq!(guest.get("/v1/users?q=ali").await.problem(403), "guest_forbidden");
    app.anonymous().get("/v1/users?q=ali").await.problem(401);
}

#[tokio::test]
async fn the_search_can_be_switched_off_for_all_but_admins_and_the_applications_server() {
    let app = TestApp::offering(Features { user_search: false, ..ALL_FEATURES }).await;
    let alice = alice(&app).await;
    let merchant = app.user_with(json!({ "sub": "wheels", "type": "merchant" })).await;

    for caller in [&alice, &merchant] {
        let answer = caller.get("/v1/users?q=ali").await;
        assert_eq!(answer.problem(403), "search_disabled");
    }
    for caller in [app.admin("agent").await, app.service().await] {
        assert_eq!(caller.finds("ali").await, ["alice"]);
    }
    // Whom one knows by id one may still look up.
    assert_eq!(alice.looks_up("alice").await.status, 200);
}

/// Invariant I10.
#[tokio::test]
async fn a_search_has_1_to_100_characters_and_a_cursor_of_its_own() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let long = "x".repeat(101);

    for (query, field) in [
        ("", "q"),
        ("?q=", "q"),
        ("?q=%20%20", "q"),
        ("?q=%00", "q"),
        (&format!("?q={long}"), "q"),
        ("?q=a&limit=0", "limit"),
        ("?q=a&limit=101", "limit"),
        ("?q=a&limit=x", "limit"),
        ("?q=a&cursor=x", "cursor"),
        ("?q=a&cursor=AAAA", "cursor"),
        ("?q=a&cursor=", "cursor"),
    ] {
        let answer = alice.get(&format!("/v1/users{query}")).await;
        assert_eq!(answer.wrong_fields(), [field], "{query}");
    }
    let service = app.service().await;
    service.describes("2", json!({ "name": "Alice Two" })).await.expect(200);
    let next = alice.get("/v1/users?q=ali&limit=1").await.expect(200)["next"].clone();
    let next = next.as_str().expect("a cursor");
    let elsewhere = alice.get(&format!("/v1/users?q=smith&cursor={next}")).await;
    assert_eq!(elsewhere.wrong_fields(), ["cursor"]);
    assert_eq!(alice.get(&format!("/v1/users?q={}", in_path(&"é".repeat(100)))).await.status, 200);
}
