//! The Pusher side: signing, channel names, encryption, publishing, webhooks.

pub mod channel;
pub mod encrypt;
pub mod publisher;
pub mod relay;
pub mod sign;
pub mod webhook;
