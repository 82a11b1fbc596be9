//! The Store trait: what the engine's shells need from any store, embedded or clustered.
//!
//! A partition has a *queue* of host batches and a *log* of records. The queue is written by intake, read at random, and cut
//! from below. The log is written by the partition's owner alone: each append names the record that it expects to follow, so
//! that an owner that lost its partition cannot write. A store never interprets a record or a batch.
//!
//! A write is durable once [`Store::sync`] returned; writes become durable in their order, so that after a crash a prefix of
//! them is there. After a failed sync the store is poisoned: every later call fails.

pub use memory::MemoryStore;

use crate::ids::{BatchSeq, LogSeq, PartitionId};

mod memory;

/// One batch, as the queue keeps it: a small head for the index, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    /// What the frontier's index needs; read for all batches when a job is opened.
    pub head: Vec<u8>,
    /// The URLs; read when the host becomes active.
    pub body: Vec<u8>,
}

/// Why an append was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendError<E> {
    /// The log goes on differently than expected: another owner wrote, or this one is behind.
    Fenced {
        /// The log's true last record.
        last: LogSeq,
    },
    /// The store failed.
    Store(E),
}

impl<E> From<E> for AppendError<E> {
    fn from(error: E) -> Self {
        Self::Store(error)
    }
}

/// A place for host batches and log records, by partition.
pub trait Store {
    /// How this store fails.
    type Error;

    /// Puts a batch at its place in a partition's queue. Writing the same place again replaces the batch, so that an
    /// interrupted intake can be repeated.
    ///
    /// # Errors
    /// The store's own failure.
    fn put_batch(&mut self, partition: PartitionId, seq: BatchSeq, batch: &StoredBatch) -> Result<(), Self::Error>;

    /// A batch's body; `None` when the place is empty or cut away.
    ///
    /// # Errors
    /// The store's own failure.
    fn batch_body(&self, partition: PartitionId, seq: BatchSeq) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Up to `count_max` heads from a place on, in order.
    ///
    /// # Errors
    /// The store's own failure.
    fn batch_heads(
        &self,
        partition: PartitionId,
        from: BatchSeq,
        count_max: usize,
    ) -> Result<Vec<(BatchSeq, Vec<u8>)>, Self::Error>;

    /// Removes all batches below a place.
    ///
    /// # Errors
    /// The store's own failure.
    fn truncate_batches(&mut self, partition: PartitionId, below: BatchSeq) -> Result<(), Self::Error>;

    /// Appends a record after the one named, and returns its place.
    ///
    /// # Errors
    /// `Fenced` when `after` is not the log's last record.
    fn append(&mut self, partition: PartitionId, after: LogSeq, record: &[u8]) -> Result<LogSeq, AppendError<Self::Error>>;

    /// Up to `count_max` records from a place on, in order.
    ///
    /// # Errors
    /// The store's own failure.
    fn read_log(&self, partition: PartitionId, from: LogSeq, count_max: usize) -> Result<Vec<(LogSeq, Vec<u8>)>, Self::Error>;

    /// Removes all records below a place. The last record's place is never forgotten.
    ///
    /// # Errors
    /// The store's own failure.
    fn truncate_log(&mut self, partition: PartitionId, below: LogSeq) -> Result<(), Self::Error>;

    /// Makes every earlier write durable.
    ///
    /// # Errors
    /// The store's own failure; the store is poisoned then.
    fn sync(&mut self) -> Result<(), Self::Error>;
}
