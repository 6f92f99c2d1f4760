//! The OpenAPI document is generated from the code, its examples from the sample events and what the
//! functions answer to them. What is served is the file that this test holds to it;
//! `UPDATE_OPENAPI=1 cargo test -p local --test openapi` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test panics where it fails")]

mod samples;

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};
use utoipa::openapi::{
    Content, InfoBuilder, OpenApi, RefOr, Schema, Server,
    path::Operation,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
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
    let signature = ApiKeyValue::with_description(
        "X-Pusher-Signature",
        "HMAC-SHA256 of the raw body under the secret of the relay's app",
    );
    let webhook = SecurityScheme::ApiKey(ApiKey::Header(signature));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", bearer);
    components.add_security_scheme("webhook", webhook);
    document
}

/// The document with an example of each operation's request and of its usual answer.
async fn with_examples() -> OpenApi {
    let mut document = document();
    for run in samples::run_all().await {
        assert_eq!(run.status, run.expected, "{}: {}", run.name, run.body);
        let operation = operation(&mut document, run.name);
        if let (Some(RefOr::T(request)), Some(body)) =
            (&mut operation.request_body, run.sent.as_deref())
        {
            request.content.values_mut().for_each(|content| show(content, &readable(body)));
        }
        let answer = operation.responses.responses.get_mut(&run.status.to_string());
        if let Some(RefOr::T(answer)) = answer {
            let example = without_chance(run.body);
            answer.content.values_mut().for_each(|content| show(content, &example));
        }
    }
    document
}

/// The operation of this name.
fn operation<'a>(document: &'a mut OpenApi, name: &str) -> &'a mut Operation {
    let operations = document.paths.paths.values_mut().flat_map(|path| {
        [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete]
    });
    let mut operations = operations.flatten();
    operations.find(|operation| operation.operation_id.as_deref() == Some(name)).unwrap()
}

/// Shows an example of a schema that has a name: what has none is a whole document or no JSON.
fn show(content: &mut RefOr<Content>, example: &Value) {
    if let RefOr::T(content) = content
        && !matches!(content.schema, Some(RefOr::T(Schema::Object(_))))
    {
        content.example = Some(example.clone());
    }
}

/// A sample's body, which is JSON or a form.
fn readable(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| {
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), json!(value))).collect()
    })
}

/// A guest's id is random, and its token is of the moment.
fn without_chance(mut answer: Value) -> Value {
    if answer["token"].is_string() {
        answer["token"] = json!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…");
        answer["id"] = json!("5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10");
    }
    answer
}

#[tokio::test]
async fn the_served_document_is_the_generated_one() {
    let generated = with_examples().await.to_pretty_json().unwrap() + "\n";
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
