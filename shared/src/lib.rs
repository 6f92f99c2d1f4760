//! What all of Parlour's functions stand on.

pub mod realtime;
