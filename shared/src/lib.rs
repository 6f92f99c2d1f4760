//! What all of Parlour's functions stand on.

pub mod domain;
pub mod error;
pub mod realtime;
pub mod store;
