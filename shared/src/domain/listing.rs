//! What a marketplace's rooms are about.

use super::principal::Principal;

/// Something that a merchant offers, as the application's server described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The application's own id: any string of 1 to 128 bytes.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Who offers it.
    pub merchant: Principal,
}
