//! How far the published index goes: the lengths of the WARC files whose captures it has.

use std::fs;
use std::io;
use std::path::Path;

use comeback_engine::commit::FileLength;

use crate::error::ArchiveError;

/// Where it is kept, relative to DIR.
const COVERED_PATH: &str = "state/index/covered.json";

/// What the index has; nothing where that is not known.
pub(super) fn read(dir: &Path) -> Vec<FileLength> {
    fs::read(dir.join(COVERED_PATH)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Says what the index has, by rename: after the index itself, so that it never says too much.
pub(super) fn publish(dir: &Path, covered: &[FileLength]) -> Result<(), ArchiveError> {
    let path = dir.join(COVERED_PATH);
    let fresh = path.with_extension("json.new");
    let bytes = serde_json::to_vec(covered).expect("names and lengths are JSON");
    fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, &path)).map_err(|error| ArchiveError::system("write", &path, error))
}

/// The index is about to be replaced by one that has less: until that is there, nothing is known of it.
pub(super) fn forget(dir: &Path) -> Result<(), ArchiveError> {
    let path = dir.join(COVERED_PATH);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ArchiveError::system("delete", &path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
