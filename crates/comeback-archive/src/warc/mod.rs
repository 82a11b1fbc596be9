//! Writing WARC 1.1 (ISO 28500:2017): one record a member, the response's bytes exactly as they came.
//!
//! It is not a reader (see `reading`), and knows nothing of commits (see `partition_files`).

pub(crate) mod capture;
pub(crate) mod compression;
mod digest;
pub(crate) mod http_head;
mod originals;
mod record;
pub(crate) mod redaction;
pub(crate) mod writer;

pub(crate) use record::ORIGINAL_PLACE_FIELD;
pub(crate) use writer::HTTP_HEAD_BYTES_MAX;
