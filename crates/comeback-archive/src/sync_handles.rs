//! What has to reach the disk before a commit may name it, gathered so that one thread can do it for several partitions.

use std::fs::File;
use std::path::PathBuf;

use crate::error::ArchiveError;

/// Files with new bytes, and folders with new names, since the last time they were asked for.
#[derive(Debug, Default)]
#[must_use = "a commit may name these files only after they are synced"]
pub struct SyncHandles {
    pub(crate) files: Vec<(PathBuf, File)>,
    pub(crate) folders: Vec<PathBuf>,
}

impl SyncHandles {
    /// Whether there is nothing to sync.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    /// Adds another partition's, so that both are synced in one go, a folder that both name once.
    pub fn merge(&mut self, other: Self) {
        self.files.extend(other.files);
        for folder in other.folders {
            if !self.folders.contains(&folder) {
                self.folders.push(folder);
            }
        }
    }

    /// Makes all of it durable: the files' data, then the folders' names.
    ///
    /// # Errors
    /// The system's refusal. What was written is in doubt then: nothing of it may be committed.
    pub fn sync(self) -> Result<(), ArchiveError> {
        for (path, file) in self.files {
            file.sync_data().map_err(|error| ArchiveError::system("sync", &path, error))?;
        }
        for path in self.folders {
            File::open(&path).and_then(|folder| folder.sync_all()).map_err(|error| ArchiveError::system("sync", &path, error))?;
        }
        Ok(())
    }
}
