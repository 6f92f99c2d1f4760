//! Who is in a room, and how each kind is opened.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Kind, World};
use crate::{Failure, api::Caller};
use tests::history::client_id;

/// Somebody in a room.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) caller: Caller,
    /// Whether it puts the room away now and then.
    pub(crate) archives: bool,
    /// Whether it is removed some time.
    pub(crate) leaves: bool,
}

/// Everybody in a room.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    /// The first is whoever opened it.
    pub(crate) members: Vec<Member>,
    /// Of a group: who comes and who goes while it is talked in.
    pub(crate) changing: Option<Changing>,
}

/// Who comes and who goes.
#[derive(Clone, Debug)]
pub(crate) struct Changing {
    pub(crate) comes: Member,
    pub(crate) goes: Member,
}

impl Member {
    fn new(caller: Caller) -> Self {
        Self { caller, archives: false, leaves: false }
    }
}

/// Opens a room of a kind, all of whose members nobody else knows. Its path, and who is in it.
///
/// # Errors
/// When it cannot be opened.
pub(crate) async fn open(
    world: &World,
    number: u32,
    kind: Kind,
) -> Result<(String, Cast), Failure> {
    let id = |who: &str| format!("{who}-{:x}-{number}", world.seed);
    let user = async |who: &str, hidden: Option<String>| {
        let claims = json!({ "sub": id(who), "name": id(who) });
        world.api.caller(claims, hidden).await.map(Member::new)
    };
    let server =
        async || world.api.caller(json!({ "sub": "server", "roles": ["service"] }), None).await;
    let (members, changing, wanted) = match kind {
        Kind::Direct => {
            let members = vec![user("ann", None).await?, user("ben", None).await?];
            (members, None, json!({ "kind": "direct", "with": id("ben") }))
        }
        Kind::Support => {
            let claims = json!({ "sub": id("agent"), "name": id("agent"), "roles": ["admin"] });
            let agent =
                Member { archives: true, ..Member::new(world.api.caller(claims, None).await?) };
            (vec![user("ann", None).await?, agent], None, json!({ "kind": "support" }))
        }
        Kind::Listing => {
            let listing = json!({ "title": "A red bike", "merchant_id": id("shop") });
            let path = format!("/v1/listings/{}", id("bike"));
            server().await?.insists(Method::PUT, &path, &listing, &[200]).await?;
            let claims = json!({ "sub": id("shop"), "type": "merchant", "name": id("shop") });
            let shop =
                Member { archives: true, ..Member::new(world.api.caller(claims, None).await?) };
            let wanted = json!({ "kind": "listing", "listing_id": id("bike") });
            (vec![user("ann", None).await?, shop], None, wanted)
        }
        Kind::Match => {
            let raffle = json!({
                "name": "Family", "reveal_at": "2100-12-24T18:00:00Z", "matches": { id("giver"): id("ben") },
            });
            let path = format!("/v1/groups/{}", id("raffle"));
            server().await?.insists(Method::PUT, &path, &raffle, &[200]).await?;
            let members = vec![user("giver", None).await?, user("ben", Some(id("giver"))).await?];
            (members, None, json!({ "kind": "match", "group_id": id("raffle") }))
        }
        Kind::Group => {
            let members = vec![user("ann", None).await?, user("ben", None).await?];
            let goes = Member { leaves: true, ..user("dan", None).await? };
            let changing = Changing { comes: user("eva", None).await?, goes: goes.clone() };
            let others = [id("ben"), id("carl"), id("dan")];
            let wanted = json!({
                "kind": "group", "members": others, "client_id": client_id(world.seed, number, 0),
            });
            ([members, vec![user("carl", None).await?, goes]].concat(), Some(changing), wanted)
        }
    };
    let opener = &members[0].caller;
    let (_, room) = opener.insists(Method::POST, "/v1/rooms", &wanted, &[200, 201]).await?;
    let path = format!("/v1/rooms/{}", text(&room, "id")?);
    // Whoever has not signed in yet is nobody; all have a profile before the first message.
    for member in members.iter().chain(changing.as_ref().map(|changing| &changing.comes)) {
        member.caller.gets("/v1/me").await?;
    }
    Ok((path, Cast { members, changing }))
}

/// A text of a JSON object.
///
/// # Errors
/// When it is not there.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, Failure> {
    object[name].as_str().ok_or_else(|| format!("no {name} in {object}").into())
}

/// A number of a JSON object.
///
/// # Errors
/// When it is not there.
pub(crate) fn number(object: &Value, name: &str) -> Result<u64, Failure> {
    object[name].as_u64().ok_or_else(|| format!("no {name} in {object}").into())
}
