//! The index: which batches the engine knows, and when it wants to know more.
//!
//! Life story. The shell says that batches *wait* in the queue; the engine *asks* for some whenever fewer slots are asked for than hosts
//! are to stand in line, and is told of them in their order; in the end it is *complete*. So what waits for its turn is in the store
//! alone, whatever the size of the job. A batch of a host that is busy already costs an entry here, not a body.

use comeback_diagnosis::clock::Now;

use super::{Batch, Engine};
use crate::batch::{BatchHead, BatchProgress};
use crate::ids::BatchSeq;
use crate::output::Output;

/// How many batches are asked for at once.
const BATCHES_ASKED_MAX: usize = 128;

/// How much of the queue the engine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Index {
    /// All of it.
    #[default]
    Complete,
    /// There is more.
    Waiting,
    /// There is more, and it has been asked for.
    Asked,
}

impl Engine {
    pub(super) fn index_batch(&mut self, now: Now, batch: BatchSeq, head: &BatchHead, mut progress: BatchProgress) {
        progress.settled = progress.settled.below(head.count);
        let left = u64::from(head.count.saturating_sub(progress.settled.count()));
        if left == 0 || self.batches.contains_key(&batch) {
            return;
        }
        let host = self.host_id(now, &head.host);
        self.unsettled += left;
        self.hosts[host].unsettled += left;
        self.hosts[host].queue.add_batch(head.job, batch);
        if !head.from_public && !std::mem::replace(&mut self.hosts[host].is_listed, true) {
            self.hosts[host].pardon_refused_address();
        }
        let BatchHead { job, host: _, count, from_public } = *head;
        self.batches.insert(batch, Batch { job, host, count, from_public, progress, body: None });
        self.tend(now, host);
    }

    /// Asks for batches where too few hosts stand in line for a slot.
    pub(super) fn fill_line(&mut self) {
        if self.index == Index::Waiting && !self.draining && self.tickets.len() < self.config.hosts_in_line {
            self.index = Index::Asked;
            self.outputs.push_back(Output::IndexBatches { count_max: BATCHES_ASKED_MAX });
        }
    }

    /// Whether the shell has told of every batch.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.index == Index::Complete
    }
}
