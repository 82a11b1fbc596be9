//! Claims about the archive, over whole files in temporary folders.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod captures;
mod exchanges;
mod index;
mod pywb;
mod recovery;
mod rows;
mod warcio;
