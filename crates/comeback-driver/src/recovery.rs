//! Recovery: what a partition's log and files say, made into a state to go on from.

use std::path::Path;

use comeback_archive::{ArchiveSettings, OutcomeRow, PartitionFiles, rewrite_rows};
use comeback_engine::batch::{BatchHead, BatchProgress, read_body};
use comeback_engine::commit::{LogRecord, PartitionState};
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::outcome::Outcome;
use comeback_engine::store::Store;
use comeback_store::FjallStore;

use crate::error::DriverError;
use crate::intake::{Intake, append_error};

/// Log records and batch heads read at once.
const READ_COUNT_MAX: usize = 4096;

/// A partition as its last commit left it.
pub(crate) struct Recovered {
    pub(crate) state: PartitionState,
    pub(crate) last: LogSeq,
    pub(crate) files: PartitionFiles,
    /// The batches that are not done.
    pub(crate) batches: Vec<(BatchSeq, BatchHead, BatchProgress)>,
    /// Parked URLs that were put back because their time has come.
    pub(crate) woken: u64,
}

/// Reads a partition's log.
pub(crate) fn read_state(
    store: &FjallStore,
    intake: &Intake,
    partition: PartitionId,
) -> Result<(PartitionState, LogSeq), DriverError> {
    let mut state = PartitionState::default();
    let mut last = LogSeq(0);
    loop {
        let records = store.read_log(partition, last.next(), READ_COUNT_MAX)?;
        let count = records.len();
        for (seq, bytes) in records {
            state.apply(LogRecord::read(&bytes)?);
            last = seq;
        }
        if count < READ_COUNT_MAX {
            break;
        }
    }
    state.admitted = state.admitted.max(intake.admitted(partition));
    Ok((state, last.max(store.last_log_seq(partition)?)))
}

/// Recovers a partition: its state, its files, its open batches.
pub(crate) fn recover(
    dir: &Path,
    store: &mut FjallStore,
    intake: &Intake,
    partition: PartitionId,
    archive: &ArchiveSettings,
    now: WallTime,
) -> Result<Recovered, DriverError> {
    let (mut state, mut last) = read_state(store, intake, partition)?;
    let woken = wake(dir, store, partition, &mut state, &mut last, now)?;
    let files = PartitionFiles::recover(dir, partition, &state.files, archive)?;
    let batches = open_batches(store, partition, &state)?;
    Ok(Recovered { state, last, files, batches, woken })
}

/// The batches of a partition that are not done.
pub(crate) fn open_batches(
    store: &FjallStore,
    partition: PartitionId,
    state: &PartitionState,
) -> Result<Vec<(BatchSeq, BatchHead, BatchProgress)>, DriverError> {
    let mut open = Vec::new();
    let mut from = state.low_water.max(BatchSeq(1));
    loop {
        let heads = store.batch_heads(partition, from, READ_COUNT_MAX)?;
        let count = heads.len();
        for (seq, head) in heads {
            from = seq.next();
            if seq <= state.admitted && !state.is_retired(seq) {
                open.push((seq, BatchHead::read(&head)?, state.batches.get(&seq).cloned().unwrap_or_default()));
            }
        }
        if count < READ_COUNT_MAX {
            return Ok(open);
        }
    }
}

/// Puts parked URLs back whose time has come: their rows go, in the same commit. Returns how many.
fn wake(
    dir: &Path,
    store: &mut FjallStore,
    partition: PartitionId,
    state: &mut PartitionState,
    last: &mut LogSeq,
    now: WallTime,
) -> Result<u64, DriverError> {
    let mut woken: Vec<(String, WallTime)> = Vec::new();
    let mut changed = state.clone();
    for (batch, until, bits) in changed.wake(now) {
        let missing = || DriverError::BatchMissing { partition: partition.0, batch: batch.0 };
        let urls = read_body(&store.batch_body(partition, batch)?.ok_or_else(missing)?)?;
        let due = urls.into_iter().zip(0..=u8::MAX).filter(|(_, index)| bits.contains(*index));
        woken.extend(due.map(|(seed, _)| (seed.given, until)));
    }
    if woken.is_empty() {
        return Ok(0);
    }
    woken.sort_unstable();
    let is_woken = |row: &OutcomeRow| {
        let until = row.until.map_or(WallTime(0), |until| until.0);
        row.outcome == Outcome::Parked && woken.binary_search(&(row.url.clone(), until)).is_ok()
    };
    changed.files = rewrite_rows(dir, partition, &state.files, |row| !is_woken(row))?;
    *state = changed;
    let record = LogRecord::Checkpoint(state.clone()).store();
    *last = store.append(partition, *last, &record).map_err(|error| append_error(partition, error))?;
    store.sync()?;
    Ok(woken.len() as u64)
}
