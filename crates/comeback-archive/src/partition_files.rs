//! A partition's result files: its WARC files and its outcome rows, appended to by the partition alone.
//!
//! Life story: [`PartitionFiles::recover`] brings the files back to the last commit; captures and rows are appended; for a
//! commit, [`PartitionFiles::write_out`] hands the buffers to the system, [`PartitionFiles::sync_handles`] says what has to be
//! synced, and [`PartitionFiles::lengths`] says what the commit may name. All three belong together, with nothing appended
//! between them; [`PartitionFiles::committed`] is told once the commit is durable. After a failed write it takes nothing more:
//! its files are as good as the last commit, and recovery brings them back there. It writes no commit itself.

use std::path::Path;

use comeback_engine::commit::FileLength;
use comeback_engine::ids::PartitionId;
use comeback_engine::outcome::CapturePlace;

use crate::error::ArchiveError;
use crate::file_series::FileSeries;
use crate::index::notes::Notes;
use crate::outcome_row::OutcomeRow;
use crate::sync_handles::SyncHandles;
use crate::warc::capture::CaptureRecord;
use crate::warc::compression::Compression;
use crate::warc::writer::{Appended, WarcWriter};

/// The folder of WARC files in the job's DIR.
pub(crate) const WARC_FOLDER: &str = "warc";
/// The folder of outcome rows in the job's DIR.
pub(crate) const OUTCOMES_FOLDER: &str = "outcomes";
const ROWS_EXTENSION: &str = ".jsonl";

/// What the archive may be told. [`ArchiveSettings::default`] is the product's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// How WARC records are compressed.
    pub compression: Compression,
    /// From this length on, a file is closed and the next one begun.
    pub file_bytes_max: u64,
    /// How many payloads a partition remembers for revisit records; 0 for none.
    pub originals_count_max: usize,
    /// Who writes: name and version, for `warcinfo`.
    pub software: String,
    /// How robots.txt was treated, for `warcinfo`: `obeyed`, or for which hosts not.
    pub robots_policy: String,
    /// The operator's contact, for `warcinfo`, where one was given.
    pub operator: Option<String>,
}

impl Default for ArchiveSettings {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            file_bytes_max: 1 << 30,
            originals_count_max: 4096,
            software: concat!("comeback/", env!("CARGO_PKG_VERSION")).to_owned(),
            robots_policy: "obeyed (RFC 9309)".to_owned(),
            operator: None,
        }
    }
}

/// A partition's WARC and outcome files.
pub struct PartitionFiles {
    partition: PartitionId,
    warc: FileSeries,
    rows: FileSeries,
    writer: WarcWriter,
    notes: Notes,
    is_poisoned: bool,
}

impl PartitionFiles {
    /// Opens a partition's files in the job's DIR as the last commit left them: deletes those that it does not name, cuts the
    /// others back to their committed lengths. A new partition has no committed files.
    ///
    /// # Errors
    /// [`ArchiveError::CommittedFileMissing`] and [`ArchiveError::ShorterThanCommitted`] where a committed file is gone or lost bytes,
    /// found before anything is changed;
    /// [`ArchiveError::ForeignFile`] where the commit names what cannot be this partition's; else the system's refusal.
    pub fn recover(
        dir: &Path,
        partition: PartitionId,
        committed: &[FileLength],
        settings: &ArchiveSettings,
    ) -> Result<Self, ArchiveError> {
        if let Some(length) = committed.iter().find(|length| !is_result_file(&length.path)) {
            return Err(ArchiveError::ForeignFile { file: length.path.clone(), partition: partition.0 });
        }
        let check = |folder, extension| FileSeries::check(dir, folder, partition, extension, settings.file_bytes_max, committed);
        let warc = check(WARC_FOLDER, settings.compression.extension())?;
        let rows = check(OUTCOMES_FOLDER, ROWS_EXTENSION)?;
        Ok(Self {
            partition,
            warc: warc.recover()?,
            rows: rows.recover()?,
            writer: WarcWriter::new(settings),
            notes: Notes::new(dir, partition),
            is_poisoned: false,
        })
    }

    /// Appends the records of one exchange. Returns the place of its response or revisit record; `None` when no response came.
    ///
    /// # Errors
    /// The system's refusal; nothing more is taken then.
    pub fn append_capture(&mut self, capture: &CaptureRecord<'_>) -> Result<Option<CapturePlace>, ArchiveError> {
        self.check()?;
        let written = self.warc.tail().and_then(|mut tail| {
            let from = tail.offset();
            let Appended { place, entry } = self.writer.append(&mut tail, capture)?;
            self.notes.add(tail.file(), from, tail.offset(), entry.as_ref());
            Ok(place)
        });
        self.poison_on_error(written)
    }

    /// Appends a row.
    ///
    /// # Errors
    /// The system's refusal; nothing more is taken then.
    pub fn append_row(&mut self, row: &OutcomeRow) -> Result<(), ArchiveError> {
        use std::io::Write;
        self.check()?;
        let written = self.rows.tail().and_then(|mut tail| {
            let result = tail.write_all(&row.to_line());
            result.map_err(|error| ArchiveError::system("write", tail.path(), error))
        });
        self.poison_on_error(written)
    }

    /// The length of each file of the partition, buffered bytes included.
    #[must_use]
    pub fn lengths(&self) -> Vec<FileLength> {
        self.warc.lengths().chain(self.rows.lengths()).collect()
    }

    /// Hands all that is buffered to the system, so that files have the lengths that [`PartitionFiles::lengths`] says.
    ///
    /// # Errors
    /// The system's refusal, a full disk for one; nothing more is taken then.
    pub fn write_out(&mut self) -> Result<(), ArchiveError> {
        self.check()?;
        let written = self.warc.write_out().and_then(|()| self.rows.write_out());
        self.poison_on_error(written)
    }

    /// What must reach the disk before a commit may name the present lengths: call it after [`PartitionFiles::write_out`].
    ///
    /// # Errors
    /// The system's refusal; nothing more is taken then.
    pub fn sync_handles(&mut self) -> Result<SyncHandles, ArchiveError> {
        self.check()?;
        let taken = self.warc.take_unsynced().and_then(|mut handles| {
            handles.merge(self.rows.take_unsynced()?);
            Ok(handles)
        });
        self.notes.close();
        self.poison_on_error(taken)
    }

    /// The commit that named the lengths when [`PartitionFiles::sync_handles`] was called last is durable. What it made final is
    /// noted for the index; where the system refuses that, the index is made of the files themselves.
    pub fn committed(&mut self) {
        self.notes.keep();
    }

    fn check(&self) -> Result<(), ArchiveError> {
        if self.is_poisoned { Err(ArchiveError::Poisoned { partition: self.partition.0 }) } else { Ok(()) }
    }

    fn poison_on_error<T>(&mut self, result: Result<T, ArchiveError>) -> Result<T, ArchiveError> {
        self.is_poisoned |= result.is_err();
        result
    }
}

/// Whether a relative name lies directly in one of the two result folders; a commit can name nothing else.
pub(crate) fn is_result_file(relative: &str) -> bool {
    relative.split_once('/').is_some_and(|(folder, name)| {
        (folder == WARC_FOLDER || folder == OUTCOMES_FOLDER) && !name.contains(['/', '\\']) && !name.starts_with('.')
    })
}

#[cfg(test)]
mod tests;
