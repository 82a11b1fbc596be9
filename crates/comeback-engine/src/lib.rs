//! The pure core of comeback: frontier, politeness, holds, policy, governor.
//!
//! The engine of a partition is a single-owner state machine: no clock, no I/O, no locks. One law: one input, then drain the
//! outputs until `WaitUntil`. The driver (tokio) and the simulator (virtual time) are two shells around the same engine.

pub mod batch;
mod chance;
pub mod commit;
pub mod config;
pub mod engine;
pub mod governor;
mod host;
pub mod host_key;
pub mod host_rule;
pub mod ids;
pub mod input;
pub mod outcome;
pub mod outlook;
pub mod output;
pub mod secret_field;
pub mod seed_url;
pub mod store;
pub mod visit;

pub use chance::Chance;
pub use comeback_diagnosis as diagnosis;
