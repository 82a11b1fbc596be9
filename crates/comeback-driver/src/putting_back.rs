//! Putting settled URLs back, so that they are asked again: parked ones whose time has come, when a job is resumed, and what a
//! person chooses (`comeback redrive`).
//!
//! A URL that is put back loses its row. The rows that stay are written to a new file; one synced checkpoint then names that file
//! and the URLs to ask, and progress is published after it. Files that no commit names any more are recovery's to delete, so
//! whoever reads results meanwhile finds either the old account or the new one. A host whose URLs are put back is asked as a host
//! in no trouble is, with its whole patience; a hold that the server stated stands.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use comeback_archive::{OutcomeRow, TimeText, rewrite_rows, rows};
use comeback_engine::batch::{BatchHead, SettledBits, read_body};
use comeback_engine::commit::{LogRecord, PartitionState};
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::host_key::HostKey;
use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::outcome::Outcome;
use comeback_engine::seed_url::SeedUrl;
use comeback_engine::store::Store;
use comeback_report::progress::{JobState, Progress, UrlCounts};
use comeback_report::row_filter::RowFilter;
use comeback_store::FjallStore;
use xxhash_rust::xxh3::xxh3_128;

use crate::clock::wall_now;
use crate::error::DriverError;
use crate::intake::{Intake, append_error};
use crate::job::{Job, STORE_PATH};
use crate::recovery::read_state;
use crate::settings::job_file::JobFile;

/// The store's cache while URLs are put back, in bytes.
const CACHE_BYTES: u64 = 16 << 20;

/// What [`Job::redrive`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redriven {
    /// URLs that were put back; `resume` asks them.
    pub put_back: u64,
    /// URLs that were chosen and stay: their server said when to come back, and that time has not come.
    pub held: u64,
    /// URLs that were chosen and stay: the program that settled them did not keep what is needed to ask again.
    pub not_kept: u64,
}

/// A partition's state and the last record of its log.
pub(crate) type StateAt = (PartitionState, LogSeq);

impl Job {
    /// Puts URLs that ended as failed or parked back, where the filter admits their rows. It makes no request: `resume` does.
    ///
    /// # Errors
    /// A row, the store or the folder cannot be read or written; what was not committed has not changed.
    pub fn redrive(&self, filter: &RowFilter) -> Result<Redriven, DriverError> {
        let (dir, file) = (self.dir(), self.file());
        let mut store = FjallStore::open(&dir.join(STORE_PATH), CACHE_BYTES)?;
        crate::run::check_store(dir, file, &store)?;
        let intake = Intake::read(&store, &file.settings)?;
        let mut redriven = Redriven::default();
        let mut states = Vec::new();
        for number in 0..file.settings.partitions {
            let partition = PartitionId(number);
            let at = read_state(&store, &intake, partition)?;
            states.push(redrive_partition(dir, &mut store, partition, at, filter, &mut redriven)?);
        }
        if redriven.put_back > 0 {
            publish(dir, file, &intake, &states, JobState::Stopped)?;
        }
        Ok(redriven)
    }
}

fn redrive_partition(
    dir: &Path,
    store: &mut FjallStore,
    partition: PartitionId,
    (state, last): StateAt,
    filter: &RowFilter,
    redriven: &mut Redriven,
) -> Result<StateAt, DriverError> {
    let now = wall_now();
    let (mut chosen, mut held) = (HashSet::new(), HashSet::new());
    for row in rows(dir, &state.files) {
        let row = row?;
        if !row.outcome.is_unfinished() {
            continue;
        }
        if row.until.is_some_and(|until| until.0 > now) {
            held.insert(key(&row.url));
            redriven.held += u64::from(filter.admits(&row));
        } else if filter.admits(&row) {
            chosen.insert(key(&row.url));
        }
    }
    // Two entries of a list may share a URL, and rows tell them apart no further: they are put back together or not at all.
    let chosen: HashSet<u128> = chosen.difference(&held).copied().collect();
    let mut found = HashSet::new();
    let mut changed = state.clone();
    for (batch, unfinished) in &state.unfinished {
        let (host, urls) = read_batch(store, partition, *batch)?;
        let mut bits = SettledBits::default();
        for (seed, index) in urls.iter().zip(0..=u8::MAX) {
            if unfinished.contains(index) && chosen.contains(&key(&seed.given)) {
                bits.insert(index);
                found.insert(key(&seed.given));
            }
        }
        if bits.count() > 0 {
            changed.put_back(*batch, bits);
            absolve(&mut changed, &host, now);
        }
    }
    redriven.not_kept += (chosen.len() - found.len()) as u64;
    if found.is_empty() {
        return Ok((state, last));
    }
    let tally = changed.tally;
    let takes_back = |row: &OutcomeRow| row.outcome.is_unfinished() && found.contains(&key(&row.url));
    let at = take_rows_back(dir, store, partition, changed, last, takes_back)?;
    redriven.put_back += (tally.failed - at.0.tally.failed) + (tally.parked - at.0.tally.parked);
    Ok(at)
}

