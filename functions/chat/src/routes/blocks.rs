//! `/v1/blocks`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    actions::blocks::BlockList,
    domain::principal::Caller,
    error::Error,
    http::{BadQuery, Fields, IdPath, NoToken, Problem, Shared, Unavailable, ValidQuery},
    store::BlockCursor,
};
use utoipa::IntoParams;

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListBlocks {
    /// How many people: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Whom the caller has blocked.
#[utoipa::path(
    get,
    path = "/v1/blocks",
    params(ListBlocks),
    responses(
        (status = 200, body = BlockList, description = "A page of people"),
        NoToken,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_blocks(
    State(app): State<Shared>,
    caller: Caller,
    ValidQuery(asked): ValidQuery<ListBlocks>,
) -> Result<Json<BlockList>, Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT);
    let after = fields.cursor(asked.cursor, BlockCursor::parse);
    fields.check()?;
    app.services.blocks(&caller, limit, after.as_ref()).await.map(Json)
}

/// Blocks a person, who then can open no direct room with the caller and post into none. Once is
/// enough.
#[utoipa::path(
    put,
    path = "/v1/blocks/{id}",
    params(IdPath),
    responses(
        (status = 204, description = "The person is blocked"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "The caller was erased"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A field is wrong"),
        NoToken,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn put_block(
    State(app): State<Shared>,
    caller: Caller,
    IdPath(id): IdPath,
) -> Result<StatusCode, Error> {
    app.services.block(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a block back.
#[utoipa::path(
    delete,
    path = "/v1/blocks/{id}",
    params(IdPath),
    responses(
        (status = 204, description = "The person is not blocked"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A field is wrong"),
        NoToken,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete_block(
    State(app): State<Shared>,
    caller: Caller,
    IdPath(id): IdPath,
) -> Result<StatusCode, Error> {
    app.services.unblock(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
