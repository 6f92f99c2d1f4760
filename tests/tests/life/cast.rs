//! Who is in a room.

use serde_json::json;
use tests::{Answer, Room, TestApp, User};

/// What sort of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Direct,
    Listing,
    Group,
    Match,
}

/// What stands in the name and in the id of whoever gives.
const GIVER: &str = "santa-claus";

/// Everybody.
pub(crate) struct Cast {
    pub(crate) members: Vec<Who>,
    /// Of a group: who is added.
    pub(crate) comes: Option<User>,
}

/// Somebody.
pub(crate) struct Who {
    pub(crate) user: User,
    /// Whether it puts the room away now and then.
    pub(crate) archives: bool,
    /// Whether it is removed some time.
    pub(crate) leaves: bool,
    /// Whether it must not learn who gives.
    is_receiver: bool,
}

impl Who {
    fn new(user: User) -> Self {
        Self { user, archives: false, leaves: false, is_receiver: false }
    }

    /// I9: nothing that a receiver is answered tells who gives.
    pub(crate) fn may_see(&self, answer: &Answer) {
        assert!(!self.is_receiver || !tells_giver(&answer.text), "I9: {answer}");
    }
}

/// Whether a text tells who gives.
pub(crate) fn tells_giver(text: &str) -> bool {
    text.contains(GIVER)
}

/// Opens a room of a kind.
pub(crate) async fn meet(app: &TestApp, kind: Kind) -> (Cast, Room) {
    let ann = Who::new(app.user("ann").await);
    let ben = Who::new(app.user("ben").await);
    // Everybody has signed in once.
    ben.user.me().await;
    let (members, comes, room) = match kind {
        Kind::Direct => {
            let room = ann.user.opens_direct("ben").await;
            (vec![ann, ben], None, room)
        }
        Kind::Listing => {
            let shop = Who { archives: true, ..Who::new(app.merchant("shop").await) };
            shop.user.me().await;
            let listing = json!({ "title": "A bike", "merchant_id": "shop" });
            app.service().await.put("/v1/listings/bike", listing).await.expect(200);
            let room = ann.user.opens_listing("bike").await;
            (vec![ann, shop], None, room)
        }
        Kind::Group => {
            let dan = Who { leaves: true, ..Who::new(app.user("dan").await) };
            dan.user.me().await;
            let room = ann.user.opens_group(&["ben", "dan"]).await;
            (vec![ann, ben, dan], Some(app.user("eva").await), room)
        }
        Kind::Match => {
            let giver = Who::new(app.user(GIVER).await);
            let drawn = json!({ (GIVER): "ben" });
            app.service().await.draws("raffle", "2100-12-24T18:00:00Z", drawn).await;
            let room = giver.user.opens_match("raffle").await;
            (vec![giver, Who { is_receiver: true, ..ben }], None, room)
        }
    };
    (Cast { members, comes }, room)
}
