//! `group`: any number of people, who come and go.

use super::{Opening, Rules};

/// Ten thousand characters; nobody archives, nobody is hidden.
pub const RULES: Rules =
    Rules { opening: Opening::ByMembers, desk: None, masks_first_side: false, max_body: 10_000 };

/// The most members that a group may have.
pub const MAX_MEMBERS: usize = 1_000;

/// The longest title, in Unicode scalar values.
pub const MAX_TITLE: usize = 200;
