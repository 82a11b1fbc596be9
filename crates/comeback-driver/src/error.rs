//! How a job can fail as a whole. What happens to a single URL is never an error: it is an outcome.

use std::io;
use std::path::PathBuf;

use comeback_archive::ArchiveError;
use comeback_engine::batch::Unreadable;
use comeback_fetch::FetchError;
use comeback_report::progress::ProgressError;
use comeback_store::StoreError;

use crate::list::ListError;
use crate::settings::job_file::JobFileError;

/// Why a job could not be begun, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The folder holds a job already.
    #[error("{} holds a job already", dir.display())]
    JobExists {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds no job.
    #[error("{} holds no job", dir.display())]
    NoJob {
        /// The folder.
        dir: PathBuf,
    },
    /// Another process runs the job.
    #[error("the job in {} is running in another process", dir.display())]
    Running {
        /// The folder.
        dir: PathBuf,
    },
    /// A bad line, and the user asked for none.
    #[error("{count} lines of the lists cannot be used, and --strict allows none")]
    BadLines {
        /// How many.
        count: u64,
    },
    /// A list that could not be read to its end, and the user asked for none.
    #[error("{count} of the lists could not be read to the end, and --strict allows none")]
    ListsUnread {
        /// How many.
        count: u64,
    },
    /// A list cannot be read.
    #[error(transparent)]
    List(#[from] ListError),
    /// job.toml, or a list that it names, is not usable.
    #[error(transparent)]
    JobFile(#[from] JobFileError),
    /// The results cannot be written or read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The store cannot be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds something that cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The route cannot be set up, or cannot write its spool.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// progress.json cannot be written.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// The system refused something else.
    #[error("cannot {action} {}: {source}", path.display())]
    System {
        /// What was tried, as a verb.
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The log went on without us: another process owned this partition in the meantime.
    #[error("partition {partition} was taken over by another process")]
    Fenced {
        /// Which.
        partition: u16,
    },
    /// The store knows less than was published.
    #[error("the store knows nothing of {}, or less than was committed: it is damaged or was replaced", file.display())]
    StoreBehind {
        /// A result file that it should know.
        file: PathBuf,
    },
    /// The file of an interrupted intake holds less than was committed.
    #[error("{} is missing, or shorter than was committed: it was changed or removed", file.display())]
    RunsShort {
        /// The file of runs.
        file: PathBuf,
    },
    /// The folder holds what is not ours.
    #[error("{} holds `{found}`, which is no job's", dir.display())]
    ForeignFolder {
        /// The folder.
        dir: PathBuf,
        /// What was found in it.
        found: &'static str,
    },
    /// The store lacks a batch that its index names, or the batch has another length.
    #[error("batch {batch} of partition {partition} is missing in the store, or damaged")]
    BatchMissing {
        /// Its partition.
        partition: u16,
        /// Its place.
        batch: u64,
    },
}

impl DriverError {
    /// A refusal of the system, with what was tried.
    pub(crate) fn system(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::System { action, path: path.into(), source }
    }

    /// What intake wrote for itself cannot be read back.
    pub(crate) fn damaged_runs(why: String) -> Self {
        Unreadable { what: "intake's entries", why }.into()
    }

    /// What is said of faults in the lists where the user wants none.
    #[must_use]
    pub fn of_faults(bad_lines: u64, lists_unread: u64) -> Option<Self> {
        match (bad_lines, lists_unread) {
            (0, 0) => None,
            (0, count) => Some(Self::ListsUnread { count }),
            (count, _) => Some(Self::BadLines { count }),
        }
    }

    /// Whether the user's command or configuration is at fault (exit code 2), not the machine (exit code 3).
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::JobExists { .. }
            | Self::NoJob { .. }
            | Self::Running { .. }
            | Self::BadLines { .. }
            | Self::ListsUnread { .. }
            | Self::ForeignFolder { .. }
            | Self::Fetch(FetchError::TrustStore { .. } | FetchError::Proxy { .. })
            | Self::List(_) => true,
            Self::JobFile(error) => !matches!(error, JobFileError::Io { source, .. } if source.kind() != io::ErrorKind::NotFound),
            Self::Archive(_)
            | Self::Store(_)
            | Self::Unreadable(_)
            | Self::Fetch(_)
            | Self::Progress(_)
            | Self::System { .. }
            | Self::Fenced { .. }
            | Self::StoreBehind { .. }
            | Self::RunsShort { .. }
            | Self::BatchMissing { .. } => false,
        }
    }

    /// What to do about it, where something can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::JobExists { dir } => Some(format!("go on with `comeback resume {}`, or name another folder", dir.display())),
            Self::NoJob { dir } => Some(format!("begin one with `comeback fetch LIST -o {}`", dir.display())),
            Self::Running { dir } => Some(format!("`comeback status {}` shows how far it is", dir.display())),
            Self::BadLines { .. } => Some("mend the lines named above, or leave --strict out to skip them".into()),
            Self::ListsUnread { .. } => {
                Some("mend the lists named above, or leave --strict out to fetch what could be read".into())
            }
            Self::List(error) => error.hint(),
            Self::JobFile(error) => error.hint().map(str::to_owned),
            Self::Archive(error) => error.hint().map(str::to_owned),
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::System { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space, then go on with `comeback resume DIR`".into())
            }
            Self::Fetch(error) => error.hint().map(str::to_owned),
            Self::StoreBehind { .. } => {
                Some("restore DIR/state/store from a copy; the results in DIR/warc and DIR/outcomes are as they were".into())
            }
            Self::RunsShort { .. } => Some("begin the job anew in another folder: its lists had not been taken in".into()),
            Self::ForeignFolder { .. } => Some("name a folder that is empty or new".into()),
            Self::Unreadable(_) | Self::Progress(_) | Self::System { .. } | Self::Fenced { .. } | Self::BatchMissing { .. } => {
                None
            }
        }
    }
}
