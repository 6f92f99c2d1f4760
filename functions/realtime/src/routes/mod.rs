//! The handlers: what was sent in, an action, its result out. One file per resource.

pub(crate) mod asyncapi;
pub(crate) mod auth;
pub(crate) mod relay;
