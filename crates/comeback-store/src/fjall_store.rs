//! The embedded store: one fjall database with four keyspaces.
//!
//! Life story: *open* until a write or a sync fails, then *poisoned*, and every later call fails; opening it anew shows what
//! is durable. All keyspaces share one journal, so writes become durable in their order, and each of ours is one atomic
//! database batch. Two of fjall's features are never used, since both had bugs that lose data: `clear()` and key-value
//! separation.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::store::{AppendError, Store, StoredBatch};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::batch_reader::BatchReader;
use crate::error::StoreError;
use crate::journal_tail::{LOCK_NAME, cut_torn_tail};
use crate::key::{Key, key, keys_from, place_of};
use crate::packed_body::Packer;

/// How much a keyspace gathers in memory before it is written as a table. Four of them make the store's write buffer.
const MEMTABLE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How much journal may wait for its tables; it bounds the time that opening takes after a crash.
const JOURNAL_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Threads for flushing and compaction.
const WORKER_COUNT: usize = 2;
/// How many removals go into one database batch.
const REMOVALS_COUNT_MAX: usize = 1024;
/// How much is written to learn why background work failed.
const PROBE_BYTES: usize = 1024 * 1024;

/// The Store trait over fjall. One thread owns it; [`FjallStore::batch_reader`] gives others read access to batches.
pub struct FjallStore {
    path: Arc<Path>,
    database: Database,
    batches: BatchReader,
    log: Keyspace,
    log_last: Keyspace,
    packer: Packer,
    /// The last record of each log, as in `log_last`.
    last: BTreeMap<PartitionId, LogSeq>,
    /// Below this place a partition has no batches: a cut need not pass over the tombstones of earlier ones.
    heads_floor: BTreeMap<PartitionId, u64>,
    /// The same for log records.
    log_floor: BTreeMap<PartitionId, u64>,
    /// Shared with the readers.
    is_poisoned: Arc<AtomicBool>,
}

impl FjallStore {
    /// Opens the store in a folder, or makes it there. What it finds is durable from then on. `cache_bytes` bounds the cache of blocks; write buffers come on top.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it open, else the system's refusal or the database's complaint.
    pub fn open(path: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        if is_absent(path) {
            Self::create(path, cache_bytes)?;
        }
        Self::open_database(path, cache_bytes)
    }

    /// Makes a store beside its place and moves it there, so that what is in its place is whole: fjall does not open what it was
    /// still making when a process died.
    fn create(path: &Path, cache_bytes: u64) -> Result<(), StoreError> {
        let system = |source| StoreError::System { action: "make", path: path.to_owned(), source };
        let fresh = path.with_extension("new");
        match fs::remove_dir_all(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(system(error)),
            Ok(()) | Err(_) => {}
        }
        drop(Self::open_database(&fresh, cache_bytes)?);
        // The database's threads let go of it a little later.
        fs::File::open(fresh.join(LOCK_NAME)).and_then(|lock| lock.lock()).map_err(system)?;
        fs::rename(&fresh, path).map_err(system)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(system)
    }

