//! A job run for whoever waits for it: for a person, progress on stderr and the account on stdout; for a program, events on stdout.
//!
//! `fetch`, `resume` and the example are these functions around a job that they made or opened.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use comeback_archive::{ArchiveError, rows};
use comeback_driver::farewell::unless_stopped;
use comeback_driver::job::{Job, RunEnd};
use comeback_driver::watcher::Watcher;
use comeback_report::account::Account;
use comeback_report::event::{Ending, Event};
use comeback_report::figures::counted;
use comeback_report::progress::Progress;

use crate::event_stream::EventStream;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::notice_queue::NoticeQueue;
use crate::progress_display::ProgressDisplay;

/// How long a reader that takes nothing is waited for at the end of a run that was stopped or has failed.
pub const FAREWELL_MS_MAX: u64 = 2_000;

/// Runs a job to its end or until it is stopped, tells a person how it goes, and returns the exit.
///
/// # Errors
/// The job could not go on, or its account could not be read or written.
pub fn run_and_tell(job: Job) -> Result<Exit, Failure> {
    let dir = job.dir().to_owned();
    let (end, mut display) = watched(job)?;
    let exit = Exit::of_run(&end);
    let (RunEnd::Done(progress) | RunEnd::Interrupted(progress)) = &end;
    let account = account_of(&dir, progress)?;
    match &end {
        RunEnd::Done(_) => {}
        RunEnd::Interrupted(progress) => {
            let left = match progress.urls.all() {
                0 => "while the lists were read".to_owned(),
                _ => format!("with {} left", counted(progress.urls.queued + progress.urls.leased, "URL")),
            };
            if let Some(display) = &mut display {
                display.say(&format!("interrupted {left}; go on with `comeback resume {}`", dir.display()));
            }
        }
    }
    let mut output = io::stdout().lock();
    let written = output.write_all(account.brief(&dir.display().to_string(), progress).as_bytes()).and_then(|()| output.flush());
    match written {
        // Nobody reads the account; how the job ended still counts.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(exit),
    }
}

/// Runs a job to its end or until it is stopped, with progress on stderr; what came of it is the caller's to tell.
///
/// # Errors
/// The job could not go on.
pub fn run_and_watch(job: Job) -> Result<RunEnd, Failure> {
    watched(job).map(|(end, _display)| end)
}

fn watched(job: Job) -> Result<(RunEnd, Option<ProgressDisplay>), Failure> {
    let queue = Arc::new(NoticeQueue::start(ProgressDisplay::on_stderr()));
    let watcher: Arc<dyn Watcher> = Arc::clone(&queue) as _;
    let ended = job.run(&watcher);
    let display = unless_stopped(farewell_ms_max(matches!(ended, Ok(RunEnd::Done(_)))), move || {
        let mut display = queue.end()?;
        display.finish();
        Some(display)
    });
    Ok((ended?, display.flatten()))
}

/// How long a reader is waited for that takes nothing: of a job that is done as long as it likes, until a signal comes.
const fn farewell_ms_max(is_done: bool) -> Option<u64> {
    if is_done { None } else { Some(FAREWELL_MS_MAX) }
}

/// Runs a job as [`run_and_tell`] does, and tells a program: events as JSON lines on stdout, of which the account is the last.
///
/// # Errors
/// The job could not go on, its account could not be read, or stdout failed in another way than by a reader that has gone. The failure is
/// an event as well, where it can be written.
pub fn run_with_events(job: Job) -> Result<Exit, Failure> {
    let dir = job.dir().to_owned();
    let mut stream = EventStream::on_stdout();
    stream.tell(&Event::JobStarted {
        job: job.file().job.clone(),
        dir: dir.display().to_string(),
        by: concat!("comeback ", env!("CARGO_PKG_VERSION")).to_owned(),
    });
    let queue = Arc::new(NoticeQueue::start(stream));
    let watcher: Arc<dyn Watcher> = Arc::clone(&queue) as _;
    let ended = job.run(&watcher).map_err(Failure::from).and_then(|end| {
        let exit = Exit::of_run(&end);
        let (RunEnd::Done(progress) | RunEnd::Interrupted(progress)) = &end;
        let account = account_of(&dir, progress)?;
        Ok((exit, Event::JobEnded(Box::new(Ending::new(&account, progress, exit.code())))))
    });
    let is_done = matches!(ended, Ok((Exit::Success | Exit::Unfinished, _)));
    let (ended, last) = match ended {
        Ok((exit, last)) => (Ok(exit), last),
        Err(failure) => {
            let (error, hint, exit_code) = (failure.to_string(), failure.hint(), failure.exit().code());
            (Err(failure), Event::JobFailed { error, hint, exit_code })
        }
    };
    let error = unless_stopped(farewell_ms_max(is_done), move || {
        let mut stream = queue.end()?;
        stream.tell(&last);
        stream.into_error()
    });
    match (ended, error.flatten()) {
        (Ok(_), Some(error)) => Err(Failure::Output(error)),
        (ended, _) => ended,
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
