//! Users: who a presence channel's members are, who is signed in, and who watches whom.

mod id;
mod member;
mod registry;
mod signin;
mod watchlist;

pub(super) use self::{id::UserId, member::Member, registry::Users, signin::SignedIn};
