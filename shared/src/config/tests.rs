//! What is read from the environment, and what is refused.

use std::collections::{BTreeMap, BTreeSet};

use tracing::level_filters::LevelFilter;

use super::*;

const KEY_SET: &str = "https://id.example/keys";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210";

fn read(changes: &[(&'static str, &str)]) -> Result<Config, String> {
    let mut values = BTreeMap::from([
        ("AWS_REGION", "eu-central-1"),
        ("PARLOUR_TABLE", "parlour"),
        ("PARLOUR_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("PARLOUR_JWT_ISSUER", "shop"),
        ("PARLOUR_JWT_AUDIENCE", "parlour"),
        ("PARLOUR_RELAY_APP_ID", "1"),
        ("PARLOUR_RELAY_KEY", "key"),
        ("PARLOUR_RELAY_SECRET", "secret"),
        ("PARLOUR_RELAY_CLUSTER", "eu"),
    ]);
    values.extend(changes.iter().copied());
    let get = |name: &str| values.get(name).map(|value| (*value).to_owned());
    Config::read(&Settings { get: &get }).map_err(|error| error.to_string())
}

#[test]
fn a_cluster_is_enough_to_reach_hosted_pusher() {
    let relay = read(&[]).unwrap().services.relay;
    assert_eq!(relay.api, Endpoint { host: "api-eu.pusher.com".into(), port: 443, tls: true });
    let socket = Endpoint { host: "ws-eu.pusher.com".into(), port: 443, tls: true };
    assert_eq!(relay.socket, Some(socket));
}

#[test]
fn another_server_needs_a_host_and_says_so_once() {
    let own = [
        ("PARLOUR_RELAY_CLUSTER", ""),
        ("PARLOUR_RELAY_HOST", "relay.example"),
        ("PARLOUR_RELAY_PORT", "6001"),
        ("PARLOUR_RELAY_TLS", "false"),
    ];
    let relay = read(&own).unwrap().services.relay;
    let expected = Endpoint { host: "relay.example".into(), port: 6001, tls: false };
    assert_eq!((relay.api, relay.socket), (expected.clone(), Some(expected)));
}

#[test]
fn clients_connect_where_the_api_is_unless_they_are_sent_elsewhere() {
    let socket = |tls: &str, changes: &[(&'static str, &str)]| {
        let own = [
            ("PARLOUR_RELAY_CLUSTER", ""),
            ("PARLOUR_RELAY_HOST", "::1"),
            ("PARLOUR_RELAY_PORT", "6001"),
            ("PARLOUR_RELAY_TLS", tls),
        ];
        let relay = read(&[own.as_slice(), changes].concat()).unwrap().services.relay;
        assert_eq!(relay.api.host, "[::1]", "as it stands in a URL");
        let socket = relay.socket.unwrap();
        (socket.host, socket.port, socket.tls)
    };
    let (with, without) =
        (("PARLOUR_RELAY_SOCKET_TLS", "true"), ("PARLOUR_RELAY_SOCKET_TLS", "false"));
    let here = || "[::1]".to_owned();
    assert_eq!(socket("true", &[]), (here(), 6001, true));
    assert_eq!(socket("true", &[with]), (here(), 6001, true));
    assert_eq!(socket("false", &[without]), (here(), 6001, false));
    // The API's port speaks something else.
    assert_eq!(socket("false", &[with]), (here(), 443, true));
    assert_eq!(socket("true", &[without]), (here(), 80, false));
    let elsewhere =
        [with, ("PARLOUR_RELAY_SOCKET_HOST", "ws.example"), ("PARLOUR_RELAY_SOCKET_PORT", "8443")];
    assert_eq!(socket("false", &elsewhere), ("ws.example".into(), 8443, true));
}

/// What the settings make of a program that listens at an address: nothing where that is another relay
/// than its own, or the app of its own.
fn own_app(listens: &str, settings: &[(&str, &str)]) -> Result<Option<[String; 3]>, String> {
    let settings: BTreeMap<&str, &str> = settings.iter().copied().collect();
    let get = |name: &str| settings.get(name).map(|value| (*value).to_owned());
    let relay = Settings { get: &get }.program_relay(listens.parse().unwrap());
    match relay.map_err(|error| error.to_string())? {
        ProgramRelay::Own { app_id, key, secret } => {
            let secret = secret.map(|secret| secret.expose().to_owned());
            Ok(Some([app_id, key, secret].map(Option::unwrap_or_default)))
        }
        ProgramRelay::Other(_) => Ok(None),
    }
}

const APP: [(&str, &str); 3] = [
    ("PARLOUR_RELAY_APP_ID", "1"),
    ("PARLOUR_RELAY_KEY", "key"),
    ("PARLOUR_RELAY_SECRET", "secret"),
];

#[test]
fn a_program_is_its_own_relay_unless_another_is_named() {
    let own = |listens: &str, relay: [&str; 3]| {
        let names = ["PARLOUR_RELAY_HOST", "PARLOUR_RELAY_PORT", "PARLOUR_RELAY_TLS"];
        let relay: Vec<_> = names.into_iter().zip(relay).chain(APP).collect();
        own_app(listens, &relay).unwrap().is_some()
    };
    for (listens, relay) in [
        ("127.0.0.1:3000", ["127.0.0.1", "3000", "false"]),
        ("127.0.0.1:3000", ["localhost", "3000", "false"]),
        ("127.0.0.1:80", ["127.0.0.1", "", "false"]),
        ("[::1]:3000", ["::1", "3000", "false"]),
        ("[::1]:3000", ["[::1]", "3000", "false"]),
        ("0.0.0.0:3000", ["127.0.0.1", "3000", "false"]),
        ("[::]:3000", ["localhost", "3000", "false"]),
        ("192.168.1.7:3000", ["192.168.1.7", "3000", "false"]),
    ] {
        assert!(own(listens, relay), "{listens}: {relay:?}");
    }
    for (listens, relay) in [
        ("127.0.0.1:3000", ["127.0.0.1", "3001", "false"]),
        ("127.0.0.1:3000", ["127.0.0.1", "3000", "true"]),
        ("127.0.0.1:3000", ["127.0.0.2", "3000", "false"]),
        ("127.0.0.1:3000", ["relay.example", "3000", "false"]),
        ("192.168.1.7:3000", ["localhost", "3000", "false"]),
        ("127.0.0.1:0", ["127.0.0.1", "3000", "false"]),
    ] {
        assert!(!own(listens, relay), "{listens}: {relay:?}");
    }
    let cluster = [APP.as_slice(), &[("PARLOUR_RELAY_CLUSTER", "eu")]].concat();
    assert_eq!(own_app("127.0.0.1:3000", &cluster), Ok(None));
    let missing = "PARLOUR_RELAY_APP_ID is not set".to_owned();
    assert_eq!(own_app("127.0.0.1:3000", &cluster[3..]), Err(missing));
}

#[test]
fn a_programs_own_relay_has_the_app_that_is_set_as_far_as_it_is() {
    let all = ["1", "key", "secret"].map(str::to_owned);
    assert_eq!(own_app("127.0.0.1:3000", &APP), Ok(Some(all)));
    let key = ["", "key", ""].map(str::to_owned);
    assert_eq!(own_app("127.0.0.1:3000", &APP[1..2]), Ok(Some(key)));
    assert_eq!(own_app("127.0.0.1:3000", &[]), Ok(Some(Default::default())));
}

const LAPTOP: &str = include_str!("../../../infra/local.env");

/// `set -a; . infra/local.env; bin/dev` is as `bin/dev` alone.
#[test]
fn with_the_laptops_settings_the_program_is_its_own_relay() {
    let set: Vec<_> = LAPTOP.lines().filter_map(|line| line.split_once('=')).collect();
    let demo = ["parlour", "parlour-key", "parlour-secret"].map(str::to_owned);
    assert_eq!(own_app("127.0.0.1:3000", &set), Ok(Some(demo)));
}

#[test]
fn every_setting_stands_in_the_laptops_environment_and_in_the_deployments() {
    let template = include_str!("../../../infra/template.yaml");
    let of_a_name = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let words = include_str!("../config.rs").split(|letter: char| !of_a_name(letter));
    let names: BTreeSet<&str> = words.filter(|word| word.starts_with("PARLOUR_")).collect();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        let line = format!("{name}=");
        assert!(LAPTOP.lines().any(|l| l.starts_with(&line)), "infra/local.env: {name}");
        let line = format!("{name}:");
        assert!(
            template.lines().any(|l| l.trim_start().starts_with(&line)),
            "infra/template.yaml: {name}"
        );
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for (name, value, message) in [
        ("PARLOUR_TABLE", "", "PARLOUR_TABLE is not set"),
        ("PARLOUR_JWT_SECRET", "", "PARLOUR_JWT_SECRET is not set, nor PARLOUR_JWKS_URL"),
        ("PARLOUR_JWT_SECRET", "short", "PARLOUR_JWT_SECRET is shorter than 32 bytes"),
        (
            "PARLOUR_JWT_SECRET_PREVIOUS",
            "short",
            "PARLOUR_JWT_SECRET_PREVIOUS is shorter than 32 bytes",
        ),
        ("PARLOUR_GUEST_SECRET", "short", "PARLOUR_GUEST_SECRET is shorter than 32 bytes"),
        (
            "PARLOUR_JWKS_URL",
            KEY_SET,
            "PARLOUR_JWKS_URL is set, and so is PARLOUR_JWT_SECRET; unset one",
        ),
        ("PARLOUR_JWT_ISSUER", "", "PARLOUR_JWT_ISSUER is not set"),
        (
            "PARLOUR_JWT_ISSUER",
            "parlour-guests",
            "PARLOUR_JWT_ISSUER is parlour-guests, which is the issuer of guests' tokens alone",
        ),
        ("PARLOUR_JWT_AUDIENCE", "", "PARLOUR_JWT_AUDIENCE is not set"),
        ("PARLOUR_RELAY_PORT", "70000", "PARLOUR_RELAY_PORT is not a port"),
        ("PARLOUR_RELAY_TLS", "maybe", "PARLOUR_RELAY_TLS is not true or false"),
        ("PARLOUR_USER_SEARCH", "false", "PARLOUR_USER_SEARCH is not on or off"),
        (
            "PARLOUR_POST_RATE",
            "5",
            "PARLOUR_POST_RATE is not so many a second and so many at once, like 5/30 or 0.5/10, nor off",
        ),
        (
            "PARLOUR_RETENTION",
            "support=3",
            "PARLOUR_RETENTION holds \"support=3\", which is not a kind of room and from 9 days on, like support=365",
        ),
        ("PARLOUR_GUESTS", "yes", "PARLOUR_GUESTS is not on or off"),
        (
            "PARLOUR_RELAY_ENCRYPTION_KEY",
            "c2hvcnQ=",
            "PARLOUR_RELAY_ENCRYPTION_KEY is not 32 bytes in base64",
        ),
        (
            "PARLOUR_RELAY_KEY_PREVIOUS",
            "old-key",
            "PARLOUR_RELAY_SECRET_PREVIOUS is not set, but PARLOUR_RELAY_KEY_PREVIOUS is",
        ),
        ("PARLOUR_APP_WEBHOOK_PRIVATE", "yes", "PARLOUR_APP_WEBHOOK_PRIVATE is not on or off"),
        (
            "PARLOUR_APP_WEBHOOK_URL",
            "https://app.example/hooks",
            "PARLOUR_APP_WEBHOOK_SECRET is not set, but PARLOUR_APP_WEBHOOK_URL is",
        ),
        (
            "PARLOUR_APP_WEBHOOK_URL",
            "https://169.254.169.254/",
            "PARLOUR_APP_WEBHOOK_URL is a private address, which PARLOUR_APP_WEBHOOK_PRIVATE does not let through",
        ),
        (
            "PARLOUR_APP_WEBHOOK_SECRET",
            "secret",
            "PARLOUR_APP_WEBHOOK_SECRET is not whsec_ and 24 to 64 bytes in base64",
        ),
        (
            "PARLOUR_APP_WEBHOOK_EVENTS",
            "message.created, room.closed",
            "PARLOUR_APP_WEBHOOK_EVENTS holds \"room.closed\", which is none of message.created, room.opened, room.archived, report.filed, person.erased",
        ),
        ("PARLOUR_PRESENCE", "maybe", "PARLOUR_PRESENCE is not on or off"),
        ("PARLOUR_RELAY_CLUSTER", "", "PARLOUR_RELAY_HOST is not set, nor PARLOUR_RELAY_CLUSTER"),
        (
            "PARLOUR_CORS_ORIGINS",
            "https://shop.example/",
            "PARLOUR_CORS_ORIGINS holds \"https://shop.example/\", which is no origin like https://shop.example",
        ),
    ] {
        assert_eq!(read(&[(name, value)]).err().as_deref(), Some(message));
    }
}

#[test]
fn a_key_set_stands_in_the_place_of_a_secret() {
    let no_secret = ("PARLOUR_JWT_SECRET", "");
    let tokens = read(&[no_secret, ("PARLOUR_JWKS_URL", KEY_SET)]).unwrap().tokens;
    assert!(matches!(tokens.keys, IssuerKeys::KeySet(_)));
    assert!(tokens.guests.is_none());
    for (changes, message) in [
        (
            [("PARLOUR_JWKS_URL", "http://id.example/keys"), ("PARLOUR_GUESTS", "")],
            "PARLOUR_JWKS_URL is not an https URL (http only for this machine)",
        ),
        (
            [("PARLOUR_JWKS_URL", KEY_SET), ("PARLOUR_JWT_SECRET_PREVIOUS", OTHER_SECRET)],
            "PARLOUR_JWT_SECRET_PREVIOUS is set, but not PARLOUR_JWT_SECRET",
        ),
        (
            [("PARLOUR_JWKS_URL", KEY_SET), ("PARLOUR_GUESTS", "on")],
            "PARLOUR_GUEST_SECRET is not set, and guests need one where PARLOUR_JWKS_URL is set",
        ),
    ] {
        let changes = [&[no_secret], changes.as_slice()].concat();
        assert_eq!(read(&changes).err().as_deref(), Some(message));
    }
}

#[test]
fn guests_have_the_applications_secret_or_one_of_their_own() {
    let guests = |changes: &[_]| {
        let tokens = read(changes).unwrap().tokens;
        tokens.guests.map(|secrets| secrets.current.expose().to_owned())
    };
    assert_eq!(guests(&[]).as_deref(), Some("0123456789abcdef0123456789abcdef"));
    let own = ("PARLOUR_GUEST_SECRET", OTHER_SECRET);
    assert_eq!(guests(&[own]).as_deref(), Some(OTHER_SECRET));
    let key_set = [own, ("PARLOUR_JWT_SECRET", ""), ("PARLOUR_JWKS_URL", KEY_SET)];
    assert_eq!(guests(&key_set).as_deref(), Some(OTHER_SECRET));
}

#[test]
fn a_laptop_needs_no_settings_and_takes_those_there_are() {
    let demo = TokenSettings {
        keys: IssuerKeys::Secrets(Secrets::only(Secret::new("demo"))),
        issuer: "demo".into(),
        audience: "parlour".into(),
        guests: Some(Secrets::only(Secret::new("demo"))),
    };
    let nothing = Settings { get: &|_| None }.tokens_or(demo.clone()).unwrap();
    assert!(matches!(nothing.keys, IssuerKeys::Secrets(_)));
    assert_eq!((nothing.issuer.as_str(), nothing.audience.as_str()), ("demo", "parlour"));
    let set = |name: &str| match name {
        "PARLOUR_JWKS_URL" => Some(KEY_SET.to_owned()),
        "PARLOUR_JWT_ISSUER" => Some("https://id.example/".to_owned()),
        _ => None,
    };
    let some = Settings { get: &set }.tokens_or(demo).unwrap();
    assert!(matches!(some.keys, IssuerKeys::KeySet(_)));
    assert_eq!(some.issuer, "https://id.example/");
    assert!(some.guests.is_some(), "a laptop's guests still have a secret");
}

#[test]
fn a_deployment_has_the_search_and_no_guests_unless_it_says_otherwise() {
    let features = |changes: &[_]| read(changes).unwrap().services.features;
    assert_eq!(features(&[]), Features { user_search: true, guests: false, presence: false });
    let other =
        [("PARLOUR_USER_SEARCH", "off"), ("PARLOUR_GUESTS", "on"), ("PARLOUR_PRESENCE", "on")];
    assert_eq!(features(&other), Features { user_search: false, guests: true, presence: true });
}

#[test]
fn the_relays_key_and_secret_are_replaced_together_or_the_secret_alone() {
    let previous = |changes: &[_]| {
        let app = read(changes).unwrap().services.relay.previous;
        app.map(|app| (app.key, app.secret.expose().to_owned()))
    };
    let (old_key, old_secret) =
        (("PARLOUR_RELAY_KEY_PREVIOUS", "old"), ("PARLOUR_RELAY_SECRET_PREVIOUS", "hush"));
    assert_eq!(previous(&[]), None);
    assert_eq!(previous(&[old_key, old_secret]), Some(("old".into(), "hush".into())));
    assert_eq!(previous(&[old_secret]), Some(("key".into(), "hush".into())));
}

const HOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_HOOK_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

#[test]
fn the_applications_server_is_told_everything_unless_it_wants_less() {
    let webhooks = |changes: &[_]| {
        let receiver = [
            ("PARLOUR_APP_WEBHOOK_URL", "https://app.example/hooks"),
            ("PARLOUR_APP_WEBHOOK_SECRET", HOOK_SECRET),
        ];
        read(&[receiver.as_slice(), changes].concat()).unwrap().services.webhooks.unwrap()
    };
    assert!(
        read(&[("PARLOUR_APP_WEBHOOK_SECRET", HOOK_SECRET)]).unwrap().services.webhooks.is_none()
    );
    assert_eq!(webhooks(&[]).events, BTreeSet::from(HookKind::ALL));
    assert_eq!(webhooks(&[]).secrets.previous, None);
    let some = webhooks(&[
        ("PARLOUR_APP_WEBHOOK_EVENTS", "report.filed, message.created"),
        ("PARLOUR_APP_WEBHOOK_SECRET_PREVIOUS", OLD_HOOK_SECRET),
    ]);
    let wanted = [HookKind::MessageCreated, HookKind::ReportFiled];
    assert_eq!(some.events, BTreeSet::from(wanted));
    assert_eq!(some.secrets.previous, SigningSecret::parse(OLD_HOOK_SECRET));
}

/// A laptop's receiver is on the laptop; a deployment's is not, unless it says so.
#[test]
fn an_applications_server_on_this_machine_is_told_on_a_laptop_alone() {
    let get = |private: &'static str| {
        move |name: &str| match name {
            "PARLOUR_APP_WEBHOOK_URL" => Some("http://127.0.0.1:4000/hooks".to_owned()),
            "PARLOUR_APP_WEBHOOK_SECRET" => Some(HOOK_SECRET.to_owned()),
            "PARLOUR_APP_WEBHOOK_PRIVATE" => Some(private.to_owned()),
            _ => None,
        }
    };
    let told = |private, unless_set| Settings { get: &get(private) }.webhooks(unless_set).is_ok();
    assert!(told("", true) && told("on", false));
    assert!(!told("", false) && !told("off", true));
}

#[test]
fn secrets_are_not_printed() {
    let all = [
        ("PARLOUR_APP_WEBHOOK_URL", "https://app.example/hooks/hidden-path"),
        ("PARLOUR_APP_WEBHOOK_SECRET", HOOK_SECRET),
        ("PARLOUR_APP_WEBHOOK_SECRET_PREVIOUS", OLD_HOOK_SECRET),
        ("PARLOUR_JWT_SECRET_PREVIOUS", OTHER_SECRET),
        ("PARLOUR_GUEST_SECRET", "0123456789abcdef0123456789guests"),
        ("PARLOUR_RELAY_SECRET_PREVIOUS", OTHER_SECRET),
        ("PARLOUR_RELAY_ENCRYPTION_KEY", "zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhPU="),
    ];
    let shown = format!("{:?}", read(&all).unwrap());
    assert!(!shown.contains("0123456789abcdef") && !shown.contains(OTHER_SECRET), "{shown}");
    assert!(!shown.contains("\"secret\"") && !shown.contains("zyrm8"), "{shown}");
    for hidden in ["MfKQ9", "C2FVs", "hidden-path"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
}

#[test]
fn logs_are_as_lambda_is_configured_and_never_keep_a_function_from_starting() {
    let read = |level: &str, format: &str| {
        let (level, format) = (level.to_owned(), format.to_owned());
        let get = |name: &str| match name {
            "AWS_LAMBDA_LOG_LEVEL" => Some(level.clone()),
            "AWS_LAMBDA_LOG_FORMAT" => Some(format.clone()),
            _ => None,
        };
        let settings = LogSettings::read(&Settings { get: &get });
        (settings.level, settings.json)
    };
    assert_eq!(read("", ""), (LevelFilter::INFO, false));
    assert_eq!(read("DEBUG", "JSON"), (LevelFilter::DEBUG, true));
    assert_eq!(read("FATAL", "Text"), (LevelFilter::ERROR, false));
    assert_eq!(read("loud", "yaml"), (LevelFilter::INFO, false));
}

#[test]
fn a_deployment_limits_how_often_things_are_done_unless_it_says_otherwise() {
    let limits = |changes: &[_]| read(changes).unwrap().services.limits;
    assert_eq!(limits(&[]).posts, Some(Rate::new(5, 30)));
    assert!(limits(&[]).openings.and(limits(&[]).searches).and(limits(&[]).guests).is_some());
    let other = limits(&[("PARLOUR_POST_RATE", "1/2"), ("PARLOUR_OPEN_RATE", "off")]);
    assert_eq!((other.posts, other.openings), (Some(Rate::new(1, 2)), None));
}

#[test]
fn requests_are_traced_where_lambda_names_the_daemon() {
    let telemetry = |changes: &[(&'static str, &str)]| read(changes).map(|it| it.telemetry);
    assert_eq!(telemetry(&[]), Ok(TelemetrySettings::default()));
    let daemon = ("AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1:2000");
    assert_eq!(telemetry(&[daemon]), Ok(TelemetrySettings::default()), "nobody asked for it");
    let on = ("PARLOUR_TRACING", "on");
    let figures = ("PARLOUR_METRICS_NAMESPACE", "Parlour/shop");
    let settings = telemetry(&[daemon, on, figures]).unwrap();
    assert_eq!(settings.xray, Some(SocketAddr::from(([169, 254, 100, 1], 2000))));
    assert_eq!(settings.namespace.as_deref(), Some("Parlour/shop"));
    let problem = telemetry(&[on]).unwrap_err();
    assert!(problem.starts_with("AWS_XRAY_DAEMON_ADDRESS is not set"), "{problem}");
    let problem = telemetry(&[on, ("AWS_XRAY_DAEMON_ADDRESS", "here")]).unwrap_err();
    assert!(problem.starts_with("AWS_XRAY_DAEMON_ADDRESS is not an address"), "{problem}");
}
