//! One run: what is due is found, and worked off in parallel until it is done or the time is over.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use shared::{
    actions::{Services, mail::Mailing, outcome::Outcome},
    domain::ids::{RoomId, SideKey},
    error::Error,
    store::{Due, DueTimers, Timer},
};
use tokio::time::Instant;

use crate::mail::PostOffice;

/// How many timers are worked off at once.
const AT_ONCE: usize = 16;

/// How long before its end a run begins nothing new: what it has begun shall end.
const RESERVE: Duration = Duration::from_secs(5);

/// Works off what is due.
#[derive(Debug)]
pub struct Dispatch<'a, P> {
    /// What actions work with.
    pub services: &'a Services,
    /// Carries mails.
    pub post_office: &'a P,
}

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many timers were due.
    pub due: usize,
    /// What became of events that the relay had not taken.
    pub pushes: Counts,
    /// What became of mails.
    pub mails: Counts,
    /// What became of webhooks.
    pub webhooks: Counts,
    /// How many timers are left to the next run: the time was over, or their relay is down.
    pub left: usize,
    /// How many met a store that failed.
    pub failed: usize,
}

/// How many timers came to which end.
pub type Counts = BTreeMap<Outcome, usize>;

/// How working on a timer ended.
enum Ended {
    As(Outcome),
    Left,
    Failed,
}

/// What those who work at the same time know of each other: each further one would only wait for a relay or a
/// mail server that is down.
struct Run {
    until: Instant,
    relay_is_down: AtomicBool,
    mail_is_down: AtomicBool,
}

impl Run {
    /// What tells that nothing of the kind can be done now.
    fn is_down(&self, timer: &Timer) -> Option<&AtomicBool> {
        match timer {
            Timer::Push(_) => Some(&self.relay_is_down),
            Timer::Mail(..) => Some(&self.mail_is_down),
            Timer::Webhook(_) => None,
        }
    }
}

impl<P: PostOffice> Dispatch<'_, P> {
    /// One run, which takes so long at most.
    ///
    /// # Errors
    /// When what is due cannot be found.
    pub async fn run(&self, time: Duration) -> Result<Summary, Error> {
        let until = Instant::now() + time.saturating_sub(RESERVE);
        let run = Run {
            until,
            relay_is_down: AtomicBool::new(false),
            mail_is_down: AtomicBool::new(false),
        };
        let mut summary = Summary::default();
        let mut from = None;
        loop {
            let DueTimers { timers, next } =
                self.services.store.due(self.services.clock.now(), from).await?;
            summary.due += timers.len();
            let works = stream::iter(timers).map(|due| self.work(due, &run));
            let mut works = works.buffer_unordered(AT_ONCE);
            while let Some((timer, ended)) = works.next().await {
                summary.count(&timer, ended);
            }
            from = next;
            if from.is_none() || Instant::now() >= run.until {
                return Ok(summary);
            }
        }
    }

    async fn work(&self, due: Due, run: &Run) -> (Timer, Ended) {
        let timer = due.timer.clone();
        let is_hopeless = run.is_down(&timer).is_some_and(|down| down.load(Ordering::Relaxed));
        if is_hopeless || Instant::now() >= run.until {
            return (timer, Ended::Left);
        }
        let worked = match &timer {
            Timer::Push(room) => self.services.redeliver(&due, *room).await,
            Timer::Mail(room, side) => self.mail(&due, (*room, side), run).await,
            Timer::Webhook(_) => self.services.send_webhook(&due).await,
        };
        let ended = match worked {
            Ok(outcome) => {
                if matches!(timer, Timer::Push(_)) && outcome == Outcome::PutOff {
                    run.relay_is_down.store(true, Ordering::Relaxed);
                }
                Ended::As(outcome)
            }
            Err(error) => {
                tracing::error!(%error, ?timer, "what was due failed and is due again");
                Ended::Failed
            }
        };
        (timer, ended)
    }

    async fn mail(
        &self,
        due: &Due,
        (room, side): (RoomId, &SideKey),
        run: &Run,
    ) -> Result<Outcome, Error> {
        let mail = match self.services.mail_due(due, room, side).await? {
            Mailing::Ended(outcome) => return Ok(outcome),
            Mailing::Carry(mail) => mail,
        };
        match self.post_office.carry(&mail.letter).await {
            Ok(()) => self.services.mail_carried(&mail).await,
            Err(error) => {
                tracing::warn!(%error, %room, "a mail was not sent");
                if !error.for_good {
                    run.mail_is_down.store(true, Ordering::Relaxed);
                }
                self.services.mail_refused(&mail, error.for_good).await
            }
        }
    }
}

impl Summary {
    fn count(&mut self, timer: &Timer, ended: Ended) {
        let counts = match timer {
            Timer::Push(_) => &mut self.pushes,
            Timer::Mail(..) => &mut self.mails,
            Timer::Webhook(_) => &mut self.webhooks,
        };
        match ended {
            Ended::As(outcome) => *counts.entry(outcome).or_default() += 1,
            Ended::Left => self.left += 1,
            Ended::Failed => self.failed += 1,
        }
    }
}
