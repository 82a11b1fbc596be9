//! The Store of comeback, embedded: host batches and log records in one fjall database.
//!
//! [`FjallStore`] serves the engine's Store trait; one thread owns it. [`BatchReader`] reads batches from other threads.
//! Bodies are compressed; apart from that, this crate never looks into a batch or a record, and knows nothing of files of results.

mod batch_reader;
mod error;
mod fjall_store;
mod journal_tail;
mod key;
mod packed_body;

pub use batch_reader::BatchReader;
pub use error::StoreError;
pub use fjall_store::FjallStore;
