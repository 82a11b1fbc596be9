//! Reading batches from threads that do not own the store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use comeback_engine::ids::{BatchSeq, PartitionId};
use fjall::Keyspace;

use crate::error::StoreError;
use crate::key::{key, keys_from, place_of};
use crate::packed_body::unpack;

/// A cheap handle that reads what the store's owner has written. It keeps the database open as long as it lives.
#[derive(Clone)]
pub struct BatchReader {
    pub(crate) path: Arc<Path>,
    pub(crate) heads: Keyspace,
    pub(crate) bodies: Keyspace,
    pub(crate) is_poisoned: Arc<AtomicBool>,
}

impl BatchReader {
    /// A batch's body; `None` when the place is empty or cut away.
    ///
    /// # Errors
    /// The system's refusal, or that the store was poisoned.
    pub fn batch_body(&self, partition: PartitionId, seq: BatchSeq) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned);
        }
        let found = self.bodies.get(key(partition, seq.0));
        let found = found.map_err(|error| StoreError::from_database("read from", &self.path, error))?;
        let unpacked = found.map(|body| unpack(&body)).transpose();
        unpacked.map_err(|_| StoreError::Damaged { path: self.path.to_path_buf(), what: "a batch cannot be unpacked" })
    }

    /// Up to `count_max` heads of a partition from a place on, in order.
    ///
    /// # Errors
    /// The system's refusal, or that the store was poisoned.
    pub fn batch_heads(
        &self,
        partition: PartitionId,
        from: BatchSeq,
        count_max: usize,
    ) -> Result<Vec<(BatchSeq, Vec<u8>)>, StoreError> {
        if self.is_poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned);
        }
        let mut found = Vec::new();
        for entry in self.heads.range(keys_from(partition, from.0)).take(count_max) {
            let (key, head) = entry.into_inner().map_err(|error| StoreError::from_database("read from", &self.path, error))?;
            let damaged = || StoreError::Damaged { path: self.path.to_path_buf(), what: "a key has the wrong length" };
            found.push((BatchSeq(place_of(&key).ok_or_else(damaged)?), head.to_vec()));
        }
        Ok(found)
    }
}
