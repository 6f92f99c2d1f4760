//! Starting, stopping, and what cannot be started.

use std::{net::TcpListener, path::Path, process::Output};

use local::hub;
use reqwest::Method;
use serde_json::json;
use shared::secret::Secret;
use tests::Site;

use crate::program::{Folder, Program, run, run_with};

/// Mission E5.
#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let folder = Folder::new();
    let program = Program::start(folder.path()).await;
    let (alice, bob) = (program.site.user("alice").await, program.site.user("bob").await);
    let room = alice.opens_direct("bob").await;
    alice.posts_all(&room, ["one", "two", "three"]).await;
    bob.marks_read(&room, 2).await;
    let (log, before) = (bob.whole_log(&room).await, bob.inbox("").await.rooms);
    assert!(program.terminate().await.success());

    let program = Program::start(folder.path()).await;
    let bob = program.site.user("bob").await;

    assert_eq!(bob.whole_log(&room).await, log);
    assert_eq!(bob.inbox("").await.rooms[0].json, before[0].json);
    assert_eq!(program.site.user("alice").await.opens_direct("bob").await.id, room.id);
    assert_eq!(bob.posts(&room, "four").await["seq"], 4);
}

#[tokio::test]
async fn without_a_folder_everything_is_gone_with_the_program() {
    let data = std::path::Path::new(":memory:");
    let program = Program::start(data).await;
    program.site.user("alice").await.opens_direct("bob").await;
    assert!(program.terminate().await.success());
    assert!(!data.exists());

    let program = Program::start(data).await;

    assert!(program.site.user("alice").await.inbox("").await.rooms.is_empty());
}

#[tokio::test]
async fn asked_to_end_it_ends_although_somebody_listens() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let program = Program::start(folder.path()).await;
        let alice = program.site.user("alice").await;
        let room = alice.opens_direct("bob").await;
        let _listener = alice.listens_to(&room).await;

        let status = program.ended_by(signal).await;

        assert_eq!(status.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn a_sender_posts_as_fast_as_it_can_unless_a_rate_is_asked_for() {
    let folder = Folder::new();
    let posts = async |program: &Program, posts: usize| {
        let alice = program.site.user("alice").await;
        let room = alice.opens_direct("bob").await;
        let (path, hello) = (room.path("/messages"), serde_json::json!({ "body": "hello" }));
        let mut through = 0;
        for _ in 0..posts {
            through += usize::from(alice.post(&path, hello.clone()).await.status == 201);
        }
        through
    };
    let program = Program::start(folder.path()).await;
    assert_eq!(posts(&program, 50).await, 50);
    assert!(program.terminate().await.success());

    let slow = ["--post-rate", "0.001/2"];
    let program = Program::start_with("127.0.0.1:0", folder.path(), slow).await;

    assert_eq!(posts(&program, 5).await, 2);
}

/// Another server for Pusher's protocol takes the place of the program's own hub, by configuration alone.
/// Mission A15.
#[tokio::test]
async fn events_go_through_whatever_relay_the_environment_names() {
    let credentials = [
        ("PARLOUR_RELAY_APP_ID", "elsewhere"),
        ("PARLOUR_RELAY_KEY", "another-key"),
        ("PARLOUR_RELAY_SECRET", "another-secret"),
    ];
    // The app alone is that of the program's own hub.
    let relay = Program::start_set(&credentials).await;
    let (_, port) = relay.address.rsplit_once(':').expect("a port");
    let place = [
        ("PARLOUR_RELAY_HOST", "127.0.0.1"),
        ("PARLOUR_RELAY_PORT", port),
        ("PARLOUR_RELAY_TLS", "false"),
    ];
    let app = Program::start_set(&[credentials, place].concat()).await;
    let (alice, bob) = (app.site.user("alice").await, app.site.user("bob").await);
    let settings = alice.get("/v1/realtime").await.expect(200);
    assert_eq!(settings["port"].to_string(), port, "clients are told of the relay");
    assert_eq!(settings["key"], "another-key");
    let room = alice.opens_direct("bob").await;
    let of_the_relay = hub::App {
        id: "elsewhere".into(),
        key: "another-key".into(),
        secret: Secret::new("another-secret"),
    };
    let mut listener = bob.listens_to(&room).await.of_app(of_the_relay);

    assert_eq!(alice.posts(&room, "over there").await["delivered"], true);

    let heard = listener.hears_only(&["new_message"]).await;
    assert_eq!(heard[0].data["body"], "over there");
    // Nothing of a hub is left at the program, whoever asks for it.
    for app_id in ["elsewhere", tests::RELAY_APP] {
        let events = format!("/apps/{app_id}/events");
        assert_eq!(app.site.anonymous().post(&events, json!({})).await.status, 404);
        assert_ne!(relay.site.anonymous().post(&events, json!({})).await.status, 200);
    }
    for path in
        ["/app/another-key?protocol=7", "/app/parlour-key?protocol=7", "/apps/elsewhere/channels"]
    {
        assert_eq!(app.site.anonymous().get(path).await.status, 404, "{path}");
    }
}

/// The laptop's own environment names the program itself.
#[tokio::test]
async fn a_relay_that_is_the_program_itself_is_its_own_hub() {
    let listen = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    };
    let (_, port) = listen.rsplit_once(':').expect("a port");
    let program = Program::start_set_at(
        &listen,
        &[
            ("PARLOUR_RELAY_HOST", "localhost"),
            ("PARLOUR_RELAY_PORT", port),
            ("PARLOUR_RELAY_TLS", "false"),
        ],
    )
    .await;

    is_heard_at(&program).await;
}

