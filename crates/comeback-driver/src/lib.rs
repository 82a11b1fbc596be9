//! The tokio shell around the engine: partitions, routes, store and archive joined.

pub mod list;
pub mod settings;
