//! The handlers: what was sent in, an action, its result out. One file per resource.

pub(crate) mod blocks;
pub(crate) mod changes;
pub(crate) mod desk;
pub(crate) mod groups;
pub(crate) mod guests;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod listings;
pub(crate) mod mail;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod openapi;
pub(crate) mod reactions;
pub(crate) mod read;
pub(crate) mod reports;
pub(crate) mod rooms;
pub(crate) mod sync;
pub(crate) mod users;
pub(crate) mod webhooks;
