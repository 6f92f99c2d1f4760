//! `/v1/sync`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    actions::sync::{MAX_HELD, Synced},
    domain::principal::Caller,
    error::Error,
    http::{BadJson, Fields, NoToken, Shared, Unavailable, ValidJson},
};
use utoipa::{
    PartialSchema as _, ToSchema,
    openapi::{Array, Object, Type},
};

/// What the client knows.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Sync {
    /// The `cursor` of the call before; none the first time.
    cursor: Option<String>,
    /// At most 100 rooms that the client holds: for each id its `head` and `rev`.
    #[serde(default)]
    #[schema(schema_with = held_rooms)]
    rooms: BTreeMap<String, (u64, u64)>,
}

/// For each room's id its `head` and `rev`.
fn held_rooms() -> Object {
    let place = Array::builder()
        .items(Object::builder().schema_type(Type::Integer).minimum(Some(0)))
        .min_items(Some(2))
        .max_items(Some(2));
    Object::builder()
        .property_names(Some(String::schema()))
        .additional_properties(Some(place))
        .max_properties(Some(MAX_HELD))
        .description(Some(
            "At most 100 rooms that the client holds: for each id its `head` and `rev`.",
        ))
        .build()
}

/// What has changed since the client last looked, in one call: after a reconnect, or on focus.
///
/// Of the rooms that the client names all that moved on are told, exactly; beside them rooms with
/// news since the cursor. Calls overlap: a client drops what it knows.
#[utoipa::path(
    post,
    path = "/v1/sync",
    request_body = Sync,
    responses(
        (status = 200, body = Synced, description = "What has changed"),
        NoToken,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn sync(
    State(app): State<Shared>,
    caller: Caller,
    ValidJson(asked): ValidJson<Sync>,
) -> Result<Json<Synced>, Error> {
    let mut fields = Fields::default();
    let cursor = fields.cursor(asked.cursor, |text| text.parse().ok());
    if asked.rooms.len() > MAX_HELD {
        fields.wrong("rooms", format!("must be at most {MAX_HELD}"));
    }
    fields.check()?;
    app.services.sync(&caller, cursor, asked.rooms).await.map(Json)
}
