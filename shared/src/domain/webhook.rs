//! What the application's own server is told, and how often it is tried.

use serde::{Deserialize, Serialize};

use super::{
    ids::{ReportId, RoomId, Salt, WebhookId},
    principal::Principal,
    time::Timestamp,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// How long to wait after each attempt that failed, in milliseconds; after the last one there is no more.
const PAUSES: [i64; 7] =
    [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];

/// The longest that a receiver may ask to be left alone (`Retry-After`), in milliseconds.
const LONGEST_REQUEST: i64 = 6 * HOUR;

/// A kind of thing that the application's server is told of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum HookKind {
    /// A message was stored.
    #[serde(rename = "message.created")]
    MessageCreated,
    /// A room was opened.
    #[serde(rename = "room.opened")]
    RoomOpened,
    /// A desk put a room away.
    #[serde(rename = "room.archived")]
    RoomArchived,
    /// Somebody reported a message.
    #[serde(rename = "report.filed")]
    ReportFiled,
    /// A person was erased.
    #[serde(rename = "person.erased")]
    PersonErased,
}

impl HookKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::MessageCreated,
        Self::RoomOpened,
        Self::RoomArchived,
        Self::ReportFiled,
        Self::PersonErased,
    ];

    /// The kind as a webhook's `type` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageCreated => "message.created",
            Self::RoomOpened => "room.opened",
            Self::RoomArchived => "room.archived",
            Self::ReportFiled => "report.filed",
            Self::PersonErased => "person.erased",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What happened: nothing but where to look, so that what is deleted later lives on nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A message was stored at this place.
    MessageCreated(RoomId, u64),
    /// This room was opened.
    RoomOpened(RoomId),
    /// A desk put this room away.
    RoomArchived(RoomId),
    /// Somebody reported the message at this place.
    ReportFiled(RoomId, u64, ReportId),
    /// This person was erased: all that can be told is who.
    PersonErased(Principal),
}

/// Something that happened at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// What.
    pub what: Happened,
    /// When.
    pub at: Timestamp,
}

impl Hook {
    /// What kind of thing it is.
    pub fn kind(&self) -> HookKind {
        match self.what {
            Happened::MessageCreated(..) => HookKind::MessageCreated,
            Happened::RoomOpened(_) => HookKind::RoomOpened,
            Happened::RoomArchived(_) => HookKind::RoomArchived,
            Happened::ReportFiled(..) => HookKind::ReportFiled,
            Happened::PersonErased(_) => HookKind::PersonErased,
        }
    }

    /// The room that it is about.
    pub fn room(&self) -> Option<RoomId> {
        match self.what {
            Happened::MessageCreated(room, _)
            | Happened::RoomOpened(room)
            | Happened::RoomArchived(room)
            | Happened::ReportFiled(room, ..) => Some(room),
            Happened::PersonErased(_) => None,
        }
    }

    /// The place of the message that it is about.
    pub fn seq(&self) -> Option<u64> {
        match self.what {
            Happened::MessageCreated(_, seq) | Happened::ReportFiled(_, seq, _) => Some(seq),
            _ => None,
        }
    }

    /// The id of the webhook: the same however often it is told.
    pub fn id(&self, salt: &Salt) -> WebhookId {
        let kind = self.kind().as_str().as_bytes();
        let at = self.at.millis().to_be_bytes();
        match &self.what {
            Happened::MessageCreated(room, seq) => {
                WebhookId::derive(salt, &[kind, room.as_bytes(), &seq.to_be_bytes()])
            }
            Happened::RoomOpened(room) => WebhookId::derive(salt, &[kind, room.as_bytes()]),
            // Once more, if it is put away once more.
            Happened::RoomArchived(room) => WebhookId::derive(salt, &[kind, room.as_bytes(), &at]),
            Happened::ReportFiled(_, _, report) => {
                WebhookId::derive(salt, &[kind, report.as_bytes()])
            }
            // Whoever comes back under the id of somebody who was erased is somebody new.
            Happened::PersonErased(person) => {
                let (sort, id) = (person.kind.as_str().as_bytes(), person.id.as_bytes());
                WebhookId::derive(salt, &[kind, sort, id, &at])
            }
        }
    }
}

/// What has become of a webhook that did not arrive at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HookState {
    /// It is tried again.
    Pending,
    /// It was given up.
    #[default]
    Failed,
}

impl HookState {
    /// The state as the API and index keys write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }
}

