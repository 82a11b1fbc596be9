//! A job run for a person at a terminal: progress on stderr, the account on stdout, the exit code.
//!
//! `fetch`, `resume` and the example are this function around a job that they made or opened.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use comeback_archive::{ArchiveError, rows};
use comeback_driver::job::{Job, RunEnd};
use comeback_driver::watcher::Watcher;
use comeback_report::account::Account;
use comeback_report::figures::counted;
use comeback_report::progress::Progress;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress_line::ProgressLine;

/// Runs a job to its end or until it is stopped, tells how it goes, and returns the exit.
///
/// # Errors
/// The job could not go on, or its account could not be read or written.
pub fn run_and_tell(job: Job) -> Result<Exit, Failure> {
    let dir = job.dir().to_owned();
    let line = Arc::new(ProgressLine::on_stderr());
    let watcher: Arc<dyn Watcher> = Arc::clone(&line) as _;
    let ended = job.run(&watcher);
    line.finish();
    let end = ended?;
    let exit = Exit::of_run(&end);
    let (RunEnd::Done(progress) | RunEnd::Interrupted(progress)) = &end;
    let account = account_of(&dir, progress)?;
    let mut output = io::stdout().lock();
    let written = output.write_all(account.brief(&dir.display().to_string(), progress).as_bytes()).and_then(|()| output.flush());
    match &end {
        RunEnd::Done(_) => {}
        RunEnd::Interrupted(progress) => {
            let left = counted(progress.urls.queued + progress.urls.leased, "URL");
            line.say(&format!("interrupted with {left} left; go on with `comeback resume {}`", dir.display()));
        }
    }
    match written {
        // Nobody reads the account; how the job ended still counts.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(exit),
    }
}

/// Counts the committed rows of a job.
///
/// # Errors
/// A committed row can't be read.
pub fn account_of(dir: &Path, progress: &Progress) -> Result<Account, ArchiveError> {
    let mut account = Account::default();
    for row in rows(dir, &progress.files) {
        account.take(&row?);
    }
    Ok(account)
}
