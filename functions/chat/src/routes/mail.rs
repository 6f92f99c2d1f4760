//! `/v1/mail/unsubscribe` and `/v1/me/mail`: getting no more mail about what one has not read.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    domain::principal::Caller,
    error::Error,
    http::{BadJson, BadQuery, NoToken, Problem, Shared, Unavailable, ValidJson, ValidQuery},
    mail::page_policy,
};
use utoipa::{IntoParams, ToSchema};

/// What a mail's link carries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnsubscribeLink {
    /// Whose mails it is about, and that the link is one of ours.
    #[param(min_length = 1, max_length = 200)]
    token: String,
}

/// A page that asks whether its reader wants no more mails. It changes nothing: programs look at links, too.
#[utoipa::path(
    get,
    path = "/v1/mail/unsubscribe",
    params(UnsubscribeLink),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "The page"),
        (status = 404, body = String, content_type = "text/html", description = "The link is none of ours"),
        BadQuery,
        Unavailable,
    ),
)]
pub(crate) async fn show_unsubscribe(
    State(app): State<Shared>,
    ValidQuery(link): ValidQuery<UnsubscribeLink>,
) -> Result<Response, Error> {
    app.services.unsubscribe(&link.token, false).await.map(as_page)
}

/// No more mails, by the link of one: for its page's button, and for mail programs, whose body
/// (`List-Unsubscribe=One-Click`, RFC 8058) says nothing more.
#[utoipa::path(
    post,
    path = "/v1/mail/unsubscribe",
    params(UnsubscribeLink),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "Done: a page that says so"),
        (status = 404, body = String, content_type = "text/html", description = "The link is none of ours"),
        BadQuery,
        Unavailable,
    ),
)]
pub(crate) async fn unsubscribe(
    State(app): State<Shared>,
    ValidQuery(link): ValidQuery<UnsubscribeLink>,
) -> Result<Response, Error> {
    app.services.unsubscribe(&link.token, true).await.map(as_page)
}

fn as_page((is_ours, page): (bool, String)) -> Response {
    let status = if is_ours { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, page_policy()),
        // The link is its bearer's right.
        (header::REFERRER_POLICY, "no-referrer".into()),
    ];
    (status, headers, Html(page)).into_response()
}

/// Whether somebody is mailed about what it has not read.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MailWish {
    /// Whether it is.
    wanted: bool,
}

/// Whether the caller is mailed about what it has not read.
#[utoipa::path(
    get,
    path = "/v1/me/mail",
    responses(
        (status = 200, body = MailWish, description = "The caller's wish"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Erased, after the token was made"),
        NoToken,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_mail(
    State(app): State<Shared>,
    caller: Caller,
) -> Result<Json<MailWish>, Error> {
    Ok(Json(MailWish { wanted: app.services.wants_mail(&caller).await? }))
}

/// Whether the caller is to be mailed about what it has not read, from now on.
#[utoipa::path(
    put,
    path = "/v1/me/mail",
    request_body = MailWish,
    responses(
        (status = 200, body = MailWish, description = "The caller's wish now"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Erased, after the token was made"),
        NoToken,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn put_mail(
    State(app): State<Shared>,
    caller: Caller,
    ValidJson(wish): ValidJson<MailWish>,
) -> Result<Json<MailWish>, Error> {
    app.services.set_wants_mail(&caller, wish.wanted).await?;
    Ok(Json(wish))
}
