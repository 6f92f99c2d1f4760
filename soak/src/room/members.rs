//! Who comes into a group and who is removed while it is talked in.

use std::{sync::atomic::Ordering, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tests::history::Broken;
use tokio::time::{Instant, sleep};

use super::{
    Room,
    cast::{Changing, Member, number, text},
};
use crate::{
    Failure,
    api::{Caller, Outcome},
    tally::count,
};

/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(120);

/// Adds one when a third has been posted, and removes one when two thirds have.
pub(crate) async fn change(
    room: &Room,
    owner: &Member,
    changing: &Changing,
) -> Result<(), Failure> {
    let all = room.left();
    until(room, all * 2 / 3).await;
    let (owner, path) = (&owner.caller, format!("{}/members", room.path));
    // Once: arriving again, and late, it would add whom somebody has removed meanwhile.
    let comes = json!({ "members": [changing.comes.caller.id] });
    once(owner, Method::POST, &path, &comes, &[200]).await?;
    count(&room.world.tally.changes);

    until(room, all / 3).await;
    room.leaving.store(true, Ordering::SeqCst);
    let seat = format!("{path}/{}", changing.goes.caller.id);
    owner.insists(Method::DELETE, &seat, &Value::Null, &[204, 404]).await?;
    count(&room.world.tally.changes);
    let then = owner.gets(&room.path).await?;
    let gone = Gone { head: number(&then, "head")?, rev: number(&then, "rev")? };
    room.notes().gone = Some(gone);
    is_shut_out(room, &changing.goes.caller, text(&then, "channel")?).await
}

/// Where a room stood after somebody was removed: it may know nothing beyond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone {
    pub(crate) head: u64,
    pub(crate) rev: u64,
}

/// Waits until so few posts are left.
async fn until(room: &Room, left: u64) {
    while room.left() > left {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Calls until it is answered, by requests of which none arrives twice.
///
/// # Errors
/// When it is answered with another status, or never.
pub(crate) async fn once(
    caller: &Caller,
    method: Method,
    path: &str,
    body: &Value,
    statuses: &[u16],
) -> Result<Value, Failure> {
    let began = Instant::now();
    while began.elapsed() < LONG {
        match caller.calls_once(method.clone(), path, body).await? {
            Outcome::Answered(status, json) if statuses.contains(&status) => return Ok(json),
            Outcome::Answered(status, json) => {
                return Err(format!("{method} {path} by {}: {status} {json}", caller.id).into());
            }
            Outcome::Unknown => sleep(Duration::from_millis(50)).await,
        }
    }
    Err(format!("{method} {path} by {}: never answered", caller.id).into())
}

/// F25: no post, no page, no right to listen.
async fn is_shut_out(room: &Room, who: &Caller, channel: &str) -> Result<(), Failure> {
    let messages = format!("{}/messages", room.path);
    let post = json!({ "body": "0 after the end" });
    let page = (Method::GET, messages.as_str(), Value::Null, 404);
    let ask = json!({ "socket_id": "1.1", "channel_name": channel });
    let grant = (Method::POST, "/v1/realtime/auth", ask, 403);
    for (method, path, body, status) in [(Method::POST, messages.as_str(), post, 404), page, grant]
    {
        if let Err(failure) = who.insists(method, path, &body, &[status]).await {
            room.finds(Broken::Leak, format!("a removed member is let in: {failure}"));
        }
    }
    Ok(())
}
