//! Intake: from lists to host batches in the store.
//!
//! Lists are read in their order; each entry becomes a seed URL of a host, a host's URLs become batches of up to 256. What was
//! taken so far is one record in the job's own log, written together with the batches that it covers; an intake that was
//! interrupted reads the lists again from their beginning (to know which URLs it has seen), and puts batches again from the
//! recorded position on, at the same places.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use comeback_engine::batch::{BATCH_URLS_MAX, BatchHead, Unreadable};
use comeback_engine::host_key::HostKey;
use comeback_engine::ids::{BatchSeq, JobId, LogSeq, PartitionId};
use comeback_engine::seed_url::{SeedUrl, UrlKey, canonical};
use comeback_engine::store::{AppendError, Store};
use comeback_store::{FjallStore, StoreError};
use serde::{Deserialize, Serialize};

use crate::error::DriverError;
use crate::gathering::{Gathered, GatheredList};
use crate::list::{Entry, ReadError};
use crate::settings::Settings;
use crate::settings::job_file::JobFile;
use crate::watcher::{Notice, Watcher};

/// The job's own log: a partition number that no host has.
const JOB_LOG: PartitionId = PartitionId(u16::MAX);
/// The only job of a folder.
pub(crate) const JOB: JobId = JobId(1);
/// The share of the job's memory that URLs waiting for their batch to fill may take.
const BUFFER_SHARE: u64 = 4;
/// What a buffered URL costs beside its text, in bytes.
const SEED_OVERHEAD_BYTES: u64 = 200;
/// Entries between two notices.
const NOTICE_EVERY: u64 = 50_000;

/// What has been taken in so far: the newest record of the job's log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Intake {
    /// Lists that have been read to their end.
    lists_done: usize,
    /// Lines and bytes of the next list before the position.
    line: u64,
    offset: u64,
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
        let Some((_, bytes)) = store.read_log(JOB_LOG, LogSeq(0), usize::MAX)?.pop() else {
            let count = usize::from(settings.partitions);
            return Ok(Self { last: vec![BatchSeq(0); count], urls_of: vec![0; count], ..Self::default() });
        };
        let unreadable = |error: serde_json::Error| Unreadable { what: "intake record", why: error.to_string() };
        let taken: Self = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if taken.last.len() != usize::from(settings.partitions) {
            let why = format!("it is of {} partitions, job.toml says {}", taken.last.len(), settings.partitions);
            return Err(Unreadable { what: "intake record", why }.into());
        }
        Ok(taken)
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
    let mut taken = Intake::read(store, &job.settings)?;
    if !taken.is_gathered {
        taken.is_gathered = true;
        taken.lists_unread += gathered.unread;
    }
    let buffer_bytes_max = job.settings.memory_bytes / BUFFER_SHARE;
    let mut intake = Intaking {
        store,
        taken: taken.clone(),
        url_column: job.settings.url_column.clone(),
        seen: HashSet::new(),
        hosts: BTreeMap::new(),
        buffer_bytes: 0,
        buffer_bytes_max,
    };
    for (number, source) in gathered.lists.iter().enumerate() {
        let begin =
            if number < taken.lists_done { None } else { Some(if number == taken.lists_done { taken.offset } else { 0 }) };
        if !intake.read_list(dir, source, begin, watcher, is_stopped)? {
            return Ok(intake.taken);
        }
        if begin.is_some() {
            intake.taken.lists_done = number + 1;
            (intake.taken.line, intake.taken.offset) = (0, 0);
        }
    }
    intake.taken.is_done = true;
    intake.commit()?;
    let Intake { urls, duplicates, bad_lines, .. } = intake.taken;
    watcher.notice(Notice::IntakeEnded { urls, duplicates, bad_lines });
    Ok(intake.taken)
}

/// Whether a list from a public address named a URL.
type FromPublic = bool;

struct Intaking<'a> {
    store: &'a mut FjallStore,
    taken: Intake,
    url_column: Option<String>,
    seen: HashSet<UrlKey>,
    /// URLs by host and by who named them, until a batch is full.
    hosts: BTreeMap<(HostKey, FromPublic), Vec<SeedUrl>>,
    buffer_bytes: u64,
    buffer_bytes_max: u64,
}

