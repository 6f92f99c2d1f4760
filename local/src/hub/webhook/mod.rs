//! Webhooks: what happens on the channels, told to the app's server.
//!
//! What happens goes, in its order and without waiting, through the [`Outbox`] to the collector. That holds back
//! who left, for the time of grace, and puts the rest together into batches. The courier signs a batch and posts it,
//! again and again if it must. So webhooks come in batches, repeated and out of order, as Pusher's do.

mod collector;
mod courier;
mod grace;
mod news;
mod url;

pub use self::url::{BadUrl, WebhookUrl};
pub(super) use self::{
    collector::{Outbox, start},
    news::News,
};