/// Puts parked URLs back whose time has come. Returns how many.
pub(crate) fn wake(
    dir: &Path,
    store: &mut FjallStore,
    partition: PartitionId,
    (state, last): StateAt,
    now: WallTime,
) -> Result<(StateAt, u64), DriverError> {
    let mut due: HashSet<(u128, WallTime)> = HashSet::new();
    let mut changed = state.clone();
    for (batch, until, bits) in changed.wake(now) {
        let (_, urls) = read_batch(store, partition, batch)?;
        let woken = urls.iter().zip(0..=u8::MAX).filter(|(_, index)| bits.contains(*index));
        due.extend(woken.map(|(seed, _)| (key(&seed.given), until)));
    }
    if due.is_empty() {
        return Ok(((state, last), 0));
    }
    let is_due = |row: &OutcomeRow| row.until.is_some_and(|until| due.contains(&(key(&row.url), until.0)));
    let parked = changed.tally.parked;
    let at = take_rows_back(dir, store, partition, changed, last, |row| row.outcome == Outcome::Parked && is_due(row))?;
    let woken = parked - at.0.tally.parked;
    Ok((at, woken))
}

/// Writes a partition's rows anew without those that are taken back, counts these out of the tally, and commits the state.
fn take_rows_back(
    dir: &Path,
    store: &mut FjallStore,
    partition: PartitionId,
    mut state: PartitionState,
    last: LogSeq,
    takes_back: impl Fn(&OutcomeRow) -> bool,
) -> Result<StateAt, DriverError> {
    let (mut failed, mut parked) = (0, 0);
    state.files = rewrite_rows(dir, partition, &state.files, |row| {
        let goes = takes_back(row);
        failed += u64::from(goes && row.outcome == Outcome::Failed);
        parked += u64::from(goes && row.outcome == Outcome::Parked);
        !goes
    })?;
    state.tally.failed = state.tally.failed.saturating_sub(failed);
    state.tally.parked = state.tally.parked.saturating_sub(parked);
    let record = LogRecord::Checkpoint(state.clone()).store();
    let last = store.append(partition, last, &record).map_err(|error| append_error(partition, error))?;
    store.sync()?;
    Ok((state, last))
}

/// Publishes what the partitions' states say: what readers go by until a run publishes again.
pub(crate) fn publish(
    dir: &Path,
    job: &JobFile,
    intake: &Intake,
    states: &[StateAt],
    state: JobState,
) -> Result<Progress, DriverError> {
    let mut tally = comeback_engine::commit::Tally::default();
    states.iter().for_each(|(state, _)| tally.add(&state.tally));
    let progress = Progress {
        job: job.job.clone(),
        state,
        urls: UrlCounts::of(&tally, intake.urls.saturating_sub(tally.settled()), 0),
        requests: tally.requests,
        robots_requests: tally.robots_requests,
        bytes: tally.bytes,
        duplicates: intake.duplicates,
        bad_lines: intake.bad_lines,
        lists_unread: intake.lists_unread,
        eta_s: None,
        hosts_waiting: Vec::new(),
        files: states.iter().flat_map(|(state, _)| state.files.iter().cloned()).collect(),
        updated_at: TimeText(wall_now()),
    };
    progress.publish(dir)?;
    Ok(progress)
}

/// A host's refusals are forgotten, but not what it stated: a hold, or that all its URLs are parked until a time.
fn absolve(state: &mut PartitionState, host: &HostKey, now: WallTime) {
    let Some(record) = state.hosts.get_mut(host) else { return };
    record.patience = None;
    record.trouble = None;
    record.condemned = record.condemned.take().filter(|condemned| condemned.until.is_some_and(|until| until > now));
    if record.hold.is_none() && record.condemned.is_none() {
        state.hosts.remove(host);
    }
}

fn read_batch(store: &FjallStore, partition: PartitionId, batch: BatchSeq) -> Result<(HostKey, Vec<SeedUrl>), DriverError> {
    let missing = || DriverError::BatchMissing { partition: partition.0, batch: batch.0 };
    let heads: BTreeMap<BatchSeq, Vec<u8>> = store.batch_heads(partition, batch, 1)?.into_iter().collect();
    let host = BatchHead::read(heads.get(&batch).ok_or_else(missing)?)?.host;
    Ok((host, read_body(&store.batch_body(partition, batch)?.ok_or_else(missing)?)?))
}

fn key(given: &str) -> u128 {
    xxh3_128(given.as_bytes())
}
