//! A room's messages in the order in which they were sent, as these systems hand them out: all at once, or
//! by how many the client has already.

use shared::{
    actions::messages::SlotView,
    domain::{ids::RoomId, message::MessageView, principal::Caller},
    error::Error,
    http::App,
    store::Window,
};

/// The most messages of one answer. The systems' own answers have no limit; older messages than these are
/// to be had from the canonical API.
pub(crate) const MOST: usize = 500;

const PER_PAGE: u64 = 200;

/// The newest messages, ascending: at most `most`.
pub(crate) async fn newest(
    app: &App,
    caller: &Caller,
    room: RoomId,
    most: usize,
) -> Result<Vec<MessageView>, Error> {
    Ok(before(app, caller, room, Window::Newest, most).await?.messages)
}

/// A part of the log, going back from its end.
pub(crate) struct Part {
    /// What was sent there, ascending.
    pub(crate) messages: Vec<MessageView>,
    /// How many places of the log it takes: some may be empty.
    pub(crate) places: u64,
}

/// So many messages at most that come before; fewer only where the log begins.
pub(crate) async fn before(
    app: &App,
    caller: &Caller,
    room: RoomId,
    mut window: Window,
    most: usize,
) -> Result<Part, Error> {
    let mut part = Part { messages: Vec::new(), places: 0 };
    loop {
        let wanted = (most - part.messages.len()) as u64;
        let page = app.services.history(caller, room, window, wanted.clamp(1, PER_PAGE)).await?;
        let Some(first) = page.slots.first().map(seq) else { return Ok(part) };
        part.places += page.slots.len() as u64;
        let sent = page.slots.into_iter().filter_map(|slot| match slot {
            SlotView::Message(message) => Some(*message),
            SlotView::Void(_) | SlotView::Pending(_) => None,
        });
        part.messages.splice(..0, sent);
        if !page.has_more || part.messages.len() >= most {
            return Ok(part);
        }
        window = Window::Before(first);
    }
}

fn seq(slot: &SlotView) -> u64 {
    match slot {
        SlotView::Message(message) => message.seq,
        SlotView::Void(seq) | SlotView::Pending(seq) => *seq,
    }
}
