//! The exit codes: a contract, since scripts depend on them.

use std::process::ExitCode;

use comeback_driver::job::RunEnd;
use comeback_report::progress::{Progress, UrlCounts};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it did what was asked; of a job, every URL was fetched or answered.
    Success,
    /// 1: finished, and something did not end well: URLs failed or were parked, a list could not be read, a page could not be extracted, a run had a finding.
    Unfinished,
    /// 2: the command or the configuration is at fault.
    Usage,
    /// 3: the machine is at fault (disk, permissions); the job's state is intact.
    CouldNotGoOn,
    /// 130: stopped by a signal or a deadline, and resumable.
    Interrupted,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Unfinished => 1,
            Self::Usage => 2,
            Self::CouldNotGoOn => 3,
            Self::Interrupted => 130,
        }
    }

    /// The exit of a job that ended so.
    #[must_use]
    pub const fn of_run(end: &RunEnd) -> Self {
        match end {
            RunEnd::Done(progress) => Self::of_finished(progress),
            RunEnd::Interrupted(_) => Self::Interrupted,
        }
    }

    const fn of_finished(progress: &Progress) -> Self {
        let UrlCounts { failed, parked, queued: _, leased: _, fetched: _, answered: _ } = progress.urls;
        if failed + parked + progress.lists_unread == 0 { Self::Success } else { Self::Unfinished }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
