//! The five other systems' contracts, each over HTTP and with a listener on its own channels.

mod direct;
mod exchange;
mod marketplace;
mod mirror;
mod support;
mod threads;

use serde_json::{Value, json};
use tests::{Answer, Heard, Listener, User};

/// An object's keys, in the order of the alphabet.
fn keys(object: &Value) -> Vec<&str> {
    let keys = object.as_object().unwrap_or_else(|| panic!("{object} should be an object")).keys();
    let mut keys: Vec<&str> = keys.map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// What a client of sockets says, and what is said to it.
async fn says(user: &User, to: &str, payload: Value) -> Answer {
    user.post(&format!("/socket/{to}"), json!({ "payload": payload })).await
}

/// What an answer says at once under a name.
fn said<'a>(reply: &'a Value, name: &str) -> &'a Value {
    let emitted = reply["emit"].as_array().expect("a list");
    let found = emitted.iter().find(|said| said[0] == name);
    &found.unwrap_or_else(|| panic!("no {name}: {reply}"))[1]
}

/// The channels where an answer says that more will be said.
fn channels(reply: &Value) -> Vec<&str> {
    reply["listen"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

/// Somebody who listens where an answer says.
async fn listens(user: &User, reply: &Value) -> Listener {
    let mut listener = user.connects().await;
    for channel in channels(reply) {
        listener.subscribe(channel).await;
    }
    listener
}

/// The only event that came.
fn only(heard: Vec<Heard>) -> Heard {
    let [event] = <[Heard; 1]>::try_from(heard).unwrap_or_else(|heard| panic!("{heard:#?}"));
    event
}
