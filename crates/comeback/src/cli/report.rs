//! `comeback report`: the account of a job with what a person can do next.

use std::path::PathBuf;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Knowledge, job_run};
use comeback_report::lock::job_is_running;
use comeback_report::status::Status;

use super::{job_folder, print};

/// Summarise a job: what was got, what was not, why, and what to do
///
/// Works while the job runs: it reads what is committed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job's folder
    dir: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let dir = &arguments.dir;
    // The lock first: a process that ends between the two questions has published its end by then.
    let is_running = job_is_running(dir);
    let (file, progress) = job_folder::published(dir)?;
    let text = match progress {
        Some(mut progress) => {
            progress.state = Status::new(&file.job, Some(&progress), is_running).state;
            let account = job_run::account_of(dir, &progress)?;
            account.report(&dir.display().to_string(), &progress, &Knowledge::builtin())
        }
        None => format!("job {}: nothing is committed yet\n", file.job),
    };
    print(&text)?;
    Ok(Exit::Success)
}
