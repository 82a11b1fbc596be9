//! The tokio shell around the engine: partitions, routes, store and archive joined.

pub mod error;
pub mod job;
pub mod list;
pub mod settings;
pub mod watcher;
