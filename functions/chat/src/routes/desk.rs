//! `/v1/desk/rooms`.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    actions::{rooms::RoomList, view::RoomState},
    domain::principal::Caller,
    error::Error,
    http::{BadQuery, Fields, NoToken, Problem, Shared, Unavailable, ValidQuery},
};
use utoipa::IntoParams;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// Which part of the queue.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDeskRooms {
    /// `active`, which is the queue, unless given; or `archived`.
    #[serde(default)]
    #[param(inline)]
    state: RoomState,
    /// How many rooms: 1 to 100, 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The queue of the caller's desk, latest activity first: of support for an agent, of its own
/// listings for a merchant.
#[utoipa::path(
    get,
    path = "/v1/desk/rooms",
    params(ListDeskRooms),
    responses(
        (status = 200, body = RoomList, description = "A page of the queue"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "The caller has no desk"),
        NoToken,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_desk_rooms(
    State(app): State<Shared>,
    caller: Caller,
    ValidQuery(asked): ValidQuery<ListDeskRooms>,
) -> Result<Json<RoomList>, Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT);
    let cursor = fields.cursor(asked.cursor, |text| text.parse().ok());
    fields.check()?;
    app.services.desk_rooms(&caller, asked.state, limit, cursor).await.map(Json)
}
