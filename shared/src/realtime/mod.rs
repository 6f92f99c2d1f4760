//! The Pusher side: signing, channel names, publishing.

pub mod channel;
pub mod publisher;
pub mod relay;
pub mod sign;
