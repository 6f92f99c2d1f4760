//! What is refused, and how.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::{Answer, FakeRelay, Room, TestApp};
use uuid::Uuid;

use crate::{NO_ROOM, Route, headers, request, routes};

/// Fault F18. Invariant I8.
#[tokio::test]
async fn without_a_token_every_route_asks_for_one() {
    let app = TestApp::start().await;
    let room = app.user("alice").await.opens_direct("bob").await;
    let nobody = app.anonymous();

    for route in routes() {
        for id in [&room.id, NO_ROOM] {
            let answer = nobody.send(request(&nobody, &route, id)).await;
            answer.problem(401);
            assert!(is_challenge(&answer), "{answer}: {:?}", answer.headers);
        }
    }
}

fn is_challenge(answer: &Answer) -> bool {
    answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer"))
}

/// Fault F18. Fault F21. Invariant I8.
#[tokio::test]
async fn to_a_stranger_a_room_is_no_room_on_every_route() {
    let app = TestApp::start().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;
    alice.posts(&room, "secret").await;
    let before = alice.sees(&room).await.json;

    for route in routes().into_iter().filter(Route::is_about_a_room) {
        let foreign = mallory.send(request(&mallory, &route, &room.id)).await;
        let absent = mallory.send(request(&mallory, &route, NO_ROOM)).await;
        foreign.problem(404);
        assert_eq!(foreign.text, absent.text, "{route:?}");
        assert_eq!(headers(&foreign), headers(&absent), "{route:?}");
        assert!(!foreign.text.contains(&room.id), "{foreign}");
    }
    assert_eq!(alice.sees(&room).await.json, before);
}

/// Who does not belong is told so whatever else is wrong with the request.
/// Fault F21.
#[tokio::test]
async fn a_wrong_request_tells_a_stranger_no_more() {
    let app = TestApp::start().await;
    let (alice, mallory) = (app.user("alice").await, app.user("mallory").await);
    let room = alice.opens_direct("bob").await;

    for (path, body) in [("messages", json!({ "body": "" })), ("read", json!({}))] {
        let method = if path == "read" { Method::PUT } else { Method::POST };
        let ask = async |id: &str| {
            let request = mallory.request(method.clone(), &format!("/v1/rooms/{id}/{path}"));
            let request = request.header("content-type", "application/json").body(body.to_string());
            mallory.send(request).await
        };
        let (foreign, absent) = (ask(&room.id).await, ask(NO_ROOM).await);
        assert_eq!((foreign.status, foreign.text), (absent.status, absent.text), "{path}");
    }
}

/// A room's id of this kind, with anything in the bits that could be guessed.
fn guessed_id(kind: u8) -> String {
    let digits =
        |bits: u32| format!("{:0width$x}", fastrand::u64(..1 << bits), width = bits as usize / 4);
    let variant = ["8", "9", "a", "b"][fastrand::usize(..4)];
    let (a, b, c, d, e) = (digits(32), digits(16), digits(8), digits(12), digits(48));
    format!("{a}-{b}-8{kind}{c}-{variant}{d}-{e}")
}

/// The same id with one bit after the other turned round.
fn one_bit_off(id: &str) -> Vec<String> {
    let id = Uuid::parse_str(id).expect("a UUID").as_u128();
    (0..128).map(|bit| Uuid::from_u128(id ^ (1 << bit)).to_string()).collect()
}

/// A scene with a room of each kind that mallory is not in, and the rooms themselves.
async fn a_room_of_each_kind(app: &TestApp) -> Vec<Room> {
    let (alice, service) = (app.user("alice").await, app.service().await);
    let bike = json!({ "title": "A bike", "merchant_id": "wheels" });
    service.put("/v1/listings/bike", bike).await.expect(200);
    service.draws("family", "2031-12-24T18:00:00Z", json!({ "alice": "bob" })).await;
    let rooms = vec![
        alice.opens_direct("bob").await,
        alice.opens_support().await,
        alice.opens_listing("bike").await,
        alice.opens_match("family").await,
        alice.opens_group(&["bob", "carol"]).await,
    ];
    for room in &rooms {
        alice.posts(room, "secret").await;
    }
    rooms
}

