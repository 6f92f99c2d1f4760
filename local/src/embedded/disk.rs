//! A store's file that survives power cuts: no answer leaves before all that it tells of is on the disk. Whatever is
//! written while a sync runs shares the next one.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::{JoinHandle, spawn_blocking},
};

/// How many writes there had been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Written(u64);

/// A disk failed to take what was written before, or now.
#[derive(Debug, thiserror::Error)]
#[error("the disk does not take what is written")]
pub(crate) struct DiskFailed;

/// What makes writes survive: it returns once all that was written before is on the disk.
pub(crate) type Sync = dyn Fn() -> io::Result<()> + Send + std::marker::Sync;

pub(super) struct Disk {
    sync: Arc<Sync>,
    written: AtomicU64,
    synced: AtomicU64,
    /// Held by whoever syncs for all.
    syncing: Arc<Mutex<()>>,
    has_failed: AtomicBool,
}

impl Disk {
    /// The disk of an SQLite file. Every commit appends to its write-ahead log (<https://www.sqlite.org/wal.html>), which
    /// SQLite itself leaves to the system in its normal mode until it moves it into the file, and syncs then.
    pub(super) fn of(file: &Path) -> io::Result<Self> {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        let log: File = OpenOptions::new().read(true).write(true).open(log)?;
        Ok(Self::new(Arc::new(move || log.sync_data())))
    }

    pub(super) fn new(sync: Arc<Sync>) -> Self {
        Self {
            sync,
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            syncing: Arc::default(),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Something was written.
    pub(super) fn note_write(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
    }

    /// What an answer that is made now may tell of.
    pub(super) fn written(&self) -> Written {
        Written(self.written.load(Ordering::SeqCst))
    }

    /// Begins to sync what was written so far, unless a sync is under way, and does not wait for its end.
    pub(super) fn begin(self: &Arc<Self>) {
        if !self.has(self.written())
            && let Ok(turn) = Arc::clone(&self.syncing).try_lock_owned()
        {
            drop(self.sync(turn));
        }
    }

    /// Waits until all of this is on the disk.
    ///
    /// # Errors
    /// When the disk fails. After that nobody knows what it holds (systems tell of a failed write once), so it fails
    /// for good.
    pub(super) async fn keeps(self: &Arc<Self>, written: Written) -> Result<(), DiskFailed> {
        if !self.has(written) {
            let turn = Arc::clone(&self.syncing).lock_owned().await;
            if !self.has(written) && self.sync(turn).await.is_err() {
                self.has_failed.store(true, Ordering::SeqCst);
            }
        }
        match self.has_failed.load(Ordering::SeqCst) {
            true => Err(DiskFailed),
            false => Ok(()),
        }
    }

    fn has(&self, written: Written) -> bool {
        self.synced.load(Ordering::SeqCst) >= written.0
    }

    /// A sync on a thread of its own, whose turn ends with it.
    fn sync(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> JoinHandle<()> {
        let disk = Arc::clone(self);
        spawn_blocking(move || {
            let _turn = turn;
            if disk.has_failed.load(Ordering::SeqCst) {
                return;
            }
            let Written(until) = disk.written();
            match (disk.sync)() {
                Ok(()) => {
                    disk.synced.fetch_max(until, Ordering::SeqCst);
                }
                Err(error) => {
                    tracing::error!(%error, "the disk failed: nothing is answered any more");
                    disk.has_failed.store(true, Ordering::SeqCst);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            atomic::AtomicUsize,
            mpsc::{Receiver, Sender, channel},
        },
    };

    use futures_util::{FutureExt as _, future::join_all};

    use super::*;

    /// A disk that ends a sync when it is told to, and counts them.
    fn slow() -> (Arc<Disk>, Sender<io::Result<()>>, Arc<AtomicUsize>) {
        let (end, ended): (_, Receiver<io::Result<()>>) = channel();
        let (ended, syncs) = (std::sync::Mutex::new(ended), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&syncs);
        let sync = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            ended.lock().expect("no panic").recv().expect("an end")
        };
        (Arc::new(Disk::new(Arc::new(sync))), end, syncs)
    }

    async fn write(disk: Arc<Disk>) -> Result<(), DiskFailed> {
        disk.note_write();
        disk.keeps(disk.written()).await
    }

    #[tokio::test]
    async fn writes_that_come_while_one_is_synced_share_the_next_sync() {
        let (disk, end, syncs) = slow();
        let first = tokio::spawn(write(Arc::clone(&disk)));
        while syncs.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..50).map(|_| tokio::spawn(write(Arc::clone(&disk)))).collect();
        while disk.written() < Written(51) {
            tokio::task::yield_now().await;
        }
        assert!(!first.is_finished() && others.iter().all(|other| !other.is_finished()));

        end.send(Ok(())).expect("somebody waits");
        first.await.expect("no panic").expect("kept");
        assert!(others.iter().all(|other| !other.is_finished()), "they were written too late");
        end.send(Ok(())).expect("somebody waits");
        for other in join_all(others).await {
            other.expect("no panic").expect("kept");
        }
        assert_eq!(syncs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_sync_that_was_begun_is_the_one_that_is_waited_for() {
        let (disk, end, syncs) = slow();
        disk.begin();
        disk.note_write();
        disk.begin();
        while syncs.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        disk.begin();
        let mut waiting = pin!(disk.keeps(disk.written()));
        assert!(waiting.as_mut().now_or_never().is_none());
        end.send(Ok(())).expect("somebody waits");
        waiting.await.expect("kept");
        assert_eq!(syncs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn whoever_reads_what_is_not_on_the_disk_yet_waits_for_it_too() {
        let (disk, end, syncs) = slow();
        disk.keeps(disk.written()).await.expect("nothing was written");
        disk.note_write();
        let reading = {
            let disk = Arc::clone(&disk);
            tokio::spawn(async move { disk.keeps(disk.written()).await })
        };
        while syncs.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!reading.is_finished());
        end.send(Ok(())).expect("somebody waits");
        reading.await.expect("no panic").expect("kept");
        disk.keeps(disk.written()).await.expect("it is there");
        assert_eq!(syncs.load(Ordering::SeqCst), 1);
    }

    /// A disk that failed once may have lost what was written then, whatever it says later.
    #[tokio::test]
    async fn nothing_is_kept_after_a_disk_has_failed() {
        let (disk, end, syncs) = slow();
        end.send(Err(io::Error::other("no space"))).expect("somebody waits");
        write(Arc::clone(&disk)).await.expect_err("not kept");
        write(Arc::clone(&disk)).await.expect_err("not kept");
        disk.keeps(disk.written()).await.expect_err("not known");
        assert_eq!(syncs.load(Ordering::SeqCst), 1);
    }
}
