//! What happened to each URL, told to people: reads committed results, never the locked store.
//!
//! Every view is text from data that the caller has read; nothing here prints, asks a clock or decides about a URL.

pub mod account;
pub mod explanation_text;
pub mod figures;
pub mod lock;
pub mod progress;
pub mod row_csv;
pub mod row_filter;
pub mod row_table;
pub mod status;
pub mod term_text;