/// Whatever id somebody guesses, near to a room's or not, is answered as if nothing were there, and
/// so is the id of a room that is there.
/// Fault F21. Invariant I8.
#[tokio::test]
async fn a_guessed_room_is_no_room() {
    let app = TestApp::start().await;
    let mallory = app.user("mallory").await;
    let rooms = a_room_of_each_kind(&app).await;
    let nothing = mallory.get(&format!("/v1/rooms/{NO_ROOM}")).await;
    assert_eq!(nothing.problem(404), "not_found");
    let mut guesses: Vec<String> = (1..=5).flat_map(|kind| [kind; 20].map(guessed_id)).collect();
    guesses.extend(rooms.iter().map(|room| room.id.clone()));
    guesses.extend(rooms.iter().flat_map(|room| one_bit_off(&room.id)));

    for id in &guesses {
        let answer = mallory.get(&format!("/v1/rooms/{id}")).await;
        assert_eq!((answer.status, &answer.text), (404, &nothing.text), "{id}");
        assert_eq!(headers(&answer), headers(&nothing), "{id}");
    }
    // What writes and what lists tells no more.
    let samples = rooms.iter().map(|room| room.id.clone()).chain((1..=5).map(guessed_id));
    for id in samples {
        for route in routes().into_iter().filter(Route::is_about_a_room) {
            let answer = mallory.send(request(&mallory, &route, &id)).await;
            let nothing = mallory.send(request(&mallory, &route, NO_ROOM)).await;
            assert_eq!((answer.status, &answer.text), (404, &nothing.text), "{route:?} {id}");
            assert_eq!(headers(&answer), headers(&nothing), "{route:?} {id}");
        }
    }
    let held: serde_json::Map<String, Value> =
        guesses.iter().take(100).map(|id| (id.clone(), json!([0, 0]))).collect();
    let synced = mallory.post("/v1/sync", json!({ "rooms": held })).await.expect(200);
    assert_eq!(synced["gone"].as_array().map(Vec::len), Some(held.len()));
    assert_eq!(synced["rooms"], json!([]));
}

