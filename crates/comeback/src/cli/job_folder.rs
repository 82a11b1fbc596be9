//! A job's folder as the reading commands see it: what job.toml says and what was published last. Never the locked store.

use std::fs;
use std::path::Path;

use comeback::failure::Failure;
use comeback::{DriverError, Progress};
use comeback_driver::settings::job_file::JobFile;
use comeback_report::lock::job_is_running;
use comeback_report::progress::PROGRESS_PATH;

/// The folder of outcome rows, relative to the job's DIR.
const OUTCOMES_FOLDER: &str = "outcomes";

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
///
/// A job with results that nobody runs has published something: that it is not there is a failure, not a job without results.
pub(super) fn published(dir: &Path) -> Result<(JobFile, Option<Progress>), Failure> {
    let file = job_file(dir)?;
    let mut progress = Progress::read(dir)?;
    // A process that runs writes rows just before it publishes them.
    if progress.is_none() && holds_outcomes(dir) && !job_is_running(dir) {
        // One that ended between the questions has published its end by now.
        progress = Progress::read(dir)?;
        if progress.is_none() {
            return Err(Failure::ProgressMissing { path: dir.join(PROGRESS_PATH) });
        }
    }
    Ok((file, progress))
}

fn holds_outcomes(dir: &Path) -> bool {
    fs::read_dir(dir.join(OUTCOMES_FOLDER)).is_ok_and(|mut entries| entries.next().is_some())
}
