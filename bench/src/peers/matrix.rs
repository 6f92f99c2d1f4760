//! Matrix's client API, as far as a chat needs it.

use reqwest::Client;
use serde_json::Value;

use super::feed::What;
use crate::{Failure, site::text};

/// Asks again and again for what is new in a room.
///
/// # Errors
/// When the server cannot be asked.
pub(super) async fn listen(
    base: &str,
    room: &str,
    token: &str,
    tell: &impl Fn(What) -> bool,
) -> Result<(), Failure> {
    let http = Client::builder().no_proxy().build()?;
    let filter = r#"{"presence":{"types":[]},"room":{"ephemeral":{"types":[]}}}"#;
    let sync = |since: &str, wait: u32| {
        let mut query = vec![("filter", filter.to_owned()), ("timeout", wait.to_string())];
        if !since.is_empty() {
            query.push(("since", since.to_owned()));
        }
        let url = format!("{base}/_matrix/client/v3/sync");
        http.get(url).query(&query).bearer_auth(token).send()
    };
    let mut since = String::new();
    loop {
        let wait = if since.is_empty() { 0 } else { 20_000 };
        let answer = sync(&since, wait).await?.error_for_status()?.bytes().await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let is_first = since.is_empty();
        since = text(&answer, "next_batch")?.to_owned();
        if is_first {
            tell(What::Connected);
            continue;
        }
        let events = answer["rooms"]["join"][room]["timeline"]["events"].as_array();
        for event in events.into_iter().flatten().filter(|event| event["type"] == "m.room.message")
        {
            let client_id = event["content"]["client_id"].as_str().unwrap_or_default().to_owned();
            tell(What::Message { client_id, seq: None });
        }
    }
}
