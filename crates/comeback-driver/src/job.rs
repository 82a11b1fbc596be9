//! A job's folder: making it, locking it, opening it again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback_report::progress::Progress;

use crate::error::DriverError;
use crate::settings::Settings;
use crate::settings::job_file::JobFile;
use crate::watcher::Watcher;

/// A job to make.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The folder for its results.
    pub dir: PathBuf,
    /// The lists; `-` is standard input.
    pub lists: Vec<PathBuf>,
    /// What is in force.
    pub settings: Settings,
}

/// A job whose folder this process owns.
#[derive(Debug)]
pub struct Job {
    dir: PathBuf,
    file: JobFile,
}

/// How a run ended without an error.
#[derive(Debug, Clone)]
pub enum RunEnd {
    /// Every URL is settled.
    Done(Box<Progress>),
    /// It was stopped, and can be resumed.
    Interrupted(Box<Progress>),
}

impl Job {
    /// Makes a job.
    ///
    /// # Errors
    /// The folder holds a job, a list cannot be read, or the system refuses.
    pub fn create(_new: NewJob) -> Result<Self, DriverError> {
        unreachable!("written in the next commit")
    }

    /// Opens a job that exists.
    ///
    /// # Errors
    /// There is none, another process runs it, or the system refuses.
    pub fn open(_dir: &Path) -> Result<Self, DriverError> {
        unreachable!("written in the next commit")
    }

    /// The job's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is in force for it.
    #[must_use]
    pub fn file(&self) -> &JobFile {
        &self.file
    }

    /// Runs the job to its end, or until it is stopped (SIGINT, SIGTERM, its deadline). Blocks. The first signal drains; after
    /// a second this returns at once.
    ///
    /// # Errors
    /// The job could not go on; its state is intact.
    pub fn run(self, _watcher: Arc<dyn Watcher>) -> Result<RunEnd, DriverError> {
        unreachable!("written in the next commit")
    }
}