/// Somebody listens, and hears what is posted.
async fn is_heard_at(program: &Program) {
    let (alice, bob) = (program.site.user("alice").await, program.site.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let mut listener = bob.listens_to(&room).await;

    assert_eq!(alice.posts(&room, "hello").await["delivered"], true);

    listener.hears_only(&["new_message"]).await;
}

#[tokio::test]
async fn it_listens_at_addresses_of_ipv6_too() {
    if TcpListener::bind("[::1]:0").is_err() {
        return; // This machine has none.
    }
    let program = Program::start_at("[::1]:0", Path::new(":memory:")).await;
    assert!(program.address.starts_with("[::1]:"), "{}", program.address);
    let settings = program.site.user("alice").await.get("/v1/realtime").await.expect(200);
    assert_eq!(settings["host"], "[::1]");

    is_heard_at(&program).await;
}

/// A phone on the same network is told the address by which it came.
#[tokio::test]
async fn whoever_comes_from_elsewhere_finds_the_relay_there() {
    let program = Program::start_at("0.0.0.0:0", Path::new(":memory:")).await;
    let alice = program.site.user("alice").await;
    let request = alice.request(Method::GET, "/v1/realtime").header("host", "192.168.1.7:3000");

    let told = alice.send(request).await.expect(200);

    assert_eq!((&told["host"], &told["port"]), (&json!("192.168.1.7"), &json!(3000)));
    assert_eq!(told["auth_url"], "http://192.168.1.7:3000/v1/realtime/auth");
    is_heard_at(&program).await;
}

#[tokio::test]
async fn whoever_lets_others_in_with_the_demo_secrets_is_warned_in_one_line() {
    let secret = "0123456789abcdef0123456789abcdef";
    let (tokens, relay) = (("PARLOUR_JWT_SECRET", secret), ("PARLOUR_RELAY_SECRET", secret));
    for (listen, settings, named) in [
        ("0.0.0.0:0", &[][..], &["PARLOUR_JWT_SECRET", "PARLOUR_RELAY_SECRET"][..]),
        ("0.0.0.0:0", &[tokens], &["PARLOUR_RELAY_SECRET"]),
        ("0.0.0.0:0", &[relay], &["PARLOUR_JWT_SECRET"]),
        ("0.0.0.0:0", &[tokens, relay], &[]),
        ("127.0.0.1:0", &[], &[]),
    ] {
        let complaints = Program::start_set_at(listen, settings).await.complaints().await;

        assert_eq!(complaints.len(), usize::from(!named.is_empty()), "{complaints:?}");
        let said = complaints.concat();
        for name in ["PARLOUR_JWT_SECRET", "PARLOUR_RELAY_SECRET"] {
            assert_eq!(said.contains(name), named.contains(&name), "{said}");
        }
    }
}

/// Mission C14: where it listens unless told otherwise.
#[tokio::test]
async fn asked_for_help_it_lists_its_options() {
    let output = run(["--help"]).await;

    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    for option in ["--listen", "--data", "--dynamodb", "--post-rate", "127.0.0.1:3000"] {
        assert!(said.contains(option), "no {option}: {said}");
    }
}

/// One line says what is wrong, and the exit status that something is.
#[track_caller]
fn is_refused_with_one_line(output: &Output, about: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{:?}: {said}", output.status);
    assert!(output.status.code().is_some(), "ended by a signal: {said}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains(about), "nothing of {about:?}: {said}");
    for word in ["panicked", "RUST_BACKTRACE", "Error {", "Os {"] {
        assert!(!said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn an_unknown_argument_is_named() {
    let wrong_rate = ["--post-rate", "palaver"];
    for arguments in
        [&["--palaver"][..], &["--listen", "palaver"], &wrong_rate, &["palaver"], &["--data"]]
    {
        let output = run(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let first = said.lines().next().unwrap_or_default();
        assert!(first.contains(arguments[arguments.len() - 1]), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let output = run(["--listen", &address, "--data", ":memory:"]).await;

    is_refused_with_one_line(&output, &address);
}

#[tokio::test]
async fn settings_of_tokens_that_contradict_each_other_are_named() {
    let secret = "0123456789abcdef0123456789abcdef";
    for (settings, name) in [
        (&[("PARLOUR_JWT_SECRET", "too-short")][..], "PARLOUR_JWT_SECRET"),
        (&[("PARLOUR_JWT_SECRET_PREVIOUS", secret)], "PARLOUR_JWT_SECRET_PREVIOUS"),
        (&[("PARLOUR_JWKS_URL", "http://id.example/keys")], "PARLOUR_JWKS_URL"),
        (
            &[("PARLOUR_JWKS_URL", "https://id.example/keys"), ("PARLOUR_JWT_SECRET", secret)],
            "PARLOUR_JWKS_URL",
        ),
        (&[("PARLOUR_GUEST_SECRET", "too-short")], "PARLOUR_GUEST_SECRET"),
        (&[("PARLOUR_JWT_ISSUER", "parlour-guests")], "PARLOUR_JWT_ISSUER"),
    ] {
        let output = run_with(settings, ["--listen", "127.0.0.1:0", "--data", ":memory:"]).await;

        is_refused_with_one_line(&output, &format!("{name} "));
        assert!(!String::from_utf8_lossy(&output.stderr).contains(secret), "{name}");
    }
}

/// The store asks nobody who they are.
#[tokio::test]
async fn the_store_is_not_served_to_other_machines() {
    let output = run(["--listen", "127.0.0.1:0", "--data", ":memory:", "--dynamodb", "0.0.0.0:0"]);

    is_refused_with_one_line(&output.await, "0.0.0.0:0");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "no folder").unwrap();
    let below = file.join("data").to_string_lossy().into_owned();

    let output = run(["--listen", "127.0.0.1:0", "--data", &below]).await;

    is_refused_with_one_line(&output, "a-file");
}

#[tokio::test]
async fn a_second_program_on_the_same_folder_is_refused() {
    let folder = Folder::new();
    let first = Program::start(folder.path()).await;
    let data = folder.path().to_string_lossy().into_owned();

    let output = run(["--listen", "127.0.0.1:0", "--data", &data]).await;

    is_refused_with_one_line(&output, &data);
    let alice = first.site.user("alice").await;
    let room = alice.opens_direct("bob").await;
    assert_eq!(alice.posts(&room, "still here").await["seq"], 1);
    // A program that was killed leaves the folder to the next.
    first.kill().await;
    let next = Program::start(folder.path()).await;
    assert_eq!(next.site.user("bob").await.history(&room).await.bodies(), ["still here"]);
}

/// Two programs each with a port and a folder of their own know nothing of each other.
#[tokio::test]
async fn two_programs_are_two_worlds() {
    let folders = [Folder::new(), Folder::new()];
    let (one, other) =
        (Program::start(folders[0].path()).await, Program::start(folders[1].path()).await);
    let id = async |site: &Site| site.user("alice").await.opens_direct("bob").await.id;

    assert_ne!(id(&one.site).await, id(&other.site).await, "the salt is each table's own");
}
