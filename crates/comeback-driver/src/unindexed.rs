//! What a partition's engine has not been told of: the rest of its queue, read where the engine asks for it.
//!
//! A head is read when its batch is next, and kept by nobody, so that opening a job reads no list of its batches. What is done is passed
//! over in memory: a URL that failed or is parked keeps its batch, and the partition's state names each later one that is done.

use comeback_engine::batch::BatchHead;
use comeback_engine::commit::PartitionState;
use comeback_engine::ids::{BatchSeq, PartitionId};
use comeback_engine::input::Input;
use comeback_engine::outlook::Outlook;
use comeback_store::BatchReader;

use crate::error::DriverError;

/// The batches from a place on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unindexed {
    next: BatchSeq,
    /// How many of their URLs are not settled: for people, since what is done is known by the batches alone.
    urls: u64,
}

impl Unindexed {
    /// All batches that a partition's state leaves open.
    pub(crate) fn of(state: &PartitionState, urls: u64) -> Self {
        Self { next: state.low_water.max(BatchSeq(1)), urls }
    }

    /// Reads the next open batches, at most so many, and whether these were the last.
    pub(crate) fn read(
        &mut self,
        reader: &BatchReader,
        partition: PartitionId,
        state: &PartitionState,
        count_max: usize,
    ) -> Result<Vec<Input>, DriverError> {
        let mut told = Vec::new();
        let mut are_all = false;
        while told.len() < count_max && !are_all {
            self.pass_retired(state);
            let heads = reader.batch_heads(partition, self.next, count_max)?;
            are_all = heads.len() < count_max || heads.last().is_some_and(|(seq, _)| *seq >= state.admitted);
            for (batch, head) in heads {
                self.next = batch.next();
                if batch > state.admitted || state.is_retired(batch) {
                    continue;
                }
                let head = BatchHead::read(&head)?;
                let progress = state.batches.get(&batch).cloned().unwrap_or_default();
                self.urls = self.urls.saturating_sub(left(head.count, &progress));
                told.push(Input::BatchIndexed { batch, head, progress });
            }
        }
        if are_all {
            self.urls = 0;
        }
        told.push(Input::BatchesIndexed { are_all });
        Ok(told)
    }

    /// Passes over batches that are done, up to the next that is not.
    fn pass_retired(&mut self, state: &PartitionState) {
        while self.next <= state.admitted && state.is_retired(self.next) {
            self.next = self.next.next();
        }
    }

    /// URLs of these batches that are not settled.
    pub(crate) fn urls(&self) -> u64 {
        self.urls
    }

    /// What can be told of their end: nothing.
    pub(crate) fn outlook(&self) -> Outlook {
        Outlook { last_end: None, open_urls: self.urls, unpaced_urls: self.urls }
    }
}

/// How many of a batch's URLs are not settled.
pub(crate) fn left(count: u16, progress: &comeback_engine::batch::BatchProgress) -> u64 {
    u64::from(count.saturating_sub(progress.settled.below(count).count()))
}

#[cfg(test)]
mod tests {
    use comeback_engine::commit::{Commit, LogRecord};

    use super::*;

    /// One failed URL at the beginning kept the low-water mark there, and the first read went through the heads of all that was done since.
    #[test]
    fn batches_that_are_done_behind_a_kept_one_are_not_read() {
        let mut state = PartitionState::default();
        let (retired, unfinished) = ((1..=4_000).map(BatchSeq).collect(), vec![(BatchSeq(1), 0)]);
        let commit = Commit { admitted: Some(BatchSeq(5_000)), retired, unfinished, ..Commit::default() };
        state.apply(LogRecord::Commit(commit));
        let mut unindexed = Unindexed::of(&state, 1_000);
        assert_eq!(unindexed.next, BatchSeq(1));
        unindexed.pass_retired(&state);
        assert_eq!(unindexed.next, BatchSeq(4_001));
    }
}
