//! Intake: from lists to host batches in the store.
//!
//! Life story. Lists are *read* in their order: each entry goes to the share of its host, in memory, and with all others to the disk
//! whenever memory, or one share's part of it, is full ([`runs`]). When everything is read, share after share is made into *batches*
//! ([`batching`]): repeated entries are dropped, a host's URLs become batches of up to 256, in the order of the lists. How far it is
//! stands in one record of the job's own log: the position in the lists after each run, the next share and the last batches after each
//! share. An intake that was interrupted goes on there; what it wrote beyond is cut off, or written again at the same places. A list that
//! fits memory never touches the disk before its batches do.

use std::path::Path;

use comeback_engine::batch::Unreadable;
use comeback_engine::ids::{BatchSeq, JobId, LogSeq, PartitionId};
use comeback_engine::seed_url::SeedUrl;
use comeback_engine::store::{AppendError, Store};
use comeback_store::{FjallStore, StoreError};
use serde::{Deserialize, Serialize};

use crate::error::DriverError;
use crate::gathering::{Gathered, GatheredList};
use crate::list::{Entry as ListEntry, ReadError};
use crate::settings::Settings;
use crate::settings::job_file::JobFile;
use crate::watcher::{Notice, Watcher};

mod batching;
mod entry;
mod runs;

use batching::{Batching, Pieces};
use entry::Entry;
use runs::{Runs, SHARE_BYTES_MAX, Shares};

/// The job's own log: a partition number that no host has.
const JOB_LOG: PartitionId = PartitionId(u16::MAX);
/// The only job of a folder.
pub(crate) const JOB: JobId = JobId(1);
/// The file of runs, in the job's folder.
const RUNS_PATH: &str = "state/intake";
/// The record's format: 2 since lists are sorted before they become batches.
const FORMAT: u16 = 2;
/// The share of the job's memory that entries may take before they are in the store, as a divisor.
const BUFFER_SHARE: u64 = 4;
/// Entries between two notices.
const NOTICE_EVERY: u64 = 50_000;

/// What has been taken in so far: the newest record of the job's log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Intake {
    /// How it was made: a done one of any format is read, an interrupted one of another begins anew.
    #[serde(default)]
    format: u16,
    /// Lists that have been read to their end.
    lists_done: usize,
    /// Lines and bytes of the next list before the position.
    line: u64,
    offset: u64,
    /// Entries that were read before the position.
    #[serde(default)]
    entries: u64,
    /// Where each run ends in the file of runs.
    #[serde(default)]
    run_ends: Vec<u64>,
    /// Whether all lists have been read, and how many shares have become batches since.
    #[serde(default)]
    is_read: bool,
    #[serde(default)]
    shares_done: usize,
    /// The last batch of each partition.
    last: Vec<BatchSeq>,
    /// The URLs of each partition; none where an earlier version did the intake.
    #[serde(default)]
    urls_of: Vec<u64>,
    /// URLs taken.
    pub(crate) urls: u64,
    /// Entries dropped as duplicates.
    pub(crate) duplicates: u64,
    /// Lines skipped.
    pub(crate) bad_lines: u64,
    /// Lists and sitemaps that could not be had, or not be read to their end.
    #[serde(default)]
    pub(crate) lists_unread: u64,
    /// Whether the lists on the web were fetched, and those that could not be had were counted.
    #[serde(default)]
    is_gathered: bool,
    /// Whether everything has been taken in.
    pub(crate) is_done: bool,
}

impl Intake {
    /// Whether the lists on the web are at hand, and no longer to be fetched.
    pub(crate) fn is_gathered(&self) -> bool {
        self.is_gathered
    }

    /// Batches up to here belong to a partition.
    pub(crate) fn admitted(&self, partition: PartitionId) -> BatchSeq {
        self.last.get(usize::from(partition.0)).copied().unwrap_or_default()
    }

    /// The URLs of a partition, where they were counted.
    pub(crate) fn urls_of(&self, partition: PartitionId) -> Option<u64> {
        self.urls_of.get(usize::from(partition.0)).copied()
    }

