//! What became of something that was to happen later.

use serde::Serialize;

/// What became of a timer that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// There was nothing to do any more.
    Needless,
    /// It could not be done now, and is due again later.
    PutOff,
    /// It could not be done for so long, or so finally, that it is given up.
    GivenUp,
    /// Another run was faster.
    Taken,
}
