//! Who does what in a run of the model.

/// Someone who acts on the room.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    /// `alice`, `bob`, or in groups `carol`.
    pub(crate) user: &'static str,
    /// One after another.
    pub(crate) does: Vec<Does>,
    /// How far this actor's clock is off, in milliseconds.
    pub(crate) clock_skew: i64,
}

/// What an actor does, once.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// Posts the message of this number.
    Post { message: u8, client_id: bool, retry: bool },
    /// Reads on from the beginning, so many pages.
    Read { pages: usize },
    /// Lists its rooms.
    List,
    /// Changes what stands at a slot, if it may.
    Change { seq: u64, into: Becomes },
    /// Marks everything up to a slot as read.
    Mark { seq: u64 },
    /// Puts the room away, or takes it back.
    File { away: bool },
    /// Takes carol out of the group.
    RemoveCarol,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Becomes {
    Edited,
    Deleted,
    ReactedTo,
}

impl Actor {
    fn new(user: &'static str, does: Does) -> Self {
        Self { user, does: vec![does], clock_skew: 0 }
    }

    pub(crate) fn marks(user: &'static str, seq: u64) -> Self {
        Self::new(user, Does::Mark { seq })
    }

    pub(crate) fn files(user: &'static str, away: bool) -> Self {
        Self::new(user, Does::File { away })
    }

    pub(crate) fn removes_carol(user: &'static str) -> Self {
        Self::new(user, Does::RemoveCarol)
    }

    /// And after that what the other does, with the same function's memory.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.does.extend(other.does);
        self
    }

    /// A run of the post of a message; actors with the same number run the same post.
    pub(crate) fn post(user: &'static str, message: u8) -> Self {
        Self::new(user, Does::Post { message, client_id: true, retry: false })
    }

    pub(crate) fn reader(user: &'static str, pages: usize) -> Self {
        Self::new(user, Does::Read { pages })
    }

    pub(crate) fn edits(user: &'static str, seq: u64) -> Self {
        Self::new(user, Does::Change { seq, into: Becomes::Edited })
    }

    pub(crate) fn deletes(user: &'static str, seq: u64) -> Self {
        Self::new(user, Does::Change { seq, into: Becomes::Deleted })
    }

    pub(crate) fn reacts(user: &'static str, seq: u64) -> Self {
        Self::new(user, Does::Change { seq, into: Becomes::ReactedTo })
    }

    pub(crate) fn list(user: &'static str) -> Self {
        Self::new(user, Does::List)
    }

    pub(crate) fn posts(&self) -> bool {
        self.does.iter().any(|does| matches!(does, Does::Post { .. }))
    }

    pub(crate) fn with_retry(mut self) -> Self {
        for does in &mut self.does {
            if let Does::Post { retry, .. } = does {
                *retry = true;
            }
        }
        self
    }

    pub(crate) fn without_client_id(mut self) -> Self {
        for does in &mut self.does {
            if let Does::Post { client_id, .. } = does {
                *client_id = false;
            }
        }
        self
    }

    pub(crate) fn an_hour_ahead(mut self) -> Self {
        self.clock_skew = 3_600_000;
        self
    }

    pub(crate) fn an_hour_behind(mut self) -> Self {
        self.clock_skew = -3_600_000;
        self
    }
}

/// What sort of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Alice and bob.
    Direct,
    /// Alice, and bob as a merchant with a desk.
    Listing,
    /// Alice, who owns it, bob and carol.
    Group,
}

/// Actors and what may go wrong.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) kind: Kind,
    pub(crate) actors: Vec<Actor>,
    /// How many faults the world may put in.
    pub(crate) faults: usize,
    /// Whether eventual reads may be answered from the past.
    pub(crate) stale_reads: bool,
    /// How often the world may turn from an actor that could go on to another one; `None` for as
    /// often as it likes. Most mistakes need few turns, and few turns make few orders.
    pub(crate) turns: Option<usize>,
    /// Whether actors begin at any time, rather than all at the beginning.
    pub(crate) late_starts: bool,
    /// How many messages alice has posted before it begins: those numbered from 1.
    pub(crate) posted: u8,
}

impl Scenario {
    pub(crate) fn of(actors: impl Into<Vec<Actor>>) -> Self {
        Self {
            kind: Kind::Direct,
            actors: actors.into(),
            faults: 0,
            stale_reads: false,
            turns: None,
            late_starts: false,
            posted: 0,
        }
    }

    pub(crate) fn in_a(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn with_posted(mut self, posted: u8) -> Self {
        self.posted = posted;
        self
    }

    pub(crate) fn with_faults(mut self, faults: usize) -> Self {
        self.faults = faults;
        self
    }

    pub(crate) fn with_stale_reads(mut self) -> Self {
        self.stale_reads = true;
        self
    }

    pub(crate) fn with_turns(mut self, turns: usize) -> Self {
        self.turns = Some(turns);
        self
    }

    pub(crate) fn with_late_starts(mut self) -> Self {
        self.late_starts = true;
        self
    }
}
