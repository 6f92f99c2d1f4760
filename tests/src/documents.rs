//! What Parlour says of itself, docs/asyncapi.json and docs/openapi.json, as a judge of what it does.
//!
//! Both let clients meet keys that they do not know. The judge does not: a key that is published or
//! answered must be in the document.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

static ASYNCAPI: LazyLock<Events> =
    LazyLock::new(|| Events::read(include_str!("../../docs/asyncapi.json")));

/// What is wrong with an event on a channel, if anything is: a name, a channel or data that
/// docs/asyncapi.json does not describe.
pub fn event_fault(channel: &str, name: &str, data: &Value) -> Option<String> {
    ASYNCAPI.fault(channel, name, data)
}

/// The names of the events that docs/asyncapi.json describes.
pub fn event_names() -> BTreeSet<String> {
    ASYNCAPI.0.keys().cloned().collect()
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

/// Schemas by name, none of whose objects may have other keys than it names.
fn closed(schemas: &Value) -> Value {
    let mut parts = BTreeSet::new();
    named_as_parts(schemas, &mut parts);
    let close_each = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        close(&mut schema, parts.contains(name));
        (name.clone(), schema)
    };
    Value::Object(schemas.as_object().into_iter().flatten().map(close_each).collect::<Map<_, _>>())
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
