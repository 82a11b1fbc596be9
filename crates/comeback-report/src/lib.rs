//! What happened to each URL, told to people: reads committed results, never the locked store.
//!
//! Every view is text from data that the caller has read; nothing here prints, asks a clock or decides about a URL.

pub mod account;
pub mod cause_words;
pub mod estimate;
pub mod event;
pub mod explanation_text;
pub mod figures;
pub mod local_clock;
pub mod lock;
pub mod progress;
pub mod progress_view;
pub mod row_csv;
pub mod row_filter;
pub mod row_parquet;
pub mod row_table;
pub mod screen_text;
pub mod settling_rate;
pub mod status;
pub mod term_html;
mod term_map;
pub mod term_text;
