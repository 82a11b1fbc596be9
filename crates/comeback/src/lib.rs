//! A fetch engine for big URL lists that knows when to come back.

pub mod config;
