//! What functions are told: their environment and their events.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Failure;

/// What the functions need to know; the ports in it are replaced.
const ENVIRONMENT: &str = include_str!("../../../infra/local.env");
/// The room that events name, which does not exist.
const NO_ROOM: &str = "00000000-0000-8100-8000-000000000000";

/// `infra/local.env`, with this run's ports.
///
/// # Errors
/// When that file no longer sets them.
pub(super) fn environment(
    store: SocketAddr,
    relay: u16,
) -> Result<BTreeMap<String, String>, Failure> {
    let lines = ENVIRONMENT.lines().filter(|line| !line.starts_with('#'));
    let mut environment: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in [
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{store}")),
        ("PARLOUR_RELAY_HOST", "127.0.0.1".to_owned()),
        ("PARLOUR_RELAY_PORT", relay.to_string()),
    ] {
        if environment.insert(name.to_owned(), value).is_none() {
            return Err(format!("infra/local.env no longer sets {name}").into());
        }
    }
    Ok(environment)
}

/// The event with a real room in place of the one that does not exist, and, if it posts, a client id
/// of its own.
///
/// # Errors
/// When the event is no JSON.
pub(super) fn about(event: &str, room: &str) -> Result<String, Failure> {
    let mut event: Value = serde_json::from_str(&event.replace(NO_ROOM, room))?;
    let body = event["body"].as_str().unwrap_or_default();
    if let Ok(mut message @ Value::Object(_)) = serde_json::from_str(body) {
        message["client_id"] = json!(Uuid::new_v4());
        event["body"] = json!(message.to_string());
    }
    Ok(event.to_string())
}

/// The event of a request as this one, of the same caller, but for what it asks.
///
/// # Errors
/// When the event is no JSON.
pub(super) fn asking(event: &str, method: &str, path: &str) -> Result<String, Failure> {
    let mut event: Value = serde_json::from_str(event)?;
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event["body"] = Value::Null;
    Ok(event.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::{AUTHORIZE_CHANNEL, CREATE_MESSAGE};

    #[test]
    fn events_name_the_room_and_post_something_new() {
        let room = "11111111-1111-8100-8000-111111111111";
        let [one, other] = [(); 2].map(|()| about(CREATE_MESSAGE, room).unwrap());
        assert!(one.contains(room) && !one.contains(NO_ROOM));
        assert_ne!(one, other);
        let authorize = about(AUTHORIZE_CHANNEL, room).unwrap();
        assert!(authorize.contains(&format!("channel_name=private-room-{room}")));
    }

    #[test]
    fn the_environment_has_this_runs_ports() {
        let environment = environment("127.0.0.1:8123".parse().unwrap(), 3123).unwrap();
        assert_eq!(environment["AWS_ENDPOINT_URL_DYNAMODB"], "http://127.0.0.1:8123");
        assert_eq!(environment["PARLOUR_RELAY_PORT"], "3123");
        assert_eq!(environment["PARLOUR_TABLE"], "parlour");
    }
}
