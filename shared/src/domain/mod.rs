//! Plain types and rules: no store, no HTTP, no clock of its own.

pub mod change;
pub mod event;
pub mod group;
pub mod ids;
pub mod listing;
pub mod member;
pub mod message;
pub mod name;
pub mod person;
pub mod principal;
pub mod rate;
pub mod report;
pub mod retention;
pub mod room;
pub mod time;
pub mod webhook;
