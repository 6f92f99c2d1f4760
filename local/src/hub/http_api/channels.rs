//! Questions about channels.

use axum::{Json, extract::State};
use serde_json::{Map, Value, json};

use super::{
    Refused,
    info::{self, Info},
    signed::Signed,
};
use crate::hub::{
    Hub,
    channel::{Access, Audience, Kind, Name},
};

/// `GET /apps/{id}/channels?filter_by_prefix=…&info=…`.
pub(super) async fn list(State(hub): State<Hub>, call: Signed) -> Result<Json<Value>, Refused> {
    let info = Info::parse(call.parameter("info"), &hub)?;
    let prefix = call.parameter("filter_by_prefix");
    let is_presence = prefix.starts_with("presence-");
    if info.user_count && !is_presence {
        return Err(Refused::bad(
            "Only presence channels have a user_count; filter by their prefix",
        ));
    }
    if info.cache {
        return Err(Refused::bad("The cache is told of one channel at a time"));
    }
    let channels: Map<String, Value> = hub
        .channels()
        .list(prefix)
        .into_iter()
        .map(|(name, audience)| (name, info.counts(audience, is_presence).into()))
        .collect();
    Ok(Json(json!({ "channels": channels })))
}

/// `GET /apps/{id}/channels/{name}?info=…`.
pub(super) async fn show(State(hub): State<Hub>, call: Signed) -> Result<Json<Value>, Refused> {
    let (name, kind) = channel(&call)?;
    let info = Info::parse(call.parameter("info"), &hub)?;
    let is_presence = kind.access == Access::Presence;
    if info.user_count && !is_presence {
        return Err(Refused::bad("Only a presence channel has a user_count"));
    }
    if info.cache && !kind.is_cache {
        return Err(Refused::bad("Only a cache channel has a cache"));
    }
    let audience @ Audience { sockets, .. } = hub.channels().audience(name);
    let mut answer = info.counts(audience, is_presence);
    answer.insert("occupied".into(), (sockets > 0).into());
    if info.cache {
        answer.insert("cache".into(), info::cache(hub.channels().cache().last(name)));
    }
    Ok(Json(answer.into()))
}

/// `GET /apps/{id}/channels/{name}/users`.
pub(super) async fn users(State(hub): State<Hub>, call: Signed) -> Result<Json<Value>, Refused> {
    let (name, kind) = channel(&call)?;
    if kind.access != Access::Presence {
        return Err(Refused::bad("Only a presence channel has users"));
    }
    let users = hub.channels().users(name);
    let users: Vec<Value> = users.iter().map(|id| json!({ "id": id })).collect();
    Ok(Json(json!({ "users": users })))
}

fn channel(call: &Signed) -> Result<(&str, Kind), Refused> {
    match Name::parse(call.part("channel")) {
        Ok(Name::Channel(name, kind)) => Ok((name.as_str(), kind)),
        _ => Err(Refused::bad("This is no channel's name")),
    }
}
