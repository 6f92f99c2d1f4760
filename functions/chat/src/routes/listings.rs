//! `/v1/listings`.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    actions::listings::ListingView,
    domain::{
        listing::Listing,
        principal::{Principal, PrincipalType, Service},
    },
    error::Error,
    http::{BadJson, Fields, IdPath, NoToken, NotTheServer, Shared, Unavailable, ValidJson},
};
use utoipa::ToSchema;

/// The longest title, in characters.
const MAX_TITLE: usize = 200;

/// What the application's server tells of a listing.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PutListing {
    /// What it is called: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// The id of the merchant who offers it.
    #[schema(min_length = 1, max_length = 128)]
    merchant_id: String,
}

/// Describes a listing, so that users can talk with its merchant. For the application's own server.
#[utoipa::path(
    put,
    path = "/v1/listings/{id}",
    params(IdPath),
    request_body = PutListing,
    responses(
        (status = 200, body = ListingView, description = "The listing now"),
        NoToken,
        NotTheServer,
        BadJson,
        Unavailable,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn put_listing(
    State(app): State<Shared>,
    service: Service,
    IdPath(id): IdPath,
    ValidJson(told): ValidJson<PutListing>,
) -> Result<Json<ListingView>, Error> {
    let mut fields = Fields::default();
    fields.id("id", &id);
    fields.text("title", &told.title, MAX_TITLE);
    fields.id("merchant_id", &told.merchant_id);
    fields.check()?;
    let merchant = Principal { kind: PrincipalType::Merchant, id: told.merchant_id };
    let listing = Listing { id, title: told.title, merchant };
    app.services.describe_listing(service, listing).await.map(Json)
}
