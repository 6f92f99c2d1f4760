//! The same work by Parlour and by its peers.

pub(crate) mod textbook;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

/// A folder beside the peers of this project.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/peers")).join(name)
}