    fn open_database(path: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let refused = |error| StoreError::from_database("open", path, error);
        cut_torn_tail(path).map_err(|source| StoreError::System { action: "open", path: path.to_owned(), source })?;
        let database = Database::builder(path)
            .cache_size(cache_bytes)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .worker_threads(WORKER_COUNT)
            // Writes wait in the journal's buffer for our sync; without this each one costs a call to the system.
            .manual_journal_persist(true)
            .open()
            .map_err(refused)?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES_MAX);
        let keyspace = |name| database.keyspace(name, options).map_err(refused);
        let heads = keyspace("batch_heads")?;
        let bodies = keyspace("batch_bodies")?;
        let log = keyspace("log")?;
        let log_last = keyspace("log_last")?;
        let last = read_log_last(path, &log_last)?;
        // What a killed process wrote and never synced is there now, and may be gone after a power failure: nobody may act on it before.
        database.persist(PersistMode::SyncAll).map_err(refused)?;
        let packer = Packer::new().map_err(|source| StoreError::System { action: "open", path: path.to_owned(), source })?;
        let is_poisoned = Arc::new(AtomicBool::new(false));
        let path: Arc<Path> = path.into();
        let batches = BatchReader { path: Arc::clone(&path), heads, bodies, is_poisoned: Arc::clone(&is_poisoned) };
        let (heads_floor, log_floor) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { path, database, batches, log, log_last, packer, last, heads_floor, log_floor, is_poisoned })
    }

    /// A handle that reads batches from another thread.
    #[must_use]
    pub fn batch_reader(&self) -> BatchReader {
        self.batches.clone()
    }

    /// The place of a partition's last log record, be it cut away or not; 0 before the first.
    ///
    /// # Errors
    /// That the store was poisoned.
    pub fn last_log_seq(&self, partition: PartitionId) -> Result<LogSeq, StoreError> {
        self.check()?;
        Ok(self.last.get(&partition).copied().unwrap_or_default())
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is_poisoned.load(Ordering::Acquire) { Err(StoreError::Poisoned) } else { Ok(()) }
    }

    /// Takes a write's result; a failure poisons the store.
    fn written(&self, action: &'static str, result: Result<(), fjall::Error>) -> Result<(), StoreError> {
        let Err(error) = result else {
            return Ok(());
        };
        self.is_poisoned.store(true, Ordering::Release);
        if matches!(error, fjall::Error::Poisoned) {
            // A worker failed earlier, and its error went to fjall's log only.
            return Err(self.why_background_work_failed(action));
        }
        Err(StoreError::from_database(action, &self.path, error))
    }

    /// Asks the system the same kind of question that the worker asked, to hear its words.
    fn why_background_work_failed(&self, action: &'static str) -> StoreError {
        let probe = self.path.join("probe");
        let answer = write_probe(&probe);
        // Only the answer counts; a probe that stays behind hurts nobody.
        drop(fs::remove_file(&probe));
        let path = self.path.to_path_buf();
        match answer {
            Ok(()) => StoreError::BackgroundWork { path },
            Err(source) => StoreError::System { action, path, source },
        }
    }

    fn read(&self, keyspace: &Keyspace, range: RangeInclusive<Key>, count_max: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.check()?;
        let mut found = Vec::new();
        for entry in keyspace.range(range).take(count_max) {
            let (key, value) = entry.into_inner().map_err(|error| StoreError::from_database("read from", &self.path, error))?;
            found.push((self.place(&key)?, value.to_vec()));
        }
        Ok(found)
    }

    fn place(&self, key: &[u8]) -> Result<u64, StoreError> {
        place_of(key).ok_or(StoreError::Damaged { path: self.path.to_path_buf(), what: "a key has the wrong length" })
    }

    /// Removes the keys of `places` from each keyspace, the lowest first. The first keyspace says which keys there are.
    fn remove(&self, keyspaces: &[&Keyspace], partition: PartitionId, from: u64, below: u64) -> Result<(), StoreError> {
        let Some((indexing, _)) = keyspaces.split_first() else {
            return Ok(());
        };
        let mut from = from;
        while from < below {
            let mut batch = self.database.batch();
            let keys = indexing.range(key(partition, from)..key(partition, below)).take(REMOVALS_COUNT_MAX);
            let mut next = below;
            let mut count = 0;
            for entry in keys {
                let found = entry.key().map_err(|error| StoreError::from_database("read from", &self.path, error))?;
                let place = self.place(&found)?;
                for keyspace in keyspaces {
                    batch.remove(keyspace, found.clone());
                }
                count += 1;
                if count == REMOVALS_COUNT_MAX {
                    next = place + 1;
                }
            }
            self.written("write to", batch.commit())?;
            from = next;
        }
        Ok(())
    }
}

impl Drop for FjallStore {
    /// The database's own threads close it later, so what is written would reach the system only after it may have been opened anew.
    /// Only a sync makes it durable.
    fn drop(&mut self) {
        // Whoever needs it on the disk has synced, and was told what failed.
        let _ = self.database.persist(PersistMode::Buffer);
    }
}

impl Store for FjallStore {
    type Error = StoreError;

    fn put_batch(&mut self, partition: PartitionId, seq: BatchSeq, batch: &StoredBatch) -> Result<(), StoreError> {
        self.check()?;
        let StoredBatch { head, body } = batch;
        let body = self.packer.pack(body);
        let body =
            body.map_err(|source| StoreError::System { action: "pack a batch for", path: self.path.to_path_buf(), source })?;
        let mut writes = self.database.batch();
        writes.insert(&self.batches.heads, key(partition, seq.0), head.as_slice());
        writes.insert(&self.batches.bodies, key(partition, seq.0), body.as_slice());
        self.written("write to", writes.commit())?;
        if let Some(floor) = self.heads_floor.get_mut(&partition) {
            *floor = (*floor).min(seq.0);
        }
        Ok(())
    }

    fn batch_body(&self, partition: PartitionId, seq: BatchSeq) -> Result<Option<Vec<u8>>, StoreError> {
        self.batches.batch_body(partition, seq)
    }

    fn batch_heads(
        &self,
        partition: PartitionId,
        from: BatchSeq,
        count_max: usize,
    ) -> Result<Vec<(BatchSeq, Vec<u8>)>, StoreError> {
        self.batches.batch_heads(partition, from, count_max)
    }

    fn truncate_batches(&mut self, partition: PartitionId, below: BatchSeq) -> Result<(), StoreError> {
        self.check()?;
        let floor = self.heads_floor.get(&partition).copied().unwrap_or(0);
        self.remove(&[&self.batches.heads, &self.batches.bodies], partition, floor, below.0)?;
        self.heads_floor.insert(partition, floor.max(below.0));
        Ok(())
    }

