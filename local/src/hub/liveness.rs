//! Whether a connection is alive: pings, and what is closed for its silence. Time is passed in.

use std::time::Duration;

use tokio::time::Instant;

use super::{Settings, protocol::Close};

/// What is known of a connection's life.
pub(super) struct Liveness {
    activity_timeout: Duration,
    pong_timeout: Duration,
    idle_timeout: Duration,
    /// Until when the client must be authorized, if it must.
    authorized_by: Option<Instant>,
    /// When anything came.
    heard: Instant,
    /// When something went either way that was no sign of life.
    busy: Instant,
    pinged: Option<Instant>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing until then.
    Nothing(Instant),
    /// Ask for a sign of life; and look again then.
    Ping(Instant),
    /// End it.
    Close(Close),
}

impl Liveness {
    /// A connection that was opened now.
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        Self {
            activity_timeout: settings.activity_timeout,
            pong_timeout: settings.pong_timeout,
            idle_timeout: settings.idle_timeout,
            authorized_by: settings.authorize_within.map(|limit| now + limit),
            heard: now,
            busy: now,
            pinged: None,
        }
    }

    /// Something came from the client. Whatever it is counts as the pong.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
    }

    /// Something was said that is no sign of life.
    pub(super) fn busy(&mut self, now: Instant) {
        self.busy = now;
    }

    /// The client is authorized, from now on.
    pub(super) fn authorized(&mut self) {
        self.authorized_by = None;
    }

    /// Looks at the clock. The next look need not come sooner than this says, whatever happens meanwhile: most
    /// alarms find that something did.
    pub(super) fn look(&mut self, now: Instant) -> Due {
        if self.authorized_by.is_some_and(|limit| limit <= now) {
            return Due::Close(Close::NOT_AUTHORIZED);
        }
        let idle_at = self.busy + self.idle_timeout;
        if idle_at <= now {
            return Due::Close(Close::IDLE);
        }
        if let Some(pinged) = self.pinged {
            return match pinged + self.pong_timeout {
                limit if limit <= now => Due::Close(Close::NO_PONG),
                limit => Due::Nothing(self.earliest(limit.min(now + self.activity_timeout))),
            };
        }
        match self.heard + self.activity_timeout {
            silent_at if silent_at <= now => {
                self.pinged = Some(now);
                Due::Ping(self.earliest(now + self.pong_timeout.min(self.activity_timeout)))
            }
            silent_at => Due::Nothing(self.earliest(silent_at)),
        }
    }

    fn earliest(&self, due: Instant) -> Instant {
        let idle_at = self.busy + self.idle_timeout;
        self.authorized_by.into_iter().chain([due, idle_at]).min().unwrap_or(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn born() -> (Liveness, Instant) {
        let now = Instant::now();
        (Liveness::new(&Settings::default(), now), now)
    }

    #[test]
    fn a_client_that_is_silent_for_two_minutes_is_pinged_and_half_a_minute_later_closed() {
        let (mut life, start) = born();
        assert_eq!(life.look(start), Due::Nothing(start + secs(120)));
        assert_eq!(life.look(start + secs(120)), Due::Ping(start + secs(150)));
        assert_eq!(life.look(start + secs(149)), Due::Nothing(start + secs(150)));
        assert_eq!(life.look(start + secs(150)), Due::Close(Close::NO_PONG));
    }

    #[test]
    fn anything_that_comes_is_a_sign_of_life() {
        let (mut life, start) = born();
        life.heard(start + secs(100));
        assert_eq!(life.look(start + secs(120)), Due::Nothing(start + secs(220)));
        assert_eq!(life.look(start + secs(220)), Due::Ping(start + secs(250)));
        life.heard(start + secs(230));
        assert_eq!(life.look(start + secs(250)), Due::Nothing(start + secs(350)));
    }

    #[test]
    fn a_connection_on_which_nothing_is_said_for_a_day_is_closed() {
        let (mut life, start) = born();
        let day = secs(24 * 3600);
        life.busy(start + secs(10));
        life.heard(start + day);
        assert_eq!(life.look(start + day), Due::Nothing(start + day + secs(10)));
        assert_eq!(life.look(start + day + secs(10)), Due::Close(Close::IDLE));
    }

    #[test]
    fn a_client_that_is_not_authorized_in_time_is_closed_where_that_is_asked_for() {
        let settings = Settings { authorize_within: Some(secs(30)), ..Settings::default() };
        let start = Instant::now();
        let mut life = Liveness::new(&settings, start);
        assert_eq!(life.look(start), Due::Nothing(start + secs(30)));
        assert_eq!(life.look(start + secs(30)), Due::Close(Close::NOT_AUTHORIZED));
        let mut life = Liveness::new(&settings, start);
        life.authorized();
        assert_eq!(life.look(start + secs(30)), Due::Nothing(start + secs(120)));
    }
}
