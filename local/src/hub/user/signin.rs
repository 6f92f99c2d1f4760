//! The user data of `pusher:signin`: a JSON text that the app has signed.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Member, UserId};
use crate::hub::limits;

/// Who a socket is, for as long as it lives.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) user: UserId,
    /// The users whose coming and going he wants to know.
    pub(crate) watchlist: Vec<UserId>,
    member: Member,
}

#[derive(Deserialize)]
struct UserData<'a> {
    id: String,
    #[serde(borrow)]
    user_info: Option<&'a RawValue>,
    #[serde(default)]
    watchlist: Vec<String>,
}

impl SignedIn {
    /// Reads the user data; nothing when it is no user's or beyond a limit.
    pub(crate) fn parse(user_data: &str) -> Option<Self> {
        let UserData { id, user_info, watchlist } = serde_json::from_str(user_data).ok()?;
        let user = UserId::parse(&id)?;
        if user_info.is_some_and(|info| info.get().len() > limits::USER_OBJECT)
            || watchlist.len() > limits::WATCHLIST
        {
            return None;
        }
        let mut watchlist: Vec<UserId> =
            watchlist.iter().map(|id| UserId::parse(id)).collect::<Option<_>>()?;
        watchlist.sort();
        watchlist.dedup();
        Some(Self { member: Member::new(user.clone(), user_info), user, watchlist })
    }

    /// The member that he is on a presence channel, where the subscription does not say.
    pub(crate) fn as_member(&self) -> Member {
        self.member.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_data_is_an_object_with_an_id_within_all_limits() {
        let many = |count: usize| {
            let ids: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            serde_json::json!({ "id": "a", "watchlist": ids }).to_string()
        };
        let info = |bytes: usize| {
            serde_json::json!({ "id": "a", "user_info": "x".repeat(bytes - 2) }).to_string()
        };
        let id = |bytes: usize| serde_json::json!({ "id": "x".repeat(bytes) }).to_string();
        for good in [r#"{"id":"a"}"#.to_owned(), many(100), info(1024), id(128)] {
            assert!(SignedIn::parse(&good).is_some(), "{good}");
        }
        for bad in ["", "{}", r#"{"id":7}"#, r#"{"id":""}"#, r#"{"id":"a\nb"}"#] {
            assert!(SignedIn::parse(bad).is_none(), "{bad}");
        }
        for bad in [many(101), info(1025), id(129)] {
            assert!(SignedIn::parse(&bad).is_none(), "{bad}");
        }
    }
}
