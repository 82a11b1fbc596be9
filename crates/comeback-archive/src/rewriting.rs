//! Taking rows back: a partition's committed rows are copied to a file of a new name, without some of them.
//!
//! Rows are only ever appended. When a URL is put back to be asked again, its row must go; so the rows that stay are written
//! anew, and the commit that puts the URL back names the new file instead of the old ones, which recovery then deletes. Until
//! that commit nothing has changed.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use comeback_engine::commit::FileLength;
use comeback_engine::ids::PartitionId;

use crate::error::ArchiveError;
use crate::outcome_row::OutcomeRow;
use crate::partition_files::OUTCOMES_FOLDER;
use crate::reading::rows::rows;

/// Copies the rows that stay to a new file and makes it durable. Returns what a commit must name from now on: the partition's
/// other files as they are, and the new one.
///
/// # Errors
/// A committed row cannot be read, or the system refuses.
pub fn rewrite_rows(
    dir: &Path,
    partition: PartitionId,
    committed: &[FileLength],
    mut stays: impl FnMut(&OutcomeRow) -> bool,
) -> Result<Vec<FileLength>, ArchiveError> {
    let is_rows = |length: &&FileLength| length.path.starts_with(&format!("{OUTCOMES_FOLDER}/"));
    let number_last = committed.iter().filter(is_rows).filter_map(|length| file_number(&length.path)).max().unwrap_or(0);
    let relative = format!("{OUTCOMES_FOLDER}/p{:03}-{:04}.jsonl", partition.0, number_last + 1);
    let path = dir.join(&relative);
    let refused = |error| ArchiveError::system("write", &path, error);
    let mut out = BufWriter::new(File::create(&path).map_err(refused)?);
    let mut bytes = 0;
    for row in rows(dir, committed) {
        let row = row?;
        if stays(&row) {
            let line = row.to_line();
            bytes += line.len() as u64;
            out.write_all(&line).map_err(refused)?;
        }
    }
    out.into_inner().map_err(|error| refused(error.into_error()))?.sync_all().map_err(refused)?;
    let folder = dir.join(OUTCOMES_FOLDER);
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| ArchiveError::system("sync", &folder, error))?;
    let mut named: Vec<FileLength> = committed.iter().filter(|length| !is_rows(length)).cloned().collect();
    if bytes == 0 {
        fs::remove_file(&path).map_err(refused)?;
    } else {
        named.push(FileLength { path: relative, bytes });
    }
    Ok(named)
}

fn file_number(relative: &str) -> Option<u32> {
    relative.rsplit_once('-')?.1.split('.').next()?.parse().ok()
}
