//! `comeback resume`: a job that exists, taken up where its last commit left it.

use std::path::PathBuf;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Job, job_run};

/// Go on after a crash, Ctrl-C or a full disk
///
/// A job that is done asks again what was parked and may be asked by now; else
/// its account is printed and its exit code returned.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job's folder
    dir: PathBuf,
    /// Tell programs how it goes: events as JSON lines on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { dir, json } = arguments;
    let job = Job::open(dir)?;
    if *json { job_run::run_with_events(job) } else { job_run::run_and_tell(job) }
}
