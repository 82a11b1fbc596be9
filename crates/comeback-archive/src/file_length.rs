//! How long a file is: what a commit names, and what recovery cuts back to.

use serde::{Deserialize, Serialize};

/// A result file and how many of its bytes count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileLength {
    /// The file, relative to the job's DIR, with `/` between folder and name: `warc/p007-0001.warc.gz`.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
}
