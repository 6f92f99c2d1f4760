//! `/healthz`.

/// The function is there. Whether the store is, each answer tells.
#[utoipa::path(
    get,
    path = "/healthz",
    responses((status = 200, description = "Ready", body = String, content_type = "text/plain"))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}
