//! How the archive fails: one enum, whose messages carry the path and the system's own words.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the archive. Each message is one sentence for a person.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The system refused an operation on a file or folder; `No space left on device` arrives here.
    #[error("cannot {action} {}: {source}", path.display())]
    System {
        /// What was tried, as a verb: `write`, `open`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// An earlier write to this partition's files failed; nothing more is taken until they are recovered.
    #[error("an earlier write to the files of partition {partition} failed")]
    Poisoned {
        /// The partition's number.
        partition: u16,
    },
    /// A file that a commit names is not there: results that were promised are gone.
    #[error("{} is missing, but {committed} bytes of it were committed", path.display())]
    CommittedFileMissing {
        /// The file.
        path: PathBuf,
        /// The length that the last commit names.
        committed: u64,
    },
    /// A file that a commit names has lost bytes: results that were promised are gone.
    #[error("{} has {bytes} bytes, but {committed} were committed", path.display())]
    ShorterThanCommitted {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The length that the last commit names.
        committed: u64,
    },
    /// A commit names a file that cannot be one of this partition's.
    #[error("the commit names {file:?}, which is no file of partition {partition}")]
    ForeignFile {
        /// The name found.
        file: String,
        /// The partition's number.
        partition: u16,
    },
    /// A file with the bytes of a capture is shorter than announced.
    #[error("{} ended {missing} bytes before its announced end", path.display())]
    WireFileShort {
        /// The file.
        path: PathBuf,
        /// How much is missing.
        missing: u64,
    },
    /// A place does not hold a WARC record.
    #[error("no WARC record at offset {offset} of {}: {why}", path.display())]
    NotARecord {
        /// The file.
        path: PathBuf,
        /// Where the record was expected.
        offset: u64,
        /// What is wrong.
        why: String,
    },
    /// A record or a decoded body is larger than the caller's limit.
    #[error("larger than the limit of {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: u64,
    },
    /// A committed row is not a row.
    #[error("the outcome row at offset {offset} of {} cannot be read: {why}", path.display())]
    RowUnreadable {
        /// The file.
        path: PathBuf,
        /// Where the row begins.
        offset: u64,
        /// What is wrong.
        why: String,
    },
    /// A body cannot be decoded.
    #[error("the {coding} body cannot be decoded: {why}")]
    Undecodable {
        /// The coding that failed: `chunked`, `gzip`, ...
        coding: String,
        /// What is wrong.
        why: String,
    },
}

impl ArchiveError {
    pub(crate) fn system(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::System { action, path: path.to_owned(), source }
    }

    /// The system's own error, where the system refused something; its words go to the user unchanged.
    #[must_use]
    pub fn system_error(&self) -> Option<&io::Error> {
        match self {
            Self::System { source, .. } => Some(source),
            Self::Poisoned { .. }
            | Self::CommittedFileMissing { .. }
            | Self::ShorterThanCommitted { .. }
            | Self::ForeignFile { .. }
            | Self::WireFileShort { .. }
            | Self::NotARecord { .. }
            | Self::TooLarge { .. }
            | Self::RowUnreadable { .. }
            | Self::Undecodable { .. } => None,
        }
    }

    /// What a person can do about it, where something can be done.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::System { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space, then go on with `comeback resume DIR`")
            }
            Self::System { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("check who owns the folder, then go on with `comeback resume DIR`")
            }
            Self::CommittedFileMissing { .. } | Self::ShorterThanCommitted { .. } => {
                Some("the file was changed from outside or the disk lost data: restore it from a copy")
            }
            Self::System { .. }
            | Self::Poisoned { .. }
            | Self::ForeignFile { .. }
            | Self::WireFileShort { .. }
            | Self::NotARecord { .. }
            | Self::TooLarge { .. }
            | Self::RowUnreadable { .. }
            | Self::Undecodable { .. } => None,
        }
    }
}
