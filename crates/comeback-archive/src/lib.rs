//! The archive: WARC captures and their index, outcome rows, the files of a partition, and reading them back.
//!
//! Each partition appends its captures and rows to files of its own ([`PartitionFiles`]). What a commit names is final; what
//! lies beyond is cut away by [`PartitionFiles::recover`]. This crate knows files and formats. It is not the store, makes no
//! request, and decides nothing about a URL.

mod error;
mod file_series;
mod index;
mod outcome_row;
mod partition_files;
mod reading;
mod rewriting;
mod sync_handles;
mod time_text;
mod warc;

pub use comeback_engine::commit::FileLength;
pub use comeback_engine::outcome::CapturePlace;
pub use error::ArchiveError;
pub use index::{INDEX_PATH, IndexEnd, NOTES_FOLDER, write_index};
pub use outcome_row::{Meta, OutcomeRow, RowFacts};
pub use partition_files::{ArchiveSettings, PartitionFiles};
pub use reading::member::{RECORD_HEAD_BYTES_MAX, WarcRecord, read_member};
pub use reading::response::{CONTENT_CODINGS_MAX, ResponseParts, response_parts};
pub use reading::rows::{ROW_BYTES_MAX, Rows, rows};
pub use rewriting::rewrite_rows;
pub use sync_handles::SyncHandles;
pub use time_text::{TimeText, wall_time_from_rfc3339, wall_time_to_rfc3339};
pub use warc::capture::{CaptureRecord, ResponseBlock, Truncation, Wire, WireFile};
pub use warc::compression::Compression;
pub use warc::redaction::REDACTED;
