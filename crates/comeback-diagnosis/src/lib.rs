//! Names the cause of an HTTP refusal, with evidence.
//!
//! Exchange and history in, diagnosis out: no clock, no I/O, no randomness. What is known of causes and products is data in
//! `knowledge/`, each fact with its source. It recognises; it never evades.

mod calibration;
pub mod cause;
pub mod cause_facts;
pub mod clock;
mod diagnose;
pub mod diagnosis;
pub mod error;
mod error_envelope;
pub mod exchange;
pub mod expectation;
pub mod explanation;
pub mod family;
pub mod history;
mod http_date;
pub mod knowledge;
mod languages;
mod name_table;
pub mod own_network;
pub mod pattern;
mod phrases;
pub mod rate_limit;
pub mod raw_response;
pub mod reading;
pub mod retry_after;
pub mod saved;
mod sight;
pub mod signature;
mod signature_files;
mod signature_index;
mod spoken_fields;
pub mod status_facts;
pub mod term;
mod term_files;
pub mod terms;
mod word_term;
