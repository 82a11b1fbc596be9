//! The direct route against servers that behave exactly as a test says, down to the byte.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]

mod addresses;
mod certificates;
mod connections;
mod content_codings;
mod encryption;
mod exact_bytes;
mod hostile;
mod http2_exchanges;
mod http2_refusals;
mod http2_server;
mod limits;
mod raw_server;
