//! What can go wrong: material that cannot be read.

use std::path::PathBuf;

use thiserror::Error;

/// An error of this crate, in one sentence.
#[derive(Debug, Error)]
pub enum CorpusError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's own words.
        source: std::io::Error,
    },
    /// A line does not have the form of the README.
    #[error("{}, line {line}: {detail}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
}
