//! What is fuzzed: every reader of bytes that strangers send, each as a function of bytes that must neither panic nor lie.
//!
//! `cargo +nightly fuzz run matcher` runs a target; the same functions run as ordinary tests on random bytes (`tests/smoke.rs`), and
//! `cargo run -p fuzz --bin matcher FILE...` runs one on saved input.

pub mod readers;
pub mod replay;