    /// Reads where an earlier intake stands.
    pub(crate) fn read(store: &FjallStore, settings: &Settings) -> Result<Self, DriverError> {
        let count = usize::from(settings.partitions);
        let fresh = Self { format: FORMAT, last: vec![BatchSeq(0); count], urls_of: vec![0; count], ..Self::default() };
        let Some((_, bytes)) = store.read_log(JOB_LOG, LogSeq(0), usize::MAX)?.pop() else { return Ok(fresh) };
        let unreadable = |error: serde_json::Error| Unreadable { what: "intake record", why: error.to_string() };
        let taken: Self = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if taken.last.len() != count {
            let why = format!("it is of {} partitions, job.toml says {count}", taken.last.len());
            return Err(Unreadable { what: "intake record", why }.into());
        }
        let Self { lists_unread, is_gathered, .. } = taken;
        Ok(if taken.is_done || taken.format == FORMAT { taken } else { Self { lists_unread, is_gathered, ..fresh } })
    }
}

/// Takes in what is not yet taken in.
///
/// It stops early when `is_stopped` says so; the intake that it returns is not done then, and everything read so far is recorded.
pub(crate) fn take_in(
    dir: &Path,
    job: &JobFile,
    gathered: &Gathered,
    store: &mut FjallStore,
    watcher: &dyn Watcher,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Intake, DriverError> {
    let limits = Limits { buffer_bytes_max: job.settings.memory_bytes / BUFFER_SHARE, share_bytes_max: SHARE_BYTES_MAX };
    take_in_within(limits, dir, job, gathered, store, watcher, is_stopped)
}

/// How much of the lists may be in memory.
#[derive(Debug, Clone, Copy)]
struct Limits {
    buffer_bytes_max: u64,
    /// The same for each share.
    share_bytes_max: u64,
}

fn take_in_within(
    limits: Limits,
    dir: &Path,
    job: &JobFile,
    gathered: &Gathered,
    store: &mut FjallStore,
    watcher: &dyn Watcher,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Intake, DriverError> {
    let mut taken = Intake::read(store, &job.settings)?;
    if !taken.is_gathered {
        taken.is_gathered = true;
        taken.lists_unread += gathered.unread;
    }
    let shares = Shares::of(job.settings.partitions);
    let runs = Runs::open(dir.join(RUNS_PATH), shares, &taken.run_ends)?;
    let mut intake = Intaking {
        store,
        url_column: job.settings.url_column.clone(),
        shares,
        buffers: vec![Vec::new(); shares.count()],
        buffer_bytes: 0,
        longest_bytes: 0,
        limits,
        runs,
        taken,
    };
    let is_whole =
        (intake.taken.is_read || intake.read_lists(dir, gathered, watcher, is_stopped)?) && intake.batch(is_stopped)?;
    let taken = intake.taken;
    if is_whole {
        runs::remove(&dir.join(RUNS_PATH))?;
        let Intake { urls, duplicates, bad_lines, .. } = taken;
        watcher.notice(Notice::IntakeEnded { urls, duplicates, bad_lines });
    }
    Ok(taken)
}

struct Intaking<'a> {
    store: &'a mut FjallStore,
    taken: Intake,
    url_column: Option<String>,
    shares: Shares,
    /// Entries of each share, since the last run.
    buffers: Vec<Vec<u8>>,
    buffer_bytes: u64,
    /// The length of the longest of them.
    longest_bytes: u64,
    limits: Limits,
    runs: Runs,
}

impl Intaking<'_> {
    /// Reads the lists from the position on. Says whether they were read to their end.
    fn read_lists(
        &mut self,
        dir: &Path,
        gathered: &Gathered,
        watcher: &dyn Watcher,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<bool, DriverError> {
        for source in gathered.lists.iter().skip(self.taken.lists_done) {
            if !self.read_list(dir, source, watcher, is_stopped)? {
                return Ok(false);
            }
            self.taken.lists_done += 1;
            (self.taken.line, self.taken.offset) = (0, 0);
        }
        self.taken.is_read = true;
        // A list that fits memory becomes batches from there.
        if !self.taken.run_ends.is_empty() {
            self.write_run()?;
        }
        Ok(true)
    }

    /// Reads one list from the position on. Says whether it was read to its end.
    fn read_list(
        &mut self,
        dir: &Path,
        source: &GatheredList,
        watcher: &dyn Watcher,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<bool, DriverError> {
        let (given, from_public, begin) = (source.given(), source.is_from_public(), self.taken.offset);
        let Some(mut reader) = source.open(dir, self.url_column.as_deref())? else { return Ok(true) };
        loop {
            let item = match reader.next_item() {
                Ok(Some(item)) => item,
                Ok(None) => return Ok(true),
                Err(ReadError::System(error)) => return Err(DriverError::system("read", given, error)),
                Err(ReadError::Damaged { line, damage }) => {
                    self.taken.lists_unread += 1;
                    watcher.notice(Notice::ListBroken { list: given, line, damage });
                    return Ok(true);
                }
            };
            if item.end_offset <= begin {
                continue;
            }
            match item.entry {
                Ok(ListEntry::Url(seed)) => self.take(seed, from_public),
                Ok(ListEntry::Sitemap(_)) => {}
                Err(line) => {
                    self.taken.bad_lines += 1;
                    watcher.notice(Notice::LineSkipped { list: given.clone(), line });
                }
            }
            if (self.taken.entries + self.taken.bad_lines).is_multiple_of(NOTICE_EVERY) {
                watcher.notice(Notice::IntakeAdvanced { urls: self.taken.entries });
            }
            (self.taken.line, self.taken.offset) = (item.line, item.end_offset);
            let stops = is_stopped();
            if stops || self.is_full() {
                self.write_run()?;
            }
            if stops {
                return Ok(false);
            }
        }
    }

    fn take(&mut self, seed: SeedUrl, from_public: bool) {
        // The list's reader lets through only what has a key and a host.
        let Ok(Some(entry)) = Entry::of(seed, from_public) else { return };
        let buffer = &mut self.buffers[self.shares.share_of(&entry.host)];
        let before = buffer.len();
        entry.append_to(buffer);
        self.buffer_bytes += (buffer.len() - before) as u64;
        self.longest_bytes = self.longest_bytes.max(buffer.len() as u64);
        self.taken.entries += 1;
    }

    fn is_full(&self) -> bool {
        self.buffer_bytes >= self.limits.buffer_bytes_max || self.longest_bytes >= self.limits.share_bytes_max
    }

    /// Writes what is in memory as a run, and records the position.
    fn write_run(&mut self) -> Result<(), DriverError> {
        let end = self.runs.append(&mut self.buffers)?;
        self.taken.run_ends.push(end);
        (self.buffer_bytes, self.longest_bytes) = (0, 0);
        record(self.store, &self.taken)
    }

    /// Makes batches of all shares that are not yet. Says whether it came to the end.
    fn batch(&mut self, is_stopped: &dyn Fn() -> bool) -> Result<bool, DriverError> {
        let Self { store, taken, shares, buffers, limits, runs, .. } = self;
        let is_sorted_on_disk = !taken.run_ends.is_empty();
        while taken.shares_done < shares.count() {
            let share = taken.shares_done;
            let buffer = &buffers[share];
            let pieces = || -> Pieces<'_> {
                let last = (!buffer.is_empty()).then(|| Ok(buffer.clone()));
                Box::new(runs.pieces(share).chain(last))
            };
            let bytes = runs.share_bytes(share) + buffer.len() as u64;
            Batching::new(store, taken, limits.buffer_bytes_max).take_share(bytes, pieces)?;
            taken.shares_done += 1;
            taken.is_done = taken.shares_done == shares.count();
            if taken.is_done || is_sorted_on_disk {
                record(store, taken)?;
                runs.free(share);
            }
            if is_sorted_on_disk && is_stopped() {
                return Ok(taken.is_done);
            }
        }
        Ok(true)
    }
}

/// Makes what was written durable, together with the record of how far intake is.
fn record(store: &mut FjallStore, taken: &Intake) -> Result<(), DriverError> {
    let record = serde_json::to_vec(taken).expect("the record has only string keys and whole numbers");
    let after = store.last_log_seq(JOB_LOG)?;
    let written = store.append(JOB_LOG, after, &record).map_err(|error| append_error(JOB_LOG, error))?;
    store.truncate_log(JOB_LOG, written)?;
    Ok(store.sync()?)
}

/// An append's failure, as the driver says it.
pub(crate) fn append_error(partition: PartitionId, error: AppendError<StoreError>) -> DriverError {
    match error {
        AppendError::Fenced { last: _ } => DriverError::Fenced { partition: partition.0 },
        AppendError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests;
