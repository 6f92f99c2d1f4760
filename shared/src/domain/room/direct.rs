//! `direct`: two users, one room for each unordered pair.

use super::{Opening, Rules};

/// Ten thousand characters; nobody archives, nobody is hidden.
pub const RULES: Rules =
    Rules { opening: Opening::ByPair, desk: None, masks_first_side: false, max_body: 10_000 };
