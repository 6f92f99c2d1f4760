//! The OpenAPI document is generated from the code. What is served is the file that this test holds
//! to it; `UPDATE_OPENAPI=1 cargo test -p local --test openapi` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::{collections::BTreeSet, path::Path};

use utoipa::openapi::{
    InfoBuilder, OpenApi, Server,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

/// The URL tables, as they are written.
const TABLES: [&str; 2] = [
    include_str!("../../functions/chat/src/router.rs"),
    include_str!("../../functions/realtime/src/router.rs"),
];

fn document() -> OpenApi {
    let mut document = chat::openapi();
    document.merge(realtime::openapi());
    document.info = InfoBuilder::new()
        .title("Parlour")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Chat rooms as stateless functions. Errors are problem+json (RFC 9457) with a stable `code`. \
             Events reach clients through any Pusher-compatible relay; see `/v1/realtime`.",
        ))
        .build();
    document.servers = Some(vec![Server::new("/")]);
    let bearer = SecurityScheme::Http(
        Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build(),
    );
    document.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    document
}

#[test]
fn the_served_document_is_the_generated_one() {
    let generated = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(Path::new(FILE), &generated).unwrap();
    }
    let served = std::fs::read_to_string(FILE).unwrap();
    assert!(
        served == generated,
        "docs/openapi.json is old: UPDATE_OPENAPI=1 cargo test -p local --test openapi"
    );
}

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let routed: BTreeSet<String> = TABLES.iter().flat_map(|table| routes(table)).collect();
    let document = serde_json::to_value(document()).unwrap();
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
        })
        .collect();
    assert!(routed.len() > 8, "the tables could not be read: {routed:?}");
    assert_eq!(routed, documented);
}

/// Reads `.route("/path", get(…).post(…))`.
fn routes(table: &str) -> Vec<String> {
    let mut routes = Vec::new();
    let table: String = table.chars().filter(|character| !character.is_whitespace()).collect();
    for entry in table.split(".route(\"").skip(1) {
        let (path, handlers) = entry.split_once('"').unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            let chained = [format!(",{method}("), format!(".{method}(")];
            if chained.iter().any(|call| handlers.contains(call)) {
                routes.push(format!("{method} {path}"));
            }
        }
    }
    routes
}
