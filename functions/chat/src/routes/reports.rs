//! `/v1/rooms/{id}/messages/{seq}/report` and `/v1/reports`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    actions::reports::{ReportList, ReportView, ReportedMessage},
    domain::{
        principal::Caller,
        report::{MAX_REASON, ReportState},
    },
    error::Error,
    http::{
        BadJson, BadQuery, Fields, IdPath, NoToken, NotYours, OptionalJson, Problem, RoomPath,
        SeqPath, Shared, Unavailable, ValidJson, ValidQuery,
    },
    store::ReportCursor,
};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Why a message is reported.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ReportMessage {
    /// In the reporter's words: 1 to 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Reports another member's message to the support agents, who see a copy of it. Once is enough:
/// the first reason stays.
#[utoipa::path(
    post,
    path = "/v1/rooms/{id}/messages/{seq}/report",
    params(RoomPath, SeqPath),
    request_body = ReportMessage,
    responses(
        (status = 201, body = ReportView, description = "The report"),
        (status = 200, body = ReportView, description = "The caller had reported this message before: that report"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn report_message(
    State(app): State<Shared>,
    caller: Caller,
    RoomPath(room): RoomPath,
    SeqPath(seq): SeqPath,
    ValidJson(told): ValidJson<ReportMessage>,
) -> Result<(StatusCode, Json<ReportView>), Error> {
    let mut fields = Fields::default();
    fields.text("reason", &told.reason, MAX_REASON);
    fields.check()?;
    let (report, new) = app.services.report(&caller, room, seq, &told.reason).await?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(report)))
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListReports {
    /// `open` unless given; or `resolved`.
    #[serde(default)]
    #[param(inline)]
    state: ReportState,
    /// How many reports: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What was reported, newest first; for support agents.
#[utoipa::path(
    get,
    path = "/v1/reports",
    params(ListReports),
    responses(
        (status = 200, body = ReportList, description = "A page of reports"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not a support agent"),
        NoToken,
        BadQuery,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn list_reports(
    State(app): State<Shared>,
    caller: Caller,
    ValidQuery(asked): ValidQuery<ListReports>,
) -> Result<Json<ReportList>, Error> {
    let mut fields = Fields::default();
    let limit = fields.limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT);
    let after = fields.cursor(asked.cursor, ReportCursor::parse);
    fields.check()?;
    app.services.reports(&caller, asked.state, limit, after).await.map(Json)
}

/// What an agent did about a report.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ResolveReport {
    /// For the other agents: 1 to 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    note: Option<String>,
}

/// Says that a report has been seen to; for support agents. Once is enough: the first note stays.
#[utoipa::path(
    post,
    path = "/v1/reports/{id}/resolve",
    params(("id" = uuid::Uuid, Path, description = "The report")),
    request_body = Option<ResolveReport>,
    responses(
        (status = 200, body = ReportedMessage, description = "The report, resolved"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not a support agent"),
        NoToken,
        NotYours,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn resolve_report(
    State(app): State<Shared>,
    caller: Caller,
    IdPath(id): IdPath,
    OptionalJson(told): OptionalJson<ResolveReport>,
) -> Result<Json<ReportedMessage>, Error> {
    let mut fields = Fields::default();
    if let Some(note) = &told.note {
        fields.text("note", note, MAX_REASON);
    }
    fields.check()?;
    app.services.resolve_report(&caller, &id, told.note).await.map(Json)
}
