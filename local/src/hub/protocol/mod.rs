//! The frames of protocol version 7 and its close codes.
//!
//! A frame is a JSON object with `event`, mostly `data`, and `channel` where it belongs to one. The `data` of events
//! is a string that holds JSON once more; that of `pusher:error` and `pusher:subscription_error` is a plain object.

mod close;
mod command;
pub(super) mod frame;
mod refusal;

use std::ops::RangeInclusive;

pub(super) use self::{
    close::Close,
    command::{ClientEvent, Command, Subscribe},
    refusal::{Complaint, Refusal},
};

/// The protocol versions that clients may ask for. Frames are those of 7: what it has more, clients of the
/// others pass over. Pusher's own library for Android asks for 5.
pub(super) const VERSIONS: RangeInclusive<u32> = 5..=7;
