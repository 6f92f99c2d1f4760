//! The frames of protocol version 7 and its close codes.
//!
//! A frame is a JSON object with `event`, mostly `data`, and `channel` where it belongs to one. The `data` of events
//! is a string that holds JSON once more; that of `pusher:error` and `pusher:subscription_error` is a plain object.

mod close;
mod command;
pub(super) mod frame;
mod refusal;

pub(super) use self::{
    close::Close,
    command::{ClientEvent, Command, Subscribe},
    refusal::{Complaint, Refusal},
};

/// The protocol version that the hub speaks.
pub(super) const VERSION: u32 = 7;
