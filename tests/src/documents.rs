//! What Parlour says of itself, docs/asyncapi.json and docs/openapi.json, as a judge of what it does.
//!
//! Both let clients meet keys that they do not know. The judge does not: a key that is published or
//! answered must be in the document.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

static ASYNCAPI: LazyLock<Events> =
    LazyLock::new(|| Events::read(include_str!("../../docs/asyncapi.json")));

static OPENAPI: LazyLock<Answers> =
    LazyLock::new(|| Answers::read(include_str!("../../docs/openapi.json")));

/// What is wrong with an event on a channel, if anything is: a name, a channel or data that
/// docs/asyncapi.json does not describe. Nothing is said of dialects, which docs/dialects.md describes.
pub fn event_fault(channel: &str, name: &str, data: &Value) -> Option<String> {
    if OF_DIALECTS.iter().any(|prefix| channel.starts_with(prefix)) {
        return None;
    }
    ASYNCAPI.fault(channel, name, data)
}

/// The names of the events that docs/asyncapi.json describes.
pub fn event_names() -> BTreeSet<String> {
    ASYNCAPI.0.keys().cloned().collect()
}

/// How the names of dialects' channels begin.
const OF_DIALECTS: &[&str] = &[
    "private-admin_support_notifications",
    "private-chat_",
    "private-conversation-",
    "private-direct-",
    "private-support_chat-",
    "private-thread-",
    "private-encrypted-chat_",
    "private-encrypted-conversation-",
    "private-encrypted-direct-",
    "private-encrypted-support_chat-",
    "private-encrypted-thread-",
];

/// What is wrong with an answer, if anything is: a status, a content type or a body that
/// docs/openapi.json does not describe. Nothing is said of routes that it does not have.
pub fn answer_fault(method: &str, path: &str, answer: &Answered<'_>) -> Option<String> {
    OPENAPI.fault(method, path, answer)
}

/// What is wrong with the examples of docs/openapi.json: operations whose request or usual answer is JSON
/// and has none, and examples that are not as their own schemas say.
pub fn example_faults() -> Vec<String> {
    OPENAPI.example_faults()
}

/// An answer as a judge sees it.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The content type, if there is a body.
    pub content_type: Option<&'a str>,
    /// The body read as JSON; null when it is none.
    pub json: &'a Value,
}

/// The operations, by method and path.
struct Answers {
    operations: Vec<Operation>,
    schemas: Value,
    /// Made when they are needed first, by the JSON of what they check.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

struct Operation {
    method: String,
    path: Vec<String>,
    described: Value,
}

impl Answers {
    fn read(document: &str) -> Self {
        let document: Value = serde_json::from_str(document).expect("a JSON document");
        let operations = document["paths"].as_object().into_iter().flatten();
        let operations = operations.flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(|(method, described)| Operation {
                method: method.to_uppercase(),
                path: path.split('/').map(str::to_owned).collect(),
                described: described.clone(),
            })
        });
        Self {
            operations: operations.collect(),
            schemas: closed(&document["components"]["schemas"]),
            validators: Mutex::default(),
        }
    }

    fn fault(&self, method: &str, path: &str, answer: &Answered<'_>) -> Option<String> {
        let operation = self.operations.iter().find(|one| one.is_asked(method, path))?;
        let told = format!("{method} {}: {}", operation.path.join("/"), answer.status);
        // That we are wrong is no promise: a test that makes us so looks at it itself.
        if answer.status == 500 {
            return None;
        }
        let described = &operation.described["responses"][answer.status.to_string()];
        if described.is_null() {
            return Some(format!("{told} is not described"));
        }
        let Some(contents) = described["content"].as_object() else {
            return answer.content_type.map(|kind| format!("{told} is described without {kind}"));
        };
        let kind = answer.content_type.unwrap_or_default();
        let Some(content) = contents.get(kind.split(';').next().unwrap_or_default()) else {
            return Some(format!("{told} is not described as {kind:?}"));
        };
        if !kind.contains("json") {
            return None;
        }
        let faults = faults(&self.validator(&content["schema"]), answer.json)?;
        Some(format!("{told} is not as described: {faults}: {}", answer.json))
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(validator(schema, &self.schemas));
        Arc::clone(validators.entry(schema.to_string()).or_insert_with(made))
    }

    fn example_faults(&self) -> Vec<String> {
        let mut faulty = Vec::new();
        for Operation { method, path, described } in &self.operations {
            let usual = described["responses"].as_object().into_iter().flatten();
            let usual =
                usual.filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
            let usual: Vec<&Value> = usual.filter(|answer| answer["content"].is_object()).collect();
            // Of two good answers, as of a first and a repeated post, one is shown.
            let shown = usual.iter().find(|answer| has_example(answer)).or(usual.first());
            let request = Some(&described["requestBody"]).filter(|request| request.is_object());
            for part in request.into_iter().chain(shown.copied()) {
                for (kind, content) in part["content"].as_object().into_iter().flatten() {
                    let whole = content["schema"]["type"] == "object" || !is_json_or_form(kind);
                    if whole {
                        continue;
                    }
                    let fault = match content.get("example") {
                        None => Some("no example".to_owned()),
                        Some(example) => faults(&self.validator(&content["schema"]), example),
                    };
                    let told = format!("{method} {}: {kind}: ", path.join("/"));
                    faulty.extend(fault.map(|fault| told + &fault));
                }
            }
        }
        faulty
    }
}

