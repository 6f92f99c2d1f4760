//! What the application's server tells of a marketplace's listings.

use serde::Serialize;

use crate::{
    actions::Services,
    domain::{listing::Listing, principal::Service},
    error::Error,
};

/// A listing.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Listing)]
pub struct ListingView {
    /// The application's own id of the listing.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// The id of the merchant who offers it.
    pub merchant_id: String,
}

impl Services {
    /// Keeps a listing as the application's server describes it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn describe_listing(
        &self,
        _: Service,
        listing: Listing,
    ) -> Result<ListingView, Error> {
        self.store.put_listing(&listing).await?;
        let Listing { id, title, merchant } = listing;
        Ok(ListingView { id, title, merchant_id: merchant.id })
    }
}
