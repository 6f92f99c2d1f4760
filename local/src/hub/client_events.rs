//! Events from client to client: where they may be sent, how large they may be, and how often.

use std::{collections::VecDeque, time::Duration};

use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{
    channel::Name,
    limits,
    protocol::{ClientEvent, Complaint},
};

const SECOND: Duration = Duration::from_secs(1);

/// Checks what can be told from the event itself.
///
/// # Errors
/// With what to tell the client.
pub(super) fn check(event: &ClientEvent<'_>) -> Result<(), Complaint> {
    match Name::parse(&event.channel) {
        Ok(Name::Channel(_, kind)) if kind.allows_client_events() => {}
        Ok(_) => {
            return Err(Complaint::nonsense(
                "Client events are for private and presence channels only, and for no encrypted ones",
            ));
        }
        Err(_) => return Err(Complaint::nonsense("The channel name is not allowed")),
    }
    if event.name.chars().count() > limits::EVENT_NAME {
        return Err(Complaint::nonsense("The name of a client event is at most 200 characters"));
    }
    if event.data.is_some_and(|data| data.get().len() > limits::EVENT_DATA) {
        return Err(Complaint::nonsense("The data of a client event is at most 10 KB"));
    }
    Ok(())
}

/// The data as webhooks tell it: a text is told as it is, anything else as JSON.
pub(super) fn as_text(data: Option<&RawValue>) -> String {
    let json = data.map_or("null", RawValue::get);
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}

/// How often one socket sends.
#[derive(Default)]
pub(super) struct Rate {
    /// When its latest client events came, as far as they count.
    sent: VecDeque<Instant>,
}

impl Rate {
    /// Whether one more makes at most ten in the second that ends now. One that is refused does not count.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        while self.sent.front().is_some_and(|sent| now - *sent >= SECOND) {
            self.sent.pop_front();
        }
        let allows = self.sent.len() < limits::CLIENT_EVENTS_PER_SECOND;
        if allows {
            self.sent.push_back(now);
        }
        allows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_client_events_fit_into_any_second() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let millis = |millis| start + Duration::from_millis(millis);
        for number in 0..10 {
            assert!(rate.allows(millis(number * 10)));
        }
        assert!(!rate.allows(millis(100)));
        assert!(!rate.allows(millis(999)));
        assert!(rate.allows(millis(1000)), "the first one was a second ago");
        assert!(!rate.allows(millis(1009)));
        assert!(rate.allows(millis(1010)));
    }

    #[test]
    fn data_is_told_as_a_text() {
        let raw = |json: &'static str| serde_json::from_str::<&RawValue>(json).unwrap();
        assert_eq!(as_text(Some(raw(r#"{"on":true}"#))), r#"{"on":true}"#);
        assert_eq!(as_text(Some(raw(r#""it\"s""#))), r#"it"s"#);
        assert_eq!(as_text(None), "null");
    }
}
