//! `listing`: a user and a merchant, about something that the merchant offers; one room for each
//! user and listing.

use super::{About, Desk, Founding, Opening, RoomKind, Rules, Seat};

/// Ten thousand characters; the merchant archives.
pub const RULES: Rules = Rules {
    opening: Opening::ByListing,
    desk: Some(Desk::Merchant),
    masks_first_side: false,
    max_body: 10_000,
};

/// The room of a user and the merchant of a listing.
pub fn about(listing: &str, title: &str, user: Seat, merchant: Seat) -> Founding {
    Founding {
        kind: RoomKind::Listing,
        key: vec![user.key.as_str().into(), listing.into()],
        seats: vec![user, merchant],
        about: About {
            listing: Some((listing.to_owned(), title.to_owned())),
            ..About::default()
        },
    }
}
