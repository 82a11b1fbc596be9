//! A job's folder as the reading commands see it: what job.toml says and what was published last. Never the locked store.

use std::path::Path;

use comeback::failure::Failure;
use comeback::{DriverError, Progress};
use comeback_driver::settings::job_file::JobFile;

/// The job file of a folder; a folder without one holds no job.
pub(super) fn job_file(dir: &Path) -> Result<JobFile, Failure> {
    let no_job = || DriverError::NoJob { dir: dir.to_owned() };
    if !dir.is_dir() {
        return Err(no_job().into());
    }
    let file = JobFile::read(dir).map_err(DriverError::from)?;
    Ok(file.ok_or_else(no_job)?)
}

/// The job file, and what was published last; `None` while nothing was.
pub(super) fn published(dir: &Path) -> Result<(JobFile, Option<Progress>), Failure> {
    let file = job_file(dir)?;
    Ok((file, Progress::read(dir)?))
}
