//! The Store of comeback, embedded: host batches and log records in one fjall database.
//!
//! [`FjallStore`] serves the engine's Store trait; one thread owns it. [`BatchReader`] reads batch bodies from other threads.
//! This crate never looks into a batch or a record, and knows nothing of files of results.

mod batch_reader;
mod error;
mod fjall_store;
mod journal_tail;
mod key;

pub use batch_reader::BatchReader;
pub use error::StoreError;
pub use fjall_store::FjallStore;
