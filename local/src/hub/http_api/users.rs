//! Calls about one signed-in user.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refused, events::Event, info::Info, signed::Signed};
use crate::hub::{Hub, channel::Name, user::UserId};

/// The body of an event for a user.
#[derive(Deserialize)]
struct Send {
    name: String,
    data: String,
}

/// `POST /apps/{id}/users/{id}/events`: the same as an event on `#server-to-user-ID`.
pub(super) async fn send(State(hub): State<Hub>, call: Signed) -> Result<Json<Value>, Refused> {
    let user = user(&call)?;
    let Send { name, data } = call.json()?;
    let channels = vec![Name::of_user(&user)];
    Event::check(name, data, channels, None, Info::default())?.publish(&hub);
    Ok(Json(json!({})))
}

/// `POST /apps/{id}/users/{id}/terminate_connections`.
pub(super) async fn terminate(
    State(hub): State<Hub>,
    call: Signed,
) -> Result<Json<Value>, Refused> {
    hub.users().terminate(&user(&call)?);
    Ok(Json(json!({})))
}

fn user(call: &Signed) -> Result<UserId, Refused> {
    UserId::parse(call.part("user")).ok_or_else(|| Refused::bad("This is no user's id"))
}
