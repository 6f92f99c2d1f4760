//! What all of Parlour's functions stand on.

/// What a caller can do: rules, store, publish, in that order.
pub mod actions;
/// From a token to whoever calls.
pub mod auth;
/// The only reader of the environment.
pub mod config;
/// The words of other chat systems, for apps that were written for them.
pub mod dialect;
/// Plain types and rules.
pub mod domain;
/// What can go wrong, in the domain's own words.
pub mod error;
/// The HTTP side that all functions share: who calls, what they sent, what went wrong.
pub mod http;
/// What is mailed: who gets it, in which words, and how one gets no more of it.
pub mod mail;
/// The Pusher side: signing, channel names, publishing.
pub mod realtime;
/// A string that must not be printed.
pub mod secret;
/// The only place that sees the AWS SDK.
pub mod store;
/// What requests took, for whoever runs them.
pub mod telemetry;
/// Outgoing webhooks to the application's own server.
pub mod webhook;
