//! The index of captures: `warc/index.cdxj`, sorted by URL, so that readers such as pywb find a page's capture at once.
//!
//! Life story of a line: a capture is appended to a WARC file, and its line is *noted* beside it, in memory; once a commit has
//! made the capture final, the lines since the last one go to `state/index/`, unsynced; when the job is done, all lines are sorted
//! on disk and published by rename ([`write_index`]). What the notes lack, because a process died or they were left out to save
//! memory, is read from the WARC files themselves, up to their committed lengths. So the index never names what no commit names,
//! and costs no sync while the job runs. It decides nothing, and nothing of the job depends on it.

mod building;
mod covered;
pub(crate) mod entry;
mod file_captures;
pub(crate) mod notes;
mod sorting;
mod surt;

pub use building::{INDEX_PATH, IndexEnd, NOTES_FOLDER, write_index};
