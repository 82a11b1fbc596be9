//! How the store fails: with the system's own words where the system refused something.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the store. Each message is one sentence for a person.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused an operation; `No space left on device` arrives here.
    #[error("cannot {action} the store in {}: {source}", path.display())]
    System {
        /// What was tried, as a verb.
        action: &'static str,
        /// The store's folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another process has the store open.
    #[error("the store in {} is in use by another process", path.display())]
    InUse {
        /// The store's folder.
        path: PathBuf,
    },
    /// The database refused for a reason of its own.
    #[error("cannot {action} the store in {}: {source}", path.display())]
    Database {
        /// What was tried, as a verb.
        action: &'static str,
        /// The store's folder.
        path: PathBuf,
        /// The database's answer.
        source: Box<fjall::Error>,
    },
    /// The database's background work failed, and the system shows no reason for it.
    #[error("the background work of the store in {} failed", path.display())]
    BackgroundWork {
        /// The store's folder.
        path: PathBuf,
    },
    /// Something is stored that this program did not write.
    #[error("the store in {} is damaged: {what}", path.display())]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was found.
        what: &'static str,
    },
    /// An earlier write or sync failed; what is durable is known again only after opening the store anew.
    #[error("an earlier write to the store failed")]
    Poisoned,
}

impl StoreError {
    /// Tells the system's refusals from the database's.
    pub(crate) fn from_database(action: &'static str, path: &Path, error: fjall::Error) -> Self {
        let path = path.to_owned();
        // fjall's error is open-ended; what is not named here keeps its own words.
        if let fjall::Error::Io(source) | fjall::Error::Storage(fjall::LsmError::Io(source)) = error {
            return Self::System { action, path, source };
        }
        if matches!(error, fjall::Error::Locked) {
            return Self::InUse { path };
        }
        Self::Database { action, path, source: Box::new(error) }
    }

    /// The system's own error, where the system refused something; its words go to the user unchanged.
    #[must_use]
    pub fn system_error(&self) -> Option<&io::Error> {
        match self {
            Self::System { source, .. } => Some(source),
            Self::InUse { .. } | Self::Database { .. } | Self::BackgroundWork { .. } | Self::Damaged { .. } | Self::Poisoned => {
                None
            }
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
            Self::InUse { .. } => Some("the job is running already; `comeback status DIR` shows it"),
            Self::System { .. } | Self::Database { .. } | Self::BackgroundWork { .. } | Self::Damaged { .. } | Self::Poisoned => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_words_survive_the_database() {
        for error in [
            fjall::Error::Io(io::Error::from_raw_os_error(28)),
            fjall::Error::Storage(fjall::LsmError::Io(io::Error::from_raw_os_error(28))),
        ] {
            let error = StoreError::from_database("write to", Path::new("DIR/state"), error);
            assert_eq!(error.system_error().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
            assert_eq!(error.to_string(), "cannot write to the store in DIR/state: No space left on device (os error 28)");
            assert!(error.hint().is_some());
        }
    }
}
