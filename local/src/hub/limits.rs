//! What the protocol allows at most. Beyond it a call is refused, and so is a subscription or a client event.
//!
//! The longest channel name, 164 bytes of `A-Z a-z 0-9 _ - = @ , . ;`, is checked by `ChannelName`.

/// Events of one batch.
pub(super) use shared::realtime::publisher::MAX_BATCH as BATCH;
/// Channels of one event.
pub(super) use shared::realtime::publisher::MAX_CHANNELS as CHANNELS_OF_AN_EVENT;
/// Bytes of an event's data, encrypted or not, also of a client's.
pub(super) use shared::realtime::publisher::MAX_EVENT_DATA as EVENT_DATA;
/// Characters of an event's name.
pub(super) use shared::realtime::publisher::MAX_EVENT_NAME as EVENT_NAME;

/// Members of a presence channel.
pub(super) const MEMBERS: usize = 100;
/// Bytes of what a presence channel is told about a member: `{"user_id":…,"user_info":…}`.
pub(super) const USER_OBJECT: usize = 1024;
/// Bytes of a user's id.
pub(super) const USER_ID: usize = 128;
/// Users that one user watches.
pub(super) const WATCHLIST: usize = 100;
/// Client events of one socket in a second.
pub(super) const CLIENT_EVENTS_PER_SECOND: usize = 10;
/// Bytes of what a client sends at once: a client event with room for its envelope and escapes.
pub(super) const MESSAGE: usize = 64 * 1024;
/// Bytes of a call's body: ten events full of characters that JSON writes as six.
pub(super) const BODY: usize = 1024 * 1024;
