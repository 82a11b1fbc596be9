//! The store's in-memory model: what every other implementation is compared with, and what the simulator runs on.
//!
//! It keeps what is durable apart from what is merely written, so that a crash can be played: see [`MemoryStore::crash`].

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::{AppendError, Store, StoredBatch};
use crate::ids::{BatchSeq, LogSeq, PartitionId};

/// A store in memory, with crashes.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    written: Content,
    durable: Content,
}

#[derive(Debug, Clone, Default)]
struct Content {
    batches: BTreeMap<(PartitionId, BatchSeq), StoredBatch>,
    log: BTreeMap<(PartitionId, LogSeq), Vec<u8>>,
    last: BTreeMap<PartitionId, LogSeq>,
}

impl MemoryStore {
    /// Plays a crash: everything written since the last sync is gone.
    pub fn crash(&mut self) {
        self.written = self.durable.clone();
    }
}

impl Store for MemoryStore {
    type Error = Infallible;

    fn put_batch(&mut self, partition: PartitionId, seq: BatchSeq, batch: &StoredBatch) -> Result<(), Infallible> {
        self.written.batches.insert((partition, seq), batch.clone());
        Ok(())
    }

    fn batch_body(&self, partition: PartitionId, seq: BatchSeq) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.written.batches.get(&(partition, seq)).map(|batch| batch.body.clone()))
    }

    fn batch_heads(
        &self,
        partition: PartitionId,
        from: BatchSeq,
        count_max: usize,
    ) -> Result<Vec<(BatchSeq, Vec<u8>)>, Infallible> {
        let range = (partition, from)..=(partition, BatchSeq(u64::MAX));
        Ok(self.written.batches.range(range).take(count_max).map(|((_, seq), batch)| (*seq, batch.head.clone())).collect())
    }

    fn truncate_batches(&mut self, partition: PartitionId, below: BatchSeq) -> Result<(), Infallible> {
        self.written.batches.retain(|(owner, seq), _| *owner != partition || *seq >= below);
        Ok(())
    }

    fn append(&mut self, partition: PartitionId, after: LogSeq, record: &[u8]) -> Result<LogSeq, AppendError<Infallible>> {
        let last = self.written.last.entry(partition).or_default();
        if *last != after {
            return Err(AppendError::Fenced { last: *last });
        }
        *last = after.next();
        self.written.log.insert((partition, *last), record.to_vec());
        Ok(*last)
    }

    fn read_log(&self, partition: PartitionId, from: LogSeq, count_max: usize) -> Result<Vec<(LogSeq, Vec<u8>)>, Infallible> {
        let range = (partition, from)..=(partition, LogSeq(u64::MAX));
        Ok(self.written.log.range(range).take(count_max).map(|((_, seq), record)| (*seq, record.clone())).collect())
    }

    fn truncate_log(&mut self, partition: PartitionId, below: LogSeq) -> Result<(), Infallible> {
        self.written.log.retain(|(owner, seq), _| *owner != partition || *seq >= below);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        self.durable = self.written.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: PartitionId = PartitionId(3);

    #[test]
    fn a_stale_owner_is_fenced() {
        let mut store = MemoryStore::default();
        assert_eq!(store.append(PART, LogSeq(0), b"a"), Ok(LogSeq(1)));
        assert_eq!(store.append(PART, LogSeq(0), b"b"), Err(AppendError::Fenced { last: LogSeq(1) }));
        store.truncate_log(PART, LogSeq(2)).unwrap();
        assert_eq!(store.append(PART, LogSeq(1), b"c"), Ok(LogSeq(2)));
    }

    #[test]
    fn a_crash_loses_what_was_not_synced() {
        let mut store = MemoryStore::default();
        store.append(PART, LogSeq(0), b"a").unwrap();
        store.sync().unwrap();
        store.append(PART, LogSeq(1), b"b").unwrap();
        store.crash();
        assert_eq!(store.read_log(PART, LogSeq(0), 9).unwrap(), [(LogSeq(1), b"a".to_vec())]);
    }
}
