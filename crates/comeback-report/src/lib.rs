//! What happened to each URL, told to people: reads committed results, never the locked store.

pub mod progress;