    fn append(&mut self, partition: PartitionId, after: LogSeq, record: &[u8]) -> Result<LogSeq, AppendError<StoreError>> {
        let last = self.last_log_seq(partition)?;
        if after != last {
            return Err(AppendError::Fenced { last });
        }
        let next = last.next();
        let mut writes = self.database.batch();
        writes.insert(&self.log, key(partition, next.0), record);
        writes.insert(&self.log_last, partition.0.to_be_bytes(), next.0.to_be_bytes());
        self.written("write to", writes.commit())?;
        self.last.insert(partition, next);
        Ok(next)
    }

    fn read_log(&self, partition: PartitionId, from: LogSeq, count_max: usize) -> Result<Vec<(LogSeq, Vec<u8>)>, StoreError> {
        let found = self.read(&self.log, keys_from(partition, from.0), count_max)?;
        Ok(found.into_iter().map(|(place, record)| (LogSeq(place), record)).collect())
    }

    fn truncate_log(&mut self, partition: PartitionId, below: LogSeq) -> Result<(), StoreError> {
        let last = self.last_log_seq(partition)?;
        let floor = self.log_floor.get(&partition).copied().unwrap_or(0);
        // Beyond its last record a log has nothing to cut, and what comes there later must be cut anew.
        let below = below.0.min(last.next().0);
        self.remove(&[&self.log], partition, floor, below)?;
        self.log_floor.insert(partition, floor.max(below));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.check()?;
        self.written("sync", self.database.persist(PersistMode::SyncAll))
    }
}

fn read_log_last(path: &Path, log_last: &Keyspace) -> Result<BTreeMap<PartitionId, LogSeq>, StoreError> {
    let damaged = || StoreError::Damaged { path: path.to_owned(), what: "a log's last place has the wrong length" };
    let mut last = BTreeMap::new();
    for entry in log_last.iter() {
        let (partition, place) = entry.into_inner().map_err(|error| StoreError::from_database("read from", path, error))?;
        let partition: [u8; 2] = partition.as_ref().try_into().map_err(|_| damaged())?;
        let place: [u8; 8] = place.as_ref().try_into().map_err(|_| damaged())?;
        last.insert(PartitionId(u16::from_be_bytes(partition)), LogSeq(u64::from_be_bytes(place)));
    }
    Ok(last)
}

/// Whether nothing is in the place of a store.
fn is_absent(path: &Path) -> bool {
    fs::read_dir(path).map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |mut entries| entries.next().is_none())
}

fn write_probe(path: &Path) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(&vec![0; PROBE_BYTES])?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTITION: PartitionId = PartitionId(0);

    #[test]
    fn nothing_is_taken_after_a_failed_write() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = FjallStore::open(dir.path(), 1024 * 1024).unwrap();
        let reader = store.batch_reader();
        let full = fjall::Error::Io(io::ErrorKind::StorageFull.into());
        assert!(store.written("sync", Err(full)).unwrap_err().system_error().is_some());

        let batch = StoredBatch { head: vec![], body: vec![] };
        assert!(matches!(store.put_batch(PARTITION, BatchSeq(1), &batch), Err(StoreError::Poisoned)));
        assert!(matches!(store.truncate_batches(PARTITION, BatchSeq(1)), Err(StoreError::Poisoned)));
        assert!(matches!(store.append(PARTITION, LogSeq(0), b""), Err(AppendError::Store(StoreError::Poisoned))));
        assert!(matches!(store.truncate_log(PARTITION, LogSeq(1)), Err(StoreError::Poisoned)));
        assert!(matches!(store.sync(), Err(StoreError::Poisoned)));
        assert!(matches!(store.batch_body(PARTITION, BatchSeq(1)), Err(StoreError::Poisoned)));
        assert!(matches!(store.batch_heads(PARTITION, BatchSeq(1), 1), Err(StoreError::Poisoned)));
        assert!(matches!(store.read_log(PARTITION, LogSeq(1), 1), Err(StoreError::Poisoned)));
        assert!(matches!(reader.batch_body(PARTITION, BatchSeq(1)), Err(StoreError::Poisoned)));
    }

    #[test]
    fn failed_background_work_is_told_in_the_systems_words_where_it_has_any() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = FjallStore::open(&dir.path().join("store"), 1024 * 1024).unwrap();
        let error = store.written("write to", Err(fjall::Error::Poisoned)).unwrap_err();
        assert!(matches!(error, StoreError::BackgroundWork { .. }), "{error}");
        store.path = dir.path().join("gone").into();
        let error = store.written("write to", Err(fjall::Error::Poisoned)).unwrap_err();
        assert_eq!(error.system_error().map(io::Error::kind), Some(io::ErrorKind::NotFound));
    }
}
