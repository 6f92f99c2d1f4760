//! `/v1/rooms/{id}/changes`.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{message::MessageView, principal::Caller},
    error::Error,
    http::{BadQuery, Fields, NoToken, NotYours, RoomPath, Shared, Unavailable, ValidQuery},
};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// Since when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListChanges {
    /// The `rev` that the client knows; 0, and so everything, unless given.
    #[serde(default)]
    after_rev: u64,
    /// How many: 1 to 100, 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// What has changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeList {
    /// The messages as they are now, in the order in which they changed last.
    messages: Vec<MessageView>,
    /// Up to which revision this tells everything: ask for what comes after it next.
    rev: u64,
    /// Whether there is more.
    has_more: bool,
}

/// What edits, deletions and reactions have touched since a revision.
#[utoipa::path(
    get,
    path = "/v1/rooms/{id}/changes",
    params(RoomPath, ListChanges),
    responses(
        (status = 200, body = ChangeList, description = "What has changed"),
        NoToken,
        NotYours,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_changes(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    ValidQuery(asked): ValidQuery<ListChanges>,
) -> Result<Json<ChangeList>, Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT);
    fields.check()?;
    let changes = app.services.changes(&caller, room, asked.after_rev, limit).await?;
    Ok(Json(ChangeList {
        messages: changes.messages,
        rev: changes.rev,
        has_more: changes.has_more,
    }))
}
