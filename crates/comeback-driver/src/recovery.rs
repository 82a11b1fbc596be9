//! Recovery: what a partition's log and files say, made into a state to go on from.

use std::path::Path;

use comeback_archive::{ArchiveSettings, PartitionFiles};
use comeback_engine::batch::{BatchHead, BatchProgress};
use comeback_engine::commit::{LogRecord, PartitionState};
use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::store::Store;
use comeback_store::FjallStore;

use crate::error::DriverError;
use crate::intake::Intake;
use crate::putting_back::StateAt;
use crate::unindexed::{Unindexed, left};

/// Log records and batch heads read at once.
const READ_COUNT_MAX: usize = 4096;

/// A partition as its last commit left it.
pub(crate) struct Recovered {
    pub(crate) state: PartitionState,
    pub(crate) last: LogSeq,
    pub(crate) files: PartitionFiles,
    /// The batches that are not done.
    pub(crate) unindexed: Unindexed,
}

/// Reads a partition's log.
pub(crate) fn read_state(store: &FjallStore, intake: &Intake, partition: PartitionId) -> Result<StateAt, DriverError> {
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

/// Recovers a partition: its files and its open batches, as its state names them.
pub(crate) fn recover(
    dir: &Path,
    store: &FjallStore,
    intake: &Intake,
    partition: PartitionId,
    (state, last): StateAt,
    archive: &ArchiveSettings,
) -> Result<Recovered, DriverError> {
    let files = PartitionFiles::recover(dir, partition, &state.files, archive)?;
    let urls = match intake.urls_of(partition) {
        Some(urls) => urls.saturating_sub(state.tally.settled()),
        // An intake of an earlier version did not count them by partition.
        None => open_batches(store, partition, &state)?.iter().map(|(_, head, progress)| left(head.count, progress)).sum(),
    };
    let unindexed = Unindexed::of(&state, urls);
    Ok(Recovered { state, last, files, unindexed })
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
