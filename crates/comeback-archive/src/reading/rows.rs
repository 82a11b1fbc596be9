//! Committed outcome rows, streamed in the order in which they were written.
//!
//! It reads up to the committed length of each file and never beyond, so it is safe beside a running job.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Take};
use std::path::{Path, PathBuf};

use comeback_engine::commit::FileLength;

use crate::error::ArchiveError;
use crate::file_series::check_committed;
use crate::outcome_row::OutcomeRow;
use crate::partition_files::OUTCOMES_FOLDER;

/// The longest row that is read, in bytes.
pub const ROW_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Streams the committed rows of a job's DIR. Lengths of other files than rows are passed over.
///
/// ```no_run
/// # let committed: Vec<comeback_archive::FileLength> = Vec::new();
/// for row in comeback_archive::rows(std::path::Path::new("DIR"), &committed) {
///     println!("{}", row?.url);
/// }
/// # Ok::<(), comeback_archive::ArchiveError>(())
/// ```
#[must_use]
pub fn rows(dir: &Path, committed: &[FileLength]) -> Rows {
    let is_rows = |length: &&FileLength| length.path.split_once('/').is_some_and(|(folder, _)| folder == OUTCOMES_FOLDER);
    let mut files: Vec<(PathBuf, u64)> =
        committed.iter().filter(is_rows).map(|length| (dir.join(&length.path), length.bytes)).collect();
    files.reverse();
    Rows { files, open: None, line: Vec::new() }
}

/// The iterator of [`rows`]. After an error it ends.
pub struct Rows {
    /// Files still to read, the next one last.
    files: Vec<(PathBuf, u64)>,
    open: Option<OpenRows>,
    line: Vec<u8>,
}

struct OpenRows {
    path: PathBuf,
    reader: Take<BufReader<File>>,
    offset: u64,
    committed: u64,
}

impl Iterator for Rows {
    type Item = Result<OutcomeRow, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next_row().transpose()?;
        if row.is_err() {
            self.files.clear();
            self.open = None;
        }
        Some(row)
    }
}

impl Rows {
    fn next_row(&mut self) -> Result<Option<OutcomeRow>, ArchiveError> {
        loop {
            let open = match &mut self.open {
                Some(open) => open,
                None => match self.files.pop() {
                    Some((path, committed)) => self.open.insert(OpenRows::open(path, committed)?),
                    None => return Ok(None),
                },
            };
            if open.offset < open.committed {
                return open.read_row(&mut self.line).map(Some);
            }
            self.open = None;
        }
    }
}

impl OpenRows {
    fn open(path: PathBuf, committed: u64) -> Result<Self, ArchiveError> {
        check_committed(&path, committed)?;
        let file = File::open(&path).map_err(|error| ArchiveError::system("open", &path, error))?;
        Ok(Self { path, reader: BufReader::new(file).take(committed), offset: 0, committed })
    }

    fn read_row(&mut self, line: &mut Vec<u8>) -> Result<OutcomeRow, ArchiveError> {
        line.clear();
        let mut limited = (&mut self.reader).take(ROW_BYTES_MAX);
        limited.read_until(b'\n', line).map_err(|error| ArchiveError::system("read", &self.path, error))?;
        let unreadable = |why: String| ArchiveError::RowUnreadable { path: self.path.clone(), offset: self.offset, why };
        if line.last() != Some(&b'\n') {
            return Err(unreadable("its line does not end".to_owned()));
        }
        let row = serde_json::from_slice(line).map_err(|error| unreadable(error.to_string()))?;
        self.offset += line.len() as u64;
        Ok(row)
    }
}
