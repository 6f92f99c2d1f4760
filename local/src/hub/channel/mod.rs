//! Channels: what their names say, who is subscribed, who is present, and what was last said there.

mod cache;
mod kind;
mod name;
mod presence;
mod registry;

pub(super) use self::{
    cache::{Cache, Cached},
    kind::{Access, Kind},
    name::Name,
    registry::{Audience, Channels, Joining},
};
