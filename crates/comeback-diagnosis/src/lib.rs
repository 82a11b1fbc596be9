//! Names the cause of an HTTP refusal, with evidence.
//!
//! Exchange and history in, diagnosis out: no clock, no I/O, no randomness. What is known of causes and products is data in
//! `knowledge/`, each fact with its source. It recognises; it never evades.

pub mod cause;
pub mod clock;
pub mod diagnosis;
pub mod exchange;
pub mod history;
pub mod retry_after;
