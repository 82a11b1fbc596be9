//! `comeback status`: how far a job is, from outside.

use std::path::PathBuf;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback_report::local_clock::LocalClock;
use comeback_report::lock::job_is_running;
use comeback_report::status::Status;

use super::{job_folder, print, wall_clock};

/// Show progress, ETA, and for each host that waits: why and until when
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job's folder
    dir: PathBuf,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { dir, json } = arguments;
    // The lock first: a process that ends between the two questions has published its end by then.
    let is_running = job_is_running(dir);
    let (file, progress) = job_folder::published(dir)?;
    let status = Status::new(&file.job, progress.as_ref(), is_running);
    let text = if *json {
        format!("{}\n", status.to_json())
    } else {
        status.render(&dir.display().to_string(), wall_clock::now(), &LocalClock::of_system())
    };
    print(&text)?;
    Ok(Exit::Success)
}
