//! A partition's commit: written and synced after a while, unless the process dies of it, or the store fails and the process ends.

use comeback_engine::commit::{Commit, FileLength, LogRecord};
use comeback_engine::ids::PartitionId;
use comeback_engine::input::Input;
use comeback_engine::store::Store;

use super::{Event, Shell};
use crate::options::Plant;

/// Commits between two checkpoints of a partition.
const COMMITS_PER_CHECKPOINT: u64 = 8;

/// How long a process goes on after its store has failed, at most, in milliseconds: until all its parts have heard of it.
const FAILED_MS_MAX: u64 = 5;

/// When in a commit the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CrashMoment {
    BeforeAppend,
    BeforeSync,
    AfterSync,
    /// Not at once: the sync fails, so that nothing is committed any more, and the process ends.
    SyncFails,
}

impl Shell<'_> {
    pub(super) fn begin_commit(&mut self, id: PartitionId, mut commit: Commit) {
        commit.files = vec![FileLength { path: "rows".into(), bytes: self.around.rows[usize::from(id.0)].len() as u64 }];
        let crashes = self.around.crashes_left > 0 && self.around.chance.up_to(99) < self.options.crash_percent;
        let moment = crashes.then(|| match self.around.chance.up_to(3) {
            0 => CrashMoment::BeforeAppend,
            1 => CrashMoment::BeforeSync,
            2 => CrashMoment::AfterSync,
            _ => CrashMoment::SyncFails,
        });
        let at_ms = self.around.at_ms + self.around.chance.up_to(self.options.sync_ms_max);
        self.inbox.put(at_ms, Event::Committed(id, Box::new(commit), moment));
    }

    /// Writes a commit; true when the process dies of it.
    pub(super) fn commit(&mut self, id: PartitionId, commit: Commit, crash: Option<CrashMoment>) -> bool {
        if self.has_failed {
            return false;
        }
        if crash.is_some() {
            self.around.crashes_left -= 1;
        }
        if crash == Some(CrashMoment::BeforeAppend) {
            return true;
        }
        let forgotten = self.options.plant == Some(Plant::CommitForgotten) && self.around.chance.up_to(3) == 0;
        if !forgotten {
            let partition = &mut self.partitions[usize::from(id.0)];
            let record = LogRecord::Commit(commit);
            partition.last = self.around.store.append(id, partition.last, &record.store()).expect("this process owns the log");
            partition.state.apply(record);
            partition.commits += 1;
            if partition.commits.is_multiple_of(COMMITS_PER_CHECKPOINT) {
                let record = LogRecord::Checkpoint(partition.state.clone());
                partition.last =
                    self.around.store.append(id, partition.last, &record.store()).expect("this process owns the log");
                let Ok(()) = self.around.store.truncate_log(id, partition.last);
                let Ok(()) = self.around.store.truncate_batches(id, partition.state.low_water);
            }
        }
        if crash == Some(CrashMoment::BeforeSync) {
            return true;
        }
        if crash == Some(CrashMoment::SyncFails) {
            self.has_failed = true;
            let at_ms = self.around.at_ms + self.around.chance.up_to(FAILED_MS_MAX);
            self.inbox.put(at_ms, Event::Die);
            return false;
        }
        let Ok(()) = self.around.store.sync();
        if crash == Some(CrashMoment::AfterSync) {
            return true;
        }
        self.deliver(id, Input::Committed);
        false
    }
}
