//! `support`: a user, or a guest, and the support desk; one room for each user.

use super::{Desk, Opening, Rules};

/// Ten thousand characters; the agents archive.
pub const RULES: Rules = Rules {
    opening: Opening::ByAsking,
    desk: Some(Desk::Support),
    masks_first_side: false,
    max_body: 10_000,
};