fn has_example(answer: &Value) -> bool {
    let mut contents = answer["content"].as_object().into_iter().flatten();
    contents.any(|(_, content)| content.get("example").is_some())
}

fn is_json_or_form(kind: &str) -> bool {
    matches!(kind, "application/json" | "application/x-www-form-urlencoded")
}

impl Operation {
    /// Whether a request is for it. Where a path could be for two, one of them has more words of its own.
    fn is_asked(&self, method: &str, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |(own, asked): (&String, &&str)| {
            if own.starts_with('{') { !asked.is_empty() } else { own == asked }
        };
        self.method == method
            && parts.len() == self.path.len()
            && self.path.iter().zip(&parts).all(fits)
    }
}

/// Each event by its name.
struct Events(BTreeMap<String, Event>);

struct Event {
    /// How the names of the channels begin that it comes on.
    channels: Vec<String>,
    data: Validator,
}

impl Events {
    fn read(document: &str) -> Self {
        let document: Value = serde_json::from_str(document).expect("a JSON document");
        let schemas = closed(&document["components"]["schemas"]);
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let channels: Vec<Value> = object(&document["channels"]).into_values().collect();
        let event = |(name, message): (String, Value)| {
            let carries = |channel: &&Value| channel["messages"][&name].is_object();
            let channels = channels.iter().filter(carries).map(|channel| {
                let address = channel["address"].as_str().expect("an address");
                address.split('{').next().unwrap_or_default().to_owned()
            });
            let event = Event {
                channels: channels.collect(),
                data: validator(&message["payload"], &schemas),
            };
            (name, event)
        };
        Self(object(&document["components"]["messages"]).into_iter().map(event).collect())
    }

    fn fault(&self, channel: &str, name: &str, data: &Value) -> Option<String> {
        let Some(event) = self.0.get(name) else {
            return Some(format!("{name} on {channel} is not described"));
        };
        if !event.channels.iter().any(|prefix| channel.starts_with(prefix)) {
            return Some(format!("{name} is not described on {channel}"));
        }
        // What a relay cannot read, nobody between it and a listener can.
        if channel.starts_with("private-encrypted-") && data["ciphertext"].is_string() {
            let more = data.as_object().is_some_and(|sealed| sealed.len() != 2);
            return more.then(|| format!("{name} on {channel} is sealed, but for a part: {data}"));
        }
        let faults = faults(&event.data, data)?;
        Some(format!("{name} on {channel} is not as described: {faults}: {data}"))
    }
}

/// What a validator complains about.
fn faults(validator: &Validator, value: &Value) -> Option<String> {
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// A schema among those that it refers to.
fn validator(schema: &Value, schemas: &Value) -> Validator {
    let mut root = schema.as_object().cloned().unwrap_or_default();
    root.insert("components".into(), json!({ "schemas": schemas }));
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&Value::Object(root))
        .expect("a valid schema")
}

/// Schemas by name, none of whose objects may have other keys than it names. What is a part of another
/// one is there a second time for that, open: the keys of the others are those of the whole.
fn closed(schemas: &Value) -> Value {
    let mut parts = BTreeSet::new();
    named_as_parts(schemas, &mut parts);
    let mut all = Map::new();
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        let variants = [(name.clone(), false), (open(name), true)];
        for (name, is_part) in variants.into_iter().take(1 + usize::from(parts.contains(name))) {
            let mut schema = schema.clone();
            close(&mut schema, is_part);
            all.insert(name, schema);
        }
    }
    Value::Object(all)
}

/// The name of a schema as a part of others.
fn open(name: &str) -> String {
    format!("{name}.part")
}

/// The names of those that are parts of others.
fn named_as_parts(value: &Value, parts: &mut BTreeSet<String>) {
    let children: Vec<&Value> = match value {
        Value::Object(object) => object.values().collect(),
        Value::Array(list) => list.iter().collect(),
        _ => return,
    };
    for part in value["allOf"].as_array().into_iter().flatten() {
        let name = part["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        parts.extend(name.map(str::to_owned));
    }
    children.into_iter().for_each(|child| named_as_parts(child, parts));
}

/// `is_part`: the keys of the others are those of the whole, which closes itself.
fn close(schema: &mut Value, is_part: bool) {
    let Some(object) = schema.as_object_mut() else { return };
    if let (true, Some(Value::String(reference))) = (is_part, object.get_mut("$ref")) {
        *reference = open(reference);
    }
    if object.contains_key("allOf") {
        object.insert("unevaluatedProperties".into(), json!(false));
    } else if object.contains_key("properties") && !is_part {
        object.entry("additionalProperties").or_insert(json!(false));
    }
    for (key, child) in object.iter_mut() {
        match (key.as_str(), child) {
            ("properties" | "$defs", Value::Object(children)) => {
                children.values_mut().for_each(|child| close(child, false));
            }
            ("allOf", Value::Array(children)) => {
                children.iter_mut().for_each(|child| close(child, true));
            }
            ("oneOf" | "anyOf" | "prefixItems", Value::Array(children)) => {
                children.iter_mut().for_each(|child| close(child, false));
            }
            ("items" | "additionalProperties", child) => close(child, false),
            _ => {}
        }
    }
}