impl Intaking<'_> {
    /// Reads one list. Entries that end at or before `begin` (all of them, where it is `None`) were taken in before.
    /// Says whether it was read to its end.
    fn read_list(
        &mut self,
        dir: &Path,
        source: &GatheredList,
        begin: Option<u64>,
        watcher: &dyn Watcher,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<bool, DriverError> {
        let (given, from_public) = (source.given(), source.is_from_public());
        let Some(mut reader) = source.open(dir, self.url_column.as_deref())? else { return Ok(true) };
        loop {
            let item = match reader.next_item() {
                Ok(Some(item)) => item,
                Ok(None) => return Ok(true),
                Err(ReadError::System(error)) => return Err(DriverError::system("read", given, error)),
                Err(ReadError::Damaged { line, damage }) => {
                    if begin.is_some() {
                        self.taken.lists_unread += 1;
                        watcher.notice(Notice::ListBroken { list: given, line, damage });
                    }
                    return Ok(true);
                }
            };
            let is_new = begin.is_some_and(|begin| item.end_offset > begin);
            match item.entry {
                Ok(Entry::Url(seed)) => self.take(seed, from_public, is_new)?,
                Ok(Entry::Sitemap(_)) => {}
                Err(line) if is_new => {
                    self.taken.bad_lines += 1;
                    watcher.notice(Notice::LineSkipped { list: given.clone(), line });
                }
                Err(_) => {}
            }
            if !is_new {
                continue;
            }
            if (self.taken.urls + self.taken.duplicates + self.taken.bad_lines).is_multiple_of(NOTICE_EVERY) {
                watcher.notice(Notice::IntakeAdvanced { urls: self.taken.urls });
            }
            let stops = is_stopped();
            if stops || self.buffer_bytes >= self.buffer_bytes_max {
                (self.taken.line, self.taken.offset) = (item.line, item.end_offset);
                self.commit()?;
            }
            if stops {
                return Ok(false);
            }
        }
    }

    fn take(&mut self, seed: SeedUrl, from_public: FromPublic, is_new: bool) -> Result<(), DriverError> {
        // The list's reader lets through only what has a key and a host.
        let (Ok(key), Some(host)) = (seed.key(), canonical(&seed.given).ok().as_ref().and_then(HostKey::of)) else {
            return Ok(());
        };
        let is_first = self.seen.insert(key);
        match (is_new, is_first) {
            (false, _) => return Ok(()),
            (true, false) => {
                self.taken.duplicates += 1;
                return Ok(());
            }
            (true, true) => self.taken.urls += 1,
        }
        self.buffer_bytes += cost_bytes(&seed);
        let place = (host, from_public);
        let urls = self.hosts.entry(place.clone()).or_default();
        urls.push(seed);
        if urls.len() == BATCH_URLS_MAX {
            let urls = std::mem::take(urls);
            self.hosts.remove(&place);
            self.put(place, &urls)?;
        }
        Ok(())
    }

    fn put(&mut self, (host, from_public): (HostKey, FromPublic), urls: &[SeedUrl]) -> Result<(), DriverError> {
        self.buffer_bytes = self.buffer_bytes.saturating_sub(urls.iter().map(cost_bytes).sum());
        let count = u16::try_from(self.taken.last.len()).unwrap_or(u16::MAX);
        let partition = host.partition(count);
        let last = &mut self.taken.last[usize::from(partition.0)];
        *last = last.next();
        self.taken.urls_of.iter_mut().skip(usize::from(partition.0)).take(1).for_each(|count| *count += urls.len() as u64);
        Ok(self.store.put_batch(partition, *last, &BatchHead::store(JOB, host, from_public, urls))?)
    }

    /// Puts all that is buffered and records the position.
    fn commit(&mut self) -> Result<(), DriverError> {
        for (place, urls) in std::mem::take(&mut self.hosts) {
            self.put(place, &urls)?;
        }
        let record = serde_json::to_vec(&self.taken).expect("the record has only string keys and whole numbers");
        let after = self.store.last_log_seq(JOB_LOG)?;
        let written = self.store.append(JOB_LOG, after, &record).map_err(|error| append_error(JOB_LOG, error))?;
        self.store.truncate_log(JOB_LOG, written)?;
        Ok(self.store.sync()?)
    }
}

fn cost_bytes(seed: &SeedUrl) -> u64 {
    let SeedUrl { given, method: _, headers, body, meta } = seed;
    let headers: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
    let text = given.len() + headers + body.as_ref().map_or(0, Vec::len) + meta.as_ref().map_or(0, String::len);
    text as u64 + SEED_OVERHEAD_BYTES
}

/// An append's failure, as the driver says it.
pub(crate) fn append_error(partition: PartitionId, error: AppendError<StoreError>) -> DriverError {
    match error {
        AppendError::Fenced { last: _ } => DriverError::Fenced { partition: partition.0 },
        AppendError::Store(error) => error.into(),
    }
}
