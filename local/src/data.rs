//! The folder that holds a laptop's rooms and messages.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::embedded::{Durability, Engine, EngineError};

/// The store's file in the folder.
const STORE: &str = "store.sqlite";
/// Held while a program uses the folder.
const LOCK: &str = "lock";

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It cannot be made or written.
    #[error("cannot write to the data folder {}: {cause}", .folder.display())]
    Unwritable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another program has it.
    #[error("another program uses the data folder {}; stop it, or choose another with --data", .0.display())]
    InUse(PathBuf),
    /// Its file is no store of ours.
    #[error("cannot open the store: {0}")]
    Store(#[from] EngineError),
}

/// An open data folder, held until it is dropped.
#[derive(Debug)]
pub struct Data {
    /// The store in it.
    pub engine: Engine,
    /// The folder, if it is one.
    pub folder: Option<PathBuf>,
    _lock: Option<File>,
}

impl Data {
    /// Opens the folder, making it if there is none; `:memory:` is no folder and keeps nothing.
    ///
    /// # Errors
    /// When it cannot be written, or another program uses it.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, DataError> {
        if folder == Path::new(":memory:") {
            return Ok(Self { engine: Engine::memory()?, folder: None, _lock: None });
        }
        let unwritable = |cause| DataError::Unwritable { folder: folder.to_owned(), cause };
        fs::create_dir_all(folder).map_err(unwritable)?;
        let lock = File::create(folder.join(LOCK)).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataError::InUse(folder.to_owned())),
            Err(TryLockError::Error(cause)) => return Err(unwritable(cause)),
        }
        let engine = Engine::open(&folder.join(STORE), durability)?;
        Ok(Self { engine, folder: Some(folder.to_owned()), _lock: Some(lock) })
    }
}
