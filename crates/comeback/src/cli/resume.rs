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
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    job_run::run_and_tell(Job::open(&arguments.dir)?)
}