/// A key as channels have it: 16 bytes in base64.
fn guessed_key() -> String {
    let bytes: [u8; 16] = std::array::from_fn(|_| fastrand::u8(..));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Fault F21. Invariant I8.
#[tokio::test]
async fn a_guessed_channel_is_nobodys() {
    let app = TestApp::start().await;
    let mallory = app.user("mallory").await;
    let agent = app.admin("agnes").await;
    let mut guesses: Vec<String> = Vec::new();
    for room in a_room_of_each_kind(&app).await {
        let id = &room.id;
        guesses.push(room.channel.clone());
        guesses.push(format!("private-room-{id}"));
        guesses.extend((0..4).map(|generation| format!("private-room-{id}-{generation}")));
        guesses.extend(one_bit_off(id).iter().step_by(8).map(|id| format!("private-room-{id}")));
        guesses.push(format!("private-user-{id}"));
    }
    guesses.extend((1..=5).map(|kind| format!("private-room-{}", guessed_id(kind))));
    guesses.extend((0..8).map(|_| format!("private-user-{}", guessed_key())));
    guesses.extend((0..8).map(|_| format!("private-desk-{}", guessed_key())));
    // Keys that somebody has, in another place.
    let (own, desk) = (mallory.own_channel().await, agent.desk_channel().await);
    let others = app.user("alice").await.own_channel().await;
    guesses.extend([own.replace("-user-", "-desk-"), own.replace("-user-", "-room-")]);
    guesses.extend([desk.replace("-desk-", "-user-"), desk.clone()]);
    guesses.extend([others.replace("-user-", "-desk-"), others]);

    let nothing = mallory.asks_to_hear("1.1", &format!("private-room-{NO_ROOM}")).await;
    assert_eq!(nothing.problem(403), "channel_forbidden");
    for channel in guesses {
        let answer = mallory.asks_to_hear("1.1", &channel).await;
        assert_eq!((answer.status, &answer.text), (403, &nothing.text), "{channel}");
        assert_eq!(headers(&answer), headers(&nothing), "{channel}");
    }
    mallory.asks_to_hear("1.1", &own).await.expect(200);
    agent.asks_to_hear("1.1", &desk).await.expect(200);
}

/// A member of a group hears its channel as it is called now, and no other generation's.
/// Fault F21.
#[tokio::test]
async fn a_members_guess_at_another_generation_is_refused() {
    let app = TestApp::start().await;
    let rooms = a_room_of_each_kind(&app).await;
    let (alice, nothing) = (app.user("alice").await, format!("private-room-{NO_ROOM}"));
    let nothing = alice.asks_to_hear("1.1", &nothing).await;
    for room in rooms {
        alice.asks_to_hear("1.1", &room.channel).await.expect(200);
        for generation in ["", "-0", "-1", "-2", "-18446744073709551615"] {
            let channel = format!("private-room-{}{generation}", room.id);
            if channel != room.channel {
                let answer = alice.asks_to_hear("1.1", &channel).await;
                assert_eq!((answer.status, &answer.text), (403, &nothing.text), "{channel}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    for path in ["/v1", "/v1/palaver", "/v2/rooms", "/v1/rooms/x/y/z", "/v1/me/", "/v1//me"] {
        for user in [&alice, &app.anonymous()] {
            let answer = user.get(path).await;
            assert_eq!(answer.problem(404), "not_found", "{path}");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_named_and_the_right_ones_too() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;

    for (method, path, allowed) in [
        (Method::DELETE, "/v1/rooms", "POST"),
        (Method::PUT, "/v1/rooms", "GET"),
        (Method::POST, "/v1/me", "GET"),
        (Method::PUT, "/v1/realtime", "GET"),
        (Method::DELETE, "/v1/realtime/auth", "POST"),
    ] {
        let answer = alice.send(alice.request(method, path)).await;
        answer.problem(405);
        let allow = answer.header("allow").unwrap_or_default();
        assert!(allow.contains(allowed), "{path}: {allow:?}");
    }
}

/// How a body is wrong, and what is answered.
fn wrong_messages() -> Vec<(&'static str, Vec<u8>, u16)> {
    let text = |name, body: &str, status| (name, body.as_bytes().to_vec(), status);
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    vec![
        text("nothing", "", 400),
        text("half an object", r#"{"body":"#, 400),
        text("something behind it", r#"{"body":"x"} x"#, 400),
        text("single quotes", "{'body':'x'}", 400),
        text(
            "an unknown key of depth 10,000",
            &format!(r#"{{"body":"x","y":{}}}"#, deep(10_000)),
            400,
        ),
        text("a lone surrogate", r#"{"body":"\ud800"}"#, 400),
        text("a lone second surrogate", r#"{"body":"\udc00x"}"#, 400),
        ("invalid UTF-8", b"{\"body\":\"\xff\xfe\"}".to_vec(), 400),
        ("an overlong slash", b"{\"body\":\"\xc0\xaf\"}".to_vec(), 400),
        text("a raw line break", "{\"body\":\"a\nb\"}", 400),
        text("NaN", r#"{"body":NaN}"#, 400),
        text("no object", r#""x""#, 422),
        text("a list", r#"["x"]"#, 422),
        text("the fields without their names", r#"["x","text",null,null,false]"#, 422),
        text("a list of lists, 10,000 deep", &deep(10_000), 400),
        text("null", "null", 422),
        text("no body", "{}", 422),
        text("a null body", r#"{"body":null}"#, 422),
        text("a number", r#"{"body":5}"#, 422),
        text("an object", r#"{"body":{"text":"x"}}"#, 422),
        text("NUL", r#"{"body":"a\u0000b"}"#, 422),
        text("a wrong type", r#"{"body":"x","type":"video"}"#, 422),
        text("a type that is no text", r#"{"body":"x","type":1}"#, 422),
        text("a client id that is none", r#"{"body":"x","client_id":"1"}"#, 422),
        text("a number as client id", r#"{"body":"x","client_id":1}"#, 422),
        text("a negative answer", r#"{"body":"x","reply_to":-1}"#, 422),
        text("an answer to a text", r#"{"body":"x","reply_to":"1"}"#, 422),
        text("a retry that is no yes or no", r#"{"body":"x","retry":"yes"}"#, 422),
        ("256 KB", format!(r#"{{"body":"{}"}}"#, "x".repeat(256 * 1024)).into(), 413),
        ("256 KB of spaces", format!("{}{{\"body\":\"x\"}}", " ".repeat(256 * 1024)).into(), 413),
    ]
}

/// Mission A11. Fault F15. Invariant I10.
#[tokio::test]
async fn a_wrong_message_is_refused_and_nothing_comes_of_it() {
    let relay = FakeRelay::start().await;
    let app = TestApp::publishing_to(&relay).await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let calls = relay.calls();

    for (name, body, status) in wrong_messages() {
        let request = alice.request(Method::POST, &room.path("/messages"));
        let answer =
            alice.send(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.status, status, "{name}: {answer}");
        match answer.problem(status) {
            code if status == 400 => assert_eq!(code, "malformed", "{name}"),
            _ if status == 422 => assert!(!answer.wrong_fields().is_empty(), "{name}: {answer}"),
            _ => {}
        }
    }

    assert_eq!(alice.history(&room).await.head, 0);
    assert_eq!(relay.calls(), calls);
}

/// The wrong field is named.
/// Invariant I10.
#[tokio::test]
async fn a_wrong_field_is_named() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;

    for (body, field) in [
        (json!({ "body": "" }), "body"),
        (json!({ "body": "\0" }), "body"),
        (json!({ "body": "x".repeat(10_001) }), "body"),
        (json!({ "body": "x", "client_id": "1" }), "client_id"),
    ] {
        let answer = alice.post(&room.path("/messages"), body).await;
        assert_eq!(answer.wrong_fields(), [field]);
    }
}

/// Fault F15.
#[tokio::test]
async fn what_is_no_json_is_refused_by_its_type() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let post = async |content_type: Option<&str>| {
        let request = alice.request(Method::POST, &room.path("/messages"));
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        alice.send(request.body(r#"{"body":"x"}"#)).await
    };

    for content_type in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("nonsense")]
    {
        post(content_type).await.problem(415);
    }
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"]
    {
        post(Some(content_type)).await.expect(201);
    }
    assert_eq!(alice.history(&room).await.head, 3);
}

/// The longest body that is allowed fits, however its characters are written.
#[tokio::test]
async fn a_body_of_the_longest_text_written_the_longest_way_is_taken() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;
    let written = format!(r#"{{"body":"{}"}}"#, r"\ud83c\udf81".repeat(10_000));
    assert!(written.len() > 120_000);

    let request = alice.request(Method::POST, &room.path("/messages"));
    let answer = alice.send(request.header("content-type", "application/json").body(written)).await;

    assert_eq!(answer.expect(201)["body"], "🎁".repeat(10_000));
}

fn allows_everyone(answer: &Answer) -> bool {
    let origin = answer.header("access-control-allow-origin");
    origin.is_some_and(|origin| origin == "*" || origin == "https://shop.example")
}

#[tokio::test]
async fn a_page_of_another_site_may_ask_for_every_route() {
    let app = TestApp::start().await;

    for route in routes() {
        let answer = app.preflight(&route.method, &route.of(NO_ROOM)).await;
        assert!((200..300).contains(&answer.status), "{answer}");
        assert!(allows_everyone(&answer), "{answer}: {:?}", answer.headers);
        let header = |name| answer.header(name).unwrap_or_default().to_lowercase();
        let methods = header("access-control-allow-methods");
        assert!(methods.contains(&route.method.as_str().to_lowercase()), "{route:?}: {methods}");
        let headers = header("access-control-allow-headers");
        assert!(
            ["authorization", "content-type", "idempotency-key"]
                .iter()
                .all(|name| headers.contains(name)),
            "{headers}"
        );
        assert_eq!(header("access-control-max-age"), "7200", "{route:?}");
        assert!(header("vary").contains("origin"), "{route:?}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn a_page_of_another_site_may_read_answers_and_errors() {
    let app = TestApp::start().await;
    let (alice, nobody) = (app.user("alice").await, app.anonymous());
    let room = alice.opens_direct("bob").await;
    let messages = room.path("/messages");
    let json = |request: RequestBuilder, body: String| {
        request.header("content-type", "application/json").body(body)
    };

    for (request, status) in [
        (alice.request(Method::GET, "/v1/me"), 200),
        (nobody.request(Method::GET, "/v1/me"), 401),
        (alice.request(Method::GET, "/v1/palaver"), 404),
        (alice.request(Method::GET, &format!("/v1/rooms/{NO_ROOM}")), 404),
        (alice.request(Method::DELETE, "/v1/me"), 405),
        (json(alice.request(Method::POST, &messages), "{".into()), 400),
        (json(alice.request(Method::POST, &messages), "x".repeat(200_000)), 413),
        (alice.request(Method::POST, &messages).body("x"), 415),
        (json(alice.request(Method::POST, &messages), "{}".into()), 422),
    ] {
        let answer = alice.send(request.header("origin", "https://shop.example")).await;
        assert_eq!(answer.status, status, "{answer}");
        assert!(allows_everyone(&answer), "{answer}: {:?}", answer.headers);
    }
}

/// Errors tell what was wrong, and nothing about the program.
#[tokio::test]
async fn problems_show_nothing_of_the_inside() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let room = alice.opens_direct("bob").await;

    for (name, body, _) in wrong_messages() {
        let request = alice.request(Method::POST, &room.path("/messages"));
        let request = request.header("content-type", "application/json");
        let answer = alice.send(request.body(body)).await;
        for word in ["struct ", "src/", ".rs", "panicked", "ynamo", "serde", "secret"] {
            assert!(!answer.text.contains(word), "{name}: {word}: {answer}");
        }
    }
}
