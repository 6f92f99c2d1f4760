//! `listing`: a user and a merchant, about something that the merchant offers; one room for each
//! user and listing.

use super::{Desk, Opening, Rules};

/// Ten thousand characters; the merchant archives.
pub const RULES: Rules = Rules {
    opening: Opening::ByListing,
    desk: Some(Desk::Merchant),
    masks_first_side: false,
    max_body: 10_000,
};