/// When to try again what failed so many times; `None` when to give up. The pause is up to a tenth longer
/// than planned, by `chance` (0 to 1), so that what failed together does not come back together; and as
/// long as the receiver asked for, in seconds, up to six hours.
pub fn next_attempt(
    now: Timestamp,
    attempts: u32,
    chance: f64,
    asked_for: Option<u64>,
) -> Option<Timestamp> {
    let planned = *PAUSES.get(usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX))?;
    #[allow(clippy::cast_possible_truncation, reason = "a tenth of some hours")]
    let spread = (planned as f64 * 0.1 * chance.clamp(0.0, 1.0)) as i64;
    let asked_for = asked_for.map_or(0, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
    let asked_for = asked_for.saturating_mul(1_000).min(LONGEST_REQUEST);
    Some(now.plus_millis((planned + spread).max(asked_for)))
}

/// Whether a webhook that was first due then has been tried for as long as it ever is: a day and some
/// hours.
pub fn is_overdue(first_due: Timestamp, now: Timestamp) -> bool {
    now.millis().saturating_sub(first_due.millis()) > PAUSES.iter().sum::<i64>() * 11 / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name_wherever_it_is_written() {
        for kind in HookKind::ALL {
            assert_eq!(HookKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(HookKind::parse("room.closed"), None);
    }

    fn after(attempts: u32, chance: f64, asked_for: Option<u64>) -> Option<i64> {
        let now = Timestamp::from_millis(1_000_000_000);
        let next = next_attempt(now, attempts, chance, asked_for)?;
        Some((next.millis() - now.millis()) / 1_000)
    }

    #[test]
    fn the_pauses_grow_and_end_after_more_than_a_day() {
        let pauses: Vec<_> = (1..=8).map(|attempts| after(attempts, 0.0, None)).collect();
        let minutes = [1, 5, 30, 120, 300, 600, 600].map(|minutes| Some(minutes * 60));
        assert_eq!(pauses[..7], minutes);
        assert_eq!(pauses[7], None);
        assert_eq!(after(0, 0.0, None), Some(60), "what was never tried");
        assert_eq!(after(u32::MAX, 0.0, None), None);
    }

    #[test]
    fn chance_makes_a_pause_up_to_a_tenth_longer() {
        assert_eq!(after(1, 0.5, None), Some(63));
        assert_eq!(after(1, 1.0, None), Some(66));
        assert_eq!(after(6, 1.0, None), Some(39_600));
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_within_bounds() {
        for (asked_for, seconds) in
            [(0, 60), (59, 60), (90, 90), (21_600, 21_600), (21_601, 21_600), (u64::MAX, 21_600)]
        {
            assert_eq!(after(1, 0.0, Some(asked_for)), Some(seconds), "{asked_for}");
        }
        assert_eq!(after(7, 0.0, Some(90)), Some(36_000));
        assert_eq!(after(8, 0.0, Some(90)), None);
    }

    #[test]
    fn a_webhook_is_overdue_once_all_its_pauses_could_have_passed() {
        let first = Timestamp::from_millis(1_000_000_000);
        let hours = |hours: i64| first.plus_millis(hours * HOUR);
        assert!(!is_overdue(first, hours(30)) && is_overdue(first, hours(31)));
        assert!(!is_overdue(first, first) && !is_overdue(hours(1), first));
    }

    #[test]
    fn what_happened_has_an_id_of_its_own_and_always_the_same() {
        let salt = Salt::from_bytes([7; 32]);
        let room: RoomId = "00000000-0000-8100-8000-00000000000a".parse().unwrap();
        let report = "00000000-0000-8000-8000-000000000000".parse().unwrap();
        let person = Principal::user("una").unwrap();
        let of = |what: Happened, at: i64| Hook { what, at: Timestamp::from_millis(at) }.id(&salt);
        let all = |at| {
            [
                of(Happened::MessageCreated(room, 1), at),
                of(Happened::MessageCreated(room, 2), at),
                of(Happened::RoomOpened(room), at),
                of(Happened::ReportFiled(room, 1, report), at),
                of(Happened::RoomArchived(room), at),
                of(Happened::PersonErased(person.clone()), at),
            ]
        };
        let (once, later) = (all(1), all(2));
        assert_eq!(once, all(1));
        assert_eq!(once[..4], later[..4]);
        assert!(once[4] != later[4] && once[5] != later[5]);
        let mut different = once.to_vec();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), once.len());
    }
}
