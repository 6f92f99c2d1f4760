//! The kinds of room. Each is one file that states its rules; adding one is that file and a line
//! in the list below.

use serde::{Deserialize, Serialize};

mod founding;

pub use founding::{About, Founding, Identity, Seat};

/// Declares the kinds: the module of each, and the number inside room ids (4 bits). A number is
/// never changed and never used again: ids are for ever.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal in $module:ident;)+) => {
        $(pub mod $module;)+

        /// What sort of room: who is in it, what makes it unique, and its limits.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(rename_all = "lowercase")]
        pub enum RoomKind {
            $($(#[$doc])* $kind,)+
        }

        impl RoomKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The number inside room ids.
            pub fn code(self) -> u8 {
                match self {
                    $(Self::$kind => $code,)+
                }
            }

            /// The kind's rules.
            pub fn rules(self) -> &'static Rules {
                match self {
                    $(Self::$kind => &$module::RULES,)+
                }
            }
        }
    };
}

kinds! {
    /// Two users; one room for each pair.
    Direct = 1 in direct;
    /// A user and the support desk; one room for each user.
    Support = 2 in support;
    /// A user and a merchant, about a listing; one room for each user and listing.
    Listing = 3 in listing;
    /// Somebody who gives and the one who was drawn; the giver is hidden until the group's date.
    Match = 4 in r#match;
    /// Any number of people.
    Group = 5 in group;
}

impl RoomKind {
    /// The kind with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// What a kind is like.
#[derive(Debug)]
pub struct Rules {
    /// Who opens a room of this kind and whom it finds there.
    pub opening: Opening,
    /// Whose queue the rooms stand in: who may archive them.
    pub desk: Option<Desk>,
    /// Whether the first side is hidden behind an alias until its group's date.
    pub masks_first_side: bool,
    /// The longest body of a message, in Unicode scalar values.
    pub max_body: usize,
}

impl Rules {
    /// Whether members come and go. Otherwise a room has the same two sides for ever.
    pub fn has_many_members(&self) -> bool {
        self.opening == Opening::ByMembers
    }
}

/// How a room comes to be: what whoever opens it names, who is in it then, and what makes it
/// unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// By naming another user; unique for the two.
    ByPair,
    /// By asking for help; unique for the user who asks.
    ByAsking,
    /// By naming a listing; unique for the user and the listing.
    ByListing,
    /// By naming a group whose raffle was held; unique for the group and the giver.
    ByGroup,
    /// By naming members; never the same room twice, but for a repeat with the same client id.
    ByMembers,
}

/// Whose queue a room stands in. A desk is one side of the room, however many people work at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// The support agents', all of them together.
    Support,
    /// The merchant's own.
    Merchant,
}
