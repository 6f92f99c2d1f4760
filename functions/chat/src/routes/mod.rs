//! The handlers: what was sent in, an action, its result out. One file per resource.

pub(crate) mod health;
pub(crate) mod me;
pub(crate) mod messages;
pub(crate) mod openapi;
pub(crate) mod read;
pub(crate) mod rooms;
