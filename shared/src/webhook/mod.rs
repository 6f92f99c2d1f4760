//! Outgoing webhooks: what the application's own server is told, by the rules of Standard Webhooks
//! (<https://www.standardwebhooks.com>). What is told is in `actions/webhooks`; here is how it is signed
//! and sent, and where it may go.

mod address;
mod breaker;
mod sender;
mod settings;
mod sign;

pub use self::{
    sender::{SendError, Sender, SetupError},
    settings::{ReceiverUrl, WebhookSettings},
    sign::{SigningSecret, SigningSecrets},
};
