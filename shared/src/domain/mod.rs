//! Plain types and rules: no store, no HTTP, no clock of its own.

pub mod event;
pub mod ids;
pub mod member;
pub mod message;
pub mod principal;
pub mod room;
pub mod time;
